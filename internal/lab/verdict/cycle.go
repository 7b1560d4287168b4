package verdict

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/stats"
)

const (
	plainCycles = 8 // of a window without cuts
	leastCycles = 6 // deltas between floors that a mean of cycles takes
	settled     = 5 // the last fifth of a cycle is where it has settled
)

// cycles measures the growth of the floor from the end of one cycle to the end of the
// next. The first cycle has only a floor: what a start leaves behind is no growth. A
// cycle in which the process was replaced counts for nothing.
func (r *Run) cycles(s Series, w Window, c *Criterion) reading {
	axis, ok := r.axis(c.Per)
	if !ok {
		return missing("%s has no series %q", r.key(), c.Per)
	}
	cuts := w.Cuts
	if len(cuts) == 0 {
		for k := range plainCycles {
			cuts = append(cuts, w.From+(w.To-w.From)*float64(k+1)/plainCycles)
		}
	}
	type floor struct {
		at, value float64
		ok        bool
	}
	var ends []floor
	begin := w.From
	for _, end := range cuts {
		last := s.in(Window{From: end - (end-begin)/settled, To: end})
		f := floor{}
		for i, v := range last.Value {
			if !f.ok || v < f.value {
				f = floor{last.At[i], v, true}
			}
		}
		ends = append(ends, f)
		begin = end
	}
	var deltas []float64
	for i := 1; i < len(ends); i++ {
		a, b := ends[i-1], ends[i]
		replaced := slices.ContainsFunc(r.Breaks, func(at float64) bool { return at > a.at && at <= b.at })
		if !a.ok || !b.ok || replaced {
			continue
		}
		delta := b.value - a.value
		if c.Per != "" {
			units := axis(b.at) - axis(a.at)
			if !(units > 0) {
				continue
			}
			delta /= units
		}
		deltas = append(deltas, delta)
	}
	if len(deltas) < leastCycles {
		return missing("%s has %d cycles of %s in %s with a floor at both ends, and %d are needed", r.key(), len(deltas), s.Name, w.Name, leastCycles)
	}
	mean := stats.Mean(deltas)
	if c.Measure == Growth {
		return estimated(mean)
	}
	share := 0.0 // what does not grow in the mean has no weakest cycle
	if mean.Mid > 0 {
		share = slices.Min(deltas) / mean.Mid
	}
	return exact(share, len(deltas))
}
