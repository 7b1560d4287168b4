// Package host runs the functions of an app: it brings what triggers them, what they read and write, and the workers that run them together.
//
// A delivery goes one way: a trigger (queue, blob, timer, HTTP request) makes a
// call, the call's inputs are looked up, it waits until the worker's memory has
// room for it, a worker takes it under its contract, its outputs are written, and
// only then is it settled. Three rules hold. Nothing is settled before its outputs
// are in their stores. What is not the message's fault (a store that is away, a
// worker that was stopped) never counts against it. And a message with which a
// worker died is delivered alone the next time, so that its neighbours are not
// blamed; the second time it is quarantined.
//
// Begin with [New] and [Host.Run]; a delivery is followed in call.go.
package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// Stores are those of one connection.
type Stores struct {
	Kind   string // Azure, file, nats
	Target string // where it is; holds no secret
	Queues queue.Store
	Blobs  blob.Store
	Ledger ledger.Store
}

// Crew are the workers.
type Crew interface {
	// Take waits until a worker may take one more call. The error is ctx's cause.
	Take(ctx context.Context) (Place, error)
	// AwaitOpen waits until work is let in at all. The error is ctx's cause.
	AwaitOpen(ctx context.Context) error
	// Stuck tells that a worker still runs a call that is over.
	Stuck(worker, why string)
}

// Place is the right to give one call to one worker.
type Place interface {
	contract.Contract
	Worker() string // its id
	// Fate waits until it is known how the worker ended, for as long as ctx lasts.
	// known is false if it lives.
	Fate(ctx context.Context) (fate Fate, known bool)
	// Leave gives the place back. It is called once.
	Leave()
}

// Fate is how a worker ended.
type Fate struct {
	Died   bool // by itself, or of the memory that it took; else stanch stopped it for other reasons
	Why    string
	Report string // where the post-mortem is; empty if there is none
}

// Config says what a host runs, and on what.
type Config struct {
	App       string // names it among those that share a store, 1 to 32 letters, digits and hyphens
	Functions []funcapp.Function
	Settings  funcapp.Host
	Own       map[string]funcapp.Host // settings of a function by its name, where they are not Settings
	Location  *time.Location          // of timers; nil is UTC
	Holder    string                  // names this host among its replicas
	Factor    float64                 // bytes of a worker's memory for each byte of payload, at first sight
	TextBlobs bool                    // blobs whose binding names no dataType are text

	Open      func(connection string) (Stores, error) // by the name of the setting
	Crew      Crew
	Admission *admit.Admission
	Shadow    bool               // Admission keeps nobody out for memory's sake
	Endpoint  *endpoint.Endpoint // of payloads that are streamed
	Lends     bool               // the contract asks Lend for URLs: they don't stand in the place of payloads

	Hold      time.Duration // of a lease; 0: a minute
	ScanEvery time.Duration // between two listings of a blob trigger's container; 0: ten seconds

	// Fly keeps a call that a worker has where it outlives a crash, until the
	// function that it returns is called; nil for nowhere.
	Fly func(trigger, source string, size int64) func()

	Done func(*Done)                      // told of each call that has ended; must not block
	Say  func(format string, args ...any) // of what people should know
}

// Host runs one app. It is safe for concurrent use.
type Host struct {
	cfg       Config
	functions map[string]*function
	order     []*function
	queues    []*watched // those that are listened to
	stores    map[string]Stores
	wakers    wakers
	depths    depths
	live      sync.Map // of *call by invocation id, while it runs
	running   sync.WaitGroup
}

// New makes a host. Its error names everything that keeps the app from running.
func New(cfg Config) (*Host, error) {
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	if cfg.Hold == 0 {
		cfg.Hold = time.Minute
	}
	if cfg.ScanEvery == 0 {
		cfg.ScanEvery = 10 * time.Second
	}
	h := &Host{cfg: cfg, functions: map[string]*function{}, stores: map[string]Stores{}}
	var errs []error
	for _, def := range cfg.Functions {
		if def.Disabled {
			continue
		}
		f, err := h.prepare(def)
		if err != nil {
			errs = append(errs, fmt.Errorf("function %s: %w", def.Name, err))
			continue
		}
		h.functions[def.Name] = f
		h.order = append(h.order, f)
		cfg.Admission.Function(def.Name, f.factor, 0)
	}
	return h, errors.Join(errs...)
}

// Functions are those that run.
func (h *Host) Functions() (all []funcapp.Function) {
	for _, f := range h.order {
		all = append(all, f.def)
	}
	return all
}

// open is the store of a connection.
func (h *Host) open(connection string) (Stores, error) {
	if s, ok := h.stores[connection]; ok {
		return s, nil
	}
	s, err := h.cfg.Open(connection)
	if err == nil {
		h.stores[connection] = s
	}
	return s, err
}

// Run runs the triggers until ctx ends, then lets nothing new in and waits for
// what is in hand: those calls are broken off, and given back, when grace ends.
func (h *Host) Run(ctx, grace context.Context) {
	for _, f := range h.order {
		if f.start != nil {
			h.running.Go(func() { f.start(ctx, grace) })
		}
	}
	h.running.Go(func() { h.measure(ctx) })
	<-ctx.Done()
	h.running.Wait()
}
