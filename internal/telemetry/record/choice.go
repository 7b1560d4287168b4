package record

import (
	"sync"

	"github.com/stanch-dev/stanch/internal/telemetry/sample"
)

// waiting is how many of a kind may wait for the goroutine that makes rows.
const waiting = 128

// choice chooses those that become rows, and holds them until they do. What is
// copied into it stands in places that are used again, so that none is allocated.
type choice[K any] struct {
	mu      sync.Mutex
	sampler *sample.Sampler
	tail    sample.Tail
	pending [sample.Classes]*chosen[K] // the candidate of each class
	ring    [waiting]*chosen[K]
	from, n int
	spare   *chosen[K] // of the goroutine that makes rows
}

// chosen becomes a row that stands for weight of its kind.
type chosen[K any] struct {
	weight int
	it     K
}

func (s *choice[K]) init(rate int, seed uint64) {
	s.sampler = sample.New(rate, seed)
	for i := range s.pending {
		s.pending[i] = new(chosen[K])
	}
	for i := range s.ring {
		s.ring[i] = new(chosen[K])
	}
	s.spare = new(chosen[K])
}

// push makes a class's candidate wait for its row, and gives the class the
// place that has become free. It says when half of the places are taken.
func (s *choice[K]) push(c sample.Class, weight int) (half bool) {
	at := (s.from + s.n) % waiting
	s.pending[c].weight = weight
	s.ring[at], s.pending[c] = s.pending[c], s.ring[at]
	s.n++
	return s.n == waiting/2
}

// roll ends a second: the blocks that are open become rows as they are.
func (s *choice[K]) roll() (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range sample.Classes {
		if s.n == waiting {
			break // they stay open, and are counted in the next second
		}
		if weight := s.sampler.Flush(c); weight > 0 {
			s.push(c, weight)
			most = max(most, weight)
		}
	}
	return max(most, s.sampler.Roll())
}

// drain hands out those that wait. One goroutine at a time calls it; each is good
// until the next.
func (s *choice[K]) drain(row func(it *K, weight int)) {
	for {
		s.mu.Lock()
		if s.n == 0 {
			s.mu.Unlock()
			return
		}
		k := s.ring[s.from]
		s.ring[s.from] = s.spare
		s.from = (s.from + 1) % waiting
		s.n--
		s.mu.Unlock()
		row(&k.it, k.weight)
		s.spare = k
	}
}

// hurry has waiting ones made into rows before the next tick.
func (r *Recorder) hurry() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// drain makes rows of those that wait.
func (r *Recorder) drain() {
	r.requests.drain(r.writeRequest)
	r.invocations.drain(r.writeInvocation)
}
