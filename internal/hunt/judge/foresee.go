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
	for _, s := range j.sides {
		lead := s.judged()[0]
		for _, name := range j.config.Endpoints {
			column, has := lead.table.columns[name]
			if !has || !lead.fitted.ok {
				known = false
				continue
			}
			level := blamed * spend(max(j.looks, 1)) / float64(max(j.open(), 1))
			width := stats.Student(1-level, lead.fitted.df[column]) + stats.Normal(0.8)
			r.Detectable = max(r.Detectable, j.config.Smallest+width*lead.fitted.se[column])
			if j.settled(name) {
				continue
			}
			blocks++
			rounds = max(rounds, j.roundsLeft(s, name))
		}
	}
	if r.Decided || !known || blocks == 0 {
		return
	}
	took := time.Duration(0)
	for _, s := range j.sides {
		for _, o := range s.seen[len(s.seen)-min(len(s.seen), 2*blocks):] {
			took = max(took, o.After.At-o.Before.At)
		}
	}
	r.More = rounds * (blocks + len(j.sides)*controls)
	r.Remaining = time.Duration(r.More) * took
}

// controls is about how many idle blocks a round has.
const controls = 2

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
