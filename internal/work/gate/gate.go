// Package gate keeps the books of admission: who may enter, who has to wait, and who is refused.
//
// It counts and decides; it neither blocks nor keeps time. The dispatcher does
// the waiting and asks the gate at each turn. Begin with [Gate.Offer].
package gate

import (
	"errors"
	"fmt"
)

// State is what the gate does with new work.
type State uint8

// The states.
const (
	Open State = iota // new work enters, up to the cap
	Hold              // new work waits in the queue
	Shut              // new work is refused
)

var states = [...]string{"open", "hold", "shut"}

// String is the state's name in lower case.
func (s State) String() string { return states[s] }

// MarshalText prints the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Config bounds what is inside and what waits.
type Config struct {
	Concurrency int // requests inside at once; 0 is no cap
	Queue       int // requests that may wait; 0 refuses what can't enter at once
}

// Check reports every mistake at once.
func (c Config) Check() error {
	var errs []error
	if c.Concurrency < 0 {
		errs = append(errs, fmt.Errorf("max-concurrency %d is negative", c.Concurrency))
	}
	if c.Queue < 0 {
		errs = append(errs, fmt.Errorf("max-queue %d is negative", c.Queue))
	}
	return errors.Join(errs...)
}

// Decision is the answer to one who wants to enter.
type Decision uint8

// The answers.
const (
	Enter     Decision = iota // counted as inside
	Wait                      // counted as waiting
	RefusedBy                 // the gate is shut
	Full                      // the queue is full
)

// Gate is the books. The zero value is an open gate without cap and queue. It
// is not safe for concurrent use.
type Gate struct {
	cfg    Config
	state  State
	inside int
	queued int
}

// New opens a gate.
func New(cfg Config) *Gate { return &Gate{cfg: cfg} }

// Configure changes the bounds. Who is inside or waiting stays.
func (g *Gate) Configure(cfg Config) { g.cfg = cfg }

// Set changes the state.
func (g *Gate) Set(s State) { g.state = s }

// State is the present state.
func (g *Gate) State() State { return g.state }

// Inside and Queued are the counts.
func (g *Gate) Inside() int { return g.inside }

// Queued is the number of those who wait.
func (g *Gate) Queued() int { return g.queued }

// Offer decides on one newcomer. served says whether there is a worker to go to
// now; without one a newcomer waits, since one is on its way.
func (g *Gate) Offer(served bool) Decision {
	if g.state == Shut {
		return RefusedBy
	}
	if served && g.queued == 0 && g.Free() {
		g.inside++
		return Enter
	}
	if g.queued >= g.cfg.Queue {
		return Full
	}
	g.queued++
	return Wait
}

// Free says whether one more may be inside.
func (g *Gate) Free() bool {
	return g.state == Open && (g.cfg.Concurrency == 0 || g.inside < g.cfg.Concurrency)
}

// Admit lets one in who waits outside of the queue, without bounds, if there is
// room.
func (g *Gate) Admit() bool {
	if !g.Free() {
		return false
	}
	g.inside++
	return true
}

// Promote moves one from the queue inside, if one waits and there is room.
func (g *Gate) Promote() bool {
	if g.queued == 0 || !g.Free() {
		return false
	}
	g.queued--
	g.inside++
	return true
}

// Leave ends one who was inside.
func (g *Gate) Leave() { g.inside-- }

// Abandon ends one who waited.
func (g *Gate) Abandon() { g.queued-- }
