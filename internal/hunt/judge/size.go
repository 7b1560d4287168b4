package judge

import (
	"math"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/stats"
)

const (
	fewest   = 1000            // requests of a first block
	shortest = time.Second / 2 // that a block is worth settling after
	first    = 3 * time.Second // that a first block may take
	faster   = 8               // a block is at most so many times the one before
)

// Size is how long the endpoint's next block shall be ("" is idleness): long
// enough for a leak of the smallest effect to stand out of the noise that was seen
// so far, within as few rounds as can be. A block has to be settled after, so that
// few long ones tell more in the same time than many short ones. Zero leaves the
// endpoint out: it is decided. It fits design.Plan.Next.
func (j *Judge) Size(endpoint string) hunt.Size {
	if endpoint == "" {
		return hunt.Size{For: j.idle()}
	}
	if j.settled(endpoint) {
		return hunt.Size{}
	}
	size := hunt.Size{For: j.config.Longest}
	for _, s := range j.sides {
		size.Requests = max(size.Requests, j.requests(s, endpoint))
	}
	if size.Requests == 0 {
		return hunt.Size{Requests: fewest, For: first}
	}
	return size
}

// settled says whether nothing is left to find out about an endpoint.
func (j *Judge) settled(endpoint string) bool {
	for _, s := range j.sides {
		who := s.suspects[endpoint]
		if who == nil || who.verdict == hunt.Undecided {
			return false
		}
	}
	return j.pairs == nil || j.pairs[endpoint].settled || j.hopeless(endpoint)
}

// hopeless says whether a side has nothing to compare.
func (j *Judge) hopeless(endpoint string) bool {
	return slices.ContainsFunc(j.sides, func(s *side) bool {
		v := s.suspects[endpoint].verdict
		return v == hunt.Kills || v == hunt.Unidentifiable
	})
}

// idle is as long as the blocks under load are, so that the drift is known as well
// as what it is taken from.
func (j *Judge) idle() time.Duration {
	var took []time.Duration
	for _, s := range j.sides {
		for _, o := range s.seen[max(len(s.seen)-2*len(j.config.Endpoints), 0):] {
			if o.Block.Endpoint != "" {
				took = append(took, o.Took)
			}
		}
	}
	if len(took) == 0 {
		return shortest
	}
	slices.Sort(took)
	return min(max(took[len(took)/2], shortest), j.config.Longest)
}

// requests is the size that one side asks for; 0 before the endpoint was driven.
func (j *Judge) requests(s *side, endpoint string) int {
	last, squares, rounds := 0, 0.0, 0
	var load, settle time.Duration
	grown := 0.0
	for _, o := range s.seen {
		n := o.Requests + o.Failed
		settle += o.After.At - o.Before.At - o.Took
		if o.Block.Endpoint != endpoint || n == 0 {
			continue
		}
		last, load = n, o.Took
		if o.Before.Generation == o.After.Generation {
			grown = float64(o.After.Hard-o.Before.Hard) / float64(n)
		}
		if o.Block.Round > 0 {
			rounds++
			squares += float64(n) * float64(n)
		}
	}
	if last == 0 {
		return 0
	}
	rate := float64(last) / max(load, time.Millisecond).Seconds()
	settle /= time.Duration(len(s.seen))
	least := rate * max(settle/2, shortest).Seconds()
	want := max(least, math.Ceil(step/j.config.Smallest/2.9))
	if need, ok := j.need(s, endpoint); ok {
		// What is known goes with the sum of the squares of the blocks' sizes.
		left := max(3-rounds, 1)
		want = max(want, float64(last), math.Sqrt(max(squares*(need-1), 0)/float64(left)))
	}
	if rounds > 3 {
		want = max(want, 1.5*float64(last))
	}
	most := min(rate*j.config.Longest.Seconds(), faster*float64(last))
	if grown > 0 {
		most = min(most, float64(j.config.Growth)/grown)
	}
	return int(max(min(max(want, least), most), 1))
}

// need is by how much the variance of what is known of an endpoint has to shrink
// before all verdicts can be given in four of five hunts. It looks at the noise and
// not at the estimate, but for a leak that is plain already: blocks that grow
// when an estimate comes out high would weigh more for being so, and bias it.
func (j *Judge) need(s *side, endpoint string) (ratio float64, ok bool) {
	g := s.judged()[0]
	column, has := g.table.columns[endpoint]
	if !has || !g.fitted.ok || g.fitted.df[column] < 2 {
		return 0, false
	}
	share := spend(j.looks + 1)
	gap, odds := j.config.Smallest, excused*share
	if lo, _, _ := g.bounds(endpoint, blamed); lo > 2*j.config.Smallest {
		gap, odds = lo, blamed*share/float64(max(j.open(), 1))
	}
	aim := gap / (stats.Student(1-odds, max(g.fitted.df[column], 6)) + j.power())
	return g.fitted.se[column] * g.fitted.se[column] / (aim * aim), true
}

// power is the quantile of the normal distribution for what comes true in four of
// five hunts, for all endpoints at once.
func (j *Judge) power() float64 {
	return stats.Normal(math.Pow(0.8, 1/float64(len(j.config.Endpoints)*len(j.sides))))
}
