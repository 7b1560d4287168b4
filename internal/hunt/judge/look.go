package judge

import "github.com/stanch-dev/stanch/internal/hunt"

// The odds of being wrong in a whole hunt, for all its looks together.
const (
	blamed  = 0.01 // that any endpoint is called leaking that is not
	excused = 0.05 // that a leaking endpoint is called clean
	slowed  = 0.01 // that growth is called slowing that does not slow
	keeps   = 0.05 // at each look, that growth is called lasting that slows down by more than slowing
)

// looksAt says whether verdicts are given after so many rounds: from the third to the
// sixth after each, then ever more seldom. A look between would cost more than it
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
	for _, s := range j.sides {
		j.drop(s)
	}
}

// drop leaves the blocks out that nothing more is to be found out of and that would
// blur the others.
func (j *Judge) drop(s *side) {
	lead := s.judged()[0]
	for _, name := range j.config.Endpoints {
		if who := s.suspects[name]; !who.done && j.settled(name) && lead.restless(name) {
			who.done = true
			s.forget()
		}
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
		switch who := s.suspects[name]; {
		case who.verdict != hunt.Undecided:
		case who.deaths >= 2:
			who.verdict = hunt.Kills
		case s.answered(name) == 0:
			who.verdict = hunt.Unidentifiable
		}
	}
	if lead := s.judged()[0]; lead.table.counts[""] >= 3 && lead.slows("", slowed*share, 0) {
		s.from = lead.second("")
		s.forget()
	}
	judged := s.judged()
	for i := range judged {
		j.blame(s, &judged[i], blamed*share/float64(len(judged)), share)
	}
	j.excuse(s, judged, excused*share)
	late := false // rounds are left out from here on
	for _, name := range j.config.Endpoints {
		who := s.suspects[name]
		// One round alone may have been a step.
		if who.verdict == hunt.Undecided && judged[0].table.counts[name] >= 4 && judged[0].slows(name, slowed*share, j.config.Smallest) {
			who.from, who.atMost = judged[0].second(name), -1
			late = true
		}
	}
	s.keepFound()
	if late {
		s.forget()
	}
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
				(!j.config.Garbage || s.leads(name, of.series)) &&
				of.lasts(name, keeps) && !of.slows(name, slowed*share, j.config.Smallest) {
				who.verdict, who.series, again = hunt.Leaks, of.series, true
			}
		}
	}
}

// leads says whether the blocks of an endpoint grew at least half as much as anybody
// else's. Where nobody can have the garbage collected, what a leaking endpoint left
// since the last collection shows only in the next one, which may be in a block of
// another: blame then falls on those that lead, and the others are not cleared either.
func (s *side) leads(name string, of series) bool {
	blocks, grown := map[string]int{}, map[string]float64{}
	for _, o := range s.seen {
		if o.Block.Round > 0 && o.Block.Endpoint != "" && o.Before.Generation == o.After.Generation {
			blocks[o.Block.Endpoint]++
			grown[o.Block.Endpoint] += of.of(o.After) - of.of(o.Before)
		}
	}
	most := 0.0
	for other, n := range blocks {
		most = max(most, grown[other]/float64(n))
	}
	return blocks[name] > 0 && grown[name]/float64(blocks[name]) >= most/2
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
		clean := hi < j.config.Smallest && judged[0].table.counts[name] >= 3
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
