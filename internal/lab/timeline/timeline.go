// Package timeline lays an experiment out in time: when each phase begins and ends,
// which request comes when, and in which order the variants are run.
//
// All of it follows from the experiment and its seed. Two variants, two repeats and
// two machines get the same arrivals with the same bytes in the same order, and so
// what differs between two runs is what is being tried. A faster timeline has the
// same arrivals, sooner. A stream's arrivals do not depend on what other streams or
// phases do. The load is open: moments are those of a plan, whatever the worker
// answers.
//
// Begin with [Spans], then [Arrivals] and [Runs].
package timeline

import (
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// Span is a phase with its times, on the wall's clock since the timeline began.
type Span struct {
	Phase      lab.Phase
	Index      int // of the phase in the experiment
	Start, End time.Duration
}

// Spans are the phases of a timeline, one after the other. With names they are only
// those, as a control's run has them, in the order of the experiment.
func Spans(e *lab.Experiment, names ...string) []Span {
	var all []Span
	at := time.Duration(0)
	for i, p := range e.Phases {
		if len(names) > 0 && !slices.Contains(names, p.Name) {
			continue
		}
		end := at + p.Length()
		all = append(all, Span{p, i, at, end})
		at = end
	}
	return all
}

// Length is how long a timeline takes.
func Length(spans []Span) time.Duration {
	if len(spans) == 0 {
		return 0
	}
	return spans[len(spans)-1].End
}

// Cycles are the stretches of a span that have load; between them and behind the last
// one it rests.
func (s Span) Cycles() []Stretch {
	n := time.Duration(max(s.Phase.Cycles, 1))
	all := make([]Stretch, 0, n)
	for i := range n {
		// From the whole, so that parts that do not divide do not drift.
		from := s.Start + s.Phase.For*i/n + s.Phase.Rest*i
		all = append(all, Stretch{from, from + s.Phase.For*(i+1)/n - s.Phase.For*i/n})
	}
	return all
}

// Stretch is a time from the one moment to before the other.
type Stretch struct{ From, To time.Duration }

// at is the moment on the timeline of so much time under load.
func (s Span) at(loaded time.Duration) time.Duration {
	n := time.Duration(max(s.Phase.Cycles, 1))
	if s.Phase.Rest == 0 || s.Phase.For <= 0 {
		return s.Start + loaded
	}
	done := min(loaded*n/s.Phase.For, n-1) // whole cycles before it
	return s.Start + loaded + s.Phase.Rest*done
}
