package subject

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/process"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
)

// Command is a worker to start.
type Command struct {
	Args      []string // {port} and {socket} are where it has to listen
	Env       []string
	Port      int // fixed; 0 gives each instance its own
	Ready     worker.Ready
	StartTime time.Duration // the longest until it is ready
	StopGrace time.Duration // from SIGTERM to SIGKILL
	Output    worker.Output // its lines
}

// crew is the launched worker, one instance after the other.
type crew struct {
	nursery *worker.Nursery
	worker  *worker.Worker // nil before the first
	grace   time.Duration
	sockets string
}

// Launch starts a worker and waits until it is ready. Close stops it. The host is
// the program's only one, and outlives the subject.
func Launch(ctx context.Context, host *process.Host, c Command, cfg Config) (*Subject, error) {
	s, err := newSubject("", cfg)
	if err != nil {
		return nil, err
	}
	sockets, err := os.MkdirTemp("", "stanch-hunt-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for sockets: %w", err)
	}
	plan := worker.Plan{
		Command: c.Args, Env: c.Env, Port: c.Port, Sockets: sockets, Ready: c.Ready,
		StartTime: c.StartTime, StopGrace: c.StopGrace, Upstream: proxy.UpstreamConfig{},
	}
	s.crew = &crew{nursery: worker.NewNursery(plan, host, nil, c.Output), grace: c.StopGrace, sockets: sockets}
	if err := s.Revive(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Revive stops the instance of a launched worker, if there is one, and starts
// another. Base is another one then, and so is the floors' Generation.
func (s *Subject) Revive(ctx context.Context) error {
	if s.crew == nil {
		return fmt.Errorf("start the worker anew: it was not started here")
	}
	if s.meter != nil {
		s.meter.close()
		s.meter = nil
	}
	s.crew.end()
	w, err := s.crew.nursery.Start()
	if err != nil {
		return err
	}
	s.crew.worker = w
	if err := w.AwaitReady(ctx); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	s.generation++
	s.base = "http://" + w.Address
	if w.Network() == "unix" {
		s.base = "unix://" + w.Address
	}
	heap, err := heapURL(s.base, cmp.Or(s.cfg.Heap, usualMetrics))
	if err != nil {
		return err
	}
	m, err := newGauged(w.PID(), nil, heap, s.cfg.Proc)
	if err != nil {
		return err
	}
	s.meter = m
	return s.ask(ctx)
}

// end stops the present instance.
func (c *crew) end() {
	if c.worker == nil {
		return
	}
	c.worker.Stop(context.Background(), c.grace)
	c.worker.Release()
	c.worker = nil
}

func (c *crew) dismiss() {
	c.end()
	_ = os.RemoveAll(c.sockets)
}
