package report

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// span is a stretch of time in which a signal is on.
type span struct{ from, to float64 }

// on are the times at which a signal is on in a run, to the least that a picture has
// room for; known is false where nobody can tell.
func (f *Findings) on(t *track, s *lab.Signal, least float64) (all []span, known bool) {
	var at []float64
	var is []bool
	if s.Series != "" {
		i := slices.Index(lab.AllSeries(), s.Series)
		if i < 0 {
			return nil, false
		}
		for _, sample := range t.Samples {
			if v := sample.Values[i]; sample.Generation > 0 && finite(v) {
				at, is = append(at, sample.At), append(is, s.Bound.Holds(v))
			}
		}
	} else {
		k := slices.IndexFunc(f.Answers, func(a lab.Answer) bool {
			return a.Part == "signal" && a.ID == s.Name && a.Run == t.Number && a.Problem == ""
		})
		if k < 0 {
			return nil, false
		}
		at, is = points(t, s, f.Answers[k].Rows)
	}
	// What follows within a few usual gaps is one stretch, and so is what a picture has
	// no room to tell apart.
	gap := 2.5 * usual(at)
	for i, moment := range at {
		if !is[i] || moment < 0 || moment > t.end {
			continue
		}
		if n := len(all); n > 0 && moment-all[n-1].to <= max(gap, least) && (is[i-1] || moment-all[n-1].to <= least) {
			all[n-1].to = moment
		} else {
			all = append(all, span{moment, moment})
		}
	}
	return all, true
}

// points are the moments of a query's rows, ascending, and whether the signal is on.
func points(t *track, s *lab.Signal, rows [][]any) (at []float64, is []bool) {
	type point struct {
		at float64
		on bool
	}
	var all []point
	for _, row := range rows {
		var moment time.Time
		v, found := 1.0, false
		for _, c := range row {
			if text, ok := c.(string); ok && !found {
				if m, err := time.Parse(time.RFC3339Nano, text); err == nil {
					moment, found = m, true
				}
			}
			if n, ok := numeric(c); ok {
				v = n
			}
		}
		if found {
			all = append(all, point{moment.Sub(t.Began).Seconds(), s.Bound.Holds(v)})
		}
	}
	slices.SortStableFunc(all, func(a, b point) int { return compare(a.at, b.at) })
	for _, p := range all {
		at, is = append(at, p.at), append(is, p.on)
	}
	return at, is
}

// usual is the median gap between moments.
func usual(at []float64) float64 {
	var gaps []float64
	for i := 1; i < len(at); i++ {
		gaps = append(gaps, at[i]-at[i-1])
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// signalLane is a row for each signal, with a bar where it is on.
func (s *sheet) signalLane(b *strings.Builder, t *track) {
	signals := s.f.Experiment.Signals
	if len(signals) == 0 || !trial(t.Record) {
		return // nobody asks for those of controls
	}
	b.WriteString(`<div class="lane"><p class="lt"><b>Signals</b> <span class="key">a bar where one is on</span></p><div class="y"></div><div class="plot signals">`)
	for i := range signals {
		spans, known := s.f.on(t, &signals[i], s.least(t))
		name := signals[i].Name
		if !known {
			name += " (not known)"
		}
		fmt.Fprintf(b, `<div class="sig" title="%s">`, html.EscapeString(signals[i].Says))
		for _, one := range spans {
			fmt.Fprintf(b, `<i style="left:%s;width:%s"></i>`, share(one.from/t.end), share((one.to-one.from)/t.end))
		}
		fmt.Fprintf(b, `<span>%s</span></div>`, html.EscapeString(name))
	}
	b.WriteString("</div></div>\n")
}
