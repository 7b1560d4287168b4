package judge

import "github.com/stanch-dev/stanch/internal/hunt"

// side is what was seen of one subject.
type side struct {
	name     hunt.Side
	seen     []hunt.Observation
	suspects map[string]*suspect
	from     int           // rounds before this one are of a worker that has yet to come to rest
	told     bool          // every floor so far had a managed heap
	known    [4]*judgement // by series; nil is to be judged anew
}

// suspect is an endpoint of one side.
type suspect struct {
	verdict hunt.Verdict
	series  series    // that decided it
	found   *estimate // at the look that gave the verdict
	done    bool      // nothing is left to find out, and its blocks would only blur the others'
	from    int       // rounds before this one fill something, and don't count
	atMost  float64   // the least of the upper bounds of all looks; -1 is none yet
	deaths  int
	ended   string // how the worker went last
}

func newSide(name hunt.Side, endpoints []string) *side {
	s := &side{name: name, suspects: map[string]*suspect{}, from: 1, told: true}
	for _, endpoint := range endpoints {
		s.suspects[endpoint] = &suspect{verdict: hunt.Undecided, atMost: -1}
	}
	return s
}

func (s *side) add(o hunt.Observation) {
	s.seen = append(s.seen, o)
	s.forget()
	for _, floor := range []hunt.Floor{o.Before, o.After} {
		s.told = s.told && floor.Heap > 0 && floor.Committed > 0
	}
	if who := s.suspects[o.Block.Endpoint]; who != nil && o.Before.Generation != o.After.Generation {
		who.deaths++
		who.ended = o.Ended
	}
}

// answered is how many requests an endpoint answered well.
func (s *side) answered(name string) (n int) {
	for _, o := range s.seen {
		if o.Block.Endpoint == name {
			n += o.Requests
		}
	}
	return n
}

// forget makes judgements be made anew: there is more to judge by, or less.
func (s *side) forget() { s.known = [4]*judgement{} }

// series is a part of a floor that is judged.
type series int

// The series.
const (
	hard series = iota // all that the kernel can't drop
	kept               // the same less what the managed heap holds and does not use
	live               // the heap's live objects
	free               // what the managed heap holds and does not use
)

func (s series) of(f hunt.Floor) float64 {
	switch s {
	case kept:
		return float64(f.Hard - f.Committed + f.Heap)
	case live:
		return float64(f.Heap)
	case free:
		return float64(f.Committed - f.Heap)
	}
	return float64(f.Hard)
}
