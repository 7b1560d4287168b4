// Package record turns what stanch sees into rows of telemetry: requests, invocations of functions, outgoing calls, what workers and functions log, what happens to them, and once a second how they are.
//
// It has one goroutine, which builds rows and hands them to the store; those
// who have something to tell never wait for it. A request costs them some
// nanoseconds and no allocation: it is counted, and copied only if it is going
// to be a row. The rules: a sum of itemCount is exact; what is sampled or left
// out is said, in traces; and all text goes through [telemetry.Redact] before it
// is a row. Begin with [New]; each table has its file.
package record

import (
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// Append takes one row of a table: at is its time in ticks, row one line of
// JSON. It must not block, and must not keep row.
type Append func(table string, at int64, row []byte) error

// Config is what a recorder needs to know.
type Config struct {
	Append Append
	Lost   func() int64 // rows that were lost so far, those that Append refused included; nil to count these alone
	Look   func() Look  // how everything is now; asked once a second. nil for never

	Role    string // cloud_RoleName
	Host    string // what cloud_RoleInstance begins with
	Version string // application_Version
	Rate    int    // rows a second for requests, as many for invocations, for calls of workers and for calls to stores; 0 for all
	Seed    uint64 // of the choices in sampling
}

// LogRate is how many log records a second become rows; those from Warning on
// may be a quarter more.
const LogRate = 2000

// tick is how often waiting requests and log records are looked after.
const tick = 250 * time.Millisecond

// Recorder makes rows. Its methods may be called from any goroutine, and after
// Stop, when they do nothing.
type Recorder struct {
	cfg         Config
	requests    choice[kept]
	invocations choice[Invocation]
	streams     streams
	names       names

	// Made once, since a method that is handed over costs an allocation.
	writeRequest    func(*kept, int)
	writeInvocation func(*Invocation, int)

	// write is held while a row is built and handed over.
	write    sync.Mutex
	row      row
	shape    []byte
	url      []byte
	stopped  bool
	refused  int64 // rows that the store did not take
	lost     int64 // of the store's count, what was told already
	counters counters
	sampling sampling
	calls    calls // of workers
	stored   calls // of stanch's own to stores of work

	kick  chan struct{}
	end   chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

// New makes a recorder that does nothing by itself yet.
func New(cfg Config) *Recorder {
	r := &Recorder{cfg: cfg, kick: make(chan struct{}, 1), end: make(chan struct{})}
	r.writeRequest, r.writeInvocation = r.request, r.invocation
	r.requests.init(cfg.Rate, cfg.Seed)
	r.invocations.init(cfg.Rate, cfg.Seed)
	r.streams.init()
	r.names.init(cfg.Host)
	r.counters.init()
	return r
}

// Start begins to make rows.
func (r *Recorder) Start() {
	r.ended.Go(r.run)
}

// Stop makes rows of all that waits, and ends. Safe twice.
func (r *Recorder) Stop() {
	r.once.Do(func() {
		close(r.end)
		r.ended.Wait()
		r.streams.end()
		r.second(time.Now())
		r.write.Lock()
		r.stopped = true
		r.write.Unlock()
	})
}

func (r *Recorder) run() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	next := time.Now().Add(time.Second)
	for {
		select {
		case <-r.end:
			return
		case <-r.kick:
			r.drain()
		case <-ticker.C:
			now := time.Now()
			r.streams.flush(now)
			if now.Before(next) {
				r.drain()
				continue
			}
			// Whole seconds, so that counters have one value in each.
			next = next.Add(now.Sub(next).Truncate(time.Second) + time.Second)
			r.second(now)
		}
	}
}

// second does what is due once a second.
func (r *Recorder) second(now time.Time) {
	most := max(r.requests.roll(), r.invocations.roll())
	r.drain()
	r.sampled(now, most)
	r.rollCalls(now)
	r.streams.told(r, now)
	if r.cfg.Look != nil {
		look := r.cfg.Look()
		r.count(&look)
	}
	r.losses(now)
}

// put hands the row that was built over.
func (r *Recorder) put(table string, at int64) {
	if r.stopped {
		return
	}
	if r.cfg.Append(table, at, r.row.bytes()) != nil {
		r.refused++
	}
}

// losses says when rows were lost: an empty table must not look like a quiet
// hour.
func (r *Recorder) losses(now time.Time) {
	r.write.Lock()
	lost := r.refused
	if r.cfg.Lost != nil {
		lost = r.cfg.Lost()
	}
	more := lost - r.lost
	r.lost = lost
	r.write.Unlock()
	if more > 0 {
		r.note(now, severityWarning, "Telemetry rows were lost, since the disk did not take them",
			telemetry.Amount("rows", float64(more)))
	}
}

// sampling is what was said about it.
type sampling struct {
	on    bool
	since int // seconds without
}

// calm is how many seconds without sampling end it.
const calm = 10

// sampled says when sampling begins and ends.
func (r *Recorder) sampled(now time.Time, most int) {
	s := &r.sampling
	switch {
	case most > 1:
		s.since = 0
		if !s.on {
			s.on = true
			r.note(now, severityInformation, "Requests are sampled from now on, since there are more than rows for them; itemCount says how many each row stands for",
				telemetry.Amount("rowsPerSecond", float64(r.cfg.Rate)))
		}
	case s.on:
		if s.since++; s.since >= calm {
			s.on = false
			r.note(now, severityInformation, "Requests are not sampled any more: each has a row")
		}
	}
}
