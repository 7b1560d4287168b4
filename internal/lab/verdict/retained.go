package verdict

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/stats"
)

// retained is (M-B)/(P-B): M and B are the means of the floors in the window and before
// the incident, P is the highest floor in it, which was read. B stands on both sides
// of the quotient, which its bounds know.
func (r *Run) retained(all Series, w Window, c *Criterion) (m reading) {
	level := func(w Window) []float64 {
		return floorsOf(all.in(w), w.From, w.To, func(at float64) float64 { return at }).y
	}
	var floors [2][]float64
	for i, name := range []string{c.Base, c.Peak} {
		other, ok := r.window(name)
		if !ok {
			return missing("%s has no window %q", r.key(), name)
		}
		n := len(all.in(other).At)
		m.inputs = append(m.inputs, r.input(c, other, n))
		if n < 2 {
			return missing("%s has %d samples of %s in %s", r.key(), n, c.Series, name)
		}
		floors[i] = level(other)
	}
	base, after := stats.BatchMean(floors[0]), stats.BatchMean(level(w))
	peak := stats.Estimate{Mid: slices.Max(floors[1]), N: len(floors[1])}
	q := stats.Ratio{Over: after.Less(base), Under: peak.Less(base), Covariance: base.SE * base.SE}
	m.mid, m.bounds, m.n = q.Mid(), q.Bounds, after.N+base.N+peak.N
	if !(q.Under.Mid > 0) {
		m.missing = r.key() + " held no more in " + c.Peak + " than in " + c.Base
	}
	return m
}

// retainedOver is the mean of what the repeats retained. From three repeats on it says
// more than each by itself, for it sees how they differ.
func retainedOver(runs []*Run, control string, repeats []int, c *Criterion, confidence float64) reading {
	var each []float64
	var inputs []Input
	for _, repeat := range repeats {
		one := take(runs, control, repeat, c, confidence)
		if one.missing != "" {
			return one
		}
		each, inputs = append(each, one.mid), append(inputs, one.inputs...)
	}
	m := estimated(stats.Mean(each))
	m.inputs = inputs
	return m
}
