package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

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

// cardGroup is the criteria of a part.
type cardGroup struct {
	Title, Text string
	Cards       []card
}

// card is a criterion with its evidence.
type card struct {
	ID, Says, Measured, Window, Bound string
	Mark, Words, Class                string
	Rows                              []cardRow
}

// cardRow is one result of it.
type cardRow struct {
	Who, Estimate, Asked, N, Inputs, Why, Told string
	Mark, Words, Class                         string
	Picture                                    template.HTML
}

// cards are the criteria of a part. Words like these are for people; criteria.json
// has the numbers.
func (f *Findings) cards(part string) (all []card) {
	for _, c := range f.part(part) {
		s := f.scaleOf(c)
		one := card{ID: c.ID, Says: c.Says, Measured: f.measured(c), Window: joined(c.Window), Bound: f.bound(c)}
		one.Mark, one.Words, one.Class = marks(c.decided(), c.Part)
		if len(c.Results) == 0 {
			one.Mark, one.Words, one.Class = "–", "not judged", "none"
		}
		r, drawn := rulerOf(c.Results)
		last := 0 // that has a picture
		for i := range c.Results {
			if finite(float64(c.Results[i].Estimate)) && finite(float64(c.Results[i].Threshold)) {
				last = i
			}
		}
		for i := range c.Results {
			result := &c.Results[i]
			row := cardRow{Who: f.who(c, result), Inputs: f.inputs(c, result)}
			mark, words, class := marks(result.Decision, c.Part)
			row.Class = class
			if len(c.Results) > 1 {
				row.Mark, row.Words = mark, words
			}
			if finite(float64(result.Estimate)) {
				row.Estimate = estimate(s, result)
				if one.Bound == "" || result.Raised {
					row.Asked = asked(s, result)
				}
			}
			if result.N > 0 && result.Measure != verdict.Value {
				row.N = number(float64(result.N))
			}
			if drawn {
				row.Picture = r.interval(s, class, i == last, result)
			}
			// The verdict's own sentence, where it says more than the number.
			if row.Estimate == "" || result.Measure == verdict.Aligned || result.Measure == verdict.Endpoint {
				row.Why = result.Why
			}
			if result.Decision == verdict.Unclear && finite(float64(result.Detectable)) {
				row.Told = told(s, result)
			}
			if len(result.Causes) > 0 {
				row.Told = "other causes: " + joined(result.Causes)
			}
			one.Rows = append(one.Rows, row)
		}
		all = append(all, one)
	}
	return all
}

// gateRow is what a gate found in a run.
type gateRow struct{ ID, Window, Who, Found, Asked, Mark, Words, Class string }

func (f *Findings) gateRows() (rows []gateRow) {
	for _, c := range f.part(Gate) {
		s := f.scaleOf(c)
		for i := range c.Results {
			r := &c.Results[i]
			row := gateRow{ID: c.ID, Window: joined(c.Window), Who: f.who(c, r), Found: estimate(s, r), Asked: asked(s, r)}
			if !finite(float64(r.Estimate)) {
				row.Found = r.Why
			}
			if row.Who == "" && r.Repeat > 0 {
				row.Who = fmt.Sprintf("repeat %d", r.Repeat)
			}
			row.Mark, row.Words, row.Class = marks(r.Decision, c.Part)
			rows = append(rows, row)
		}
	}
	return rows
}

// inputs say where a number was read.
func (f *Findings) inputs(c *Criterion, r *verdict.Result) string {
	if len(r.Inputs) == 0 {
		return ""
	}
	var series []string
	samples := 0
	for _, in := range r.Inputs {
		if !slices.Contains(series, in.Series) {
			series = append(series, in.Series)
		}
		samples += in.N
	}
	first := r.Inputs[0]
	text := fmt.Sprintf("%s, %s to %s", f.variant(c, &first), clock(float64(first.From)), clock(float64(first.To)))
	if samples > 0 && r.Measure != verdict.Value {
		text = counted(samples, "sample") + " of " + joined(series) + "; " + text
	}
	if r.Repeat == 0 && len(r.Inputs) > 1 {
		text += fmt.Sprintf(" and %d others", len(r.Inputs)-1)
	}
	return text
}

