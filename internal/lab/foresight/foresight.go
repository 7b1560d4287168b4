// Package foresight says before a run what an experiment's criteria could tell.
//
// An experiment that can't see the effect it is about ends inconclusive, after hours.
// How small an effect a criterion sees follows from the length of its window, the
// requests in it, and how far memory moves by itself. The first two stand in the plan.
// The third comes from an earlier run, or has to be supposed, and then it is said so. A
// criterion is told coarse where what it could tell from nothing is larger than its own
// threshold: then an effect that matters may not be found.
//
// It is pure. Begin with [Look].
package foresight

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// Grade says how what a criterion could tell stands to what it asks.
type Grade string

// The grades.
const (
	Fine    Grade = "fine"
	Near    Grade = "near"    // it is enough, and little more
	Coarse  Grade = "coarse"  // it could not tell what it asks from nothing
	Unknown Grade = "unknown" // it is read, or what it could tell is not known before
)

// nearly is the share of a threshold from which on little room is left.
const nearly = 0.8

// Sight is what one criterion could tell.
type Sight struct {
	ID     string // of the criterion; the control's name of a control
	Part   string // control, proof, disproof or compare
	Window string
	Reads  verdict.Criterion

	Seconds  float64 // of the window
	Requests int64   // due in it, all streams together
	Samples  int
	Noise    Supposed

	// Tells is what could be told from nothing 8 times in 10: an effect so far beyond
	// the threshold, or of within, the margin that could be shown. It is infinite where
	// memory wanders too far, and NaN where nothing is known.
	Tells float64
	// Asks is what it is held against: the threshold, or the smallest effect where that
	// is nothing.
	Asks  float64
	Grade Grade
	Why   string // of Unknown, and of Coarse where it is no question of size
	// Of Coarse: how many times as long the window has to be, and how many times as
	// high the load. 0 is that it would not help, or not enough.
	Longer, Higher int
}

// Supposed is noise, and where it was seen.
type Supposed struct {
	verdict.Noise
	From string // empty: nowhere
}

// Source gives the noise of a criterion's series in its window; false where there is
// none.
type Source func(c *verdict.Criterion) (Supposed, bool)

// Look looks at the controls, the proof, the disproof and the comparisons of an experiment,
// in this order. The error is that of [ask.Case].
func Look(e *lab.Experiment, noise Source) ([]Sight, error) {
	c, err := ask.Case(e)
	if err != nil {
		return nil, err
	}
	var all []Sight
	for _, control := range c.Controls {
		s := see(e, control.Criterion, noise)
		s.ID, s.Part = control.Name, "control"
		all = append(all, s)
	}
	for _, of := range []struct {
		part     string
		criteria []verdict.Criterion
	}{{"proof", c.Proof}, {"disproof", c.Disproof}} {
		for _, one := range of.criteria {
			s := see(e, one, noise)
			s.Part = of.part
			all = append(all, s)
		}
	}
	for _, m := range c.Comparisons {
		all = append(all, Sight{
			ID: m.Name, Part: "compare", Window: m.Window, Reads: verdict.Criterion{Measure: m.Measure, Series: m.Series, Per: m.Per},
			Tells: math.NaN(), Grade: Unknown, Why: "how far pairs of runs differ by themselves is not known before",
		})
	}
	return all, nil
}

// see looks at one criterion.
func see(e *lab.Experiment, c verdict.Criterion, noise Source) Sight {
	spans := window(e, c.Place.Window)
	s := Sight{ID: c.ID, Window: c.Place.Window, Reads: c, Tells: math.NaN(), Grade: Unknown}
	if len(spans) == 0 {
		s.Why = "it has no window"
		return s
	}
	s.Seconds = (spans[len(spans)-1].End - spans[0].Start).Seconds()
	s.Samples = int(s.Seconds / e.Collect.Every.Seconds())
	for range timeline.Arrivals(e, spans) {
		s.Requests++
	}
	if n := spans[0].Phase.Cycles; byCycles(&c) && len(spans) == 1 && n > 1 && n < leastCycles {
		s.Grade, s.Tells = Coarse, math.Inf(1)
		s.Why = fmt.Sprintf("growth from rest to rest takes %d cycles, and %s has %d", leastCycles, s.Window, n)
		return s
	}
	if c.Measure == verdict.Percentile {
		s.ranked(&c)
		return s
	}
	if why, never := unforeseen(&c); never {
		s.Why = why
		return s
	}
	found, ok := noise(&c)
	if !ok {
		s.Why = "how far " + c.Series + " moves by itself is not known"
		return s
	}
	s.Noise = found
	planned := verdict.Planned{Seconds: s.Seconds, Units: units(e, &s), Samples: s.Samples, Repeats: e.Repeat.Least}
	if n := spans[0].Phase.Cycles; len(spans) == 1 && n > 1 {
		planned.Cycles = n
	}
	if c.Per == string(lab.PerRequest)+"s" && planned.Units == 0 {
		s.Why = "how many calls there will be is not known before"
		return s
	}
	s.judge(planned, smallest(e))
	return s
}

// leastCycles have six differences, which is what a verdict takes.
const leastCycles = 7

func byCycles(c *verdict.Criterion) bool {
	return c.Measure == verdict.Growth || c.Measure == verdict.Weakest
}

// window are the spans from the first phase of a window to its last: several are joined
// by + in its name.
func window(e *lab.Experiment, name string) []timeline.Span {
	all := timeline.Spans(e)
	if name == ask.Everything {
		return all
	}
	names := strings.Split(name, "+")
	first, last := -1, -1
	for i, span := range all {
		if slices.Contains(names, span.Phase.Name) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil
	}
	return all[first : last+1]
}

// units is how much the axis of a criterion counts in its window. Times are those of
// the timeline as it was written.
func units(e *lab.Experiment, s *Sight) float64 {
	for per, length := range map[lab.Per]time.Duration{lab.PerSecond: time.Second, lab.PerMinute: time.Minute, lab.PerHour: time.Hour} {
		if s.Reads.Per == string(per)+"s" {
			return s.Seconds * e.Version.Speed / length.Seconds()
		}
	}
	return float64(s.Requests)
}

// smallest is the smallest effect in bytes; 0 if the file does not say it so.
func smallest(e *lab.Experiment) float64 {
	if v := e.Hypothesis.SmallestEffect; v.Unit == lab.Bytes {
		return math.Abs(v.Number)
	}
	return 0
}
