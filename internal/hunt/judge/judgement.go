package judge

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/stats"
)

// judgement is a series with its regression.
type judgement struct {
	series series
	told   bool // it knows what of the heap is used
	table  table
	fitted fitted
}

// judged are the series that verdicts come from, the first one for clean ones too.
// What the managed heap holds and does not use is no leak, and its coming and
// going is most of the noise; unless taking it out makes more noise than it takes away, as where
// the heap holds memory that it never touched.
func (s *side) judged() []judgement {
	whole := s.judge(hard)
	if !s.told {
		return []judgement{whole}
	}
	lean := s.judge(kept)
	if lean.fitted.ok && lean.fitted.block > 2*whole.fitted.block {
		return []judgement{whole, lean}
	}
	return []judgement{lean, whole}
}

func (s *side) judge(of series) judgement {
	if s.known[of] == nil {
		t := s.table(of)
		s.known[of] = &judgement{of, s.told && of != hard, t, t.fit()}
	}
	return *s.known[of]
}

// bounds are what an endpoint leaves a request at the least and at the most, each wrong
// with the odds given.
func (g *judgement) bounds(name string, odds float64) (lo, hi float64, ok bool) {
	column, has := g.table.columns[name]
	if !has || !g.fitted.ok {
		return 0, 0, false
	}
	width := stats.Student(1-odds, g.fitted.df[column]) * g.fitted.se[column]
	return g.fitted.beta[column] - width, g.fitted.beta[column] + width, true
}

// interval is the 95 % interval of what an endpoint leaves a request; nil while there is
// none.
func (g *judgement) interval(name string) *hunt.Interval {
	column, has := g.table.columns[name]
	if !has || !g.fitted.ok || g.table.counts[name] < 2 {
		return nil
	}
	in := g.fitted.interval(column)
	return &in
}

// leaks says whether the endpoint surely leaves more than the smallest effect; or
// about as much: more than half of it, and known within a factor of two each way.
// Without the second, a leak of just that size would be driven forever.
func (g *judgement) leaks(name string, odds, smallest float64) bool {
	lo, hi, ok := g.bounds(name, odds)
	return ok && (lo > smallest || lo > smallest/2 && hi < 2*smallest)
}

// step is what a leak has to amount to before it shows, where no heap tells how much
// of memory is used: it takes what lies free in the allocator first.
const step = 512 << 10

// atMost is what an endpoint leaves a request at the most. Growth of less than a step
// may not show yet.
func (g *judgement) atMost(name string, odds float64) (hi float64, ok bool) {
	_, hi, ok = g.bounds(name, odds)
	if ok && !g.told {
		sent, column := 0.0, g.table.columns[name]
		for _, r := range g.table.rows {
			sent += r.x[column]
		}
		hi = max(hi, step/sent)
	}
	return hi, ok
}

// split parts an endpoint's rounds into an earlier and a later half; no later one
// when there are too few.
func (g *judgement) split(name string) (late int) {
	var rounds []int
	for i := range g.table.rows {
		if g.table.names[i] == name {
			rounds = append(rounds, g.table.rounds[i])
		}
	}
	slices.Sort(rounds)
	if len(rounds) < 3 {
		return 0
	}
	return rounds[len(rounds)/2]
}

// later is what the later half of an endpoint's rounds leaves a request, less a
// share of what the earlier half does.
func (g *judgement) later(name string, share float64) (f fitted, column int) {
	late := g.split(name)
	if late == 0 {
		return fitted{}, 0
	}
	rows := slices.Clone(g.table.rows)
	own, added := g.table.columns[name], len(rows[0].x)
	for i := range rows {
		x := append(slices.Clone(rows[i].x), 0)
		if g.table.names[i] == name && g.table.rounds[i] >= late {
			// y = early × n before, and (share × early + what is asked for) × n after.
			x[added] = x[own]
			x[own] *= share
		}
		rows[i].x = x
	}
	return fit(rows), added
}

// slowing is the share of the earlier half's growth that the later half has to have.
const slowing = 0.7

// lasts says whether the later half surely grows by more than that share.
func (g *judgement) lasts(name string, odds float64) bool {
	f, column := g.later(name, slowing)
	return f.ok && f.beta[column]-stats.Student(1-odds, f.df[column])*f.se[column] > 0
}

// slows says whether the endpoint ("" is idleness) grew at first by more than matters, and surely grows
// by less now.
func (g *judgement) slows(name string, odds, smallest float64) bool {
	f, column := g.later(name, 1)
	if !f.ok {
		return false
	}
	early := g.table.columns[name]
	width := func(column int) float64 { return stats.Student(1-odds, f.df[column]) * f.se[column] }
	return f.beta[early]-width(early) > smallest && f.beta[column]+width(column) < 0
}

// second is the second round of an endpoint that counts. Where growth slows, the
// first one is left out: what goes on leaking is found so after what only began, and
// what fills is followed until it is full.
func (g *judgement) second(name string) int {
	first := 0
	for i, round := range g.table.rounds {
		switch {
		case g.table.names[i] != name:
		case first == 0:
			first = round
		case round > first:
			return round
		}
	}
	return 0
}
