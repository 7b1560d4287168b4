package subject

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Running says where a worker that runs already is, and how it is looked at:
// exactly one of PID, Container, Metrics and Stanch.
type Running struct {
	Base      string // where it takes requests
	PID       int    // its first process
	Container string // the id of its container, or the beginning of it
	Metrics   bool   // by the endpoint that Config.Heap names
	Stanch    string // the admin address of the stanch in front of it
}

// Attach begins to look at a worker that runs, and looks once: the error says why
// it can't be looked at.
func Attach(ctx context.Context, at Running, cfg Config) (*Subject, error) {
	s, err := newSubject(at.Base, cfg)
	if err != nil {
		return nil, err
	}
	if s.meter, err = open(at, s.cfg); err != nil {
		return nil, err
	}
	if err := s.ask(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func newSubject(base string, cfg Config) (*Subject, error) {
	if cfg.Proc == "" {
		cfg.Proc = "/proc"
	}
	s := &Subject{cfg: cfg, base: base}
	for _, text := range cfg.Collect {
		ask, err := parseCollect(text)
		if err != nil {
			return nil, err
		}
		s.collect = append(s.collect, ask)
	}
	return s, nil
}

func open(at Running, cfg Config) (meter, error) {
	heap, err := heapURL(at.Base, cmp.Or(cfg.Heap, usualMetrics))
	if err != nil {
		return nil, err
	}
	switch {
	case at.PID > 0:
		return newGauged(at.PID, nil, heap, cfg.Proc)
	case at.Container != "":
		pid, err := containerOf(cfg.Proc, at.Container)
		if err != nil {
			return nil, err
		}
		group, err := groupOf(cfg.Proc, pid)
		if err != nil {
			return nil, err
		}
		m, err := newGauged(pid, group, heap, cfg.Proc)
		if err != nil {
			group.Close()
			return nil, err
		}
		m.find = func() (int, error) { return containerOf(cfg.Proc, at.Container) }
		return m, nil
	case at.Stanch != "":
		admin := at.Stanch
		if !strings.Contains(admin, "://") {
			admin = "http://" + admin
		}
		return &guarded{admin: strings.TrimRight(admin, "/")}, nil
	case at.Metrics:
		return newScraped(heap, cfg.Proc)
	}
	return nil, errors.New("nothing says how the worker's memory is read\nhint: --pid N, --container ID, --metrics URL or --stanch URL; or have it started: stanch hunt /path -- command")
}

// heapURL makes a worker's own path a URL that a gauge takes.
func heapURL(base, heap string) (string, error) {
	if heap == "" {
		return "", nil
	}
	address, socket, err := place(base, heap)
	if err != nil {
		return "", fmt.Errorf("the worker's metrics: %w", err)
	}
	if socket == "" {
		return address, nil
	}
	return "unix://" + socket + ":" + strings.TrimPrefix(address, "http://localhost"), nil
}

// pid is the worker's first process; 0 where it is not known.
func (s *Subject) pid() int {
	if m, ok := s.meter.(*gauged); ok {
		return m.pid
	}
	return 0
}

// inPath says whether one of the parts of a cgroup's paths is named for the id:
// "…/docker/3f25…", "…/docker-3f25….scope", "…/cri-containerd-3f25….scope".
func inPath(text, id string) bool {
	for line := range strings.Lines(text) {
		for part := range strings.SplitSeq(strings.TrimSpace(line), "/") {
			part = strings.TrimSuffix(part, ".scope")
			if i := strings.LastIndexAny(part, "-:"); i >= 0 {
				part = part[i+1:]
			}
			if strings.HasPrefix(part, id) {
				return true
			}
		}
	}
	return false
}
