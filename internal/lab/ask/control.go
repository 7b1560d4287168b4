package ask

import (
	"errors"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// planted is the control of a leak of known size: with confidence it has to be seen as
// at least half of what it is.
func planted(e *lab.Experiment, p *lab.Planted) verdict.Control {
	series := lab.Used
	if c := grows(e); c != nil && c.Series != lab.Heap && c.Series != lab.File {
		series = c.Series // helpers hold what is planted, which is in all others
	}
	return verdict.Control{Name: Planted, Kind: verdict.Positive, Criterion: verdict.Criterion{
		Place: verdict.Place{Window: windowName(p.Window)}, Measure: growth(e, p.Window), Series: string(series),
		Per: axis(p.Per), Is: verdict.Above, Threshold: float64(p.Size) / 2,
	}}
}

// same is the control of one variant beside itself: shown to differ by less than
// anybody cares about, in what proof judges.
func same(e *lab.Experiment, s *lab.Same) (verdict.Control, error) {
	margin := smallest(e)
	one, other := again(s.Variant)
	c := verdict.Criterion{
		Place: verdict.Place{Variant: one, Window: windowName(s.Window)}, Is: verdict.Within, Threshold: margin,
		Against: &verdict.Against{Place: verdict.Place{Variant: other}},
	}
	if g := grows(e); g != nil {
		c.Measure, c.Series, c.Per = growth(e, s.Window), string(g.Series), axis(g.Per)
	} else {
		c.Measure, c.Series = verdict.MeanOf, string(leveled(e))
	}
	if margin == 0 {
		return verdict.Control{}, errors.New("the control same has no margin: how much may the same variant differ from itself?\nhint: smallest-effect below hypothesis, as a size")
	}
	return verdict.Control{Name: Same, Kind: verdict.Negative, Criterion: c}, nil
}

// again are the names of a variant that is run twice.
func again(variant string) (one, other string) { return variant + " (first)", variant + " (second)" }

// grows is the first criterion that judges a growth of bytes; nil if none does.
func grows(e *lab.Experiment) *lab.Criterion {
	for _, all := range [][]lab.Criterion{e.Proof, e.Disproof} {
		for i := range all {
			c := &all[i]
			if slices.Contains([]lab.Test{lab.Slope, lab.Growth, lab.Equivalence, lab.Endpoint}, c.Test) && !counted(c.Series) {
				return c
			}
		}
	}
	return nil
}

// counted says that a series is no bytes.
func counted(s lab.Series) bool { return s == lab.Threads || s == lab.FDs || s == lab.Goroutines }

// leveled is the series that the first criterion of levels judges.
func leveled(e *lab.Experiment) lab.Series {
	for _, c := range e.Proof {
		if (c.Test == lab.Level || c.Test == lab.Retained) && !counted(c.Series) {
			return c.Series
		}
	}
	return lab.Used
}
