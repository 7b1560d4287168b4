// Package app puts stanch together: it opens what is outside, makes the parts, starts them in order and takes them down in reverse.
//
// The wiring is one straight function, [App.Run]. Nothing here decides anything
// about memory or requests.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/admin"
	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/telemetry/archive"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/work/gate"
)

// own memory: a guard that is killed for its own size guards nothing.
const (
	ownLimit = 48 << 20
	ownGC    = 50
)

// How often the dearer looks are taken: the charge of a cgroup has new
// processes in it at once, so that a walk over the tree may take its time.
const (
	treeEvery = time.Second
	slowEvery = 30 * time.Second
)

// Options are what one run is made of.
type Options struct {
	Config  config.Run
	Reload  func() (config.Run, error) // reads the configuration again; for SIGHUP
	Environ []string
	Stdout  io.Writer // of the workers
	Stderr  io.Writer // of the workers, and stanch's own lines
	Version string
	Signals <-chan os.Signal // nil: those of the process
}

// Run guards the worker until a SIGTERM, a SIGINT or ctx ends it. A nil error
// is an orderly end.
func Run(ctx context.Context, opt Options) (err error) {
	debug.SetGCPercent(ownGC)
	debug.SetMemoryLimit(ownLimit)
	lockText()
	cfg := opt.Config

	signals := opt.Signals
	if signals == nil {
		caught := make(chan os.Signal, 16)
		signal.Notify(caught, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
		defer signal.Stop(caught)
		signals = caught
	}

	var down teardown
	defer down.run()

	// What is outside: the directory, the recorder, the sockets, the cgroup.
	data, err := DataDir(cfg.Data)
	if err != nil {
		return err
	}
	reports, err := archive.New(filepath.Join(data, "postmortems"), cfg.Keep)
	if err != nil {
		return err
	}
	recorder, remains, warning := openRecorder(data)
	j := newJournal(opt.Stderr, cfg.LogFormat, recorder.Note)
	down.push(func() { recorder.Close() })
	down.push(j.close)
	j.say("stanch %s guards %s", opt.Version, strings.Join(cfg.Command, " "))
	if warning != nil {
		j.say("The flight recorder is kept in memory only, and will not survive stanch: %v", warning)
	}

	clients, err := listen(cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	down.push(func() { clients.Close() })
	var probes net.Listener
	if cfg.Admin != "" {
		if probes, err = listen(cfg.Admin); err != nil {
			return fmt.Errorf("listen for probes: %w", err)
		}
		down.push(func() { probes.Close() })
	}

	container, err := cgroup.System().Own()
	if err != nil {
		j.say("No memory controller tells about this container: %v", err)
	}
	workersGroup, note := ownGroup(container, cfg.Cgroup)
	j.say("%s", note)
	if workersGroup != nil {
		down.push(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			_ = workersGroup.Remove(ctx) // an empty group costs nothing
		})
	}
	runtimeDir, err := os.MkdirTemp("", "stanch-")
	if err != nil {
		return fmt.Errorf("make a directory for sockets: %w", err)
	}
	down.push(func() { os.RemoveAll(runtimeDir) })

	host, err := process.NewHost(process.HostConfig{Sentinel: os.Getpid() != 1})
	if err != nil {
		return err
	}
	down.push(func() { host.Close() })

	// The parts.
	g, err := gauge.New(gauge.Config{
		Container: container, LimitOverride: int64(cfg.MemoryLimit),
		TreeEvery: treeEvery, SlowEvery: slowEvery,
	})
	if err != nil {
		return err
	}
	g.SetGroup(workersGroup)
	g.Start(context.WithoutCancel(ctx))
	down.push(g.Close)

	out, errs := &output{out: opt.Stdout}, &output{out: opt.Stderr}
	nursery := worker.NewNursery(plan(cfg, opt.Environ, runtimeDir), host, workersGroup, func(id string, stream process.Stream, line []byte) {
		recorder.Line(id, stream.String(), line)
		if stream == process.Stderr {
			errs.line(line)
		} else {
			out.line(line)
		}
	})
	desk := dispatch.New(dispatchConfig(cfg))

	server, err := proxy.New(proxyConfig(cfg, recorder, j), desk)
	if err != nil {
		return err
	}
	keeper := guard.New(guardConfig(cfg), guard.Parts{
		Gauge: g, Dispatch: desk, Nursery: nursery, Recorder: recorder, Archive: reports, TerminationLog: "/dev/termination-log",
		Event: j.event, Cleanup: hook(cfg.CleanupSignal, cfg.CleanupURL),
		HeapURL:  heapURL(cfg.HeapMetrics),
		InFlight: func(address string) []flight.Request { return inFlight(server, address) },
	})
	if remains != nil {
		keeper.Remains(*remains, container)
	}

	// The course of its life. Three contexts end one after the other: serving
	// (nothing new is let in), working (workers are drained and stopped), and
	// patience (whoever still waits is told to go).
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	patience, hurry := context.WithCancel(context.Background())
	defer hurry()

	front := admin.New(admin.Config{
		Guard: keeper, Stats: server.Stats, Flights: func() []proxy.Request { return server.InFlight(nil) },
		Version: opt.Version, Counts: j.byKind, Signal: cfg.OnUnhealthy == band.Signal,
		Drain: func(ctx context.Context) error { return idle(ctx, server, desk) },
	})
	var running sync.WaitGroup
	guarded := make(chan struct{})
	running.Go(func() {
		defer close(guarded)
		keeper.Run(working, func() context.Context { return patience })
	})
	failed := make(chan error, 2)
	running.Go(func() {
		if err := server.Serve(clients); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve clients: %w", err)
		}
	})
	probing := &http.Server{Handler: front, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	if probes != nil {
		running.Go(func() {
			if err := probing.Serve(probes); err != nil && !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve probes: %w", err)
			}
		})
	}
	j.say("Host started: clients on %s, probes on %s, data in %s", clients.Addr(), addressOf(probes), data)

	l := &life{
		cfg: &cfg, opt: opt, j: j, front: front, server: server, desk: desk, keeper: keeper, nursery: nursery, gauge: g,
		clients: clients, stopWorking: stopWorking, hurry: hurry,
	}
	err = l.wait(ctx, signals, failed)

	stopWorking()
	<-guarded
	_ = probing.Close()
	_ = server.Shutdown(patience)
	running.Wait()
	j.say("Host stopped")
	return err
}

