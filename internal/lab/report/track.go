package report

import (
	"math"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/stats"
)

// mostBins is how many stretches a run is told in, at most.
const mostBins = 600

// widths are those that a bin may have, in seconds.
var widths = [...]float64{0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600}

// track is a run as reports tell it: its phases, and its requests in bins.
type track struct {
	*lab.Record
	end    float64 // seconds; where its timeline and its last sample end
	width  float64 // of a bin
	phases []stretch
	calls  []call // ascending by at
	bins   []bin
}

// stretch is a phase as it was run.
type stretch struct {
	lab.Span
	index   int        // of the phase in the run, from 1
	phase   *lab.Phase // nil where the file has none of that name
	variant string     // that it was given to
}

// call is a request, or a delivery to a function.
type call struct {
	at, done float64 // seconds; done is not a number where no answer came
	ms       float64 // how long somebody waited for it
	failed   bool
	begun    bool // false if the plan wanted it and it was never sent
}

// bin is what came in a stretch of time.
type bin struct {
	sent, answered, failed int
	p50, p95               float64 // milliseconds; not numbers without a call
	dependency             int     // calls of dependencies that failed
	exits                  int
}

// tracks are the runs of the findings.
func (f *Findings) tracks() []*track {
	all := make([]*track, len(f.Records))
	for i := range f.Records {
		all[i] = f.track(&f.Records[i])
	}
	return all
}

// length is how long a run was, in seconds: to the end of what was seen of it.
func length(r *lab.Record) (end float64) {
	for _, s := range r.Spans {
		end = max(end, orZero(s.To))
	}
	if n := len(r.Samples); n > 0 {
		end = max(end, orZero(r.Samples[n-1].At))
	}
	return end
}

func orZero(v float64) float64 {
	if !finite(v) {
		return 0
	}
	return v
}

// widthOf is the width of the bins of a run of so many seconds.
func widthOf(end float64) float64 {
	for _, w := range widths {
		if end <= w*mostBins {
			return w
		}
	}
	return math.Ceil(end / mostBins)
}

func (f *Findings) track(r *lab.Record) *track {
	t := &track{Record: r, end: length(r)}
	t.width = widthOf(t.end)
	t.bins = make([]bin, int(math.Ceil(t.end/t.width)))
	t.phases = stretches(f.Experiment, r)
	t.calls = callsOf(f.Experiment, r)
	ms := make([][]float64, len(t.bins))
	for _, c := range t.calls {
		if i, ok := t.bin(c.at); ok {
			if c.begun {
				t.bins[i].answered++
			}
			if c.begun && c.failed {
				t.bins[i].failed++
			}
			ms[i] = append(ms[i], c.ms)
		}
	}
	for i := range t.bins {
		slices.Sort(ms[i])
		t.bins[i].p50, t.bins[i].p95 = stats.Quantile(ms[i], 0.5), stats.Quantile(ms[i], 0.95)
	}
	for _, s := range r.Sent {
		if i, ok := t.bin(s.At); ok {
			t.bins[i].sent++
		}
	}
	for _, e := range r.Events {
		if i, ok := t.bin(e.At); ok && e.Kind == lab.EventExited {
			t.bins[i].exits++
		}
	}
	for _, row := range f.rows(r.Number, dependenciesByBin) {
		at, _ := cell(row, 0)
		failed, _ := cell(row, 2)
		if i, ok := t.bin(at); ok {
			t.bins[i].dependency += int(failed)
		}
	}
	return t
}

// bin is the place of a moment; false if it lies outside of the timeline.
func (t *track) bin(at float64) (int, bool) {
	if !(at >= 0) {
		return 0, false
	}
	i := int(min(at/t.width, float64(len(t.bins))))
	return i, i < len(t.bins)
}

// stretches are the phases of a run, each with the variant that it was given to.
func stretches(e *lab.Experiment, r *lab.Record) []stretch {
	variant := r.Variant
	var all []stretch
	for i, s := range r.Spans {
		one := stretch{Span: s, index: i + 1}
		if at := slices.IndexFunc(e.Phases, func(p lab.Phase) bool { return p.Name == s.Name }); at >= 0 {
			one.phase = &e.Phases[at]
			for _, a := range one.phase.Do {
				if a.Use != "" {
					variant = a.Use
				}
			}
		}
		one.variant = variant
		all = append(all, one)
	}
	return all
}

// at is the phase of a moment; nil between phases.
func (t *track) at(moment float64) *stretch {
	for i := range t.phases {
		if s := &t.phases[i]; moment >= s.From && moment < s.To {
			return s
		}
	}
	return nil
}

// callsOf are the calls of a run, at the moment from which their time counts: of HTTP
// the one at which the plan wanted them, for what waited for its turn has waited. One
// without an answer took as long as its client would have waited, and so did one that
// was never begun: the verdict counts their time alike.
func callsOf(e *lab.Experiment, r *lab.Record) (all []call) {
	if e.Hosted() {
		for _, c := range r.Calls {
			all = append(all, call{c.At, c.Done, 1000 * (c.Done - c.At), !c.OK, true})
		}
	} else {
		for _, s := range r.Sent {
			if !s.Request {
				continue
			}
			c := call{s.Due, s.Done, 1000 * (s.Done - s.Due), s.Status == 0 || s.Status >= 500, !math.IsNaN(s.At)}
			if s.Status == 0 || math.IsNaN(c.ms) {
				c.done, c.ms = math.NaN(), float64(patience(e, s.Stream).Milliseconds())
			}
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b call) int { return compare(a.at, b.at) })
	return all
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// patience is how long a stream's clients wait for an answer.
func patience(e *lab.Experiment, stream string) (longest time.Duration) {
	for _, s := range e.Load.Streams {
		if s.Name == stream {
			for _, q := range s.HTTP {
				longest = max(longest, q.Timeout)
			}
		}
	}
	return longest
}
