package band

import (
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
)

// The bounds of [Cadence].
const (
	Fastest = 5 * time.Millisecond
	Slowest = time.Second
)

// burst is how fast a worker that has been calm is feared to start growing, in
// bytes a second: what one core can touch of fresh memory on common machines.
const burst = 1 << 30

// Cadence is the time until the next look: an eighth of the time until the next
// level at the present slope, and never so long that a burst out of the blue
// could use up a quarter of the room below the emergency level before it is
// seen.
func Cadence(l Levels, used int64, slope float64) time.Duration {
	if l.Limit == memory.Unlimited {
		return Slowest
	}
	next := Slowest
	if room := float64(l.Enter[Emergency] - used); room > 0 {
		next = min(next, seconds(room/4/burst))
	} else {
		return Fastest
	}
	if slope > 0 {
		next = min(next, seconds(float64(l.Next(used)-used)/slope/8))
	}
	return max(next, Fastest)
}

func seconds(s float64) time.Duration {
	if s > 3600 {
		return time.Hour
	}
	return time.Duration(s * float64(time.Second))
}
