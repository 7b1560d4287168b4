package verdict

import (
	"errors"
	"fmt"
	"slices"
)

// Check says everything that is wrong with a case.
func (c *Case) Check() error {
	var wrong []error
	ids := map[string]bool{}
	all := func(part string, criteria []Criterion) {
		for _, criterion := range criteria {
			if ids[criterion.ID] {
				wrong = append(wrong, fmt.Errorf("%s %q: there is another of that name", part, criterion.ID))
			}
			ids[criterion.ID] = true
			for _, err := range criterion.check() {
				wrong = append(wrong, fmt.Errorf("%s %q: %w", part, criterion.ID, err))
			}
		}
	}
	all("gate", c.Gates)
	for _, control := range c.Controls {
		criterion := control.Criterion
		criterion.ID = control.Name
		all("control", []Criterion{criterion})
		switch is := criterion.Is; {
		case control.Name == "":
			wrong = append(wrong, errors.New("control: it has no name"))
		case control.Kind == Positive && (is == Above || is == AtLeast || is == Below || is == AtMost), control.Kind == Negative && is == Within:
		default:
			wrong = append(wrong, fmt.Errorf("control %q: %s %s can't be tried\nhint: a positive control is above or below a threshold, a negative one within a margin", control.Name, control.Kind, is))
		}
	}
	all("proof", c.Proof)
	all("disproof", c.Disproof)
	for _, comparison := range c.Comparisons {
		all("comparison", []Criterion{comparison.criterion()})
	}
	none := len(c.Proof) == 0 && len(c.Disproof) == 0 && len(c.Comparisons) > 0 // the comparisons are all that is asked
	if !none && (len(c.Proof) == 0 || len(c.Disproof) == 0) {
		wrong = append(wrong, errors.New("a case needs proof and disproof\nhint: say what would support the claim, and what would speak against it"))
	}
	if c.Repeats.Least < 0 || c.Repeats.Most < 0 || c.Repeats.Most > 0 && c.Repeats.Most < c.Repeats.Least {
		wrong = append(wrong, fmt.Errorf("repeats: %d at least and %d at most", c.Repeats.Least, c.Repeats.Most))
	}
	return errors.Join(wrong...)
}

// takes says what a measure is given.
var takes = map[Measure]struct{ per, against, paired bool }{
	Value: {false, true, true}, Count: {false, true, true}, Coverage: {}, Max: {false, true, true}, Min: {false, true, true},
	MeanOf: {false, true, true}, Percentile: {false, false, true}, Slope: {true, true, true}, Growth: {true, true, true},
	Weakest: {true, false, false}, Saturating: {true, false, false}, Shift: {false, true, false}, Retained: {}, Endpoint: {}, Aligned: {},
}

func (c *Criterion) check() (wrong []error) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	needs, known := takes[c.Measure]
	if !known {
		say("there is no measure %q", c.Measure)
		return wrong
	}
	if c.ID == "" {
		say("it has no id")
	}
	if c.Per != "" && !needs.per {
		say("%s is not taken per %s", c.Measure, c.Per)
	}
	switch {
	case c.Against == nil:
		if c.Measure == Shift {
			say("a shift needs what it is held against")
		}
	case c.Against.Paired && !needs.paired, !c.Against.Paired && !needs.against:
		say("%s is not held against another place that way", c.Measure)
	case c.Against.Ratio && c.Measure == Shift:
		say("a shift is a difference")
	case c.Against.Share && !(c.Against.Ratio && c.Against.Paired):
		say("a share is the quotient of pairs, less one")
	case c.Against.Paired && c.Against.Variant == "":
		say("a pair needs the other variant")
	}
	if c.Measure == Aligned {
		if len(c.Signals) < 2 || !(c.Tolerance > 0) {
			say("signals that align are two or more, with a tolerance")
		}
		for _, s := range slices.Concat(c.Signals, c.Others) {
			if s.Is != Above && s.Is != Below {
				say("signal %q is %q\nhint: above or below", s.Name, s.Is)
			}
		}
	} else if !slices.Contains([]Relation{Above, Below, AtLeast, AtMost, Within}, c.Is) {
		say("there is no relation %q", c.Is)
	}
	if c.Measure == Endpoint && (len(c.Streams) == 0 || c.Is != Above || !(c.Threshold > 0)) {
		say("an endpoint needs its streams, and to be above a threshold")
	}
	if c.Is == Within && !(c.Threshold > 0) {
		say("within needs a margin above zero")
	}
	if c.Measure == Percentile && !(c.At > 0 && c.At < 1) {
		say("the percentile %v is not between 0 and 1", c.At)
	}
	if c.Measure == Retained && (c.Base == "" || c.Peak == "") {
		say("what is retained needs the windows before and in the incident")
	}
	if c.Confidence != 0 && !(c.Confidence > 0.5 && c.Confidence < 1) {
		say("the confidence %v is not between 0.5 and 1", c.Confidence)
	}
	if !finite([]float64{c.Threshold, c.At, c.Least, c.Tolerance, c.Overlap}) {
		say("a threshold is no number")
	}
	return wrong
}

// The confidences, where a case names none.
const (
	sure       = 0.99 // of proof, controls and disproof beyond a threshold
	equivalent = 0.95 // of each of the two tests for equivalence
)

func (c *Criterion) confidence() float64 {
	switch {
	case c.Confidence != 0:
		return c.Confidence
	case c.Is == Within || c.Measure == Aligned:
		return equivalent
	}
	return sure
}
