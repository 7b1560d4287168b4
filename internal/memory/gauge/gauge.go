// Package gauge looks at all that tells how full memory is, and fills a memory.Reading with it.
//
// Nothing that the kernel shows is right alone: a charge counts cache, a
// resident set counts shared pages once for every process, a heap knows only
// itself. So a reading has each of them side by side, and names the one that
// decides. The package owns /proc.
//
// It keeps two rules. Read is fast: a loop calls it every 5 ms when memory runs
// out, so it preads files that are open already and allocates nothing; all that
// takes longer (walks over the process tree, smaps_rollup, a worker's own
// metrics) is done by goroutines between Start and Stop, and Read takes what
// they published last. And what can't be read is told once, as a problem, and
// never fails a reading.
//
// Begin with Gauge.Read and the pure function decide; tree.go says which
// processes belong to a worker.
package gauge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// Config is what a gauge looks at, and how often. A zero field means the
// default.
type Config struct {
	Proc          string        // where proc is mounted; /proc
	Container     *cgroup.Group // the group this process is in; nil where it is unknown. The gauge does not close it.
	TreeEvery     time.Duration // how often new processes are looked for; 500 ms
	SlowEvery     time.Duration // how often smaps_rollup is read; 10 s
	HeapEvery     time.Duration // how often a worker's metrics are scraped; 5 s
	LimitOverride int64         // bytes that the workers together may use, if that is less than their cgroups say; 0 for none
	Log           *slog.Logger  // told of each problem once, from Look and from the background; nil for none
}

// Default is a Config for this machine, without a container group.
func Default() Config {
	return Config{
		Proc:      "/proc",
		TreeEvery: 500 * time.Millisecond,
		SlowEvery: 10 * time.Second,
		HeapEvery: 5 * time.Second,
		Log:       slog.New(slog.DiscardHandler),
	}
}

// Check reports everything that is wrong with c.
func (c Config) Check() error {
	var all error
	for _, d := range []struct {
		name  string
		every time.Duration
	}{{"TreeEvery", c.TreeEvery}, {"SlowEvery", c.SlowEvery}, {"HeapEvery", c.HeapEvery}} {
		if d.every < 0 {
			all = errors.Join(all, fmt.Errorf("%s is %v; it has to be above 0", d.name, d.every))
		}
	}
	if c.LimitOverride < 0 {
		all = errors.Join(all, fmt.Errorf("LimitOverride is %d bytes; it has to be 0 or more", c.LimitOverride))
	}
	return all
}

// A Gauge reads memory. One goroutine at a time may call Read; everything else
// may be called from any.
type Gauge struct {
	cfg Config

	// look is held by whoever walks the trees, so that a Look and the
	// background goroutine don't publish over one another.
	look      sync.Mutex
	census    *file        // /proc/loadavg
	lastBorn  string       // what it ended in
	adopted   time.Time    // when orphans were last looked for
	unadopted bool         // something was born since
	others    map[int]bool // processes that were looked at and are no worker's orphans
	childless bool         // the kernel does not list children

	mu           sync.Mutex
	workers      []*worker
	changed      bool // workers came or went since the last walk
	group        *cgroup.Group
	override     int64
	self         *file // /proc/self/statm
	pressure     *file // /proc/pressure/memory; nil where the container has its own
	pressureless bool
	page         int64
	buf          [512]byte
	problems     problems

	running struct {
		sync.Mutex
		cancel context.CancelFunc
		done   sync.WaitGroup
	}
	treeDue, heapDue chan struct{}
}

// New makes a gauge that tracks no worker yet. It starts nothing; Look and
// Start do.
func New(c Config) (*Gauge, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("gauge: %w", err)
	}
	d := Default()
	c.Proc = cmp.Or(c.Proc, d.Proc)
	c.TreeEvery = cmp.Or(c.TreeEvery, d.TreeEvery)
	c.SlowEvery = cmp.Or(c.SlowEvery, d.SlowEvery)
	c.HeapEvery = cmp.Or(c.HeapEvery, d.HeapEvery)
	c.Log = cmp.Or(c.Log, d.Log)
	g := &Gauge{
		cfg:      c,
		override: c.LimitOverride,
		self:     &file{path: filepath.Join(c.Proc, "self/statm"), fd: -1},
		census:   &file{path: filepath.Join(c.Proc, "loadavg"), fd: -1},
		page:     pageSize,
		treeDue:  make(chan struct{}, 1),
		heapDue:  make(chan struct{}, 1),
	}
	if c.Container == nil || c.Container.Version() != 2 {
		g.pressure = &file{path: filepath.Join(c.Proc, "pressure/memory"), fd: -1}
	}
	return g, nil
}

// Start begins to walk the workers' trees and scrape their heaps in the
// background, until Stop or the end of ctx. A gauge that runs is left as it is.
func (g *Gauge) Start(ctx context.Context) {
	g.running.Lock()
	defer g.running.Unlock()
	if g.running.cancel != nil {
		return
	}
	ctx, g.running.cancel = context.WithCancel(ctx)
	g.running.done.Go(func() { g.walkTrees(ctx) })
	g.running.done.Go(func() { g.scrapeHeaps(ctx) })
}

// Stop ends the background work and waits for it. Read goes on with what was
// published last. It is safe to call twice, and without Start.
func (g *Gauge) Stop() {
	g.running.Lock()
	defer g.running.Unlock()
	if g.running.cancel == nil {
		return
	}
	g.running.cancel()
	g.running.done.Wait()
	g.running.cancel = nil
}

// Run is Start, the wait for the end of ctx, and Stop.
func (g *Gauge) Run(ctx context.Context) error {
	g.Start(ctx)
	<-ctx.Done()
	g.Stop()
	return nil
}

// Close stops the gauge and gives back its open files. No Read may follow. It
// is safe to call twice.
func (g *Gauge) Close() {
	g.Stop()
	g.look.Lock()
	defer g.look.Unlock()
	g.census.close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range g.workers {
		w.close()
	}
	g.workers = nil
	g.self.close()
	if g.pressure != nil {
		g.pressure.close()
	}
}

// Look walks the workers' trees, reads their smaps_rollup and scrapes their
// heaps once, now, as the background goroutines do in their time. It is for a
// single reading, as stanch check takes it, and takes milliseconds, or as long
// as an endpoint lets it wait (at most a second).
func (g *Gauge) Look(ctx context.Context) {
	g.walk(true)
	g.scrapeDue(ctx, time.Now(), true)
	g.say()
}

// Problems says what could not be read at the last try, one line each, in the
// order in which it was noticed.
func (g *Gauge) Problems() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.problems.lines()
}

// wake makes a background goroutine look at once.
func wake(due chan<- struct{}) {
	select {
	case due <- struct{}{}:
	default: // it is awake already
	}
}
