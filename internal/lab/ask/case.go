package ask

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// Case is what an experiment asks for. The error names what the file allows and no
// verdict can be made of; a hint says what to write.
func Case(e *lab.Experiment) (verdict.Case, error) {
	c := verdict.Case{Repeats: verdict.Repeats{Least: e.Repeat.Least, Most: e.Repeat.Most}}
	if !e.Repeat.UntilDecided {
		c.Repeats.Least = c.Repeats.Most // there is one look, at the end
	}
	var wrong []error
	for _, g := range e.Gates {
		for _, arm := range arms(e, "") {
			c.Gates = append(c.Gates, gate(g, arm, len(arms(e, "")) > 1)...)
		}
	}
	for _, p := range e.Proof {
		all := criteria(e, p)
		for _, arm := range arms(e, p.Arm) {
			for _, one := range all {
				one.Place.Variant = arm
				if p.Arm == "" && arm != "" {
					one.ID += "/" + arm
				}
				c.Proof = append(c.Proof, one)
			}
		}
	}
	for _, d := range e.Disproof {
		all := criteria(e, d)
		switch {
		case len(all) > 1:
			wrong = append(wrong, fmt.Errorf("disproof %s has two bounds, and any disproof is enough\nhint: keep the one that speaks against the claim", d.ID))
			continue
		case d.Arm == "" && e.Compare != nil:
			wrong = append(wrong, fmt.Errorf("disproof %s names no arm\nhint: arm: %s, or arm: %s", d.ID, e.Compare.A, e.Compare.B))
			continue
		}
		all[0].Place.Variant = d.Arm
		c.Disproof = append(c.Disproof, all[0])
	}
	if e.Compare != nil {
		for _, m := range e.Compare.Metrics {
			c.Comparisons = append(c.Comparisons, comparison(e, m))
		}
	}
	if p := e.Controls.Planted; p != nil {
		c.Controls = append(c.Controls, planted(e, p))
	}
	if s := e.Controls.Same; s != nil {
		control, err := same(e, s)
		if err != nil {
			wrong = append(wrong, err)
		} else {
			c.Controls = append(c.Controls, control)
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return c, err
	}
	return c, c.Check()
}

// arms are the variants whose runs are looked at: of a comparison both, where none is
// named. The empty one is the run's, whatever it has.
func arms(e *lab.Experiment, named string) []string {
	switch {
	case named != "":
		return []string{named}
	case e.Compare != nil:
		return []string{e.Compare.A, e.Compare.B}
	}
	return []string{""}
}

// perEdge is a criterion for each side of the bound, all of which have to hold.
func perEdge(c verdict.Criterion, b lab.Bound) (all []verdict.Criterion) {
	for i, e := range b.Edges() {
		one := c
		one.Is, one.Threshold = verdict.Relation(e.Side), e.Value.Number
		if i > 0 {
			one.ID += "/" + string(e.Side)
		}
		all = append(all, one)
	}
	return all
}

// gate holds a number that was counted against its bound.
func gate(g lab.Gate, arm string, several bool) []verdict.Criterion {
	c := verdict.Criterion{ID: g.ID, Place: verdict.Place{Variant: arm, Window: windowName(g.Window)}, Measure: verdict.Value, Series: checkName(g)}
	if several {
		c.ID += "/" + arm
	}
	return perEdge(c, g.Bound)
}

func checkName(g lab.Gate) string {
	if g.Series != "" {
		return of(string(g.Check), string(g.Series))
	}
	return of(string(g.Check), g.Stream)
}

// rests says whether a window is one phase with cycles enough to be judged from rest to
// rest: seven floors have six differences.
func rests(e *lab.Experiment, window []string) bool {
	return len(window) == 1 && slices.ContainsFunc(e.Phases, func(p lab.Phase) bool { return p.Name == window[0] && p.Cycles >= leastCycles })
}

const leastCycles = 7

// growth is how a window's growth is measured: by its rests if it has them.
func growth(e *lab.Experiment, window []string) verdict.Measure {
	if rests(e, window) {
		return verdict.Growth
	}
	return verdict.Slope
}

// criteria are what one of the file's becomes: one for each edge of its bound.
func criteria(e *lab.Experiment, c lab.Criterion) []verdict.Criterion {
	one := verdict.Criterion{
		ID: c.ID, Place: verdict.Place{Window: windowName(c.Window)},
		Series: string(c.Series), Confidence: c.Confidence,
	}
	if c.Per != "" && c.Test != lab.Endpoint {
		one.Per = axis(c.Per)
	}
	switch c.Test {
	case lab.Query:
		one.Measure, one.Series, one.Confidence = verdict.Value, answerName(c.ID), 0
	case lab.Slope:
		one.Measure = verdict.Slope
	case lab.Growth:
		one.Measure = verdict.Growth
	case lab.Equivalence:
		one.Measure, one.Is, one.Threshold = growth(e, c.Window), verdict.Within, c.Within.Number
		return []verdict.Criterion{one}
	case lab.WeakestCycle:
		one.Measure = verdict.Weakest
	case lab.Saturating:
		one.Measure, one.Is, one.Threshold, one.Least = verdict.Saturating, verdict.Below, endsBelow, 2*smallest(e)
		return []verdict.Criterion{one}
	case lab.Endpoint:
		one.Measure, one.Is, one.Threshold, one.Least = verdict.Endpoint, verdict.Above, c.Others.Number, c.Bound.Above.Number
		one.Streams = []string{of(requests, c.Stream)}
		for _, s := range e.Load.Streams {
			if s.Name != c.Stream && sent(e, s.Name, c.Window) {
				one.Streams = append(one.Streams, of(requests, s.Name))
			}
		}
		return []verdict.Criterion{one}
	case lab.Ratio:
		one.Measure, one.Against = verdict.Slope, &verdict.Against{Place: verdict.Place{Window: windowName(c.Of)}, Ratio: true}
	case lab.Percentile:
		one.Measure, one.Series, one.At = verdict.Percentile, of(durations, c.Stream), c.Quantile
	case lab.Shift:
		one.Measure, one.Against = verdict.Shift, &verdict.Against{Place: verdict.Place{Window: windowName(c.Of)}}
		if c.Series == "" {
			one.Series = of(durations, c.Stream)
		}
	case lab.Level:
		one.Measure, one.At = verdict.Percentile, c.Quantile
	case lab.Retained:
		one.Measure, one.Base, one.Peak = verdict.Retained, windowName(c.From), windowName(c.Peak)
	case lab.Together:
		one.Measure, one.Tolerance, one.Overlap = verdict.Aligned, c.Tolerance.Seconds(), c.Overlap
		for _, name := range c.Signals {
			one.Signals = append(one.Signals, signal(e, name, ""))
		}
		for _, a := range e.Alternates {
			if !slices.Contains(c.Signals, a.Signal) {
				one.Others = append(one.Others, signal(e, a.Signal, a.Cause))
			}
		}
		return []verdict.Criterion{one}
	}
	return perEdge(one, c.Bound)
}

// endsBelow is the share of the earlier half's slope under which a growth is ending.
const endsBelow = 0.6

// sent says whether a stream is sent in one of the phases.
func sent(e *lab.Experiment, stream string, window []string) bool {
	return slices.ContainsFunc(e.Phases, func(p lab.Phase) bool {
		return slices.Contains(window, p.Name) && slices.ContainsFunc(p.Rates, func(r lab.Rate) bool { return r.Stream == stream })
	})
}

// signal is one that is on where its series here is one.
func signal(e *lab.Experiment, name, words string) verdict.Signal {
	s := verdict.Signal{Name: words, Series: signalName(name), Is: verdict.Above, Threshold: 0.5}
	for _, known := range e.Signals {
		if known.Name == name {
			s.Hold = known.Hold.Seconds()
			if s.Name == "" {
				s.Name = known.Says
			}
		}
	}
	if s.Name == "" {
		s.Name = name
	}
	return s
}

// smallest is the least number of bytes that anybody cares about; 0 if the file does
// not say it in bytes.
func smallest(e *lab.Experiment) float64 {
	if v := e.Hypothesis.SmallestEffect; v.Unit == lab.Bytes {
		return math.Abs(v.Number)
	}
	return 0
}

func comparison(e *lab.Experiment, m lab.Metric) verdict.Comparison {
	c := verdict.Comparison{
		Name: m.ID, A: e.Compare.A, B: e.Compare.B, Window: windowName(m.Window),
		Smallest: m.By, Share: true, Confidence: m.Confidence, More: m.Expect == lab.More,
	}
	switch {
	case m.KQL != "":
		c.Measure, c.Series = verdict.Value, answerName(m.ID)
	case m.Quantile > 0:
		c.Measure, c.Series, c.At = verdict.Percentile, of(durations, m.Stream), m.Quantile
	case m.Per != "":
		c.Measure, c.Series, c.Per = growth(e, m.Window), string(m.Series), axis(m.Per)
	default:
		c.Measure, c.Series, c.At = verdict.Percentile, string(m.Series), 0.5
	}
	switch m.Expect {
	case lab.Less, lab.More:
		c.Expect = verdict.Better
	case lab.Equal:
		c.Expect = verdict.Equivalent
	case lab.NoWorse:
		c.Expect = verdict.NotWorse
	}
	return c
}
