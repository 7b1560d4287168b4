package ask

import (
	"math"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// facts are the numbers of gates, and what queries answered.
func (s *sheet) facts(answers []lab.Answer) {
	type named struct{ window, name string }
	told := map[named]bool{}
	for _, g := range s.e.Gates {
		key := named{windowName(g.Window), checkName(g)}
		from, to, ok := stretch(s.r, g.Window)
		if !ok || told[key] {
			continue
		}
		told[key] = true
		if v := s.check(g, from, to); !math.IsNaN(v) {
			s.fact(key.window, key.name, v)
		}
	}
	for _, c := range slices.Concat(s.e.Proof, s.e.Disproof) {
		if c.KQL != "" {
			s.answered(answers, "criterion", c.ID, c.Window)
		}
	}
	if s.e.Compare == nil {
		return
	}
	for _, m := range s.e.Compare.Metrics {
		if m.KQL != "" {
			s.answered(answers, "metric", m.ID, m.Window)
		}
	}
}

// answered notes the one number of an answer.
func (s *sheet) answered(answers []lab.Answer, part, id string, window []string) {
	a := s.answer(answers, part, id)
	if a == nil || a.Problem != "" || len(a.Rows) != 1 {
		return
	}
	for _, cell := range a.Rows[0] {
		if v, ok := numberOf(cell); ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.fact(windowName(window), answerName(id), v)
			return
		}
	}
}

// inTime is how late an arrival may be sent and still be the load that was planned. It
// is the same at every speed.
const inTime = time.Second

// check is the number of a gate; NaN if nothing can be said.
func (s *sheet) check(g lab.Gate, from, to float64) float64 {
	switch g.Check {
	case lab.Landed:
		return s.share(g, from, to, func(sent lab.Sent) (counts, good bool) {
			return true, sent.At-sent.Due <= inTime.Seconds() && (sent.Status > 0 || !sent.Request && sent.Lost == "")
		})
	case lab.Answered:
		return s.share(g, from, to, func(sent lab.Sent) (counts, good bool) {
			return sent.Request && !math.IsNaN(sent.At), sent.Status > 0 && sent.Status < 500
		})
	case lab.Keys:
		seen := map[int]bool{}
		for _, sent := range s.of(g, from, to) {
			if sent.Key > 0 && !math.IsNaN(sent.At) {
				seen[sent.Key] = true
			}
		}
		return float64(len(seen))
	case lab.Coverage:
		return s.covered(g.Series, from, to)
	case lab.Settled:
		settled, all := 0, 0
		for _, event := range s.r.Events {
			if event.At < from || event.At > to {
				continue
			}
			switch event.Kind {
			case lab.EventSettled:
				settled, all = settled+1, all+1
			case lab.EventUnsettled:
				all++
			}
		}
		return float64(settled) / float64(all)
	case lab.Ceiling:
		return s.ceiling(g.Series, from, to)
	case lab.Stolen:
		total, n := 0.0, 0
		for _, sample := range s.r.Samples {
			if sample.At >= from && sample.At < to && !math.IsNaN(sample.Stolen) {
				total, n = total+sample.Stolen, n+1
			}
		}
		return total / float64(n)
	}
	return math.NaN()
}

// of are the arrivals that a gate is about.
func (s *sheet) of(g lab.Gate, from, to float64) (all []lab.Sent) {
	for _, sent := range s.r.Sent {
		if sent.Due >= from && sent.Due < to && (g.Stream == "" || g.Stream == sent.Stream) {
			all = append(all, sent)
		}
	}
	return all
}

func (s *sheet) share(g lab.Gate, from, to float64, look func(lab.Sent) (counts, good bool)) float64 {
	n, good := 0, 0
	for _, sent := range s.of(g, from, to) {
		counts, is := look(sent)
		if counts {
			n++
		}
		if counts && is {
			good++
		}
	}
	return float64(good) / float64(n) // of nothing, no number
}

// covered is the share of the samples due that are there. Where no process was there,
// there was nothing to sample.
func (s *sheet) covered(name lab.Series, from, to float64) float64 {
	i := max(slices.Index(lab.AllSeries(), name), 0)
	there := 0
	for _, sample := range s.r.Samples {
		if sample.At >= from && sample.At < to && (sample.Generation == 0 || !math.IsNaN(sample.Values[i])) {
			there++
		}
	}
	due := math.Floor((to - from) / s.e.Collect.Every.Seconds())
	return min(float64(there)/due, 1)
}

// ceiling is the highest sample as a share of the limit that held then.
func (s *sheet) ceiling(name lab.Series, from, to float64) float64 {
	i := slices.Index(lab.AllSeries(), name)
	highest := math.NaN()
	for _, sample := range s.r.Samples {
		if sample.At >= from && sample.At < to && sample.Generation > 0 {
			if v := sample.Values[i] / sample.Limit; !math.IsNaN(v) && !(v <= highest) {
				highest = v
			}
		}
	}
	return highest
}

// patience is how long a client of a stream waits at most.
func (s *sheet) patience(stream string) (longest time.Duration) {
	for _, known := range s.e.Load.Streams {
		if known.Name == stream {
			for _, q := range known.HTTP {
				longest = max(longest, q.Timeout)
			}
		}
	}
	return longest
}
