package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/stats"
)

// reading is what was measured, before it is held against a threshold.
type reading struct {
	mid     float64
	bounds  func(confidence float64) (lo, hi float64) // nil for a number that was read
	over    *stats.Estimate                           // where the number is one
	n       int
	inputs  []Input
	missing string // what keeps it from being measured; then nothing else counts
	note    string
	pairs   []float64               // each pair's own number, on the scale that their mean was taken on
	scale   func(v float64) float64 // that scale; nil is the measure's own
	decided Decision                // where bounds alone do not decide: of signals that align, of streams
	p       float64                 // with decided: the odds that chance did it
	causes  []string
}

func missing(format string, args ...any) reading {
	return reading{mid: math.NaN(), missing: fmt.Sprintf(format, args...)}
}

func estimated(e stats.Estimate) reading {
	return reading{mid: e.Mid, bounds: e.Bounds, over: &e, n: e.N}
}

// exact is a number that was read from n samples.
func exact(v float64, n int) reading {
	return reading{mid: v, over: &stats.Estimate{Mid: v, N: n}, n: n}
}

// at are the bounds at a confidence.
func (r *reading) at(confidence float64) (lo, hi float64) {
	if r.bounds == nil {
		return r.mid, r.mid
	}
	return r.bounds(confidence)
}

// take measures a criterion in one repeat, against its other place if it has one.
func take(runs []*Run, control string, repeat int, c *Criterion, confidence float64) reading {
	run, why := find(runs, control, repeat, c.Place.Variant)
	if run == nil {
		return missing("%s", why)
	}
	if c.Against == nil {
		return run.measure(c, c.Place.Window, confidence)
	}
	other := c.Against.Place
	if other.Variant == "" {
		other.Variant = run.Variant
	}
	if other.Window == "" {
		other.Window = c.Place.Window
	}
	second, why := find(runs, control, repeat, other.Variant)
	if second == nil {
		return missing("%s", why)
	}
	if c.Measure == Shift {
		return shift(run, second, c, other.Window)
	}
	a, b := run.measure(c, c.Place.Window, confidence), second.measure(c, other.Window, confidence)
	return join(a, b, c.Against.Ratio)
}

// join is a over b, or a less b.
func join(a, b reading, ratio bool) (r reading) {
	switch {
	case a.missing != "":
		return a
	case b.missing != "":
		return b
	case ratio:
		q := stats.Ratio{Over: *a.over, Under: *b.over}
		r = reading{mid: q.Mid(), bounds: q.Bounds, n: a.n + b.n}
	default:
		r = estimated(a.over.Less(*b.over))
	}
	if a.bounds == nil && b.bounds == nil {
		r = exact(r.mid, a.n+b.n)
	}
	r.inputs = slices.Concat(a.inputs, b.inputs)
	return r
}

// measure reads one window of one run.
func (r *Run) measure(c *Criterion, window string, confidence float64) (m reading) {
	if c.Measure == Aligned {
		return r.align(c, window)
	}
	if c.Measure == Value {
		return r.fact(c.Series, window)
	}
	w, ok := r.window(window)
	if !ok {
		return missing("%s has no window %q", r.key(), window)
	}
	all, ok := r.series(c.Series)
	if !ok {
		return missing("%s has no series %q", r.key(), c.Series)
	}
	s := all.in(w)
	defer func() {
		m.inputs = append([]Input{r.input(c, w, len(s.At))}, m.inputs...)
	}()
	if len(s.At) == 0 && c.Measure != Count && c.Measure != Coverage {
		return missing("%s has no sample of %s in %s", r.key(), c.Series, window)
	}
	switch c.Measure {
	case Count:
		return exact(float64(len(s.At)), len(s.At))
	case Coverage:
		return exact(covered(s, w), len(s.At))
	case Max:
		return exact(slices.Max(s.Value), len(s.At))
	case Min:
		return exact(slices.Min(s.Value), len(s.At))
	case MeanOf:
		return estimated(stats.BatchMean(s.Value))
	case Percentile:
		return percentile(s.Value, c.At)
	case Slope:
		return r.slope(s, w, c.Per)
	case Growth, Weakest:
		return r.cycles(s, w, c)
	case Saturating:
		return r.saturating(s, w, c, confidence)
	case Endpoint:
		return r.endpoint(s, w, c)
	case Retained:
		return r.retained(all, w, c)
	}
	return missing("there is no measure %q", c.Measure) // Check has said so
}

func (r *Run) input(c *Criterion, w Window, n int) Input {
	return Input{r.Control, r.Repeat, r.Variant, w.Name, Number(w.From), Number(w.To), c.Series, n}
}

func (r *Run) fact(name, window string) reading {
	for _, f := range r.Facts {
		if f.Name == name && f.Window == window {
			w, _ := r.window(window)
			m := exact(f.Value, 1)
			m.inputs = []Input{{r.Control, r.Repeat, r.Variant, window, Number(w.From), Number(w.To), name, 1}}
			return m
		}
	}
	return missing("%s has no fact %q of window %q", r.key(), name, window)
}

// twentieths are the parts of a window of which Coverage is a share.
const twentieths = 20

func covered(s Series, w Window) float64 {
	var has [twentieths]bool
	for _, at := range s.At {
		has[min(int((at-w.From)/(w.To-w.From)*twentieths), twentieths-1)] = true
	}
	n := 0
	for _, b := range has {
		if b {
			n++
		}
	}
	return float64(n) / twentieths
}

func percentile(values []float64, p float64) reading {
	sorted := slices.Sorted(slices.Values(values))
	mid := stats.Quantile(sorted, p)
	above := make([]float64, len(values)) // slow answers come together; so many tell less than they seem to
	for i, v := range values {
		if v > mid {
			above[i] = 1
		}
	}
	inflation := stats.Inflation(above)
	return reading{mid: mid, n: len(values), bounds: func(confidence float64) (lo, hi float64) {
		return stats.QuantileBounds(sorted, p, confidence, inflation)
	}}
}

// mostPairs bounds a shift: so many values of a side are taken, evenly in time.
const mostPairs = 200

func shift(a, b *Run, c *Criterion, other string) reading {
	var values [2][]float64
	var inputs []Input
	for i, side := range []struct {
		run    *Run
		window string
	}{{a, c.Place.Window}, {b, other}} {
		w, ok := side.run.window(side.window)
		all, has := side.run.series(c.Series)
		if !ok || !has {
			return missing("%s has no series %q in a window %q", side.run.key(), c.Series, side.window)
		}
		s := all.in(w)
		inputs = append(inputs, side.run.input(c, w, len(s.At)))
		n := min(len(s.Value), mostPairs)
		for k := range n {
			values[i] = append(values[i], s.Value[k*len(s.Value)/n])
		}
	}
	moved := stats.NewShift(values[1], values[0], max(stats.Inflation(values[0]), stats.Inflation(values[1])))
	m := reading{mid: moved.Mid(), bounds: moved.Bounds, n: len(values[0]) + len(values[1]), inputs: inputs}
	if math.IsNaN(m.mid) {
		m.missing = fmt.Sprintf("there is no sample of %s on one side", c.Series)
	} else {
		m.note = fmt.Sprintf("Mann-Whitney two-sided p %s", Number(moved.P))
	}
	return m
}
