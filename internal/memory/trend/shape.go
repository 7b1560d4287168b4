package trend

import "math"

// jump is the largest step up that stays, between three points and the next
// three.
func jump(p *points) (most float64) {
	for k := 3; k+3 <= p.n; k++ {
		before := max(p.y[k-1], p.y[k-2], p.y[k-3])
		after := min(p.y[k], p.y[k+1], p.y[k+2])
		most = max(most, after-before)
	}
	return most
}

// straight says whether a line explains the window better than growth with the
// root or the logarithm of the age does, curves that slow for ever: caches with a
// long tail, arenas that fragment. Twice the difference of the log-likelihoods has
// to exceed the config's odds.
func (d *Detector) straight(p *points, l *line, length float64) bool {
	p.columns-- // the bend
	for _, curve := range [...]func(float64) float64{math.Sqrt, math.Log} {
		low, high := curve((p.step[0]+1)*length), curve((p.step[p.n-1]+1)*length)
		for k := range p.n {
			p.x[k][1] = (curve((p.step[k]+1)*length)-low)/(high-low) - 0.5
		}
		bent := solve(p, l.rho)
		if !bent.ok || float64(p.n)*math.Log(bent.s2/l.s2) <= d.config.Odds {
			return false
		}
	}
	return true
}

// newGrowth says whether what came before the window grew clearly slower: then
// the window is no tail of it.
func (d *Detector) newGrowth(w window) bool {
	l := &d.levels[medium]
	first, last := l.first(d.segment.hold), l.first(w.from)
	if last >= l.n || last <= first {
		return false
	}
	a, b := l.block(first), l.block(last)
	if b.at-a.at < 0.5*w.span {
		return false
	}
	return float64(b.floor-a.floor)/(b.at-a.at) < 0.7*w.late*w.perSecond/w.rate.Mid
}
