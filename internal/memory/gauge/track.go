package gauge

import (
	"math"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// A worker is a process, what descends from it, and what is known of them. The
// gauge's mu guards all but id and root, which do not change.
type worker struct {
	id    string
	root  int    // its pid
	born  uint64 // 0 while it could not be looked up
	group *cgroup.Group

	processes []*process // as published by the last walk
	threads   int
	slow      slow
	heap      memory.Heap
	scrape    *scrape // nil if it has no endpoint
}

// never is when a process was born that is not to be found: who has its pid
// later is another.
const never = math.MaxUint64

// slow is what is read seldom.
type slow struct {
	pss, private, beside, shared int64
	fds                          int
	at                           time.Time
	cost                         time.Duration // of the look itself
	stale                        bool          // processes came or went since, so that shared says nothing
}

func (w *worker) close() {
	for _, p := range w.processes {
		p.statm.close()
	}
	w.processes = nil
}

// Track begins to look at a worker: the process pid with all that descends from
// it, or, where grp is not nil, all that is in that cgroup. An id that is
// tracked already is replaced. The gauge does not close grp, which has to stay
// open until Untrack.
func (g *Gauge) Track(id string, pid int, grp *cgroup.Group) {
	w := &worker{id: id, root: pid, group: grp}
	// The first process is looked at from the next Read on, not from the next
	// walk: a worker can be large within milliseconds.
	p, err := g.open(pid)
	switch {
	case err == nil:
		w.born, w.processes, w.threads = p.born, []*process{p}, p.threads
	case isGone(err):
		w.born = never
	}
	g.mu.Lock()
	g.untrack(id)
	g.workers = append(g.workers, w)
	g.changed = true
	if err != nil {
		g.problems.set(topic{aboutTree, id}, err)
	}
	g.mu.Unlock()
	wake(g.treeDue)
}

// TrackHeap has the heap of a tracked worker read from its Prometheus endpoint,
// in the background: "http://127.0.0.1:9000/metrics", or
// "unix:///run/worker.sock" with the path after a colon if it is not /metrics,
// "unix:///run/worker.sock:/stats". An empty url ends it. An endpoint that does
// not answer is tried less and less often, down to once in 16 times HeapEvery,
// and is one problem.
func (g *Gauge) TrackHeap(id, url string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.worker(id)
	if w == nil {
		return
	}
	w.scrape = nil
	g.problems.set(topic{aboutHeap, id}, nil)
	if url == "" {
		return
	}
	s, err := newScrape(url)
	if err != nil {
		g.problems.set(topic{aboutHeap, id}, err)
		return
	}
	w.scrape = s
	wake(g.heapDue)
}

// SetHeap notes what a worker's preload tells of its heap. What was told or
// scraped last is what a reading has.
func (g *Gauge) SetHeap(id string, h memory.Heap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w := g.worker(id); w != nil {
		w.heap = h
	}
}

// Untrack ends looking at a worker. One that is not tracked is no error.
func (g *Gauge) Untrack(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.untrack(id)
}

func (g *Gauge) untrack(id string) {
	g.workers = slices.DeleteFunc(g.workers, func(w *worker) bool {
		if w.id == id {
			w.close()
			g.problems.forget(id)
		}
		return w.id == id
	})
}

// worker is the tracked worker with this id, or nil.
func (g *Gauge) worker(id string) *worker {
	i := slices.IndexFunc(g.workers, func(w *worker) bool { return w.id == id })
	if i < 0 {
		return nil
	}
	return g.workers[i]
}

// SetGroup names the cgroup that holds all workers, nil if none does. The gauge
// does not close it.
func (g *Gauge) SetGroup(grp *cgroup.Group) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.group = grp
	g.problems.set(topic{what: aboutGroup}, nil)
}

// SetLimit changes Config.LimitOverride: the bytes that the workers together
// may use; 0 for none.
func (g *Gauge) SetLimit(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.override = max(bytes, 0)
}
