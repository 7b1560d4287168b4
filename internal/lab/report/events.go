package report

import (
	"fmt"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
)

// mostEvents is how many events a page lists, over all runs, and longest how many
// letters of each text it keeps.
const (
	mostEvents = 1500
	longest    = 400
)

// eventsView is what happened in a run.
type eventsView struct {
	Title string
	Rows  []eventRow
	Left  string
}

type eventRow struct{ At, Kind, Text, Generation, Class string }

// eventViews are the events of each run, and the allocations that failed in it.
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
				row.Generation = fmt.Sprint(e.Generation)
			}
			if e.Kind == lab.EventExited {
				end := ends[0]
				ends = ends[1:]
				row.Text = end.words
				if e.Text != "" {
					row.Text += ": " + cut(e.Text)
				}
				if end.mark != "▸" {
					row.Class = "no"
				}
			}
			events = append(events, event{e.At, row})
		}
		for _, r := range f.rows(t.Number, failedAllocations) {
			if at, ok := cell(r, 0); ok && len(r) > 1 {
				events = append(events, event{at, eventRow{At: clock(at), Kind: "failed allocation", Text: cut(shown(r[1])), Class: "open"}})
			}
		}
		slices.SortStableFunc(events, func(a, b event) int { return compare(a.at, b.at) })
		if n := len(events); n > most {
			v.Left = fmt.Sprintf("The first %s of %s; all are in events.csv of the run.", number(float64(most)), number(float64(n)))
			events = events[:most]
		}
		for _, e := range events {
			v.Rows = append(v.Rows, e.row)
		}
		all = append(all, v)
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
