package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/internal/admin"
	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/supervisor/crew"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/store/told"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// overtaking is how long small work may overtake large work that waits for room.
const overtaking = 10 * time.Second

// feed brings work to the workers: the functions of an app. A nil one brings
// nothing.
type feed struct {
	cfg       *config.Run
	folder    string
	app       *funcapp.App
	stores    *connect.Connections
	admission *admit.Admission
	endpoint  *endpoint.Endpoint
	payloads  http.Server // serves endpoint
	front     door
	language  *crew.Language
	crew      *crew.Crew
	maker     crew.Maker
	factor    float64
	keeper    *guard.Guard
	j         *journal
	rows      *tables
	recorder  *flight.Recorder
	print     func(line []byte) // a line of a function, where people look for them

	host    atomic.Pointer[host.Host]
	left    atomic.Int64 // bytes until the memory limit
	slots   slots
	mu      sync.Mutex
	opened  map[*connect.Stores]host.Stores // as they are told of
	running sync.WaitGroup
	stop    context.CancelFunc // nothing new
	hurry   context.CancelFunc // what is in hand is broken off
	fed     chan struct{}      // closed when nothing is in hand any more
}

// readApp reads the function app that cfg names, and puts the worker's command into
// cfg. It returns nil if there is none.
func readApp(cfg *config.Run, environ []string, warn func(format string, args ...any)) (*feed, error) {
	if cfg.App == "" {
		return nil, nil
	}
	folder, err := filepath.Abs(cfg.App)
	if err != nil {
		return nil, err
	}
	app, mistakes := funcapp.Read(os.DirFS(folder), funcapp.Machine{Environ: environ, Processors: runtime.NumCPU()})
	for _, m := range mistakes {
		if m.Warning {
			warn("%v", m)
		}
	}
	if err := funcapp.Faults(mistakes); err != nil {
		return nil, fmt.Errorf("the function app in %s has mistakes:\n%w", folder, err)
	}
	f := &feed{cfg: cfg, folder: folder, app: app, fed: make(chan struct{}), opened: map[*connect.Stores]host.Stores{}}
	f.left.Store(memory.Unlimited)
	if app.Host.MaxConcurrent > 0 && cfg.Concurrency == 0 {
		cfg.Concurrency = app.Host.MaxConcurrent
	}
	if cfg.RoleName == "" {
		cfg.RoleName = f.name()
	}
	return f, f.contract()
}

// name is the app's, among those that share a store: as Azure has it, else the
// folder's.
func (f *feed) name() string {
	for _, setting := range []string{"AzureFunctionsWebHost__hostid", "WEBSITE_SITE_NAME", "CONTAINER_APP_NAME"} {
		if value, _ := f.app.Settings.Lookup(setting); value != "" {
			return plainName(value)
		}
	}
	return plainName(filepath.Base(f.folder))
}

// plainName is a name of lower-case letters, digits and single hyphens.
func plainName(s string) string {
	parts := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	name := strings.Join(parts, "-")
	return strings.Trim(name[:min(len(name), 32)], "-")
}

// open opens the stores and the door to the worker's memory.
func (f *feed) open(data string, j *journal, rows *tables, recorder *flight.Recorder, print func([]byte)) error {
	f.j, f.rows, f.recorder, f.print = j, rows, recorder, print
	f.slots.recorder = recorder
	store := f.cfg.Store
	if store == "" {
		store = "file:" + filepath.Join(data, "work")
	}
	f.stores = connect.New(connect.Config{
		Lookup: f.app.Settings.Connection, Default: store, Base: f.folder, Plain: f.app.Host.Queues.Plain,
	})
	f.admission = admit.New(roomConfig(f.cfg))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for payloads: %w", err)
	}
	f.endpoint = endpoint.New("http://" + l.Addr().String())
	f.front.open(f.cfg.HeaderTime, int(f.cfg.HeaderLimit), f.cfg.IdleTime)
	f.payloads = http.Server{Handler: f.endpoint, ReadHeaderTimeout: 10 * time.Second}
	f.running.Go(func() {
		if err := f.payloads.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			j.say("Payloads are not served any more: %v", err)
		}
	})
	return nil
}

func roomConfig(cfg *config.Run) room.Config {
	return room.Config{Concurrency: cfg.Concurrency, Patience: overtaking, Shadow: cfg.Admission != "on"}
}

