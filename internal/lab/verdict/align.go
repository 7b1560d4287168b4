package verdict

import (
	"fmt"
	"math"
	"strings"
)

// span is a stretch of time in which a signal was beyond its threshold.
type span struct{ from, to float64 }

// enough is the share of the shortest signal's span in which all have to be present,
// where a criterion names none.
const enough = 0.5

// spans are the excursions of a signal over the whole run. Those that a tolerance
// parts are one; one shorter than the signal's hold is none.
func (s *Signal) spans(series Series, tolerance float64) (all []span) {
	for i, v := range series.Value {
		beyond := v > s.Threshold
		if s.Is == Below {
			beyond = v < s.Threshold
		}
		if !beyond {
			continue
		}
		at := series.At[i]
		if n := len(all); n > 0 && at-all[n-1].to <= tolerance {
			all[n-1].to = at
		} else {
			all = append(all, span{at, at})
		}
	}
	kept := all[:0]
	for _, one := range all {
		if one.to-one.from >= s.Hold {
			kept = append(kept, one)
		}
	}
	return kept
}

// seen is where a signal stood in the window.
type seen struct {
	name   string
	onset  float64
	span   span
	inside bool // it began in the window
	before bool // it was beyond its threshold when the window began
	where  string
}

func (r *Run) look(s *Signal, w Window, tolerance float64) (found seen, ok bool) {
	series, ok := r.series(s.Series)
	if !ok || len(series.in(w).At) == 0 && len(series.At) > 0 && s.Hold > 0 {
		return found, false
	}
	found = seen{name: s.Name, where: "never was"}
	for _, one := range s.spans(series, tolerance) {
		switch {
		case one.from < w.From && one.to >= w.From:
			found.before = true
			found.where = "was so before the window began"
		case one.from < w.From || one.from >= w.To:
			if !found.before {
				found.where = fmt.Sprintf("was at %s s, outside the window", Number(one.from))
			}
		default:
			found.onset, found.span, found.inside = one.from, one, true
			return found, true
		}
	}
	return found, true
}

// align says whether signals belong together: all begin in the window, within the
// tolerance of each other, and are present at the same time. It names other causes: those that
// began with the effects where the claimed one did not, or no later than it.
func (r *Run) align(c *Criterion, window string) (m reading) {
	w, ok := r.window(window)
	if !ok {
		return missing("%s has no window %q", r.key(), window)
	}
	var all []seen
	for i := range c.Signals {
		s := &c.Signals[i]
		one, ok := r.look(s, w, c.Tolerance)
		if !ok {
			return missing("%s has no series %q in %s", r.key(), s.Series, window)
		}
		all = append(all, one)
		series, _ := r.series(s.Series)
		n := len(series.in(w).At)
		m.inputs = append(m.inputs, Input{r.Control, r.Repeat, r.Variant, w.Name, Number(w.From), Number(w.To), s.Series, n})
		m.n += n
	}
	var others []seen
	for i := range c.Others {
		if one, ok := r.look(&c.Others[i], w, c.Tolerance); ok && one.inside {
			others = append(others, one)
		}
	}
	m.mid, m.decided, m.p, m.note = c.together(all, w)
	// What began with the effects, where they are there.
	earliest := math.Inf(1)
	for _, effect := range all[1:] {
		if effect.inside {
			earliest = min(earliest, effect.onset)
		}
	}
	for _, other := range others {
		with := math.Abs(other.onset-earliest) <= c.Tolerance
		if with && (m.decided != Holds || other.onset <= all[0].onset) {
			m.causes = append(m.causes, other.name)
		}
	}
	if len(m.causes) > 0 && m.decided == Holds {
		m.decided = Unclear
		m.note += "; but it was no earlier than " + strings.Join(m.causes, ", ")
	} else if len(m.causes) > 0 {
		m.note += "; what began with the effects: " + strings.Join(m.causes, ", ")
	}
	if m.decided == Holds && m.p > 1-c.confidence() {
		m.decided = Unclear
		m.note += fmt.Sprintf("; in so short a window chance would do it with odds of %s", Number(m.p))
	}
	return m
}

// together is how far apart the onsets are, what follows, and the odds that onsets
// anywhere in the window would be as near: each of the others has to begin within a
// tolerance of the first.
func (c *Criterion) together(all []seen, w Window) (apart float64, decided Decision, odds float64, note string) {
	tolerance, overlap := c.Tolerance, c.Overlap
	if overlap == 0 {
		overlap = enough
	}
	first, last := math.Inf(1), math.Inf(-1)
	var absent, order []string
	began := false
	for _, s := range all {
		if !s.inside {
			absent = append(absent, s.name+" "+s.where)
			began = began || s.before
			continue
		}
		first, last = min(first, s.onset), max(last, s.onset)
		order = append(order, fmt.Sprintf("%s at %s s", s.name, Number(s.onset)))
	}
	odds = math.Pow(min(1, 2*tolerance/(w.To-w.From)), float64(len(all)-1))
	note = strings.Join(order, ", ")
	switch {
	case len(absent) > 0:
		if note != "" {
			note += "; "
		}
		note += strings.Join(absent, ", ")
		if began {
			return math.NaN(), Unclear, odds, note
		}
		return math.NaN(), Fails, odds, note
	case last-first > tolerance:
		return last - first, Fails, odds, note + fmt.Sprintf(": %s s apart, more than %s", Number(last-first), Number(tolerance))
	}
	shared, shortest := span{math.Inf(-1), math.Inf(1)}, math.Inf(1)
	for _, s := range all {
		to := s.span.to + tolerance // an event lasts as long as it may be late
		shared = span{max(shared.from, s.span.from), min(shared.to, to)}
		shortest = min(shortest, to-s.span.from)
	}
	if present := (shared.to - shared.from) / shortest; present < overlap {
		return last - first, Fails, odds, note + fmt.Sprintf(": all together for %s of the shortest, less than %s", Number(max(present, 0)), Number(overlap))
	}
	return last - first, Holds, odds, note + fmt.Sprintf(": within %s s of each other", Number(last-first))
}
