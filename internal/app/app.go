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
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/archive"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/telemetry/record"
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
	cfg := opt.Config
	var early messages
	work, err := readApp(&cfg, opt.Environ, func(format string, args ...any) { early.tell(fmt.Sprintf(format, args...)) })
	if err != nil {
		return err
	}

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
	down.push(func() { recorder.Close() })
	rows, untold := openTables(cfg, data, opt.Version, opt.Environ)
	down.push(func() { _ = rows.close() }) // what it could not write, it has said before
	j := newJournal(opt.Stderr, cfg.LogFormat, func(e telemetry.Event) {
		recorder.Note(e)
		rows.event(e)
	})
	down.push(j.close)
	j.say("stanch %s guards %s", opt.Version, strings.Join(cfg.Command, " "))
	early.to(j.say)
	if warning != nil {
		j.say("The flight recorder is kept in memory only, and will not survive stanch: %v", warning)
	}

	if untold != nil {
		j.say("Nothing is recorded in tables: %v", untold)
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
	outward, err := openEgress(cfg.Egress, rows, j)
	if err != nil {
		return err
	}
	down.push(outward.close)
	if work != nil {
		if err := work.open(data, j, rows, recorder, out.line); err != nil {
			return err
		}
		down.push(work.close)
	}
	desk := dispatch.New(dispatchConfig(cfg))
	common := plan(cfg, opt.Environ, runtimeDir, outward.environ())
	work.hire(&common, desk)
	nursery := worker.NewNursery(common, host, workersGroup, func(id string, stream process.Stream, line []byte) {
		recorder.Line(id, stream.String(), line)
		line = work.console(line)
		rows.line(id, stream == process.Stderr, line)
		if stream == process.Stderr {
			errs.line(line)
		} else {
			out.line(line)
		}
	})

	server, err := proxy.New(proxyConfig(cfg, recorder, j, rows.observe()), desk)
	if err != nil {
		return err
	}
	keeper := guard.New(guardConfig(cfg), guard.Parts{
		Gauge: g, Dispatch: desk, Nursery: nursery, Recorder: recorder, Archive: reports, TerminationLog: "/dev/termination-log",
		Event: j.event, Cleanup: hook(cfg.CleanupSignal, cfg.CleanupURL),
		HeapURL: heapURL(cfg.HeapMetrics),
		InFlight: func(w *worker.Worker) []flight.Request {
			return append(inFlight(server, w.Address), work.flying(w.ID)...)
		},
		Seen: work.seen(), Gone: work.gone(),
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
		Take:  rows.take(),
		Work:  work.view(), Invoke: work.invoke(),
	})
	rows.start(func() record.Look { return lookAt(keeper, g, server.Stats, work.look()) }, j.say)
	var running sync.WaitGroup
	guarded := make(chan struct{})
	running.Go(func() {
		defer close(guarded)
		keeper.Run(working, func() context.Context { return patience })
	})
	failed := make(chan error, 4)
	serve := server.Serve
	if work != nil {
		work.start(keeper, failed)
	}
	if work.routed() {
		serve = work.front.Serve
	}
	running.Go(func() {
		if err := serve(clients); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
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
	lockText()
	j.say("Host started: clients on %s, probes on %s, data in %s", clients.Addr(), addressOf(probes), data)

	l := &life{
		cfg: &cfg, opt: opt, j: j, front: front, work: work, server: server, desk: desk, keeper: keeper, nursery: nursery, gauge: g,
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

// ledger lets the proxy write into the flight recorder.
type ledger struct{ recorder *flight.Recorder }

func (l ledger) Slot() proxy.Slot { return l.recorder.Slot() }
