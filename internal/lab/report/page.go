package report

import (
	"fmt"
	"html/template"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// page is what the template of the report is given.
type page struct {
	Name, Claim, Because string
	Headline             headline
	Next                 string
	Causes               []string
	Repeats              []repeatView
	Facts                []fact
	Notes                []string
	Groups               []cardGroup // proof, then disproof
	Phases               []phaseRow
	Trials, Controls     []runView
	Costs                []costRow
	Compared             []comparedView
	A, B                 string
	Checks               []card // controls
	Gates                []gateRow
	Events               []eventsView
	Queries, Own         []queryView
	Left                 string // what was left out of the queries
	Speed                string
	Script               template.JS
	ScriptSum            string
	Style                template.CSS
}

// repeatView is what a repeat says by itself.
type repeatView struct {
	Repeat  int
	Outcome verdict.Outcome
	Text    string
}

// runView is a run with its lanes.
type runView struct {
	ID, Title, Why string
	Lanes          template.HTML
}

// runViews draws a group of runs on the same scales.
func (f *Findings) runViews(tracks []*track) (all []runView) {
	s := f.sheetOf(tracks)
	for _, t := range tracks {
		v := runView{ID: fmt.Sprintf("run-%d", t.Number), Title: fmt.Sprintf("Run %d: %s", t.Number, runName(t.Record)), Lanes: s.run(t)}
		if !t.Finished {
			v.Why = "It did not come to its end" + prefixed(": ", t.Record.Why) + "."
		}
		all = append(all, v)
	}
	return all
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// runName says what a run is.
func runName(r *lab.Record) string {
	return timeline.Run{Number: r.Number, Role: timeline.Role(r.Role), Variant: r.Variant, Round: r.Round}.String()
}