// variant is the one that a number was read of. An input names that with which its run
// began, and phases may go on with another.
func (f *Findings) variant(c *Criterion, in *verdict.Input) string {
	if in.Control != "" || f.Experiment.Compare != nil {
		return in.Variant
	}
	now := in.Variant
	var of []string
	for i := range f.Experiment.Phases {
		p := &f.Experiment.Phases[i]
		for _, a := range p.Do {
			if a.Use != "" {
				now = a.Use
			}
		}
		if (len(c.Window) == 0 || slices.Contains(c.Window, p.Name)) && !slices.Contains(of, now) {
			of = append(of, now)
		}
	}
	if len(of) == 0 {
		return in.Variant
	}
	return joined(of)
}

// phaseRow is a phase as it was planned.
type phaseRow struct {
	Index                         int
	Name, Time, Variant, Load, Do string
	Judged                        bool
}

func (f *Findings) phaseRows() (rows []phaseRow) {
	at, variant := 0.0, f.Experiment.Subject.Start
	for i := range f.Experiment.Phases {
		p := &f.Experiment.Phases[i]
		row := phaseRow{Index: i + 1, Name: p.Name, Judged: p.Judge, Time: clock(at) + " to " + clock(at+p.Length().Seconds())}
		at += p.Length().Seconds()
		var load, do []string
		for _, r := range p.Rates {
			load = append(load, r.Stream+" "+number(r.PerSecond)+"/s")
		}
		for _, a := range p.Do {
			if a.Use != "" {
				variant = a.Use
			}
			do = append(do, f.action(a))
		}
		if f.Experiment.Compare == nil {
			row.Variant = variant
		}
		row.Load, row.Do = cmp.Or(strings.Join(load, ", "), "none"), strings.Join(do, "; ")
		rows = append(rows, row)
	}
	return rows
}

// action says what is done to the subject.
func (f *Findings) action(a lab.Action) string {
	w := wordsOf(f.Experiment)
	switch {
	case a.Use != "":
		return "go on with " + a.Use
	case a.Recycle != nil && a.Recycle.Drain:
		return "a fresh process, the old one drained"
	case a.Recycle != nil:
		return "a fresh process, the old one killed"
	case a.Limit != nil:
		var all []string
		if a.Limit.Memory > 0 {
			all = append(all, "memory limit "+w.written(float64(a.Limit.Memory)))
		}
		if a.Limit.Allocation > 0 {
			all = append(all, "a process may allocate "+w.written(float64(a.Limit.Allocation)))
		}
		return strings.Join(all, ", ")
	case a.Fault != nil:
		text := a.Fault.Dependency + " is " + string(a.Fault.Kind)
		if a.Fault.Delay > 0 {
			text += " by " + millis(float64(a.Fault.Delay.Milliseconds()))
		}
		if a.Fault.Share > 0 && a.Fault.Share < 1 {
			text += " for " + percent(a.Fault.Share) + " of the calls"
		}
		return text
	}
	return ""
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

// comparedView is a comparison's answer.
type comparedView struct {
	Name, Says, Window, Change, Class, Mark string
	Estimate, Asked, Told, Why, Expect, N   string
	Picture                                 template.HTML
}

// compared are the answers of the comparison.
func (f *Findings) compared() (all []comparedView) {
	v := f.judged()
	if v == nil || f.Experiment.Compare == nil {
		return nil
	}
	s := scale{words: wordsOf(f.Experiment), unit: lab.Share}
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		r := &c.Result
		one := comparedView{Name: c.Name, Change: string(c.Change), N: number(float64(r.N)), Class: "open", Mark: "?"}
		switch c.Change {
		case verdict.Better:
			one.Class, one.Mark = "yes", "✓"
		case verdict.Worse:
			one.Class, one.Mark = "no", "✗"
		case verdict.Equivalent:
			one.Class, one.Mark = "calm", "="
		}
		if k := slices.IndexFunc(f.Experiment.Compare.Metrics, func(m lab.Metric) bool { return m.ID == c.Name }); k >= 0 {
			m := &f.Experiment.Compare.Metrics[k]
			one.Says, one.Window = m.Says, joined(m.Window)
			one.Expect = map[lab.Expect]string{lab.Less: "less", lab.More: "more", lab.Equal: "the same", lab.Either: "nothing in particular"}[m.Expect]
		}
		if !finite(float64(r.Estimate)) {
			one.Why = r.Why
		} else {
			one.Estimate = changed(s, r)
			one.Asked = "less than " + s.print(float64(r.Threshold)) + " does not matter"
			if ruler, ok := rulerOf([]verdict.Result{*r}); ok {
				one.Picture = ruler.interval(s, one.Class, true, r)
			}
		}
		if finite(float64(r.Detectable)) {
			one.Told = told(s, r)
		}
		all = append(all, one)
	}
	return all
}
