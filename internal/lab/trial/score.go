package trial

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// Progress is how a trial goes, for a screen.
type Progress struct {
	Run         timeline.Run
	Phase       string
	Cycle       int // that the phase is in, from 1; 0 without cycles
	Second      float64
	Length      float64 // of the timeline as planned, seconds
	Used, Limit float64 // bytes; NaN if there is none
	Generation  int
	Exits       int
	Sent        int64
	Answered    int64
	Failed      int64         // no answer, or one from 500 on; of functions, what their host counted
	P95         time.Duration // of the last seconds; 0 without calls
	Events      []lab.Event   // the last ones
}

// score keeps what a screen shows, and what the planter needs: how many calls there
// were.
type score struct {
	t *Trial

	mu       sync.Mutex
	progress Progress
	at       int // of the phase
	from     float64
	latest   []point // durations of the last seconds
	garbage  bool    // it can't be collected on demand
}

type point struct{ at, took float64 }

const (
	latestSpan = 10 // seconds that the p95 on the screen is of
	lastEvents = 5
)

func newScore(t *Trial) *score {
	s := &score{t: t}
	s.progress.Run, s.progress.Length = t.run, timeline.Length(t.spans).Seconds()
	return s
}

func (s *score) phase(i int, from float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.from = i, from
	s.progress.Phase = s.t.spans[i].Phase.Name
}

func (s *score) event(e lab.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Kind == lab.EventExited {
		s.progress.Exits++
	}
	if e.Text == "" || e.Kind == lab.EventRest || e.Kind == lab.EventPhase {
		return
	}
	s.progress.Events = append(s.progress.Events, e)
	if n := len(s.progress.Events); n > lastEvents {
		s.progress.Events = slices.Clone(s.progress.Events[n-lastEvents:])
	}
}

func (s *score) sent(one lab.Sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Sent++
	if !one.Request {
		return
	}
	if one.Status == 0 || one.Status >= 500 {
		s.progress.Failed++
	}
	if one.Status > 0 {
		s.progress.Answered++
		s.latest = append(s.latest, point{one.Done, one.Done - one.Due})
	}
}

// counted is what a function host has counted.
func (s *score) counted(done, failed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Answered, s.progress.Failed = done, failed
}

// called is how many calls were answered.
func (s *score) called() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress.Answered
}

func (s *score) noCollect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.garbage = true
}

func (s *score) cannotCollect() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.garbage
}

// show is the state at a sample.
func (s *score) show(sample lab.Sample) Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.progress
	p.Second, p.Used, p.Limit, p.Generation = sample.At, sample.Values[0], sample.Limit, sample.Generation
	p.Cycle = 0
	if phase := s.t.spans[s.at].Phase; phase.Cycles > 1 {
		into := max(sample.At-s.from, 0) / phase.Length().Seconds()
		p.Cycle = min(int(math.Floor(into*float64(phase.Cycles)))+1, phase.Cycles)
	}
	s.latest = slices.DeleteFunc(s.latest, func(l point) bool { return l.at < sample.At-latestSpan })
	p.P95 = 0
	if n := len(s.latest); n > 0 {
		took := make([]float64, n)
		for i, l := range s.latest {
			took[i] = l.took
		}
		slices.Sort(took)
		p.P95 = time.Duration(took[min(int(0.95*float64(n)), n-1)] * float64(time.Second))
	}
	shown := *p
	shown.Events = slices.Clone(p.Events)
	return shown
}
