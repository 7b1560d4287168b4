package band

import "time"

// warmUp is the age after which what a worker holds is what it needs. Growth
// before it is not its leak.
const warmUp = 20 * time.Minute

// Growth measures what a worker has grown by since its warm-up, from the least of
// each minute: what a collection gives back is no growth. The zero value is ready.
// Not safe for concurrent use.
type Growth struct {
	base   int64
	based  time.Duration // the age at which that was
	floor  int64         // of the last whole minute
	minute int64         // the one that is open
	least  int64
	looks  int
}

// Add takes what a worker of this age holds, in bytes.
func (g *Growth) Add(age time.Duration, used int64) {
	if minute := int64(age / time.Minute); g.looks > 0 && minute != g.minute {
		begun := time.Duration(g.minute) * time.Minute
		// Until the warm-up is over, the first minute is all there is to compare with.
		if g.base == 0 || g.based < warmUp && begun >= warmUp {
			g.base, g.based = g.least, begun
		}
		g.floor, g.looks = g.least, 0
	}
	if g.looks == 0 {
		g.minute, g.least = int64(age/time.Minute), used
	}
	g.least = min(g.least, used)
	g.looks++
}

// Grown is the growth in bytes since the warm-up (since the first minute, for a
// worker that is younger), and no more than a leak of rate bytes a second explains:
// a cache that has filled is not to be filled again.
func (g *Growth) Grown(rate float64) int64 {
	grown := max(g.floor-g.base, 0)
	since := time.Duration(g.minute)*time.Minute - g.based
	if leaked := max(rate, 0) * since.Seconds(); leaked < float64(grown) {
		return int64(leaked)
	}
	return grown
}
