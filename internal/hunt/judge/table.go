package judge

// table is the rows of a regression and what its columns are.
type table struct {
	rows    []row
	rounds  []int          // by row
	names   []string       // of the endpoint, by row; "" is idleness
	columns map[string]int // of an endpoint; column 0 is the seconds
	counts  map[string]int // rows by name
}

// change is what one block did, as a table takes it.
type change struct {
	endpoint string
	round    int
	seconds  float64 // from floor to floor
	requests float64
	bytes    float64
	linked   bool   // the floor before is the one after the change before
	after    string // the block before, where known
	known    bool
}

// fill makes a table of changes.
func fill(changes []change) table {
	t := table{columns: map[string]int{}, counts: map[string]int{}}
	total := 0.0
	for _, c := range changes {
		total += c.seconds
		t.counts[c.endpoint]++
		if _, has := t.columns[c.endpoint]; !has && c.endpoint != "" {
			t.columns[c.endpoint] = len(t.columns) + 1
		}
	}
	for _, c := range changes {
		x := make([]float64, len(t.columns)+1)
		x[0] = c.seconds
		if column := t.columns[c.endpoint]; column > 0 {
			x[column] = c.requests
		}
		before := unknown
		if column, has := t.columns[c.after]; c.known && (has || c.after == "") {
			before = column
		}
		t.rows = append(t.rows, row{
			before: before,
			x:      x, y: c.bytes, time: c.seconds * float64(len(changes)) / total,
			linked: c.linked, group: t.columns[c.endpoint],
		})
		t.rounds = append(t.rounds, c.round)
		t.names = append(t.names, c.endpoint)
	}
	return t
}

// fit is the regression, where there are idle blocks to tell the drift by.
func (t *table) fit() fitted {
	if t.counts[""] == 0 {
		return fitted{}
	}
	return fit(t.rows)
}

// counted are the places in seen of the blocks that count. A block counts from an
// endpoint's second one in a process on, and from the round on in which it had
// filled what it fills.
func (s *side) counted() (places []int) {
	type home struct {
		endpoint   string
		generation uint64
	}
	warm := map[home]bool{}
	for i, o := range s.seen {
		here := home{o.Block.Endpoint, o.After.Generation}
		cold := o.Block.Round < s.from || !warm[here]
		warm[here] = true
		who := s.suspects[o.Block.Endpoint]
		useless := who != nil && (who.done || o.Block.Round < who.from || o.Requests+o.Failed == 0)
		if !cold && !useless && o.Before.Generation == o.After.Generation && o.After.At > o.Before.At {
			places = append(places, i)
		}
	}
	return places
}

// follows says whether the floor before a block is the one after the block before it.
func (s *side) follows(place int) bool {
	return place > 0 && s.seen[place-1].After.At == s.seen[place].Before.At
}

// after is the endpoint of the block before one.
func (s *side) after(place int) (endpoint string, known bool) {
	if place == 0 || s.seen[place-1].After.Generation != s.seen[place].Before.Generation {
		return "", false
	}
	return s.seen[place-1].Block.Endpoint, true
}

// table is the regression's rows for one series.
func (s *side) table(of series) table {
	var changes []change
	last := -1
	for _, i := range s.counted() {
		o := s.seen[i]
		after, known := s.after(i)
		changes = append(changes, change{
			after: after, known: known,
			endpoint: o.Block.Endpoint, round: o.Block.Round,
			seconds: (o.After.At - o.Before.At).Seconds(), requests: float64(o.Requests + o.Failed),
			bytes: of.of(o.After) - of.of(o.Before), linked: last == i-1 && s.follows(i),
		})
		last = i
	}
	return fill(changes)
}

// paired is the rows of what b did more than a in the same blocks.
func paired(a, b *side, of series) table {
	type place struct {
		endpoint string
		round    int
		nth      int // idleness comes more than once in a round
	}
	index := func(s *side) (keys []place, at map[place]int) {
		at, nth := map[place]int{}, map[place]int{}
		for _, i := range s.counted() {
			block := place{s.seen[i].Block.Endpoint, s.seen[i].Block.Round, 0}
			key := block
			key.nth = nth[block]
			nth[block]++
			keys, at[key] = append(keys, key), i
		}
		return keys, at
	}
	keys, ofA := index(a)
	_, ofB := index(b)
	var changes []change
	lastA, lastB := -1, -1
	for _, key := range keys {
		i := ofA[key]
		k, has := ofB[key]
		if !has {
			continue
		}
		one, other := a.seen[i], b.seen[k]
		after, known := a.after(i)
		c := change{
			after: after, known: known,
			endpoint: key.endpoint, round: key.round,
			seconds: (one.After.At - one.Before.At + other.After.At - other.Before.At).Seconds() / 2,
			linked:  lastA == i-1 && lastB == k-1 && a.follows(i) && b.follows(k),
		}
		grownA, grownB := of.of(one.After)-of.of(one.Before), of.of(other.After)-of.of(other.Before)
		if key.endpoint != "" {
			// A block that ran out of time had fewer requests than its twin.
			nA, nB := float64(one.Requests+one.Failed), float64(other.Requests+other.Failed)
			c.requests = (nA + nB) / 2
			grownA, grownB = grownA*c.requests/nA, grownB*c.requests/nB
		}
		c.bytes = grownB - grownA
		changes, lastA, lastB = append(changes, c), i, k
	}
	return fill(changes)
}
