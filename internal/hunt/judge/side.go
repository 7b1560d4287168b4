package judge

import "github.com/stanch-dev/stanch/internal/hunt"

// side is what was seen of one subject.
type side struct {
	name     hunt.Side
	seen     []hunt.Observation
	suspects map[string]*suspect
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
	s := &side{name: name, suspects: map[string]*suspect{}, told: true}
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

// table is the rows of a regression and what its columns are.
type table struct {
	rows    []row
	rounds  []int          // by row
	names   []string       // of the endpoint, by row
	columns map[string]int // of an endpoint; column 0 is the seconds
	counts  map[string]int // rows of an endpoint; "" is idleness
}

// table gathers the blocks that count. A block counts from an endpoint's second one
// in a process on, and from the round on in which it had filled what it fills.
func (s *side) table(of series) table {
	type home struct {
		endpoint   string
		generation uint64
	}
	t := table{columns: map[string]int{}, counts: map[string]int{}}
	var used []hunt.Observation
	warm := map[home]bool{}
	linked := []bool{}
	last := -1
	for i, o := range s.seen {
		here := home{o.Block.Endpoint, o.After.Generation}
		cold := o.Block.Round == 0 || !warm[here]
		warm[here] = true
		who := s.suspects[o.Block.Endpoint]
		useless := who != nil && (who.done || o.Block.Round < who.from || o.Requests+o.Failed == 0)
		if cold || useless || o.Before.Generation != o.After.Generation || o.After.At <= o.Before.At {
			continue
		}
		linked = append(linked, last == i-1 && i > 0 && s.seen[i-1].After.At == o.Before.At)
		last = i
		used = append(used, o)
		t.counts[o.Block.Endpoint]++
		if _, has := t.columns[o.Block.Endpoint]; !has && o.Block.Endpoint != "" {
			t.columns[o.Block.Endpoint] = len(t.columns) + 1
		}
	}
	total := 0.0
	for _, o := range used {
		total += (o.After.At - o.Before.At).Seconds()
	}
	for i, o := range used {
		seconds := (o.After.At - o.Before.At).Seconds()
		x := make([]float64, len(t.columns)+1)
		x[0] = seconds
		if column := t.columns[o.Block.Endpoint]; column > 0 {
			x[column] = float64(o.Requests + o.Failed)
		}
		t.rows = append(t.rows, row{
			x: x, y: of.of(o.After) - of.of(o.Before), time: seconds * float64(len(used)) / total,
			linked: linked[i], group: t.columns[o.Block.Endpoint],
		})
		t.rounds = append(t.rounds, o.Block.Round)
		t.names = append(t.names, o.Block.Endpoint)
	}
	return t
}

// fit is the regression, where there are idle blocks to tell the drift by, and no endpoint
// was sent nothing.
func (t *table) fit() fitted {
	if t.counts[""] == 0 {
		return fitted{}
	}
	return fit(t.rows)
}
