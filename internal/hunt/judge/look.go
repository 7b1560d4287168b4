package judge

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/stats"
)

// The odds of being wrong in a whole hunt, for all its looks together.
const (
	blamed  = 0.01 // that any endpoint is called leaking that is not
	excused = 0.05 // that a leaking endpoint is called clean
	slowed  = 0.01 // that growth is called slowing that does not slow
	keeps   = 0.05 // that growth is called lasting that slows down to half
)

// looksAt says whether verdicts are given after so many rounds: after each of the
// first six from the third on, then ever more seldom. A look between would cost more than it
// tells.
func looksAt(rounds int) bool {
	switch {
	case rounds < 3:
		return false
	case rounds <= 6:
		return true
	case rounds <= 12:
		return rounds%2 == 0
	}
	return rounds%4 == 0
}

// spend is the share of the odds that the nth look may use. The shares of all looks
// add up to one, so that by Bonferroni's inequality the whole hunt keeps its odds, whatever
// the looks have to do with each other and wherever it stops.
func spend(look int) float64 { return 1 / float64(look*(look+1)) }

// look gives verdicts, once a round is complete.
func (j *Judge) look() {
	if !looksAt(j.rounds) {
		return
	}
	j.looks++
	for _, s := range j.sides {
		j.lookAt(s)
	}
	if j.config.Pair {
		j.lookAtPairs()
	}
	for _, name := range j.config.Endpoints {
		if j.settled(name) {
			for _, s := range j.sides {
				s.suspects[name].done = s.suspects[name].done || s.judged()[0].restless(name)
			}
		}
	}
	for _, s := range j.sides {
		s.forget()
	}
}

// restless says whether an endpoint's blocks are far noisier than the others'.
func (g *judgement) restless(name string) bool {
	column, has := g.table.columns[name]
	return has && g.fitted.ok && g.fitted.groups[column] > 3*g.fitted.block*g.fitted.block
}

func (j *Judge) lookAt(s *side) {
	share := spend(j.looks)
	for _, name := range j.config.Endpoints {
		if who := s.suspects[name]; who.verdict == hunt.Undecided && who.deaths >= 2 {
			who.verdict = hunt.Kills
		}
	}
	judged := s.judged()
	for i := range judged {
		j.blame(s, &judged[i], blamed*share/float64(len(judged)), share)
	}
	j.excuse(s, judged, excused*share)
	for _, name := range j.config.Endpoints {
		who := s.suspects[name]
		// One round alone may have been a step.
		if who.verdict == hunt.Undecided && judged[0].table.counts[name] >= 4 && judged[0].slows(name, slowed*share, j.config.Smallest) {
			who.from, who.atMost = judged[0].second(name), -1
		}
	}
	s.keepFound()
	s.forget() // rounds may have been left out
}

// blame finds the endpoints that leak. By Holm's rule (Scandinavian Journal of
// Statistics 6, 1979) each one found leaves the others more of the odds.
func (j *Judge) blame(s *side, of *judgement, odds, share float64) {
	for again := true; again; {
		again = false
		for _, name := range j.config.Endpoints {
			who := s.suspects[name]
			if who.verdict != hunt.Undecided {
				continue
			}
			if of.leaks(name, odds/float64(max(j.open(), 1)), j.config.Smallest) &&
				of.lasts(name, keeps) && !of.slows(name, slowed*share, j.config.Smallest) {
				who.verdict, who.series, again = hunt.Leaks, of.series, true
			}
		}
	}
}

// excuse finds the endpoints that leave less than the smallest effect. That one of
// many is found clean that is not needs that very one to be, so the odds are not
// shared out among endpoints.
func (j *Judge) excuse(s *side, judged []judgement, odds float64) {
	for _, name := range j.config.Endpoints {
		who := s.suspects[name]
		hi, ok := judged[0].atMost(name, odds)
		if !ok {
			continue
		}
		if who.atMost < 0 || hi < who.atMost {
			who.atMost = max(hi, 0)
		}
		clean := hi < j.config.Smallest
		for _, also := range judged[1:] {
			// Memory that comes and goes with the collector would take forever.
			if also.fitted.ok && also.fitted.block < 2*judged[0].fitted.block {
				other, known := also.atMost(name, odds)
				clean = clean && known && other < j.config.Smallest
			}
		}
		if clean && who.verdict == hunt.Undecided {
			who.verdict, who.series = hunt.Clean, judged[0].series
			if who.from > 0 {
				who.verdict = hunt.Filling
			}
		}
	}
}

// keepFound keeps the estimates that verdicts of this look stand on. A hunt goes on
// until the other endpoints are clean, which happens the sooner the higher the
// drift is taken; an estimate that waited for that would be too low.
func (s *side) keepFound() {
	for name, who := range s.suspects {
		if who.verdict != hunt.Undecided && who.found == nil {
			who.found = s.all().estimate(name, who)
		}
	}
}

// open is how many endpoints are not found leaking, of all sides.
func (j *Judge) open() (n int) {
	for _, s := range j.sides {
		for _, who := range s.suspects {
			if who.verdict != hunt.Leaks {
				n++
			}
		}
	}
	return n
}

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

// leaks says whether the endpoint surely leaves more than the smallest effect; or
// about as much: more than half of it, and known within a factor of two each way.
// Without the second, a leak of just that size would be driven forever.
func (g *judgement) leaks(name string, odds, smallest float64) bool {
	lo, hi, ok := g.bounds(name, odds)
	return ok && (lo > smallest || lo > smallest/2 && hi < 2*smallest)
}

// step is the largest amount that memory is taken to come in where no heap tells how
// much of it is used: allocators ask the system for so much at once.
const step = 1 << 20

// atMost is what an endpoint leaves a request at the most. Growth that has not made one step
// yet may not show.
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
	own, added := g.table.columns[name], len(g.table.columns)+1
	rows := slices.Clone(g.table.rows)
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

// slows says whether the endpoint grew at first by more than matters, and surely grows
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
	seen := false
	for i := range g.table.rows {
		if g.table.names[i] != name {
			continue
		}
		if seen {
			return g.table.rounds[i]
		}
		seen = true
	}
	return 0
}
