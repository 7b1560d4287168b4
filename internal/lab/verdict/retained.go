package verdict

import "github.com/stanch-dev/stanch/internal/stats"

// retained is (M-B)/(P-B): M what the worker holds in the window, B before the
// incident, P in it. All three are means; B stands on both sides of the quotient,
// which its bounds know.
func (r *Run) retained(s Series, w Window, c *Criterion) (m reading) {
	var means []stats.Estimate
	for _, name := range []string{c.Base, c.Peak} {
		other, ok := r.window(name)
		if !ok {
			return missing("%s has no window %q", r.key(), name)
		}
		part := s.in(other)
		m.inputs = append(m.inputs, r.input(c, other, len(part.At)))
		if len(part.At) < 2 {
			return missing("%s has %d samples of %s in %s", r.key(), len(part.At), s.Name, name)
		}
		means = append(means, stats.BatchMean(part.Value))
	}
	base, peak := means[0], means[1]
	after := stats.BatchMean(s.in(w).Value)
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
