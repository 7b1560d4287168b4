package band

import (
	"slices"
	"time"
)

const (
	keptMinutes  = 60
	leastMinutes = 15 // before these nobody can say what is little
)

// Load remembers how busy the workers were in the last hour, and so tells a calm
// moment from any other. The zero value is ready. Not safe for concurrent use.
type Load struct {
	minutes [keptMinutes]float64 // the mean in flight of each
	n       int                  // minutes so far
	idle    bool                 // the last minute had no request at all

	begun time.Time // the minute that is open
	sum   float64
	looks int
	given int64
	busy  bool // it had a request
	now   int
}

// Add takes one look: how many requests are in flight or wait, and how many the
// workers were given so far. A count that falls began anew.
func (l *Load) Add(at time.Time, inFlight int, given int64) {
	if l.begun.IsZero() {
		l.begun, l.given, l.busy = at, given, true
	}
	if at.Sub(l.begun) >= time.Minute {
		l.minutes[l.n%keptMinutes] = l.sum / float64(max(l.looks, 1))
		l.n++
		l.idle = !l.busy
		l.begun, l.sum, l.looks, l.busy = at, 0, 0, false
	}
	l.busy = l.busy || inFlight > 0 || given != l.given
	l.sum += float64(inFlight)
	l.looks++
	l.given, l.now = given, inFlight
}

// None says whether there was no request in the last whole minute, and none since.
func (l *Load) None() bool { return l.idle && !l.busy }

// Low says whether now, and in the last whole minute, no more is in flight than in
// the quietest quarter of the last hour. It is false until a quarter of an hour is
// known.
func (l *Load) Low() bool {
	if l.n < leastMinutes {
		return false
	}
	known := slices.Clone(l.minutes[:min(l.n, keptMinutes)])
	last := l.minutes[(l.n-1)%keptMinutes]
	slices.Sort(known)
	quiet := known[(len(known)-1)/4]
	return last <= quiet && float64(l.now) < quiet+1
}
