// Package crew gives calls to the workers: it joins a seat at the dispatch with the contract that the worker there speaks.
//
// Every instance is hired under a contract before it starts: its arguments and its
// environment come from there, and it is ready when the contract says so. A call
// that lost its worker can ask how that worker went, since only the guard knows
// whether it died or was stopped. Begin with [New]; each contract has its file.
package crew

import (
	"context"
	"sync"

	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/host"
)

// Hand is one instance's contract.
type Hand interface {
	worker.Engagement
	contract.Contract
}

// Maker prepares the contract of an instance that is about to start.
type Maker func(id string, at worker.Address) (Hand, error)

// Crew are all workers. It is safe for concurrent use.
type Crew struct {
	dispatch *dispatch.Dispatch
	make     Maker
	replace  func(worker, why string)

	mu    sync.Mutex
	hands map[string]*hand
	stuck map[string]bool // workers whose replacement was asked for
}

// hand is one instance, from when it is hired until it is known how it went.
type hand struct {
	Hand
	crew  *Crew
	id    string
	gone  chan struct{} // closed when fate is known
	fate  host.Fate
	ended chan struct{} // closed when its process has ended
	once  sync.Once
}

// New makes a crew without workers. replace asks the guard for a replacement, and
// must not block.
func New(d *dispatch.Dispatch, maker Maker, replace func(worker, why string)) *Crew {
	return &Crew{dispatch: d, make: maker, replace: replace, hands: map[string]*hand{}, stuck: map[string]bool{}}
}

// Hire prepares an instance: it is worker.Plan's Hire.
func (c *Crew) Hire(id string, at worker.Address) (worker.Engagement, error) {
	made, err := c.make(id, at)
	if err != nil {
		return nil, err
	}
	h := &hand{Hand: made, crew: c, id: id, gone: make(chan struct{}), ended: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hands[id] = h
	return h, nil
}

// Exited notes that the process has ended.
func (h *hand) Exited(err error) {
	h.once.Do(func() { close(h.ended) })
	h.Hand.Exited(err)
}

// Departed takes in how a worker went: it is guard.Parts' Gone.
func (c *Crew) Departed(d guard.Departure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hands[d.Worker]
	if h == nil {
		return
	}
	delete(c.hands, d.Worker)
	delete(c.stuck, d.Worker)
	h.fate = host.Fate{Died: d.Died, Why: d.Why, Report: d.Report}
	close(h.gone)
}

// AwaitOpen waits until work is let in.
func (c *Crew) AwaitOpen(ctx context.Context) error { return c.dispatch.AwaitOpen(ctx) }

// Stuck has a worker replaced that still runs a call which is over.
func (c *Crew) Stuck(id, why string) {
	c.mu.Lock()
	known := c.stuck[id] || c.hands[id] == nil
	c.stuck[id] = true
	c.mu.Unlock()
	if !known {
		c.replace(id, why)
	}
}

// Take waits for a seat.
func (c *Crew) Take(ctx context.Context) (host.Place, error) {
	desk, err := c.dispatch.Take(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	h := c.hands[desk.Worker()]
	c.mu.Unlock()
	if h == nil {
		// It went between the two: the call finds that out as any other does.
		h = &hand{Hand: absent{}, id: desk.Worker(), gone: make(chan struct{}), ended: make(chan struct{})}
		close(h.gone)
	}
	return &place{hand: h, desk: desk}, nil
}

// place is one call's seat.
type place struct {
	*hand
	desk *dispatch.Desk
}

func (p *place) Worker() string { return p.id }

func (p *place) Leave() { p.desk.Leave() }

// Fate waits until the guard has told how the worker went. A process that lives
// when ctx ends has not gone.
func (p *place) Fate(ctx context.Context) (host.Fate, bool) {
	select {
	case <-p.gone:
		return p.fate, true
	case <-ctx.Done():
	}
	select {
	case <-p.ended:
		// Dead it is; the guard, which has not said why yet, takes longer than
		// a message should wait.
		return host.Fate{}, true
	default:
		return host.Fate{}, false
	}
}
