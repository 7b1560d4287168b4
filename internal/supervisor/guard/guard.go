// Package guard keeps the workers alive and the memory below its limit: it looks, asks the judgement, and carries its orders out.
//
// One loop, the watch, reads the gauge as often as the memory demands, steps
// the bands and the ladder, sets the gate, and orders cleanups, replacements
// and, at the brink, the freeze. Each position of a worker is a post with a
// goroutine of its own, which starts, seats, drains and ends the workers that
// hold it one after the other. The watch decides and never waits; posts wait
// and never decide. Begin with [Guard.Run].
package guard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/archive"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/work/gate"
)

// Config sets what the guard holds to.
type Config struct {
	Workers        int
	Bands          band.Config
	Ladder         band.LadderConfig
	Limit          int64         // what the operator allows the workers together; 0: what the container does
	Unhealthy      int64         // a worker that uses more is unhealthy; 0: none
	Drain          time.Duration // the longest wait for requests in flight when memory presses or stanch stops
	Streams        time.Duration // of that, what upgraded connections and event streams get
	Restarts       Budget        // of starts after crashes
	Replacements   Budget        // for memory's sake
	LongestBackoff time.Duration // between two starts after crashes
}

// Parts are what the guard works with. It owns none of them.
type Parts struct {
	Gauge    *gauge.Gauge
	Dispatch *dispatch.Dispatch
	Nursery  *worker.Nursery
	Recorder *flight.Recorder
	Archive  *archive.Archive
	// TerminationLog is where Kubernetes reads why a container ended; it is
	// written only if it is there. Empty for nowhere.
	TerminationLog string
	// Event is told of everything that happens, in order; it must not block.
	Event func(telemetry.Event)
	// Cleanup asks a worker to give memory back; nil where there is no way to.
	Cleanup func(ctx context.Context, w *worker.Worker) error
	// HeapURL is where a worker's Prometheus endpoint is; nil for none.
	HeapURL func(w *worker.Worker) string
	// Seen is told of every look that was taken, and must not block; nil for
	// nobody.
	Seen func(Seen)
	// Gone is told once of every worker that has served and is gone; nil for
	// nobody.
	Gone func(Departure)
	// InFlight describes the requests and calls that a worker has.
	InFlight func(w *worker.Worker) []flight.Request
}

// Seen is what a look found, in short.
type Seen struct {
	Used   int64  // bytes
	Limit  int64  // bytes; memory.Unlimited if none is known
	Levels Levels // zero without a limit
	Cast   string // changes when a worker has come to serve, or has gone
}

// Departure is how a worker went.
type Departure struct {
	Worker string
	Died   bool   // untold, or because its memory left no other way; else it was stopped in order
	Why    string // it died
	Report string // where the post-mortem is; empty without one
}

// Guard is one guard of all workers. Its methods are safe for concurrent use.
type Guard struct {
	parts Parts

	cfg     atomic.Pointer[Config]
	changed chan struct{} // the configuration or a worker's state did: look at once
	demands chan *order   // replacements asked for by people
	reports chan report   // from the posts to the watch
	ended   chan struct{} // closed when the watch is over
	posts   []*post
	saving  sync.WaitGroup // of post-mortems

	read    sync.Mutex // the gauge has one reader at a time
	reading memory.Reading

	mu      sync.Mutex
	tenures map[string]*tenure // by worker id
	status  Status
	learnt  learnt
	gone    int    // workers that have come and gone
	dead    string // why stanch gave up restarting; empty while it has not
}

// learnt is what earlier starts have taught.
type learnt struct {
	swap time.Duration // from start to ready
	peak int64         // the most that a worker used until it was ready
}

// New makes a guard.
func New(cfg Config, parts Parts) *Guard {
	g := &Guard{
		parts:   parts,
		changed: make(chan struct{}, 1),
		demands: make(chan *order),
		reports: make(chan report),
		ended:   make(chan struct{}),
		tenures: map[string]*tenure{},
	}
	g.cfg.Store(&cfg)
	for i := range cfg.Workers {
		g.posts = append(g.posts, &post{guard: g, index: i, orders: make(chan *order, 1)})
	}
	return g
}

// Configure takes a new configuration over; the number of workers stays.
func (g *Guard) Configure(cfg Config) {
	g.cfg.Store(&cfg)
	g.poke()
}

// Look has the guard look at once: something has changed that others wait for.
func (g *Guard) Look() { g.poke() }

// poke makes the watch look at once.
func (g *Guard) poke() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// Run watches until ctx ends, then drains and stops all workers; stop bounds
// how long that may take. It returns when no worker is left.
func (g *Guard) Run(ctx context.Context, stop func() context.Context) {
	watching, end := context.WithCancel(context.Background())
	var posts, watch sync.WaitGroup
	for _, p := range g.posts {
		posts.Go(func() { p.run(ctx, stop) })
	}
	watch.Go(func() {
		defer close(g.ended)
		g.watch(watching)
	})
	posts.Wait()
	end()
	watch.Wait()
	g.saving.Wait()
}

