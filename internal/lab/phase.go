package lab

import "time"

// Phase is a stretch of the timeline, and the window of the criteria that name it.
type Phase struct {
	Name   string
	For    time.Duration // under load, all cycles together
	Cycles int           // equal parts that load is given in; at least 1
	Rest   time.Duration // without load, after each cycle
	Rates  []Rate        // what is not named is not sent
	Do     []Action      // at the phase's start, in order, before its load
	Judge  bool          // false for a warm-up, which no criterion may name
}

// Rate is how fast a stream comes.
type Rate struct {
	Stream    string
	PerSecond float64 // on the wall's clock; more than 0
}

// Length is how long the phase takes, its rests included.
func (p Phase) Length() time.Duration { return p.For + time.Duration(p.Cycles)*p.Rest }

// Action is what is done to the subject. One of its fields is set.
type Action struct {
	Use     string   // go on with another variant, in a fresh process
	Recycle *Recycle // a fresh process of the same variant
	Limit   *Limit   // from here on; what is zero in it stays
	Fault   *Fault   // until the phase is over
}

// Recycle replaces the worker.
type Recycle struct {
	Drain bool          // let it finish what it has begun; false: kill it
	Grace time.Duration // for that; the same at every speed
}

// Fault makes a dependency of the worker ill.
type Fault struct {
	Dependency string // as the worker's settings name it
	Kind       FaultKind
	Delay      time.Duration // of slow; the same at every speed
	Share      float64       // of the calls that it befalls, to 1
}

// FaultKind is how a dependency is ill.
type FaultKind string

// The kinds of faults.
const (
	Slow    FaultKind = "slow"    // answers later
	Failing FaultKind = "failing" // answers with an error
	Down    FaultKind = "down"    // does not answer
)
