package judge

import (
	"math"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/stats"
)

// foresee says what a leak would have to be to be called now, and how much is still to
// be driven.
func (j *Judge) foresee(r *hunt.Report) {
	if r.Decided {
		r.More, r.Remaining = 0, 0
	}
	rounds, blocks, known := 0, 0, true
	var round time.Duration // that the undecided blocks of one round take
	for _, s := range j.sides {
		lead := s.judged()[0]
		for _, name := range j.config.Endpoints {
			column, has := lead.table.columns[name]
			has = has && lead.fitted.ok
			if has && s.suspects[name].verdict != hunt.Leaks {
				level := blamed * spend(max(j.looks, 1)) / float64(max(j.open(), 1))
				width := stats.Student(1-level, lead.fitted.df[column]) + stats.Normal(0.8)
				r.Detectable = max(r.Detectable, j.config.Smallest+width*lead.fitted.se[column])
			}
			if j.settled(name) {
				continue
			}
			known = known && has
			blocks++
			round += s.expect(name, j.Size(name))
			rounds = max(rounds, j.roundsLeft(s, name))
		}
		controls := s.controls()
		blocks += controls
		round += time.Duration(controls) * s.expect("", j.Size(""))
	}
	if !r.Decided && known && rounds > 0 {
		r.More, r.Remaining = rounds*blocks, time.Duration(rounds)*round
	}
}

// controls is how many idle blocks a round has.
func (s *side) controls() (n int) {
	for _, o := range s.seen {
		if o.Block.Endpoint == "" && o.Block.Round == s.seen[0].Block.Round {
			n++
		}
	}
	return n
}

// expect is how long a block of a size takes with its settling, as far as the last one
// tells.
func (s *side) expect(endpoint string, size hunt.Size) time.Duration {
	for i := len(s.seen) - 1; i >= 0; i-- {
		o := s.seen[i]
		if n := o.Requests + o.Failed; o.Block.Endpoint == endpoint {
			load := size.For
			if n > 0 {
				load = min(load, time.Duration(float64(o.Took)*float64(size.Requests)/float64(n)))
			}
			return load + max(o.After.At-o.Before.At-o.Took, 0)
		}
	}
	return size.For
}

// roundsLeft is how many rounds of the size that is asked for now a verdict takes.
func (j *Judge) roundsLeft(s *side, name string) int {
	need, ok := j.need(s, name)
	if !ok {
		return max(4-j.rounds, 1)
	}
	squares := 0.0
	for _, o := range s.seen {
		if o.Block.Endpoint == name && o.Block.Round > 0 {
			n := float64(o.Requests + o.Failed)
			squares += n * n
		}
	}
	size := float64(j.Size(name).Requests)
	left := int(math.Ceil(squares * (need - 1) / max(size*size, 1)))
	for left = max(left, 1); !looksAt(j.rounds + left); {
		left++
	}
	return left
}
