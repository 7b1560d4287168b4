package app

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
	"github.com/stanch-dev/stanch/internal/supervisor/egress"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/record"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// tables records what happens. A nil one records nothing.
type tables struct {
	recorder *record.Recorder
	store    *store.Writer
	look     func() record.Look // set before start
	told     messages           // by the store
	once     sync.Once
	closed   error
}

// openTables opens the tables, if they are wanted. The guard does its work
// without them, so that an error is only told.
func openTables(cfg config.Run, data, version string, environ []string) (*tables, error) {
	if !cfg.Telemetry {
		return nil, nil
	}
	dir := cfg.TelemetryDir
	if dir == "" {
		dir = filepath.Join(data, "telemetry")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	t := &tables{}
	// What workers print may be personal: not for everybody on this machine.
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the directory of telemetry: %w", err)
	}
	w, err := store.Open(dir, store.Options{
		Writer: host, RetainAge: cfg.RetainAge, RetainBytes: int64(cfg.RetainBytes), Tell: t.told.tell,
	})
	if err != nil {
		return nil, fmt.Errorf("open the tables of telemetry: %w", err)
	}
	t.store = w
	t.recorder = record.New(record.Config{
		Append: w.Append, Lost: w.Lost, Look: t.current,
		Role: roleName(cfg, environ), Host: host, Version: version, Rate: cfg.RequestRate, Seed: rand.Uint64(),
	})
	return t, nil
}

// current is the look at everything, none where stanch ends before it has begun.
func (t *tables) current() record.Look {
	if t.look == nil {
		return record.Look{}
	}
	return t.look()
}

// start makes rows, with looks as they are given, and tells say what the store
// has to tell.
func (t *tables) start(look func() record.Look, say func(format string, args ...any)) {
	if t != nil {
		t.told.to(say)
		t.look = look
		t.recorder.Start()
	}
}

// close writes what waits. Safe twice, and on a nil one.
func (t *tables) close() error {
	if t == nil {
		return nil
	}
	t.once.Do(func() {
		t.recorder.Stop()
		t.closed = t.store.Close()
	})
	return t.closed
}

func (t *tables) event(e telemetry.Event) {
	if t != nil {
		t.recorder.Event(e)
	}
}

func (t *tables) line(worker string, stderr bool, line []byte) {
	if t != nil {
		t.recorder.Line(worker, stderr, line)
	}
}

// observe is told of each request; nil if nobody wants to know.
func (t *tables) observe() func(*proxy.Done) {
	if t == nil {
		return nil
	}
	return func(d *proxy.Done) {
		t.recorder.Request(&record.Request{
			Method: d.Method, Target: d.Target, Host: d.Host, Trace: d.Trace,
			Status: d.Status, Duration: d.Duration, In: d.In, Out: d.Out,
			Reason: d.Reason, Worker: d.Worker, Retries: d.Retries,
		})
	}
}

func (t *tables) call(c egress.Call) {
	if t == nil {
		return
	}
	kind := "HTTP"
	if c.Tunnel {
		kind = "Tunnel"
	}
	t.recorder.Call(record.Call{
		At: c.At, Worker: c.Worker, Kind: kind, Method: c.Method, Target: c.Target, URL: c.URL, Path: c.Path,
		Status: c.Status, Success: c.Success, Duration: c.Duration, In: c.In, Out: c.Out, Trace: c.Trace, Reason: c.Reason,
	})
}

// lookAt describes what the guard saw last, for the counters of telemetry.
func lookAt(keeper *guard.Guard, g *gauge.Gauge, stats func() proxy.Stats, work view.View) record.Look {
	s := keeper.Status()
	l := record.Look{
		At: time.Now(), Used: s.Used, Limit: s.Limit, Slope: s.Slope, Available: available(s),
		Container: s.Container, Group: s.Group, Pressure: s.Pressure, Self: s.Self,
		InFlight: s.Gate.InFlight, Queued: s.Gate.Queued,
	}
	for _, n := range stats().Status {
		l.Finished += n
	}
	for _, w := range s.Workers {
		processor, ok := g.Processor(w.ID)
		if !ok {
			processor = -1
		}
		l.Workers = append(l.Workers, record.Worker{
			ID: w.ID, Private: private(w), InFlight: w.InFlight, Served: w.Served,
			Tree: w.Tree, Heap: w.Heap, Charge: w.Charge, Processor: processor,
		})
	}
	for _, f := range work.Functions {
		l.Functions = append(l.Functions, record.Function{Name: f.Name, InFlight: f.InFlight, Waiting: f.Waiting})
	}
	for _, q := range work.Queues {
		if q.Err == "" {
			l.Queues = append(l.Queues, record.Queue{
				Store: q.Store, Name: q.Name, Total: q.Total, Leased: q.Leased, Poison: q.PoisonTotal,
				Oldest: time.Duration(q.OldestSeconds * float64(time.Second)),
			})
		}
	}
	return l
}

// private is a worker's Private Bytes: what its processes have for themselves.
func private(w guard.WorkerStatus) int64 {
	if used := w.Tree.Used(); used > 0 {
		return used
	}
	return w.Used
}

// available is what is left until the limit; without a limit, 0.
func available(s guard.Status) int64 {
	if s.Limit == 0 {
		return 0
	}
	return max(s.Limit-s.Used, 0)
}

// interpreters are programs that run another one, whose name is the one that
// people know.
var interpreters = []string{"python", "node", "nodejs", "ruby", "perl", "php", "java", "dotnet", "deno", "bun", "sh", "bash", "env", "uv"}

// roleName is the name of the app: what was set, what the platform calls it,
// else the worker program's.
func roleName(cfg config.Run, environ []string) string {
	if cfg.RoleName != "" {
		return cfg.RoleName
	}
	for _, name := range []string{"OTEL_SERVICE_NAME", "WEBSITE_SITE_NAME", "CONTAINER_APP_NAME"} {
		for _, pair := range environ {
			if value, ok := strings.CutPrefix(pair, name+"="); ok && value != "" {
				return value
			}
		}
	}
	return commandName(cfg.Command)
}

// commandName is gunicorn of "gunicorn app:app", app of "python -u app.py",
// uvicorn of "python -m uvicorn".
func commandName(command []string) string {
	if len(command) == 0 {
		return "worker"
	}
	program := path.Base(command[0])
	bare := strings.TrimRight(program, "0123456789.")
	for _, interpreter := range interpreters {
		if bare != interpreter {
			continue
		}
		for i, arg := range command[1:] {
			switch {
			case arg == "-m" && i+2 < len(command):
				return command[i+2]
			case arg == "-c" || arg == "-e" || strings.Contains(arg, "="):
				return program
			case strings.HasPrefix(arg, "-"):
			default:
				name := path.Base(arg)
				return strings.TrimSuffix(name, path.Ext(name))
			}
		}
	}
	return program
}

// take is how workers report rows by themselves; nil if nothing is recorded.
func (t *tables) take() func(io.Reader) (int, error) {
	if t == nil {
		return nil
	}
	return t.recorder.Take
}

// messages are kept until there is somebody to tell them to.
type messages struct {
	mu    sync.Mutex
	early []string
	say   func(format string, args ...any)
}

func (m *messages) tell(text string) {
	m.mu.Lock()
	say := m.say
	if say == nil {
		m.early = append(m.early, text)
	}
	m.mu.Unlock()
	if say != nil {
		say("%s", text)
	}
}

func (m *messages) to(say func(format string, args ...any)) {
	m.mu.Lock()
	m.say = say
	early := m.early
	m.early = nil
	m.mu.Unlock()
	for _, text := range early {
		say("%s", text)
	}
}
