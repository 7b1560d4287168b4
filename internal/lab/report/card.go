package report

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

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
