package verdict

import "fmt"

// Change is how variant B stands to variant A. Less is better, unless a comparison says
// that more is.
type Change string

// The changes.
const (
	Better     Change = "better"
	Worse      Change = "worse"
	Equivalent Change = "equivalent" // the difference lies inside the smallest that matters
	Undecided  Change = "undecided"
	NotWorse   Change = "not worse" // only expected: better or equivalent
)

func (c Change) turned() Change {
	switch c {
	case Better:
		return Worse
	case Worse:
		return Better
	}
	return c
}

// Compared is a comparison's answer. The result is of B less A.
type Compared struct {
	Name   string `json:"name"`
	A      string `json:"a"`
	B      string `json:"b"`
	Change Change `json:"change"`
	Result Result `json:"result"`
}

// criterion is B less A, pair by pair, held to be within what does not matter.
func (c *Comparison) criterion() Criterion {
	confidence := c.Confidence
	if confidence == 0 {
		confidence = equivalent
	}
	return Criterion{
		ID: c.Name, Place: Place{c.B, c.Window}, Measure: c.Measure, Series: c.Series, Per: c.Per, At: c.At,
		Against: &Against{Place: Place{Variant: c.A}, Paired: true, Ratio: c.Share, Share: c.Share}, Is: Within, Threshold: c.Smallest, Confidence: confidence,
	}
}

// compare answers all comparisons. A change has to be seen (its two-sided interval lies
// beyond zero) among all that were looked for, by Holm's steps; and its size has to
// matter. Equivalence is a claim of its own, and shares no odds.
func (j *judging) compare(v *Verdict) {
	changes := make([]Change, len(j.c.Comparisons))
	for open := len(changes); open > 0; open-- {
		again := false
		for i := range j.c.Comparisons {
			if changes[i] != "" {
				continue
			}
			c := j.c.Comparisons[i].criterion()
			confidence := j.look(1 - (1-c.Confidence)/2/float64(open))
			m := j.read(&c, "", 0, confidence)
			beyond := m.mid > c.Threshold || m.mid < -c.Threshold
			switch {
			case !beyond:
			case m.decide(Above, 0, confidence) == Holds:
				changes[i] = Worse
			case m.decide(Below, 0, confidence) == Holds:
				changes[i] = Better
			}
			if j.c.Comparisons[i].More {
				changes[i] = changes[i].turned()
			}
			if changes[i] != "" {
				again = true
				break
			}
		}
		if !again {
			break
		}
	}
	for i := range j.c.Comparisons {
		comparison := &j.c.Comparisons[i]
		c := comparison.criterion()
		confidence := j.look(c.Confidence)
		result := c.result(j.read(&c, "", 0, confidence), 0, c.Threshold, confidence)
		if changes[i] == "" {
			changes[i] = Undecided
			if result.Decision == Holds {
				changes[i] = Equivalent
			}
		}
		v.Comparisons = append(v.Comparisons, Compared{comparison.Name, comparison.A, comparison.B, changes[i], result})
	}
}

// expected concludes where comparisons are all that was asked: supported is all of them
// as they were expected, and one that is decided otherwise speaks against the claim. One
// of which nothing was expected is only told.
func (j *judging) expected(v *Verdict) {
	var open, against, met []string
	for i, c := range v.Comparisons {
		expect := j.c.Comparisons[i].Expect
		said := fmt.Sprintf("%s: %s is %s than %s: %s", c.Name, c.B, c.Change, c.A, c.Result.Why)
		if c.Change == Equivalent || c.Change == Undecided {
			said = fmt.Sprintf("%s: %s beside %s is %s: %s", c.Name, c.B, c.A, c.Change, c.Result.Why)
		}
		switch {
		case expect == "": // it is only told
		case c.Change == expect, expect == NotWorse && (c.Change == Better || c.Change == Equivalent):
			met = append(met, said)
		case c.Change == Undecided:
			open = append(open, said)
		default:
			against = append(against, said)
		}
	}
	switch {
	case len(against) > 0:
		v.Outcome, v.Why = NotSupported, against
	case len(open) > 0:
		v.Why, v.Next = open, Again+", with more repeats, or windows twice as long"
	case len(met) > 0:
		v.Outcome, v.Why = Supported, met
	default:
		v.Why = []string{"nothing was expected of the comparisons: they are told, and nothing follows"}
	}
}
