package report

import (
	"fmt"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
)

// What a page has of the events of all runs, and of a text.
const (
	mostEvents  = 1500
	mostLetters = 200_000
	longest     = 400
)

// eventsView is what happened in a run.
type eventsView struct {
	Title string
	Rows  []eventRow
	Left  string
}

type eventRow struct{ At, Kind, Text, Class string }

// eventViews are the events of each run, and the allocations that failed in it, each text once.
func (f *Findings) eventViews(tracks []*track) (all []eventsView) {
	most := max(mostEvents/max(len(tracks), 1), 20)
	for _, t := range tracks {
		v := eventsView{Title: fmt.Sprintf("Run %d: %s", t.Number, runName(t.Record))}
		type event struct {
			at  float64
			row eventRow
		}
		var events []event
		ends := t.exits()
		for _, e := range t.Events {
			row := eventRow{At: clock(e.At), Kind: string(e.Kind), Text: cut(e.Text)}
			if e.Generation > 0 {
				row.Kind += fmt.Sprintf(", worker %d", e.Generation)
			}
			if e.Kind == lab.EventExited {
				end := ends[0]
				ends = ends[1:]
				row.Text = end.words
				if e.Text != "" {
					row.Text += ": " + cut(e.Text)
				}
				if !end.asked {
					row.Class = "no"
				}
			}
			events = append(events, event{e.At, row})
		}
		for _, a := range f.allocations(t) {
			events = append(events, event{a.first, eventRow{At: clock(a.first), Kind: "failed allocation", Text: a.String(), Class: "open"}})
		}
		slices.SortStableFunc(events, func(a, b event) int { return compare(a.at, b.at) })
		letters := 0
		for _, e := range events {
			letters += len(e.row.Text)
			if len(v.Rows) == most || letters > mostLetters/len(tracks) {
				v.Left = fmt.Sprintf("The first %s of %s; all are in events.csv of the run.", number(float64(len(v.Rows))), number(float64(len(events))))
				break
			}
			v.Rows = append(v.Rows, e.row)
		}
		all = append(all, v)
	}
	return all
}

// allocation is a text with which allocations failed.
type allocation struct {
	first, last float64
	times       int
	text        string
}

// String says how often, if it was more than once.
func (a allocation) String() string {
	if a.times == 1 {
		return a.text
	}
	return fmt.Sprintf("%s (%s, the last at %s)", a.text, times(a.times), clock(a.last))
}

// allocations are those that failed in a run, each text once.
func (f *Findings) allocations(t *track) (all []allocation) {
	for _, r := range f.rows(t.Number, failedAllocations) {
		at, ok := cell(r, 0)
		if !ok || len(r) < 2 {
			continue
		}
		text := cut(shown(r[1]))
		i := slices.IndexFunc(all, func(a allocation) bool { return a.text == text })
		if i < 0 {
			i = len(all)
			all = append(all, allocation{first: at, text: text})
		}
		all[i].last, all[i].times = max(all[i].last, at), all[i].times+1
	}
	return all
}

// cut keeps the beginning of a long text.
func cut(s string) string {
	letters := 0
	for i := range s {
		if letters == longest {
			return s[:i] + "…"
		}
		letters++
	}
	return s
}
