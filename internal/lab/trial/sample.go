package trial

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
)

// sampler looks at the worker's processes from outside.
type sampler struct {
	t     *Trial
	gauge *gauge.Gauge

	mu          sync.Mutex
	generations int
	alive       []tracked // in the order in which they came
	last        lab.Sample

	// Of the goroutine that looks.
	reading       memory.Reading
	charge        memory.Charge
	spent, stolen uint64
	slowAt        time.Time
	beside        float64 // private bytes that are no anonymous memory, at the last slow look
	told          map[string]bool
}

type tracked struct {
	name       string
	generation int
}

// How often the dearer looks are taken. smaps_rollup walks all pages of a process.
const (
	slowEvery = 500 * time.Millisecond
	heapEvery = 500 * time.Millisecond
)

func newSampler(t *Trial) (*sampler, error) {
	cfg := gauge.Default()
	cfg.TreeEvery = max(t.e.Collect.Every, 20*time.Millisecond)
	cfg.SlowEvery = max(t.e.Collect.Every, slowEvery)
	cfg.HeapEvery = max(t.e.Collect.Every, heapEvery)
	g, err := gauge.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("look at the worker's memory: %w", err)
	}
	s := &sampler{t: t, gauge: g, told: map[string]bool{}}
	s.spent, s.stolen, _ = gauge.Processors("/proc")
	return s, nil
}

// plain is a runtime without a heap of its own that could tell of it.
func (s *sampler) plain() bool { return s.t.e.Subject.Runtime == lab.NativeRuntime }

// track begins to look at a worker's process and what it forks; address is where it
// takes connections.
func (s *sampler) track(name string, pid int, address string) (generation int) {
	s.gauge.Track(name, pid, nil)
	if !s.plain() && s.t.variant.Contract == lab.HTTP {
		s.gauge.TrackHeap(name, "http://"+address+"/metrics")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generations++
	s.alive = append(s.alive, tracked{name, s.generations})
	return s.generations
}

// helper is looked at with the worker, and is no generation of it.
func (s *sampler) helper(name string, pid int) { s.gauge.Track(name, pid, nil) }

func (s *sampler) untrack(name string) (generation int) {
	s.gauge.Untrack(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, w := range s.alive {
		if w.name == name {
			s.alive = slices.Delete(s.alive, i, i+1)
			return w.generation
		}
	}
	return 0
}

// now is the generation that is there; 0 if none is.
func (s *sampler) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.alive); n > 0 {
		return s.alive[n-1].generation
	}
	return 0
}

// look takes one sample.
func (s *sampler) look(at float64) lab.Sample {
	s.gauge.Read(time.Now(), &s.reading)
	sample := lab.Sample{At: at, Generation: s.now(), Limit: math.NaN(), Stolen: math.NaN()}
	for i := range sample.Values {
		sample.Values[i] = math.NaN()
	}
	if spent, stolen, err := gauge.Processors("/proc"); err == nil && spent > s.spent {
		sample.Stolen = float64(stolen-s.stolen) / float64(spent-s.spent)
		s.spent, s.stolen = spent, stolen
	}
	known, err := s.t.group.read(&s.charge)
	if err != nil {
		s.problem(err.Error())
	}
	if known {
		if s.charge.Limit != memory.Unlimited {
			sample.Limit = float64(s.charge.Limit)
		}
		set(&sample, lab.Charge, float64(s.charge.WorkingSet()))
		set(&sample, lab.File, float64(s.charge.File))
	}
	if sample.Generation > 0 {
		s.processes(&sample)
	}
	for _, problem := range s.gauge.Problems() {
		s.problem(problem)
	}
	s.mu.Lock()
	s.last = sample
	s.mu.Unlock()
	return sample
}

// processes sums up the workers: an old and a new one side by side are one worker that
// holds as much as both.
func (s *sampler) processes(sample *lab.Sample) {
	var tree memory.Tree
	var heap, committed, goroutines float64
	known := len(s.reading.Workers) > 0
	processes := 0
	for i := range s.reading.Workers {
		w := &s.reading.Workers[i]
		processes += w.Tree.Processes
		tree.RSS += w.Tree.RSS
		tree.Anon += w.Tree.Anon
		tree.Shared += w.Tree.Shared
		tree.Beside += w.Tree.Beside
		tree.Threads += w.Tree.Threads
		tree.FDs += w.Tree.FDs
		if w.Tree.SlowAt.After(tree.SlowAt) {
			tree.SlowAt = w.Tree.SlowAt
		}
		if w.ID == planterName {
			continue
		}
		if !s.fresh(&w.Heap) {
			known = false
			continue
		}
		heap += float64(w.Heap.Live)
		committed += float64(w.Heap.Committed)
		goroutines += float64(w.Heap.Goroutines)
	}
	if processes == 0 {
		sample.Generation = 0 // it has just gone, and that is not told yet
		return
	}
	used := float64(tree.Used())
	set(sample, lab.Used, used)
	set(sample, lab.RSS, float64(tree.RSS))
	set(sample, lab.Threads, float64(tree.Threads))
	// What is private and no anonymous memory, such as relocated code, hardly changes:
	// between two slow looks it is taken as it was. Private itself is of another moment
	// than used, which may have moved by all that the worker holds.
	if tree.SlowAt.After(s.slowAt) {
		s.slowAt, s.beside = tree.SlowAt, float64(tree.Beside)
	}
	if !s.slowAt.IsZero() {
		set(sample, lab.Private, used+s.beside)
		set(sample, lab.FDs, float64(tree.FDs))
	}
	switch {
	case s.plain():
		set(sample, lab.Native, used)
	case known:
		set(sample, lab.Heap, heap)
		set(sample, lab.Native, max(used-committed, 0))
		if goroutines > 0 {
			set(sample, lab.Goroutines, goroutines)
		}
	}
}

// staleAfter is how many scrapes may fail until what the last one told is not what is.
const staleAfter = 3

// fresh says whether a heap is told of and was read of late: an old figure taken for a new
// one would be a heap that is shown not to grow.
func (s *sampler) fresh(h *memory.Heap) bool {
	every := max(s.t.e.Collect.Every, heapEvery)
	return h.Known && s.reading.At.Sub(h.At) <= staleAfter*every
}

func set(sample *lab.Sample, series lab.Series, v float64) {
	sample.Values[slices.Index(lab.AllSeries(), series)] = v
}

// problem is told once.
func (s *sampler) problem(text string) {
	if !s.told[text] {
		s.told[text] = true
		s.t.note("%s", text)
	}
}

// held is what the last sample says that the worker holds; false if there is none.
func (s *sampler) held() (used float64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used = s.last.Values[0]
	return used, s.last.Generation > 0 && !math.IsNaN(used)
}

func (s *sampler) close() { s.gauge.Close() }