// hire has the workers engaged under the app's contract.
func (f *feed) hire(p *worker.Plan, desk *dispatch.Dispatch) {
	if f == nil {
		return
	}
	f.crew = crew.New(desk, f.maker, func(id, why string) {
		f.running.Go(func() { f.replace(id, why) })
	})
	p.Hire, p.Env, p.Dir = f.crew.Hire, f.app.Settings.Environ(), f.folder
	if h := f.app.Host.Handler; h != nil && h.WorkingDirectory != "" {
		p.Dir = filepath.Join(f.folder, h.WorkingDirectory)
	}
}

func (f *feed) replace(id, why string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if _, err := f.keeper.Replace(ctx, id, why); err != nil {
		f.j.say("Worker process %s should be replaced, since %s: %v", id, why, err)
	}
}

// seen passes what the guard sees on to the admission.
func (f *feed) seen() func(guard.Seen) {
	if f == nil {
		return nil
	}
	return func(s guard.Seen) {
		ceiling := int64(0)
		left := int64(memory.Unlimited)
		if s.Limit != memory.Unlimited {
			// Critical shuts the gate: what is let in ends before it.
			ceiling = (s.Levels.Degraded + s.Levels.Critical) / 2
			left = max(ceiling-s.Used, 0)
		}
		f.left.Store(left)
		f.admission.Observe(s.Used, ceiling, s.Cast)
	}
}

func (f *feed) gone() func(guard.Departure) {
	if f == nil {
		return nil
	}
	return f.crew.Departed
}

// start runs the functions until drain. failed is told what keeps them from
// running.
func (f *feed) start(keeper *guard.Guard, failed chan<- error) {
	if f == nil {
		return
	}
	f.keeper = keeper
	var ctx, grace context.Context
	ctx, f.stop = context.WithCancel(context.Background())
	grace, f.hurry = context.WithCancel(context.Background())
	f.running.Go(func() { f.attend(ctx) })
	f.running.Go(func() {
		defer close(f.fed)
		h, err := f.make(ctx)
		if err != nil {
			if ctx.Err() == nil {
				failed <- err
			}
			return
		}
		if err := f.route(h); err != nil {
			failed <- err
			return
		}
		f.host.Store(h)
		f.j.say("Functions run: %s", strings.Join(f.names(), ", "))
		h.Run(ctx, grace)
	})
}

// make makes the host, when it is known which functions there are.
func (f *feed) make(ctx context.Context) (*host.Host, error) {
	functions := f.app.Functions
	if f.app.Model == funcapp.Indexed {
		var err error
		if functions, err = f.indexed(ctx); err != nil {
			return nil, err
		}
	}
	location := time.UTC
	if zone, _ := f.app.Settings.Lookup("WEBSITE_TIME_ZONE"); zone != "" {
		var err error
		if location, err = time.LoadLocation(zone); err != nil {
			return nil, fmt.Errorf("setting WEBSITE_TIME_ZONE: %w\nhint: a name as in Europe/Berlin", err)
		}
	}
	holder, err := os.Hostname()
	if err != nil {
		holder = "localhost"
	}
	h, err := host.New(host.Config{
		App: f.name(), Functions: functions, Settings: f.app.Host, Location: location, Holder: holder,
		Factor: f.factor, TextBlobs: f.app.Host.Handler != nil,
		Open: f.connection, Crew: f.crew, Admission: f.admission, Shadow: f.cfg.Admission != "on", Endpoint: f.endpoint,
		Hold: f.cfg.Lease, ScanEvery: f.cfg.ScanInterval,
		Fly: f.slots.begin, Done: f.rows.invocation, Say: f.j.say,
	})
	if err != nil {
		return nil, fmt.Errorf("the functions can't run: %w", err)
	}
	return h, nil
}

// indexed asks the worker for the app's functions.
func (f *feed) indexed(ctx context.Context) ([]funcapp.Function, error) {
	listed, err := f.language.Functions(ctx)
	if err != nil {
		return nil, err
	}
	var reported []funcapp.Reported
	for _, l := range listed {
		reported = append(reported, funcapp.Reported{Name: l.Name, Folder: l.Directory, Script: l.ScriptFile, Entry: l.EntryPoint, Bindings: l.Bindings, Retry: retryText(l.Retry)})
	}
	functions, mistakes := f.app.Indexed(reported)
	for _, m := range mistakes {
		if m.Warning {
			f.j.say("%v", m)
		}
	}
	if err := funcapp.Faults(mistakes); err != nil {
		return nil, fmt.Errorf("the functions that the worker lists have mistakes:\n%w", err)
	}
	return functions, nil
}

