// Package room keeps the books of a worker's memory: what is reserved for the invocations that it has, and who comes next.
//
// It is pure: readings, sizes and times are arguments, and it answers who may
// enter. What an invocation takes is learnt from those before it ([Cost]). Begin
// with [Room].
package room

import (
	"fmt"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// Room is the books of one worker.
//
// What is used now says too little, since what was let in has not grown yet; what
// is reserved says too little, since a worker keeps memory of its own. So both
// count: an invocation enters if
//
//	max(used, base + reserved) + its cost ≤ ceiling
//
// where base is what the worker holds when it has nothing to do: seen when it is
// idle, raised by what stays when an invocation leaves, lowered to what is used.
// Growth over base belongs to those inside, to each the share that its reservation
// has of all. An invocation that is seen to take more than was reserved has its
// reservation raised; what it took at most is learnt when it leaves.
//
// Between functions it is fair by turns. Within and between them a small one may
// overtake a large one that does not fit yet, until the large one has waited for
// [Config.Patience]: then nobody enters before it does.
//
// An invocation may ask to be alone: one with which a worker died before, so that
// if it kills again nobody else is blamed for it. It enters an empty worker, and
// nobody enters beside it, whether memory is short or not, and in a shadow too. It
// waits by the same rule as a large one: until its patience ends others overtake
// it, then the worker runs empty for it. Were it let in at once, the sixteen that
// a dead worker gives back would stop everybody else for sixteen turns; were it
// never, it would starve beside a busy function. After its patience the one that
// waited longest is first, alone or not, so neither kind starves the other.
//
// Times are arguments. It is not safe for concurrent use.
type Room struct {
	cfg        Config
	used       int64
	ceiling    int64
	base       int64
	fresh      int64 // base of a worker that has not been given anything yet
	ready      int64 // the most that fresh was of the workers before it; 0: there was none
	touched    bool  // this worker has been given something
	reserved   int64
	alone      bool // who is inside wants nobody beside it
	generation string
	inside     map[uint64]*Stay
	lines      []*line
	turn       int
	next       uint64
}

// Config bounds a room.
type Config struct {
	Concurrency int           // invocations inside at once; 0 is no cap
	Patience    time.Duration // how long others may overtake one that waits
	Shadow      bool          // let everybody in whom the cap lets in, and only tell
}

// Stay is one invocation, from when it waits until it leaves.
type Stay struct {
	Function string
	Payload  int64 // bytes
	Alone    bool  // nobody else is inside while it is
	Cost     int64 // bytes that are reserved for it
	Waited   time.Duration
	Over     int64 // in a shadow: how many bytes too many it takes, else 0

	id      uint64
	since   time.Time
	took    float64 // the most that was seen of it, in bytes
	certain float64 // its part of all that was reserved then
	line    *line
}

// New makes an empty room.
func New(cfg Config) *Room { return &Room{cfg: cfg, inside: map[uint64]*Stay{}} }

// Configure changes the bounds. Whoever is inside stays.
func (r *Room) Configure(cfg Config) { r.cfg = cfg }

// Function makes a function known: its first cost, and how many of it may be
// inside at once (0: no cap). Of one that is known the cap changes, and what was
// learnt of its cost stays.
func (r *Room) Function(name string, cost *Cost, limit int) {
	l := r.line(name)
	l.limit = limit
	if l.cost.Seen() == 0 {
		l.cost = cost
	}
}

// Observe takes in a reading: what the worker uses and may use, in bytes, and
// which worker it is. A ceiling of 0 or less says that no limit is known: then
// memory keeps nobody out.
func (r *Room) Observe(used, ceiling int64, generation string) {
	r.used, r.ceiling = used, max(ceiling, 0)
	if generation != r.generation {
		if r.touched {
			r.ready = max(r.ready, r.fresh)
		}
		r.generation, r.base, r.fresh, r.touched = generation, used, r.freshly(used), len(r.inside) > 0
	}
	if len(r.inside) == 0 {
		r.base = used
		r.fresh = min(r.fresh, used)
		if !r.touched {
			// It is still beginning: what it held at its first instant is held by no worker
			// that is ready, and one after the other would be replaced to get there.
			r.fresh = r.freshly(used)
		}
		return
	}
	r.base = min(r.base, used)
	grown := used - r.base
	share := float64(grown) / float64(max(r.reserved, 1))
	more := int64(0)
	for _, s := range r.inside {
		took := share * float64(s.Cost)
		if took >= s.took {
			s.took, s.certain = took, float64(s.Cost)/float64(max(r.reserved, 1))
		}
		if grown > r.reserved {
			more += int64(took) - s.Cost
			s.Cost = int64(took)
		}
	}
	r.reserved += more
}

// freshly is what a worker holds that was not given anything yet, if so much is
// used: not more than one before it did, since that one may still hold memory while
// it ends.
func (r *Room) freshly(used int64) int64 {
	if r.ready > 0 {
		return min(used, r.ready)
	}
	return used
}

// Never says why an invocation with such a payload could not enter even an empty
// worker; it is nil if it could.
func (r *Room) Never(function string, payload int64) error {
	l := r.line(function)
	cost := l.cost.least(payload)
	if r.cfg.Shadow || r.ceiling == 0 || r.fresh+cost <= r.ceiling {
		return nil
	}
	return &TooBig{Function: function, Payload: payload, Factor: l.cost.sure, Cost: cost, Base: r.fresh, Ceiling: r.ceiling}
}

// TooBig says that an invocation does not fit an empty worker. All but Factor are
// bytes.
type TooBig struct {
	Function                     string
	Payload, Cost, Base, Ceiling int64
	Factor                       float64
}

// Error spells the sum out.
func (e *TooBig) Error() string {
	return fmt.Sprintf("a payload of %s never fits %s: it takes about %s (%.1f bytes a byte), the worker holds %s before it begins, together %s, and it may use %s",
		bytesize.Size(e.Payload), e.Function, bytesize.Size(e.Cost), e.Factor, bytesize.Size(e.Base), bytesize.Size(e.Cost+e.Base), bytesize.Size(e.Ceiling))
}

// Queue puts an invocation at the end of its function's line. Call [Room.Next]
// to learn who enters.
func (r *Room) Queue(now time.Time, function string, payload int64, alone bool) *Stay {
	r.next++
	l := r.line(function)
	s := &Stay{Function: function, Payload: payload, Alone: alone, Cost: l.cost.Of(payload), id: r.next, since: now, line: l}
	l.waiting = append(l.waiting, s)
	return s
}

// Next lets in the one whose turn it is, or returns nil if nobody may enter now.
// It is called again until it returns nil, after every Queue, Observe, Leave,
// Abandon and Configure. No timer is needed: that somebody's patience ends keeps
// others out, and lets nobody in whom there was no room for before.
func (r *Room) Next(now time.Time) *Stay {
	if r.alone || r.cfg.Concurrency > 0 && len(r.inside) >= r.cfg.Concurrency {
		return nil
	}
	if s := r.impatient(now); s != nil {
		return r.enter(now, s)
	}
	for i := range r.lines {
		l := r.lines[(r.turn+i)%len(r.lines)]
		for _, s := range l.waiting {
			if l.full() {
				break
			}
			if entered := r.enter(now, s); entered != nil {
				r.turn = (r.turn + i + 1) % len(r.lines)
				return entered
			}
		}
	}
	return nil
}

// impatient is the one that waits longest of those whose patience has ended and
// whose function may have another one inside.
func (r *Room) impatient(now time.Time) *Stay {
	var oldest *Stay
	for _, l := range r.lines {
		if len(l.waiting) == 0 || l.full() {
			continue
		}
		if s := l.waiting[0]; now.Sub(s.since) >= r.cfg.Patience && (oldest == nil || s.since.Before(oldest.since)) {
			oldest = s
		}
	}
	return oldest
}

func (r *Room) enter(now time.Time, s *Stay) *Stay {
	if s.Alone && len(r.inside) > 0 {
		return nil
	}
	// What was learnt while it waited counts.
	s.Cost = s.line.cost.careful(s.Payload)
	over := max(r.used, r.base+r.reserved) + s.Cost - r.ceiling
	if r.ceiling == 0 || over < 0 {
		over = 0
	}
	if over > 0 && !r.cfg.Shadow && (len(r.inside) > 0 || r.keeps(s)) {
		return nil
	}
	s.Over, s.Waited = over, now.Sub(s.since)
	s.line.remove(s)
	s.line.inside++
	r.alone, r.touched = s.Alone, true
	r.inside[s.id] = s
	r.reserved += s.Cost
	return s
}

// keeps says whether this worker, although it is empty, keeps too much for one whom
// a fresh worker will take. Whom no worker will take better, an empty one takes: it
// is asked [Room.Never] first. What others were blamed for does not count here, since
// a worker is replaced for it.
func (r *Room) keeps(s *Stay) bool {
	return r.base > r.fresh && max(r.used, r.base)+s.line.cost.likely(s.Payload) > r.ceiling && r.Never(s.Function, s.Payload) == nil
}

// Leave ends one who was inside. measured says whether what was seen of its
// memory is to be learnt: not if it never ran.
func (r *Room) Leave(s *Stay, measured bool) {
	if r.inside[s.id] == nil {
		return
	}
	delete(r.inside, s.id)
	r.alone = false
	s.line.inside--
	r.reserved -= s.Cost
	// What it leaves behind is nobody's who is still inside.
	r.base = max(r.base, r.used-r.reserved)
	if measured {
		s.line.cost.Learn(s.Payload, int64(s.took), s.certain)
	}
}

// Abandon ends one who waited.
func (r *Room) Abandon(s *Stay) { s.line.remove(s) }

// Wants says whether somebody waits whom only a fresh worker would take: the
// worker keeps too much.
func (r *Room) Wants() bool {
	if len(r.inside) > 0 || r.ceiling == 0 || r.cfg.Shadow || r.base <= r.fresh {
		return false
	}
	return slices.ContainsFunc(r.lines, func(l *line) bool { return len(l.waiting) > 0 && r.keeps(l.waiting[0]) })
}
