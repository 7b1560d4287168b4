package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

// runStanch replaces the worker until both the requests and the replacements
// are enough.
func runStanch(ctx context.Context, stage *rig.Stage, s settings) (outcome, error) {
	program, err := stage.Build("./cmd/stanch", "stanch")
	if err != nil {
		return outcome{}, err
	}
	worker, err := stage.Worker(s.worker)
	if err != nil {
		return outcome{}, err
	}
	log, err := stage.Log("stanch")
	if err != nil {
		return outcome{}, err
	}
	defer log.Close()
	options := rig.Options{Command: rig.Command{Args: worker, Output: log}, Flags: []string{"--stream-drain", s.streamDrain}}
	if s.by == "leak" {
		options.Env = []string{fmt.Sprint("LEAK_KB=", s.leakKB)}
		options.Flags = append(options.Flags, "--memory-limit", "256MiB", "--replace-budget", "none")
	}
	st, err := stage.StartStanch(ctx, program, options)
	if err != nil {
		return outcome{}, err
	}
	defer st.Stop(10 * time.Second)

	count := &replaced{}
	working, stop := context.WithCancel(ctx)
	defer stop()
	var replacing sync.WaitGroup
	replacing.Go(func() {
		if s.by == "leak" {
			count.watch(working, st)
		} else {
			count.order(working, st, s)
		}
	})
	plan := load.DefaultPlan(st.Address)
	plan.Conns, plan.WebSockets, plan.SSEs = s.conns, s.websockets, s.sse
	plan.Timeout = 30 * time.Second
	summary, err := drive(ctx, plan, s.requests, func() bool { return count.now() >= s.replacements || count.failed() != nil }, count.now)
	stop()
	replacing.Wait()
	if err == nil {
		err = count.failed()
	}
	return outcome{Version: version(program, "version"), Replacements: count.now(), Load: summary}, err
}

// replaced counts the replacements of stanch's worker.
type replaced struct {
	n   atomic.Int64
	mu  sync.Mutex
	err error
}

func (r *replaced) now() int { return int(r.n.Load()) }

func (r *replaced) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *replaced) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// order asks for one replacement after the other.
func (r *replaced) order(ctx context.Context, st *rig.Stanch, s settings) {
	for ctx.Err() == nil {
		if err := st.Replace(ctx); ctx.Err() == nil && err != nil {
			r.fail(fmt.Errorf("replacement %d: %w", r.now()+1, err))
			return
		}
		if ctx.Err() == nil {
			r.n.Add(1)
		}
	}
}

// watch counts the process ids that serve, as stanch tells them.
func (r *replaced) watch(ctx context.Context, st *rig.Stanch) {
	seen := map[int]bool{}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-st.Done:
			r.fail(fmt.Errorf("stanch ended: %s", st.Exit()))
			return
		case <-tick.C:
		}
		status, err := st.Status(ctx)
		if err != nil {
			continue
		}
		for _, w := range status.Workers {
			seen[w.PID] = true
		}
		r.n.Store(int64(max(len(seen)-1, 0)))
	}
}
