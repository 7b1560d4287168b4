// Package admit lets calls wait until a worker's memory has room for them.
//
// The judgement is work/room's, which is pure. Here are what it lacks: a lock, a
// clock and the waiting. Three rules hold. Every [Admission.Enter] ends: with a
// ticket, with its context, or when the admission is closed. A ticket is one that
// the room let in, and the room learns of its end from [Ticket.Leave] alone. And
// who gives up while it waits holds nobody up. Begin with [New].
package admit

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work/room"
)

// ErrClosed says that nobody is let in any more.
var ErrClosed = errors.New("admission is closed")

// Admission is the door to a room. It is safe for concurrent use.
type Admission struct {
	mu      sync.Mutex
	room    *room.Room
	waiting map[*room.Stay]*caller
	closed  bool
	ceiling int64 // of the last reading
	worker  string
}

// caller is one who waits in Enter.
type caller struct {
	decided chan struct{} // closed when ticket or err is set
	ticket  *Ticket
	err     error
}

// Ticket is the right to be inside, and what it says stood when it was given.
type Ticket struct {
	Waited time.Duration
	Cost   int64 // bytes that are reserved
	Over   int64 // in a shadow: how many bytes too many it takes, else 0

	admission *Admission
	stay      *room.Stay
}

// New makes an admission to an empty room.
func New(cfg room.Config) *Admission {
	return &Admission{room: room.New(cfg), waiting: map[*room.Stay]*caller{}}
}

// Function makes a function known: how many bytes of memory a byte of its payload
// takes at first sight, and how many of it may be inside at once (0: no cap).
// Called again, it changes the cap and keeps what was learnt.
func (a *Admission) Function(name string, factor float64, limit int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.room.Function(name, room.NewCost(factor), limit)
	a.next()
}

// Configure changes the bounds while calls wait and are inside.
func (a *Admission) Configure(cfg room.Config) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.room.Configure(cfg)
	a.next()
}

// Observe takes in a reading: what the worker uses and may use, in bytes, and
// which worker it is. A ceiling of 0 or less says that no limit is known.
func (a *Admission) Observe(used, ceiling int64, generation string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.room.Observe(used, ceiling, generation)
	if ceiling != a.ceiling || generation != a.worker {
		a.ceiling, a.worker = ceiling, generation
		a.refuse()
	}
	a.next()
}

// Enter waits until the call may enter. payload is in bytes. alone is for a call
// with which a worker died: nobody is inside beside it. The errors are
// *room.TooBig where it fits no worker, the cause of ctx, and [ErrClosed].
func (a *Admission) Enter(ctx context.Context, function string, payload int64, alone bool) (*Ticket, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c := &caller{decided: make(chan struct{})}
	s, err := a.queue(c, function, payload, alone)
	if err != nil {
		return nil, err
	}
	select {
	case <-c.decided:
		return c.ticket, c.err
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting[s] == nil {
		return c.ticket, c.err // it was decided at the same time
	}
	delete(a.waiting, s)
	a.room.Abandon(s)
	a.next()
	return nil, context.Cause(ctx)
}

func (a *Admission) queue(c *caller, function string, payload int64, alone bool) (*room.Stay, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, ErrClosed
	}
	if err := a.room.Never(function, payload); err != nil {
		return nil, err
	}
	s := a.room.Queue(time.Now(), function, payload, alone)
	a.waiting[s] = c
	a.next()
	return s, nil
}

// Leave gives the ticket back, once. measured says whether the memory that the
// worker took meanwhile says something about the function: not if the call never
// reached a worker, or the worker died of it.
func (t *Ticket) Leave(measured bool) {
	a := t.admission
	a.mu.Lock()
	defer a.mu.Unlock()
	a.room.Leave(t.stay, measured)
	if measured {
		a.refuse()
	}
	a.next()
}

// next lets in whoever may enter.
func (a *Admission) next() {
	if a.closed {
		return
	}
	now := time.Now()
	for s := a.room.Next(now); s != nil; s = a.room.Next(now) {
		c := a.waiting[s]
		c.ticket = &Ticket{Waited: s.Waited, Cost: s.Cost, Over: s.Over, admission: a, stay: s}
		a.decide(s, c)
	}
}

// refuse ends those who would never fit, now that more is known: they would hold
// the others up, and enter an empty worker only to kill it.
func (a *Admission) refuse() {
	for s, c := range a.waiting {
		if err := a.room.Never(s.Function, s.Payload); err != nil {
			c.err = err
			a.room.Abandon(s)
			a.decide(s, c)
		}
	}
}

func (a *Admission) decide(s *room.Stay, c *caller) {
	delete(a.waiting, s)
	close(c.decided)
}

// Wants says whether somebody waits whom only a fresh worker would take, since
// the present one keeps too much.
func (a *Admission) Wants() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.room.Wants()
}

// Books are the present figures.
func (a *Admission) Books() room.Books {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.room.Books()
}

// Close lets nobody in any more: those who wait get [ErrClosed], those who are
// inside stay until they leave. It is safe to call twice.
func (a *Admission) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for s, c := range a.waiting {
		c.err = ErrClosed
		a.room.Abandon(s)
		a.decide(s, c)
	}
}
