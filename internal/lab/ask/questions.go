package ask

import (
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// Questions are the queries that the verdict needs, of all runs. A query of a criterion
// or a metric is asked of its window in each run that it is about; one of a signal of
// the whole run, since what was on before a window has not begun in it.
func Questions(e *lab.Experiment, records []lab.Record) []lab.Question {
	var all []lab.Question
	for i := range records {
		r := &records[i]
		if r.Role != string(timeline.Trial) {
			continue
		}
		add := func(part, id, kql string, window []string) {
			from, to, ok := stretch(r, window)
			if kql == "" || !ok {
				return
			}
			all = append(all, lab.Question{ID: id, Part: part, Run: r.Number, Window: window, From: r.Moment(from), To: r.Moment(to), KQL: kql})
		}
		for _, c := range slices.Concat(e.Proof, e.Disproof) {
			if c.Arm == "" || c.Arm == r.Variant {
				add("criterion", c.ID, c.KQL, c.Window)
			}
		}
		if e.Compare != nil {
			for _, m := range e.Compare.Metrics {
				add("metric", m.ID, m.KQL, m.Window)
			}
		}
		for _, s := range e.Signals {
			add("signal", s.Name, s.KQL, nil)
		}
	}
	return all
}

// stretch is the time of a window in a run, in seconds; false if the run did not get
// there. Phases that are looked at together follow each other.
func stretch(r *lab.Record, window []string) (from, to float64, ok bool) {
	for _, s := range r.Spans {
		if len(window) > 0 && !slices.Contains(window, s.Name) {
			continue
		}
		if !ok {
			from, ok = s.From, true
		}
		to = s.To
	}
	return from, to, ok && to > from
}

// moments are the times of an answer's rows, in seconds of the run, and their numbers;
// a row without a number has one.
func moments(r *lab.Record, a *lab.Answer) (at, value []float64) {
	for _, row := range a.Rows {
		var moment time.Time
		number, found := 1.0, false
		for _, cell := range row {
			if text, ok := cell.(string); ok && !found {
				if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
					moment, found = t, true
				}
			}
			if v, ok := numberOf(cell); ok {
				number = v
			}
		}
		if found {
			at, value = append(at, moment.Sub(r.Began).Seconds()), append(value, number)
		}
	}
	return at, value
}

// numberOf is the number in a cell.
func numberOf(cell any) (float64, bool) {
	switch v := cell.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}
