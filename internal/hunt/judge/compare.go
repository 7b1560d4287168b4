package judge

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/stats"
)

// pair is an endpoint of both sides.
type pair struct {
	change hunt.Change
	leak   *hunt.Interval // at the look that settled it
}

// The odds that a comparison calls a change that is none, or none that is one.
const mistaken = 0.05

// difference is the regression of what side B leaves behind more than side A. The sides
// went through the same blocks, so that what the blocks have in common cancels
// out.
func (j *Judge) difference() judgement {
	a, b := j.sides[0], j.sides[1]
	of := a.judged()[0].series
	if b.judged()[0].series != of {
		of = hard
	}
	t := paired(a, b, of)
	return judgement{of, of != hard, t, t.fit()}
}

// lookAtPairs gives verdicts on what changed from A to B.
func (j *Judge) lookAtPairs() {
	share, smallest := spend(j.looks), j.config.Smallest
	more := j.difference()
	less := more.turned()
	for again := true; again; {
		again = false
		open := 0
		for _, p := range j.pairs {
			if p.change != hunt.Improved && p.change != hunt.Worse {
				open++
			}
		}
		odds := mistaken * share / float64(max(open, 1))
		for _, name := range j.config.Endpoints {
			p := j.pairs[name]
			if p.change != hunt.Unsettled {
				continue
			}
			switch {
			case more.leaks(name, odds, smallest):
				p.change, again = hunt.Worse, true
			case less.leaks(name, odds, smallest):
				p.change, again = hunt.Improved, true
			}
		}
	}
	for _, name := range j.config.Endpoints {
		p := j.pairs[name]
		if lo, hi, ok := more.bounds(name, mistaken*share); ok && p.change == hunt.Unsettled && lo > -smallest && hi < smallest {
			p.change = hunt.Equivalent
		}
		if p.change != hunt.Unsettled && p.leak == nil {
			p.leak = more.interval(name)
		}
	}
}

// turned is what A leaves behind more than B.
func (g *judgement) turned() judgement {
	other := *g
	other.fitted.beta = make([]float64, len(g.fitted.beta))
	for i, b := range g.fitted.beta {
		other.fitted.beta[i] = -b
	}
	return other
}

// comparisons are what is known of every pair now.
func (j *Judge) comparisons() (all []hunt.Comparison) {
	now := j.difference()
	for _, name := range j.config.Endpoints {
		p := j.pairs[name]
		c := hunt.Comparison{Endpoint: name, Change: p.change, Leak: p.leak, Pace: hunt.Unsettled}
		if c.Leak == nil {
			c.Leak = now.interval(name)
		}
		var a, b, ratio []float64
		rate := func(s *side) map[int]float64 {
			rates := map[int]float64{}
			for _, o := range s.seen {
				if o.Block.Endpoint == name && o.Block.Round > 0 && o.Took > 0 && o.Requests > 0 {
					rates[o.Block.Round] = float64(o.Requests) / o.Took.Seconds()
				}
			}
			return rates
		}
		ofA, ofB := rate(j.sides[0]), rate(j.sides[1])
		for round := range j.rounds + 1 {
			if ofA[round] > 0 && ofB[round] > 0 {
				a, b = append(a, ofA[round]), append(b, ofB[round])
				ratio = append(ratio, math.Log(ofB[round]/ofA[round]))
			}
		}
		c.Pairs, c.A, c.B = len(a), mean(a), mean(b)
		if times := mean(ratio); times != nil {
			c.Speed = &hunt.Interval{Lo: math.Exp(times.Lo), Mid: math.Exp(times.Mid), Hi: math.Exp(times.Hi)}
			c.Pace = pace(c.Speed)
		}
		c.Why = whyChanged(&c)
		all = append(all, c)
	}
	return all
}

// matters is the share by which a speed has to change before it is one.
const matters = 0.05

func pace(times *hunt.Interval) hunt.Change {
	switch {
	case times.Lo > 1 && times.Mid >= 1+matters:
		return hunt.Improved
	case times.Hi < 1 && times.Mid <= 1-matters:
		return hunt.Worse
	case times.Lo > 1-matters && times.Hi < 1+matters:
		return hunt.Equivalent
	}
	return hunt.Unsettled
}

// mean is the mean of rounds with its 95 % interval; nil for fewer than two.
func mean(of []float64) *hunt.Interval {
	n := float64(len(of))
	if n < 2 {
		return nil
	}
	sum, square := 0.0, 0.0
	for _, v := range of {
		sum += v
	}
	for _, v := range of {
		square += (v - sum/n) * (v - sum/n)
	}
	width := stats.Student(0.975, n-1) * math.Sqrt(square/(n-1)/n)
	return &hunt.Interval{Lo: sum/n - width, Mid: sum / n, Hi: sum/n + width}
}

func whyChanged(c *hunt.Comparison) string {
	if c.Leak == nil {
		return "too few rounds to say"
	}
	between := fmt.Sprintf("%s to %s a request", size(c.Leak.Lo), size(c.Leak.Hi))
	switch c.Change {
	case hunt.Improved:
		return fmt.Sprintf("leaves %s to %s a request less behind", size(-c.Leak.Hi), size(-c.Leak.Lo))
	case hunt.Worse:
		return "leaves " + between + " more behind"
	case hunt.Equivalent:
		return "leaves the same behind, within " + between
	}
	return "the difference is " + between + ": could be either"
}
