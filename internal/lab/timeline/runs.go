package timeline

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// Role is what a run is for.
type Role string

// The roles.
const (
	Trial   Role = "trial"   // the experiment itself
	Planted Role = "planted" // a control: a leak of known size
	Same    Role = "same"    // a control: the variant beside itself
)

// Run is one timeline with one variant at its start, in fresh processes.
type Run struct {
	Number  int // from 1
	Role    Role
	Variant string
	Round   int      // of the repeat that it belongs to, from 1; 0 for controls
	Phases  []string // that it has; nil is all
}

// String says what the run is, for people.
func (r Run) String() string {
	switch r.Role {
	case Planted:
		return "control: " + r.Variant + " with a planted leak"
	case Same:
		return "control: " + r.Variant + " beside itself"
	}
	return fmt.Sprintf("%s, round %d", r.Variant, r.Round)
}

// Runs are the runs of an experiment of so many rounds. Controls come first: what
// they do not show, nothing after them can mend. A round of a comparison is a run of
// each arm, and who goes first changes from round to round: A B, B A, A B. A drift in
// time then weighs on both.
func Runs(e *lab.Experiment, rounds int) []Run {
	var all []Run
	add := func(r Run) {
		r.Number = len(all) + 1
		all = append(all, r)
	}
	if c := e.Controls.Planted; c != nil {
		add(Run{Role: Planted, Variant: c.Variant, Phases: c.Window})
	}
	if c := e.Controls.Same; c != nil {
		add(Run{Role: Same, Variant: c.Variant, Phases: c.Window})
		add(Run{Role: Same, Variant: c.Variant, Phases: c.Window})
	}
	for round := 1; round <= rounds; round++ {
		if e.Compare == nil {
			add(Run{Role: Trial, Variant: e.Subject.Start, Round: round})
			continue
		}
		first, second := e.Compare.A, e.Compare.B
		if round%2 == 0 {
			first, second = second, first
		}
		add(Run{Role: Trial, Variant: first, Round: round})
		add(Run{Role: Trial, Variant: second, Round: round})
	}
	return all
}

// Total is how long runs take, one after the other. What a start, a settling and the
// filling of stores take is not in it.
func Total(e *lab.Experiment, runs []Run) (total time.Duration) {
	for _, r := range runs {
		total += Length(Spans(e, r.Phases...))
	}
	return total
}