// Replace replaces a worker (by id; empty for the one that uses most) and
// returns when its successor serves and it is gone.
func (g *Guard) Replace(ctx context.Context, id, why string) (Replacement, error) {
	o := &order{victim: id, why: why, done: make(chan report, 1)}
	select {
	case g.demands <- o:
	case <-g.ended:
		return Replacement{}, errors.New("stanch stops")
	case <-ctx.Done():
		return Replacement{}, ctx.Err()
	}
	select {
	case r := <-o.done:
		return r.Replacement, r.err
	case <-ctx.Done():
		return Replacement{}, fmt.Errorf("the replacement goes on, nobody waits for it: %w", ctx.Err())
	}
}

// Replacement is the outcome of one.
type Replacement struct {
	Old  string        `json:"old"`
	New  string        `json:"new"`
	How  string        `json:"how"`  // overlap or swap
	Swap time.Duration `json:"swap"` // from start to ready of the new one
	Took time.Duration `json:"took"` // until the old one was gone
}

func (g *Guard) event(kind telemetry.Kind, worker, format string, args ...any) {
	g.tell(kind, worker, fmt.Sprintf(format, args...))
}

// tell is event with the facts of it.
func (g *Guard) tell(kind telemetry.Kind, worker, text string, facts ...telemetry.Fact) {
	g.parts.Event(telemetry.Event{At: time.Now(), Kind: kind, Worker: worker, Text: text, Facts: facts})
}

// look reads the gauge anew into r, whose slice it reuses.
func (g *Guard) look(now time.Time, r *memory.Reading) {
	g.read.Lock()
	defer g.read.Unlock()
	g.parts.Gauge.Read(now, &g.reading)
	workers := append(r.Workers[:0], g.reading.Workers...)
	*r = g.reading
	r.Workers = workers
}

// tenure is the time of one worker on a post.
type tenure struct {
	worker *worker.Worker
	post   *post
	desk   *dispatch.Desk // nil until it serves
	image  string         // changes with the command

	// Guarded by Guard.mu.
	state  State
	peak   int64
	oom    int64 // kernel kills counted when it started
	frozen bool  // at the brink: its death is told already
	died   bool  // its departure is told with its post-mortem
}

func (g *Guard) enter(w *worker.Worker, p *post) *tenure {
	var r memory.Reading
	g.look(time.Now(), &r)
	t := &tenure{worker: w, post: p, image: imageOf(g.parts.Nursery.Plan().Command), state: Starting, oom: kills(&r, w.ID)}
	g.parts.Gauge.Track(w.ID, w.PID(), w.Group())
	if g.parts.HeapURL != nil {
		if url := g.parts.HeapURL(w); url != "" {
			g.parts.Gauge.TrackHeap(w.ID, url)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tenures[w.ID] = t
	return t
}

func (g *Guard) leave(t *tenure) {
	g.parts.Gauge.Untrack(t.worker.ID)
	g.mu.Lock()
	delete(g.tenures, t.worker.ID)
	g.gone++
	died := t.died
	g.mu.Unlock()
	if !died {
		g.departed(Departure{Worker: t.worker.ID})
	}
}

func (g *Guard) departed(d Departure) {
	if g.parts.Gone != nil {
		g.parts.Gone(d)
	}
}

func (g *Guard) setState(t *tenure, s State) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.state = s
}

// kills is the kernel's count of kills that could be this worker's.
func kills(r *memory.Reading, id string) int64 {
	if w := r.Worker(id); w != nil && w.Charge.Known {
		return w.Charge.OOMKills
	}
	if r.Group.Known {
		return r.Group.OOMKills
	}
	return r.Container.OOMKills
}

func (g *Guard) gate(order band.GateOrder, why string, retry time.Duration) {
	state := map[band.GateOrder]gate.State{band.Open: gate.Open, band.Hold: gate.Hold, band.Shut: gate.Shut}[order]
	g.parts.Dispatch.Set(state, why, retry)
}

// Signal sends a signal on to all workers.
func (g *Guard) Signal(sig syscall.Signal) {
	g.mu.Lock()
	workers := make([]*worker.Worker, 0, len(g.tenures))
	for _, t := range g.tenures {
		workers = append(workers, t.worker)
	}
	g.mu.Unlock()
	for _, w := range workers {
		if err := w.Signal(sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			g.event(telemetry.Alert, w.ID, "Sending %v on to worker process %s: %v", sig, w.ID, err)
		}
	}
}
