package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/store/told"
)

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
		if f.routed() {
			if err := f.route(h); err != nil {
				failed <- err
				return
			}
		}
		f.host.Store(h)
		f.j.say("Functions run: %s", sources(h.Functions(), f.app.Host.HTTP.RoutePrefix))
		f.running.Go(func() { f.reach(ctx, h.Functions()) })
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
	setting := "WEBSITE_TIME_ZONE"
	if f.plain != nil {
		setting = "TZ"
	}
	if zone, _ := f.app.Settings.Lookup(setting); zone != "" {
		var err error
		if location, err = time.LoadLocation(zone); err != nil {
			return nil, fmt.Errorf("setting %s: %w\nhint: a name as in Europe/Berlin", setting, err)
		}
	}
	holder, err := os.Hostname()
	if err != nil {
		holder = "localhost"
	}
	cfg := host.Config{
		App: f.name(), Functions: functions, Settings: f.app.Host, Location: location, Holder: holder,
		Factor: f.factor, TextBlobs: f.app.Host.Handler != nil,
		Open: f.connection, Crew: f.crew, Admission: f.admission, Shadow: f.cfg.Admission != "on", Endpoint: f.endpoint,
		Hold: f.cfg.Lease, ScanEvery: f.cfg.ScanInterval,
		Fly: f.slots.begin, Done: f.rows.invocation, Say: f.j.say,
	}
	if f.plain != nil {
		cfg.Own, cfg.Lends = f.plain.Settings, true
	}
	h, err := host.New(cfg)
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
