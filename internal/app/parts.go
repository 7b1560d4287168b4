package app

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/work/gate"
)

func plan(cfg config.Run, environ []string, sockets string, outward func(id string, environ []string) []string) worker.Plan {
	p := worker.Plan{
		Command: cfg.Command, Env: environ, Port: cfg.WorkerPort, Sockets: sockets,
		StartTime: cfg.StartTime, StopGrace: cfg.StopGrace, Tuning: cfg.AllocatorTuning, Outward: outward,
		Upstream: proxy.UpstreamConfig{Head: int(cfg.HeaderLimit)},
	}
	switch cfg.Ready.Kind {
	case config.ReadyHTTP:
		p.Ready.Path = cfg.Ready.Arg
	case config.ReadyLog:
		p.Ready.Text = cfg.Ready.Arg
	}
	return p
}

func dispatchConfig(cfg config.Run) dispatch.Config {
	return dispatch.Config{Gate: gate.Config{Concurrency: cfg.Concurrency, Queue: cfg.Queue}, Timeout: cfg.QueueTimeout}
}

func guardConfig(cfg config.Run) guard.Config {
	ladder := band.DefaultLadder()
	ladder.Mode = cfg.OnUnhealthy
	ladder.Leaks = cfg.LeakReplace == "calm"
	ladder.Hooks = cfg.CleanupSignal != 0 || cfg.CleanupURL != ""
	return guard.Config{
		Workers: cfg.Workers, Bands: cfg.Bands, Ladder: ladder,
		Limit: int64(cfg.MemoryLimit), Unhealthy: int64(cfg.Unhealthy),
		Drain: cfg.Drain, Streams: cfg.Streams, LongestBackoff: cfg.RestartBackoff,
		Restarts: guard.Budget(cfg.RestartBudget), Replacements: guard.Budget(cfg.ReplaceBudget),
	}
}

func proxyConfig(cfg config.Run, recorder *flight.Recorder, j *journal, observe func(*proxy.Done)) proxy.Config {
	c := proxy.Default()
	c.Head = int(cfg.HeaderLimit)
	c.Line = min(c.Line, c.Head)
	c.Retries = cfg.Retries
	c.HeadTimeout, c.IdleTimeout, c.StallTimeout = cfg.HeaderTime, cfg.IdleTime, cfg.StallTime
	c.Ledger = ledger{recorder}
	c.Observe = observe
	c.Logf = j.say
	return c
}

func heapURL(path string) func(*worker.Worker) string {
	if path == "" {
		return nil
	}
	return func(w *worker.Worker) string {
		if w.Network() == "unix" {
			return "unix://" + w.Address + ":" + path
		}
		return "http://" + w.Address + path
	}
}

func inFlight(server *proxy.Server, address string) []flight.Request {
	var all []flight.Request
	for _, r := range server.InFlight(nil) {
		if r.Worker == address {
			all = append(all, flight.Request{Method: r.Method, Path: r.Path, Size: r.Declared, Age: r.Age})
		}
	}
	return all
}

// ownGroup makes the group in which the workers get theirs, if that is allowed
// and wanted; the note says what came of it.
func ownGroup(container *cgroup.Group, wanted bool) (*cgroup.Group, string) {
	if !wanted {
		return nil, "Workers share stanch's cgroup, as asked for"
	}
	if container == nil || container.Version() == 0 {
		return nil, "Workers get no cgroup of their own: there is no memory controller"
	}
	if err := container.Writable(); err != nil {
		return nil, fmt.Sprintf("Workers share the container's cgroup, whose limit is guarded: %v", err)
	}
	const prefix = "stanch-workers-"
	container.Sweep(prefix, func(pid string) bool {
		n, err := strconv.Atoi(pid)
		// In a container every stanch is PID 1: our own number is the one before us.
		return err == nil && (n == os.Getpid() || errors.Is(syscall.Kill(n, 0), syscall.ESRCH))
	})
	group, err := container.Child(prefix + strconv.Itoa(os.Getpid()))
	if err != nil {
		return nil, fmt.Sprintf("Workers share the container's cgroup, whose limit is guarded: %v", err)
	}
	return group, fmt.Sprintf("Workers have a cgroup of their own: %s (v%d)", group.Path(), group.Version())
}
