package guard

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

const (
	// followEvery is how often the detectors get a sample.
	followEvery = time.Second
	// foundEvery is how often what they found is told anew. They look again no
	// sooner.
	foundEvery = 10 * time.Second
)

// Trend is what is found of the worker that serves on a post. It is never changed
// once it is told.
type Trend struct {
	Worker string    `json:"worker"`
	At     time.Time `json:"at"`          // of the last sample
	Clock  time.Time `json:"clock_began"` // the zero of the report's times
	Used   int64     `json:"used"`        // bytes
	Limit  int64     `json:"limit"`       // this worker's part of it; 0: none is known
	Age    float64   `json:"seconds_served"`
	Grown  int64     `json:"leaked"` // bytes since the warm-up that its leak explains; 0 without one
	trend.Report
	Course []Point `json:"-"` // of the post, since stanch began
}

// SinceAt is when the growth that is told began.
func (t *Trend) SinceAt() time.Time { return t.Clock.Add(time.Duration(t.Since)) }

// follower follows the workers that hold one post, one after the other. It belongs
// to the watch.
type follower struct {
	detector   *trend.Detector
	growth     band.Growth
	course     course
	worker     string // who was followed last
	generation uint64
	used       int64
	told       int   // the gravity that was told of this worker
	alerted    bool  // a person was told of the post's leak
	found      Trend // its report is of the last time that it was told
	published  *Trend
}

// seat is who serves on a post, as one look finds it.
type seat struct {
	post     int
	worker   string
	image    string        // changes with the command
	age      time.Duration // since it serves
	served   int64         // requests that it was given
	inFlight int
	memory   memory.Worker
}

// seats are the workers that serve, one for each post: the younger of two, for the
// moment before the older one drains. One that has died and is not buried yet is
// none.
func (g *Guard) seats(r *memory.Reading) []seat {
	seats := make([]seat, 0, len(g.posts))
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range r.Workers {
		m := &r.Workers[i]
		t := g.tenures[m.ID]
		if t == nil || t.state != Serving || t.frozen || t.desk == nil || m.Tree.Processes == 0 {
			continue
		}
		select {
		case <-t.worker.Done():
			continue
		default:
		}
		s := seat{
			post: t.post.index, worker: m.ID, image: t.image, age: r.At.Sub(t.worker.ReadyAt()),
			served: t.desk.Served(), inFlight: t.desk.InFlight(), memory: *m,
		}
		if at := slices.IndexFunc(seats, func(o seat) bool { return o.post == s.post }); at < 0 {
			seats = append(seats, s)
		} else if s.age < seats[at].age {
			seats[at] = s
		}
	}
	return seats
}

// imageOf tells one command from another, without telling it: it may hold secrets.
func imageOf(command []string) string {
	h := fnv.New32a()
	for _, word := range command {
		_, _ = h.Write(append([]byte(word), 0)) // a hash takes everything
	}
	return strconv.FormatUint(uint64(h.Sum32()), 16)
}

// share is one worker's part of what the workers may use together, or
// memory.Unlimited. It is the smaller of the container's limit and the
// operator's: which of them decides changes with what is fuller.
func share(r *memory.Reading, cfg *Config) int64 {
	limit := memory.Unlimited
	if r.Container.Known {
		limit = r.Container.Limit
	}
	if cfg.Limit > 0 {
		limit = min(limit, cfg.Limit)
	}
	if limit == memory.Unlimited {
		return limit
	}
	return limit / int64(max(cfg.Workers, 1))
}

// follow gives the detectors a sample of each worker that serves, tells what has
// changed, and relieves what leaks.
func (w *watch) follow(now time.Time, seats []seat, r *memory.Reading, s band.Situation) {
	if w.clock.IsZero() {
		w.clock = now
	}
	var given int64
	for i := range seats {
		given += seats[i].served
	}
	counts := w.g.parts.Dispatch.Counts()
	w.load.Add(now, counts.InFlight+counts.Queued, given)
	limit := share(r, w.g.cfg.Load())
	for i := range seats {
		w.followers[seats[i].post].observe(now, w, &seats[i], limit)
	}
	w.relieve(now, seats, r, s, limit)
}

// observe takes one sample in, and tells what it changes.
func (f *follower) observe(now time.Time, w *watch, at *seat, limit int64) {
	if at.worker != f.worker {
		f.worker, f.growth, f.told = at.worker, band.Growth{}, 0
		f.generation++
	}
	m := &at.memory
	f.used = m.Used()
	sample := trend.Sample{
		At: now.Sub(w.clock), Bytes: f.used,
		Requests: at.served - int64(at.inFlight), InFlight: float64(at.inFlight),
		Threads: int64(m.Tree.Threads), FDs: int64(m.Tree.FDs), Goroutines: m.Heap.Goroutines,
		Generation: f.generation, Image: at.image,
	}
	if limit != memory.Unlimited {
		sample.Limit = limit
	}
	if m.Heap.Known {
		sample.Heap, sample.Committed = m.Heap.Live, m.Heap.Committed
	}
	if m.Charge.Known {
		sample.File, sample.Kernel = m.Charge.Reclaimable, m.Charge.Kernel
	}
	f.detector.Observe(sample)
	f.growth.Add(at.age, f.used)
	f.course.add(sample.At, f.used)
	state := f.detector.State()
	if state == f.found.State && f.found.Worker == at.worker && now.Sub(f.found.At) < foundEvery {
		return
	}
	f.found = Trend{
		Worker: at.worker, At: now, Clock: w.clock, Used: f.used, Limit: sample.Limit, Age: at.age.Seconds(),
		Report: f.detector.Report(), Course: slices.Clone(f.course.points),
	}
	if rate := f.found.PerSecond; rate != nil {
		f.found.Grown = f.growth.Grown(rate.Hi)
	}
	found := f.found
	f.published = &found
	w.tellTrend(f)
}

// relieve replaces the worker whose leak is the gravest, and of those the one that
// has leaked most, where the judgement says so.
func (w *watch) relieve(now time.Time, seats []seat, r *memory.Reading, s band.Situation, limit int64) {
	var worst *follower
	for i := range seats {
		f := w.followers[seats[i].post]
		if f.found.State.Leaks() && (worst == nil || f.graver(worst)) {
			worst = f
		}
	}
	if worst == nil {
		return
	}
	found := &worst.found
	leak := band.Leak{
		Confirmed: true, Critical: found.State == trend.Critical,
		Used: worst.used, Grown: found.Grown, Share: limit,
	}
	if found.PerSecond != nil {
		leak.Rate = found.PerSecond.Hi
	}
	s.Busy = w.busy != nil
	if how, why := w.ladder.Relieve(s, leak, &w.load); how != band.Keep {
		w.replace(now, r, &order{victim: worst.worker, how: how, why: why, memory: true, leak: true})
	}
}

func (f *follower) graver(other *follower) bool {
	return cmp.Or(cmp.Compare(gravity(f.found.State), gravity(other.found.State)), cmp.Compare(f.found.Grown, other.found.Grown)) > 0
}

// trendOf is what is found of a worker, or nil.
func (w *watch) trendOf(id string) *Trend {
	for _, f := range w.followers {
		if f.worker == id {
			return f.published
		}
	}
	return nil
}
