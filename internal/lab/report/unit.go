package report

import (
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// scale is what the numbers of a result count.
type scale struct {
	words
	unit lab.Unit
	per  lab.Per
	time bool // seconds
}

// print is a number of the scale, with its unit.
func (s scale) print(v float64) string {
	text := ""
	if s.time {
		text = millis(1000 * v)
	} else {
		text = s.value(v, s.unit)
	}
	if s.per != "" && finite(v) {
		text += " a " + string(s.per)
	}
	return text
}

// asked is a threshold, with its unit.
func (s scale) asked(v float64) string {
	if s.unit == lab.Bytes {
		s.words = s.family(v)
	}
	return s.print(v)
}

// plain is the scale without what its numbers are counted over, for those that stand
// behind one that says it.
func (s scale) plain() scale {
	s.per = ""
	return s
}

// scaleOf is the scale of a criterion's results.
func (f *Findings) scaleOf(c *Criterion) scale {
	s := scale{words: wordsOf(f.Experiment)}
	switch c.Part {
	case Gate:
		s.unit = lab.Share
		i := slices.IndexFunc(f.Experiment.Gates, func(g lab.Gate) bool { return g.ID == c.ID })
		if i >= 0 && f.Experiment.Gates[i].Check == lab.Keys {
			s.unit = lab.Plain
		}
		return s
	case Compare:
		s.unit = lab.Share
		return s
	case Control:
		s.unit = lab.Bytes
		if len(c.Results) > 0 && (c.Results[0].Measure == verdict.Slope || c.Results[0].Measure == verdict.Growth) {
			s.per = f.controlPer(c)
		}
		return s
	}
	w := f.written(c)
	if w == nil {
		return s
	}
	switch w.Test {
	case lab.Query:
		s.unit = unitOf(w.Bound)
	case lab.Slope, lab.Growth, lab.Equivalence:
		s.unit, s.per = seriesUnit(w.Series), w.Per
	case lab.Endpoint:
		s.unit, s.per = seriesUnit(w.Series), lab.PerRequest
	case lab.WeakestCycle, lab.Saturating, lab.Ratio, lab.Retained:
		s.unit = lab.Share
	case lab.Percentile:
		s.unit = lab.Duration
	case lab.Shift:
		s.unit = lab.Duration
		if w.Series != "" {
			s.unit = seriesUnit(w.Series)
		}
	case lab.Level:
		s.unit = seriesUnit(w.Series)
	case lab.Together:
		s.time = true
	}
	return s
}

// controlPer is what a control's growth is counted over: of the planted leak what the
// file says, of the same twice what the first growth that is judged is counted over.
func (f *Findings) controlPer(c *Criterion) lab.Per {
	if p := f.Experiment.Controls.Planted; p != nil && c.Results[0].Is != verdict.Within {
		return p.Per
	}
	for _, all := range [][]lab.Criterion{f.Experiment.Proof, f.Experiment.Disproof} {
		for i := range all {
			if all[i].Per != "" {
				return all[i].Per
			}
		}
	}
	return lab.PerRequest
}

func seriesUnit(s lab.Series) lab.Unit {
	if s == lab.Threads || s == lab.FDs || s == lab.Goroutines {
		return lab.Plain
	}
	return lab.Bytes
}

func unitOf(b lab.Bound) lab.Unit {
	for _, e := range b.Edges() {
		if e.Value.Unit != lab.Plain {
			return e.Value.Unit
		}
	}
	return lab.Plain
}

// measured is what a criterion looks at, in words.
func (f *Findings) measured(c *Criterion) string {
	w := f.written(c)
	if w == nil {
		return c.Test
	}
	at := number(100 * w.Quantile)
	of := "of the time of requests"
	if w.Stream != "" {
		of += " of " + w.Stream
	}
	switch w.Test {
	case lab.Query:
		return "the number that its query gives"
	case lab.Slope:
		return "growth of " + string(w.Series) + " along the window"
	case lab.Growth:
		return "growth of " + string(w.Series) + " from rest to rest"
	case lab.Equivalence:
		return "growth of " + string(w.Series) + ", shown to be none"
	case lab.WeakestCycle:
		return "least growth of " + string(w.Series) + " in a cycle, as a share of the mean"
	case lab.Saturating:
		return "slope of " + string(w.Series) + " in the later half, as a share of that in the earlier one"
	case lab.Endpoint:
		return "what requests of " + w.Stream + " leave in " + string(w.Series) + ", and others do not"
	case lab.Ratio:
		return "growth of " + string(w.Series) + ", as a share of that in " + joined(w.Of)
	case lab.Percentile:
		return "p" + at + " " + of
	case lab.Shift:
		if w.Series != "" {
			of = "of " + string(w.Series)
		}
		return "shift " + of + " against " + joined(w.Of)
	case lab.Level:
		return "p" + at + " of " + string(w.Series)
	case lab.Retained:
		return "share of " + string(w.Series) + " that is still there of what came between " + joined(w.From) + " and " + joined(w.Peak)
	case lab.Together:
		return "time between the first and the last beginning of " + joined(w.Signals)
	}
	return c.Test
}

// bound is what a number has to be, in the units of the file.
func (f *Findings) bound(c *Criterion) string {
	w := f.written(c)
	s := f.scaleOf(c)
	if w == nil || w.Test == lab.Saturating || w.Test == lab.Endpoint || w.Test == lab.Together {
		return c.Bound
	}
	if w.Within != nil {
		return "within ±" + s.asked(w.Within.Number)
	}
	text := ""
	for i, e := range w.Bound.Edges() {
		if i > 0 {
			text += " and "
		}
		text += string(e.Side) + " " + s.asked(e.Value.Number)
	}
	return text
}

// signs stand for relations where there is little room.
var signs = map[verdict.Relation]string{verdict.Above: "> ", verdict.AtLeast: "≥ ", verdict.Below: "< ", verdict.AtMost: "≤ ", verdict.Within: "±"}

// joined is a list in words; none is the whole run.
func joined(names []string) string {
	switch n := len(names); n {
	case 0:
		return "the whole run"
	case 1:
		return names[0]
	default:
		text := names[0]
		for _, name := range names[1 : n-1] {
			text += ", " + name
		}
		return text + " and " + names[n-1]
	}
}

// read says whether a number was read and not estimated: it has no interval.
func read(r *verdict.Result) bool {
	lo, hi, mid := float64(r.Lo), float64(r.Hi), float64(r.Estimate)
	return math.IsNaN(mid) || lo == hi || math.IsNaN(lo) && math.IsNaN(hi)
}