func (f *feed) connection(name string) (host.Stores, error) {
	s, err := f.stores.Open(name)
	if err != nil {
		return host.Stores{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.opened[s]
	if !ok {
		tell := f.rows.storeCall(s.Target)
		known = host.Stores{
			Kind: s.Kind, Target: s.Target,
			Queues: told.Queues(s.Queues, s.Kind, tell), Blobs: told.Blobs(s.Blobs, s.Kind, tell), Ledger: told.Ledger(s.Ledger, s.Kind, tell),
		}
		f.opened[s] = known
	}
	return known, nil
}

func (f *feed) names() (names []string) {
	for _, v := range f.host.Load().View().Functions {
		names = append(names, v.Name)
	}
	return names
}

// attend looks after those who wait for room: it has the guard look often, and has
// a worker replaced that keeps too much of what it took.
func (f *feed) attend(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if f.admission.Books().Waiting == 0 {
			continue
		}
		f.keeper.Look()
		if f.admission.Wants() {
			f.replace("", "it keeps memory that work waits for")
		}
	}
}

// line takes in a line that a function has logged.
func (f *feed) line(l contract.Line) {
	var of host.Of
	if h := f.host.Load(); h != nil {
		of = h.Line(l)
	}
	f.rows.functionLine(of, l)
	f.print([]byte(l.Text))
}

// say tells people something, once there is somebody to tell it to.
func (f *feed) say(format string, args ...any) { f.j.say(format, args...) }

// system takes in a line of a language worker about itself.
func (f *feed) system(l contract.Line) {
	if l.Level >= contract.Warning {
		f.j.say("%s", strings.TrimSpace(l.Text))
	}
}

// view is how the functions are.
func (f *feed) view() func() view.View {
	if f == nil {
		return nil
	}
	return f.look
}

func (f *feed) look() view.View {
	if f == nil || f.host.Load() == nil {
		return view.View{Functions: []view.Function{}, Queues: []view.Queue{}}
	}
	return f.host.Load().View()
}

// drain lets nothing new in, and waits for what is in hand until ctx ends; then it
// is given back.
func (f *feed) drain(ctx context.Context) error {
	if f == nil {
		return nil
	}
	f.stop()
	err := f.front.Shutdown(ctx)
	select {
	case <-f.fed:
	case <-ctx.Done():
		f.j.say("Functions were still running after the drain time of %v: their work is given back", f.cfg.Drain)
		f.hurry()
		<-f.fed
	}
	return err
}

// flying are the calls that a worker has.
func (f *feed) flying(worker string) (all []flight.Request) {
	if f == nil || f.host.Load() == nil {
		return nil
	}
	for _, c := range f.host.Load().Flying(worker) {
		all = append(all, flight.Request{Method: c.Trigger, Path: c.Function + ": " + c.Source, Size: c.Size, Age: c.Age})
	}
	return all
}

// invoke calls a function by hand.
func (f *feed) invoke() admin.Invoke {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, name string, payload io.Reader, contentType string) (view.Answer, error) {
		h := f.host.Load()
		if h == nil {
			return view.Answer{}, &work.Unavailable{After: time.Second, Err: errors.New("the functions are not known yet")}
		}
		body, err := io.ReadAll(payload)
		if err != nil {
			return view.Answer{}, err
		}
		return h.ByHand(ctx, name, body, contentType)
	}
}

// close takes down what open has put up.
func (f *feed) close() {
	if f.stop != nil {
		f.stop()
		f.hurry()
	}
	f.admission.Close()
	_ = f.payloads.Close()
	f.running.Wait()
	if err := f.stores.Close(); err != nil {
		f.j.say("Closing the stores of work: %v", err)
	}
}

// slots are places in the flight recorder, which are used again.
type slots struct {
	recorder *flight.Recorder
	mu       sync.Mutex
	free     []*flight.Slot
}

func (s *slots) begin(trigger, source string, size int64) func() {
	s.mu.Lock()
	var slot *flight.Slot
	if n := len(s.free); n > 0 {
		slot, s.free = s.free[n-1], s.free[:n-1]
	} else {
		slot = s.recorder.Slot()
	}
	s.mu.Unlock()
	slot.Begin([]byte(trigger), []byte(source), size)
	return func() {
		slot.End()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, slot)
	}
}
