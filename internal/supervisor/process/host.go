// Package process starts processes, listens to what they print, and knows how they ended and whatever they left behind.
//
// It is the only package that touches processes. Three rules: a worker's tree
// is whatever carries its mark in the environment, however often it forked or
// changed its session; nothing of it outlives the worker, and nothing outlives
// stanch, not even after a SIGKILL; and a way of dying is told as it was seen,
// with our own kills marked as ours. Begin with [Host.Start].
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// The marks that a process carries in its environment, and hands on to
// whatever it forks.
const (
	WorkerMark = "STANCH_WORKER" // the name in its Spec
	HostMark   = "STANCH_HOST"   // which stanch
)

// HostConfig says how the host stands.
type HostConfig struct {
	// Sentinel starts a second process, which ends whatever is left when this
	// one is killed. It is not needed as PID 1 of a container: the kernel does
	// that then.
	Sentinel bool
}

// Host starts processes and reaps them, and the orphans that they leave. There
// is one in a program. It is safe for concurrent use.
type Host struct {
	mark string
	adj  int // our own oom_score_adj
	// session is ours, which orphans that hide from us have left.
	session int
	forks   chan func()

	mu        sync.Mutex // held over a fork, so that no child is unknown when it ends
	own       map[int]*Process
	sentinel  *sentinel
	sentinels int // that were replaced
	closing   bool

	children chan os.Signal
	poke     chan struct{}
	stop     chan struct{}
	once     sync.Once
	running  sync.WaitGroup
}

// NewHost makes this process the reaper of all orphans below it.
func NewHost(cfg HostConfig) (*Host, error) {
	start, err := startTime(os.Getpid())
	if err != nil {
		return nil, err
	}
	h := &Host{
		mark:     fmt.Sprintf("%d-%d", os.Getpid(), start),
		forks:    make(chan func()),
		own:      map[int]*Process{},
		children: make(chan os.Signal, 1),
		poke:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
	}
	if text, err := os.ReadFile("/proc/self/oom_score_adj"); err == nil {
		h.adj, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become the reaper of orphans: %w", err)
	}
	if h.session, err = unix.Getsid(0); err != nil {
		return nil, fmt.Errorf("ask for our session: %w", err)
	}
	signal.Notify(h.children, syscall.SIGCHLD)
	h.running.Go(h.fork)
	h.running.Go(h.reap)
	if cfg.Sentinel {
		h.mu.Lock()
		h.sentinel, err = h.startSentinel()
		h.mu.Unlock()
		if err != nil {
			h.Close()
			return nil, fmt.Errorf("start the sentinel: %w", err)
		}
	}
	return h, nil
}

// fork runs the forks on one thread that lives as long as the host: a child's
// Pdeathsig is sent at the death of the thread that forked it, not of the
// process.
func (h *Host) fork() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case f := <-h.forks:
			f()
		case <-h.stop:
			return
		}
	}
}

func (h *Host) onForkThread(f func() error) error {
	done := make(chan error, 1)
	select {
	case h.forks <- func() { done <- f() }:
		return <-done
	case <-h.stop:
		return errors.New("the host is closed")
	}
}

// Spec is what to start.
type Spec struct {
	Name   string   // of the worker; its mark
	Args   []string // the program, looked up in PATH, and its arguments
	Env    []string
	Dir    string                           // empty: ours
	Output func(stream Stream, line []byte) // each line without its end, in order for each stream; the slice is only good during the call
	// Fork, if not nil, is called to fork: it calls start, having seen to it
	// that the child is born where it should be (a cgroup).
	Fork func(attr *syscall.SysProcAttr, start func() error) error
	// Add, if not nil, puts the running process there, where Fork says that the
	// kernel lets none be born there (cgroup.ErrNotBorn).
	Add func(pid int) error
	// OOMScoreAdj is added to our own, so that the kernel picks the worker.
	OOMScoreAdj int
}

// Start starts a process in a process group of its own, with no stdin, that
// dies with this one. The error names the program and gives a hint where it
// was not found.
func (h *Host) Start(spec Spec) (*Process, error) {
	path, err := exec.LookPath(spec.Args[0])
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("%q was not found in PATH\nhint: give its whole path, or check that the image has it", spec.Args[0])
		}
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	var ends [4]*os.File // read and write ends of stdout and stderr
	closeAll := func() {
		for _, f := range ends {
			if f != nil {
				f.Close()
			}
		}
	}
	for i := 0; i < 4; i += 2 {
		if ends[i], ends[i+1], err = os.Pipe(); err != nil {
			closeAll()
			return nil, fmt.Errorf("make a pipe for its output: %w", err)
		}
	}
	attr := &os.ProcAttr{
		Dir:   spec.Dir,
		Env:   append(environment(spec.Env), WorkerMark+"="+spec.Name, HostMark+"="+h.mark),
		Files: []*os.File{null, ends[1], ends[3]},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	}
	p := &Process{host: h, name: spec.Name, output: spec.Output, done: make(chan struct{}), quiet: make(chan struct{}), Started: time.Now()}

	h.mu.Lock()
	start := func() error {
		started, err := os.StartProcess(path, spec.Args, attr)
		if err != nil {
			return err
		}
		p.pid = started.Pid
		return started.Release()
	}
	err = h.onForkThread(func() error {
		if spec.Fork == nil {
			return start()
		}
		err := spec.Fork(attr.Sys, start)
		if !errors.Is(err, cgroup.ErrNotBorn) || spec.Add == nil {
			return err
		}
		if err := start(); err != nil {
			return err
		}
		return spec.Add(p.pid)
	})
	if p.pid != 0 && err != nil {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL) // it runs where it must not
		_, _ = syscall.Wait4(p.pid, nil, 0, nil)
		p.pid = 0
	}
	if p.pid != 0 {
		h.own[p.pid] = p
		h.sentinel.tell("+", p.pid)
	}
	h.mu.Unlock()
	if p.pid == 0 {
		closeAll()
		return nil, fmt.Errorf("start %q: %w", spec.Args[0], err)
	}
	ends[1].Close()
	ends[3].Close()
	p.pipes = [2]*os.File{ends[0], ends[2]}
	h.prefer(p.pid, spec.OOMScoreAdj)
	p.run()
	return p, nil
}

// prefer makes the kernel pick this process when it has to kill one. Raising
// needs no privilege.
func (h *Host) prefer(pid, by int) {
	adj := min(h.adj+by, 1000)
	// The process may be gone already; then there is nothing to prefer.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(strconv.Itoa(adj)), 0)
}

// environment is env without our marks, each name once: of several, programs
// disagree on which counts, so the last is taken, as os/exec does.
func environment(env []string) []string {
	last := map[string]int{}
	for i, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		last[name] = i
	}
	out := make([]string, 0, len(env)+2)
	for i, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		if last[name] == i && name != WorkerMark && name != HostMark {
			out = append(out, pair)
		}
	}
	return out
}

// Close ends all that is left, and the sentinel. It is safe twice.
func (h *Host) Close() {
	h.once.Do(func() {
		h.mu.Lock()
		h.closing = true
		left := make([]*Process, 0, len(h.own))
		for _, p := range h.own {
			left = append(left, p)
		}
		h.mu.Unlock()
		for _, p := range left {
			p.Kill("stanch stops")
			<-p.Done()
		}
		h.endOrphans()
		h.mu.Lock()
		last := h.sentinel
		h.mu.Unlock()
		last.dismiss()
		close(h.stop)
		signal.Stop(h.children)
		h.running.Wait()
	})
}
