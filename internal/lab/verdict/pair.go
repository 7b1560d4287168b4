package verdict

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/stats"
)

// leastPairs is from where a mean of pairs has an error worth the name.
const leastPairs = 3

// fewPairs is up to where chance is counted out beside Student's t.
const fewPairs = 10

// paired is the mean over repeats of a difference within each, or of a quotient, by
// its logarithm. Variants of a repeat went through the same load one after the
// other, so that what a repeat has of its own cancels out.
func paired(runs []*Run, control string, repeats []int, c *Criterion, confidence float64) reading {
	var each []float64
	var inputs []Input
	single, first := *c, 0 // how often the criterion's variant went first, less how often second
	single.Against = nil
	for _, repeat := range repeats {
		a, why := find(runs, control, repeat, c.Place.Variant)
		b, whyNot := find(runs, control, repeat, c.Against.Variant)
		if a == nil || b == nil {
			return missing("%s%s", why, whyNot)
		}
		window := c.Against.Window
		if window == "" {
			window = c.Place.Window
		}
		one, other := a.measure(&single, c.Place.Window, confidence), b.measure(&single, window, confidence)
		if one.missing != "" || other.missing != "" {
			return missing("%s", one.missing+other.missing)
		}
		switch {
		case a.Order < b.Order:
			first++
		case a.Order > b.Order:
			first--
		}
		inputs = append(append(inputs, one.inputs...), other.inputs...)
		if !c.Against.Ratio {
			each = append(each, one.mid-other.mid)
		} else if one.mid > 0 && other.mid > 0 {
			each = append(each, math.Log(one.mid/other.mid))
		} else {
			return missing("a quotient of pairs takes values above zero; repeat %d has %s and %s", repeat, Number(one.mid), Number(other.mid))
		}
	}
	switch {
	case len(each) < leastPairs:
		return missing("there are %d pairs, and %d are needed", len(each), leastPairs)
	case first > 1 || first < -1:
		return missing("one variant went first %d times more often than the other: what drifts with time would be taken for it", max(first, -first))
	}
	e := stats.Mean(each)
	m := estimated(e)
	m.inputs, m.pairs = inputs, each
	if c.Against.Ratio {
		back := math.Exp
		m.scale = math.Log
		if c.Against.Share {
			back, m.scale = math.Expm1, math.Log1p
		}
		m.mid = back(e.Mid)
		m.bounds = func(confidence float64) (lo, hi float64) {
			lo, hi = e.Bounds(confidence)
			return back(lo), back(hi)
		}
	}
	if len(each) < fewPairs {
		m.note = fmt.Sprintf("by signs alone p %s", Number(stats.SignFlips(each)))
	}
	return m
}

// signsAgree says whether flipped signs agree that the mean of a few pairs lies beyond
// the threshold: as seldom as the odds ask, or as so few pairs can at all.
func (r *reading) signsAgree(threshold, confidence float64) bool {
	n := len(r.pairs)
	if n == 0 || n >= fewPairs {
		return true
	}
	if r.scale != nil {
		threshold = r.scale(threshold)
	}
	beyond := make([]float64, n)
	for i, d := range r.pairs {
		beyond[i] = d - threshold
	}
	return stats.SignFlips(beyond) <= max(2*(1-confidence), math.Pow(2, 1-float64(n)))
}
