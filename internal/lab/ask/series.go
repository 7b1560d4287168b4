package ask

import (
	"cmp"
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// samples are the series of the worker. While there is no process there is nothing to
// sample.
func (s *sheet) samples() {
	for i, name := range lab.AllSeries() {
		one := verdict.Series{Name: string(name)}
		for _, sample := range s.r.Samples {
			if v := sample.Values[i]; sample.Generation > 0 && !math.IsNaN(v) {
				one.At, one.Value = append(one.At, sample.At), append(one.Value, v)
			}
		}
		s.add(one)
	}
}

// counters count up: what was answered, of all streams and of each, and the
// timeline's own time.
func (s *sheet) counters() {
	ends := map[string][]float64{}
	if s.e.Hosted() {
		for _, call := range s.r.Calls {
			ends[requests] = append(ends[requests], call.Done)
		}
	}
	for _, sent := range s.r.Sent {
		if !sent.Request || sent.Status == 0 {
			continue
		}
		if !s.e.Hosted() {
			ends[requests] = append(ends[requests], sent.Done)
		}
		ends[of(requests, sent.Stream)] = append(ends[of(requests, sent.Stream)], sent.Done)
	}
	for _, name := range s.needs.series {
		if at, ok := ends[name]; ok {
			s.add(counting(name, at))
		}
	}
	_, to, _ := stretch(s.r, nil)
	for _, per := range []lab.Per{lab.PerSecond, lab.PerMinute, lab.PerHour} {
		if speed := s.e.Version.Speed; speed > 0 && to > 0 {
			s.add(verdict.Series{Name: axis(per), At: []float64{0, to}, Value: []float64{0, to * speed / per.Seconds()}})
		}
	}
	slices.SortFunc(s.run.Series, func(a, b verdict.Series) int { return cmp.Compare(a.Name, b.Name) })
}

// counting is how many moments have passed at each of them.
func counting(name string, at []float64) verdict.Series {
	slices.Sort(at)
	one := verdict.Series{Name: name, At: []float64{min(at[0], 0)}, Value: []float64{0}}
	for i, moment := range at {
		one.At, one.Value = append(one.At, moment), append(one.Value, float64(i+1))
	}
	return one
}

// durations are how long requests took, in milliseconds, at the moment when each was
// due: what waited for its turn has waited. One without an answer, or that was never
// begun, took as long as its client would have waited.
func (s *sheet) durations() {
	all := map[string][]point{}
	for _, sent := range s.r.Sent {
		if !sent.Request {
			continue
		}
		took := (sent.Done - sent.Due) * 1000
		if sent.Status == 0 || math.IsNaN(took) {
			took = float64(s.patience(sent.Stream).Milliseconds())
		}
		all[of(durations, sent.Stream)] = append(all[of(durations, sent.Stream)], point{sent.Due, took})
		if !s.e.Hosted() {
			all[durations] = append(all[durations], point{sent.Due, took})
		}
	}
	if s.e.Hosted() {
		for _, call := range s.r.Calls {
			all[durations] = append(all[durations], point{call.At, (call.Done - call.At) * 1000})
		}
	}
	for _, name := range s.needs.series {
		if points, ok := all[name]; ok {
			s.add(series(name, points))
		}
	}
}

type point struct{ at, value float64 }

func series(name string, points []point) verdict.Series {
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	one := verdict.Series{Name: name}
	for _, p := range points {
		one.At, one.Value = append(one.At, p.at), append(one.Value, p.value)
	}
	return one
}

// signals are one where they are on, and zero where they are known to be off. One that
// is known by its moments alone has no zeros.
func (s *sheet) signals(answers []lab.Answer) {
	for _, signal := range s.e.Signals {
		var points []point
		if signal.Series != "" {
			i := slices.Index(lab.AllSeries(), signal.Series)
			for _, sample := range s.r.Samples {
				if v := sample.Values[i]; sample.Generation > 0 && !math.IsNaN(v) {
					points = append(points, point{sample.At, on(signal.Bound, v)})
				}
			}
		} else {
			a := s.answer(answers, "signal", signal.Name)
			if a == nil || a.Problem != "" {
				continue
			}
			at, value := moments(s.r, a)
			for i := range at {
				points = append(points, point{at[i], on(signal.Bound, value[i])})
			}
		}
		s.add(series(signalName(signal.Name), points))
	}
}

// on is 1 where a number lies in a bound.
func on(b lab.Bound, v float64) float64 {
	if b.Holds(v) {
		return 1
	}
	return 0
}
