// Package subject is the worker that a hunt is about: it says what the worker holds once it has come to rest.
//
// A worker can be looked at in several ways: its process tree, its container's
// cgroup, what it tells itself at a Prometheus endpoint, or what the stanch in
// front of it tells. Each is a meter, and a hunt uses one from its beginning to
// its end, because two of them never agree. Between blocks a worker is asked to
// collect its garbage, where it can be asked, and is then looked at until it
// stands still: that is a floor. What can't be read is told once, as a note; a
// worker that has gone is an *Ended.
//
// Begin with Launch, for a worker that the hunt starts, or Attach, for one that
// runs, and then Subject.Settle.
package subject

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// Config is what launched and attached workers have in common.
type Config struct {
	Heap     string        // where its heap is told: a URL as gauge.TrackHeap takes it, or a path of the worker's own; empty is guessed
	Collect  []string      // how it is asked to collect garbage: see ParseCollect; all of them, in order
	Patience time.Duration // the longest that it is waited for to come to rest; 0 is 5 s
	Proc     string        // where proc is mounted; empty is /proc
}

// Ended says that the worker has gone.
type Ended struct{ How string }

func (e *Ended) Error() string { return "the worker " + e.How }

// look is what a meter saw at one moment.
type look struct {
	at         time.Time // when the figures were taken
	hard       int64
	heap       int64 // 0: not told
	committed  int64
	heapAt     time.Time // when heap and committed were taken
	generation uint64
	runtime    string // empty: not told
}

// meter is one way of looking at a worker. One goroutine uses it.
type meter interface {
	look(ctx context.Context) (look, error) // an *Ended if the worker has gone
	close()
}

// Subject is one worker. One goroutine uses it, but for Done and Notes.
type Subject struct {
	cfg     Config
	base    string
	meter   meter
	collect []collector
	garbage bool
	crew    *crew // of a worker that was launched; else nil

	generation uint64

	mu    sync.Mutex
	notes []string
}

// Base is where the worker takes requests, as drive.New takes it. It changes with
// Revive.
func (s *Subject) Base() string { return s.base }

// Launched says whether the worker was started by us, so that Revive can.
func (s *Subject) Launched() bool { return s.crew != nil }

// Done is closed when a launched worker ends; nil for one that was attached to.
func (s *Subject) Done() <-chan struct{} {
	if s.crew == nil || s.crew.worker == nil {
		return nil
	}
	return s.crew.worker.Done()
}

// Notes are what could not be done or read so far, each once.
func (s *Subject) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes)
}

func (s *Subject) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

// Close lets go of the worker; one that was launched is stopped. It is safe twice.
func (s *Subject) Close() {
	if s.meter != nil {
		s.meter.close()
		s.meter = nil
	}
	if s.crew != nil {
		s.crew.dismiss()
	}
}

// The pace of settling.
const (
	lookEvery      = 40 * time.Millisecond
	looksAlike     = 3 // that many in a row are a worker at rest
	usualPatience  = 5 * time.Second
	collectTimeout = 30 * time.Second
)

// alike says whether a worker that moved by so much between two looks stands
// still: pages come and go in every process.
func alike(low, high int64) bool { return high-low <= max(64<<10, low/1024) }

// Settle asks the worker to collect, waits until it stands still, and returns
// what it holds then; At is left to the caller, whose clock it is. Stable is false
// where it did not come to rest in time. The error is an *Ended if the worker has
// gone, or ctx's.
func (s *Subject) Settle(ctx context.Context) (hunt.Floor, error) {
	if s.meter == nil {
		return hunt.Floor{}, &Ended{"is not there"}
	}
	patience := s.cfg.Patience
	if patience == 0 {
		patience = usualPatience
	}
	if err := s.clean(ctx); err != nil {
		return hunt.Floor{}, err
	}
	asked := time.Now()
	late := time.NewTimer(patience)
	defer late.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	var seen []look
	for {
		l, err := s.meter.look(ctx)
		if err != nil {
			return hunt.Floor{}, s.gone(err)
		}
		if fresh := l.at.After(asked) && (l.heap == 0 || l.heapAt.After(asked)); fresh && (len(seen) == 0 || l.at.After(seen[len(seen)-1].at)) {
			seen = append(seen, l)
			if n := len(seen); n > looksAlike {
				seen = seen[n-looksAlike:]
			}
			if enough(seen) && atRest(seen) {
				return s.floor(seen, true), nil
			}
		}
		pause.Reset(lookEvery)
		select {
		case <-pause.C:
		case <-late.C:
			if len(seen) == 0 {
				seen = []look{l} // old, and all there is
				s.note("the worker's memory is told so seldom that the hunt waits for it in vain")
			}
			return s.floor(seen, false), nil
		case <-ctx.Done():
			return hunt.Floor{}, ctx.Err()
		}
	}
}

// enough says whether these looks are enough to tell rest by: so many, or fewer over
// as long a time, since a stanch looks once a second where memory is quiet.
func enough(seen []look) bool {
	n := len(seen)
	return n == looksAlike || n > 1 && seen[n-1].at.Sub(seen[0].at) >= looksAlike*lookEvery
}

func atRest(seen []look) bool {
	by := func(f func(look) int64) bool {
		low, high := f(seen[0]), f(seen[0])
		for _, l := range seen {
			low, high = min(low, f(l)), max(high, f(l))
		}
		return alike(low, high)
	}
	return by(func(l look) int64 { return l.hard }) && by(func(l look) int64 { return l.heap })
}

// floor is the least of what was seen.
func (s *Subject) floor(seen []look, stable bool) hunt.Floor {
	last := seen[len(seen)-1]
	f := hunt.Floor{Hard: last.hard, Heap: last.heap, Committed: last.committed, Stable: stable, Generation: s.generation + last.generation}
	for _, l := range seen {
		if l.generation != last.generation {
			continue
		}
		f.Hard, f.Heap, f.Committed = min(f.Hard, l.hard), min(f.Heap, l.heap), min(f.Committed, l.committed)
	}
	return f
}

// lastBreath is how long the word of a launched worker's end is waited for, once its
// process is not to be found any more, or does not answer.
const lastBreath = 2 * time.Second

// Died waits a moment for the end of a launched worker that seems to have gone, and
// says whether it came.
func (s *Subject) Died() bool {
	over := time.NewTimer(lastBreath)
	defer over.Stop()
	select {
	case <-s.Done():
		return true
	case <-over.C:
		return false
	}
}

// gone says how a launched worker ended, where the meter only missed it.
func (s *Subject) gone(err error) error {
	if ended := new(Ended); !errors.As(err, &ended) || s.Done() == nil || !s.Died() {
		return err
	}
	return &Ended{s.crew.worker.Exit().Status}
}

// clean asks for a collection, twice: what the first one finalizes, and what pools
// keep for one round, only the second one frees.
func (s *Subject) clean(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, collectTimeout)
	defer cancel()
	for range 2 {
		for _, ask := range s.collect {
			if err := ask(asking, s); err != nil {
				s.note(fmt.Sprintf("the worker could not be asked to collect: %v", err))
			}
		}
	}
	return ctx.Err()
}
