package judge

import (
	"fmt"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// pair is an endpoint of both sides.
type pair struct {
	change hunt.Change
	leak   *hunt.Interval // at the look that settled it

	settled bool // the change is known, and the speed too or after pacing rounds
}

// pacing is how many rounds a comparison is driven for the sake of the speed alone.
const pacing = 6

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
	less, speeds := more.turned(), j.speeds()
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
		if p.change == hunt.Unsettled {
			continue
		}
		if p.leak == nil {
			p.leak = more.interval(name)
		}
		fast := speeds[name]
		p.settled = p.settled || pace(fast.times) != hunt.Unsettled || len(fast.ratio) >= pacing
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
	speeds := j.speeds()
	for _, name := range j.config.Endpoints {
		p, fast := j.pairs[name], speeds[name]
		c := hunt.Comparison{
			Endpoint: name, Change: p.change, Leak: p.leak, Pairs: len(fast.ratio),
			A: mean(fast.a, nil), B: mean(fast.b, nil), Speed: fast.times, Pace: pace(fast.times),
		}
		if c.Leak == nil {
			c.Leak = now.interval(name)
		}
		c.Why = whyChanged(&c)
		all = append(all, c)
	}
	return all
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