// idle lets clients go and waits until nothing is in flight. Who comes all the
// same is still served.
func idle(ctx context.Context, server *proxy.Server, desk *dispatch.Dispatch) error {
	server.Drain()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c := desk.Counts(); c.InFlight+c.Queued == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("still draining: %w", ctx.Err())
		}
	}
}

func addressOf(l net.Listener) string {
	if l == nil {
		return "no address"
	}
	return l.Addr().String()
}

// teardown are the steps that take down what was put up, in reverse.
type teardown []func()

func (t *teardown) push(step func()) { *t = append(*t, step) }

func (t *teardown) run() {
	for _, step := range slices.Backward(*t) {
		step()
	}
}

// openRecorder opens the recorder's file; where that can't be, the recorder is
// kept in memory and the warning says why.
func openRecorder(data string) (*flight.Recorder, *flight.Remains, error) {
	path := filepath.Join(data, "flight.ring")
	return flight.Open(path, flight.Options{})
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

func heapURL(path string) func(*worker.Worker) string {
	if path == "" {
		return nil
	}
	return func(w *worker.Worker) string {
		if w.Upstream == nil || w.Address == "" || w.Address[0] == '/' {
			return ""
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

func plan(cfg config.Run, environ []string, sockets string) worker.Plan {
	p := worker.Plan{
		Command: cfg.Command, Env: environ, Port: cfg.WorkerPort, Sockets: sockets,
		StartTime: cfg.StartTime, StopGrace: cfg.StopGrace, Tuning: cfg.AllocatorTuning,
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
	ladder.Hooks = cfg.CleanupSignal != 0 || cfg.CleanupURL != ""
	return guard.Config{
		Workers: cfg.Workers, Bands: cfg.Bands, Ladder: ladder,
		Limit: int64(cfg.MemoryLimit), Unhealthy: int64(cfg.Unhealthy),
		Drain: cfg.Drain, Streams: cfg.Streams, LongestBackoff: cfg.RestartBackoff,
		Restarts: guard.Budget(cfg.RestartBudget), Replacements: guard.Budget(cfg.ReplaceBudget),
	}
}

func proxyConfig(cfg config.Run, recorder *flight.Recorder, j *journal) proxy.Config {
	c := proxy.Default()
	c.Head = int(cfg.HeaderLimit)
	c.Line = min(c.Line, c.Head)
	c.Retries = cfg.Retries
	c.HeadTimeout, c.IdleTimeout, c.StallTimeout = cfg.HeaderTime, cfg.IdleTime, cfg.StallTime
	c.Ledger = ledger{recorder}
	c.Logf = j.say
	return c
}

// ledger lets the proxy write into the flight recorder.
type ledger struct{ recorder *flight.Recorder }

func (l ledger) Slot() proxy.Slot { return l.recorder.Slot() }
