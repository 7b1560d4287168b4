package verdict

import (
	"fmt"
	"math"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/judge"
)

// endpoint says which of several streams of requests leaves memory behind, from how
// their mix changed from floor to floor: the first by more than the threshold, and
// each of the others by less. Streams that rose and fell together are not told apart.
// The regression, its odds and its bounds (of 95 %) are the hunt's.
func (r *Run) endpoint(s Series, w Window, c *Criterion) (m reading) {
	counts := make([]func(at float64) float64, len(c.Streams))
	for i, name := range c.Streams {
		count, ok := r.axis(name)
		if !ok {
			return missing("%s has no series %q", r.key(), name)
		}
		counts[i] = count
		stream, _ := r.series(name)
		m.inputs = append(m.inputs, r.input(&Criterion{Series: name}, w, len(stream.in(w).At)))
	}
	f := floorsOf(s, w.From, w.To, func(at float64) float64 { return at })
	floor := func(i int) hunt.Floor {
		generation := uint64(1)
		for _, at := range r.Breaks {
			if at <= f.x[i] {
				generation++
			}
		}
		return hunt.Floor{At: time.Duration(f.x[i] * float64(time.Second)), Hard: int64(math.Round(f.y[i])), Generation: generation, Stable: true}
	}
	var stretches []hunt.Stretch
	for i := 1; i < len(f.x); i++ {
		stretch := hunt.Stretch{Requests: map[string]int{}, Before: floor(i - 1), After: floor(i)}
		for k, name := range c.Streams {
			stretch.Requests[name] = int(math.Round(counts[k](f.x[i]) - counts[k](f.x[i-1])))
		}
		stretches = append(stretches, stretch)
	}
	report, err := judge.Mixed(c.Streams, c.Threshold, stretches)
	if err != nil {
		return missing("%s: %v", r.key(), err)
	}
	m.mid, m.n, m.p, m.decided = math.NaN(), len(stretches), math.NaN(), Unclear
	asClaimed, contrary := 0, 0
	for _, finding := range report.Findings {
		claimed := finding.Endpoint == c.Streams[0]
		if claimed && finding.PerRequest != nil {
			interval := *finding.PerRequest
			m.mid = interval.Mid
			m.bounds = func(float64) (lo, hi float64) { return interval.Lo, interval.Hi }
		}
		switch {
		case claimed && finding.Verdict == hunt.Leaks, !claimed && finding.Verdict == hunt.Clean:
			asClaimed++
		case claimed && finding.Verdict == hunt.Clean, !claimed && finding.Verdict == hunt.Leaks:
			contrary++
		}
		if m.note != "" {
			m.note += "; "
		}
		m.note += fmt.Sprintf("%s: %s, %s", finding.Endpoint, finding.Verdict, finding.Why)
	}
	lo, hi := m.at(0)
	switch {
	case contrary > 0 || asClaimed == len(c.Streams) && hi <= c.Least:
		m.decided = Fails
	case asClaimed == len(c.Streams) && c.Least > 0 && !(lo > c.Least):
		m.note += fmt.Sprintf("; too wide to say whether it is more than %s", Number(c.Least))
	case asClaimed == len(c.Streams):
		m.decided = Holds
	}
	return m
}
