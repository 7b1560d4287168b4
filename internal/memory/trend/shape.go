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

// ended is how much likelier, as twice a log-likelihood, growth that ended within
// the window has to be than growth that goes on.
const ended = 4

// straight compares the line that explains a window with other curves, each at the
// memory of noise that suits it best. It says false where growth that ended is
// likelier by more than ended, and where the line is not likelier by the config's odds than
// growth with the root or the logarithm of the age, curves that slow for ever: caches
// with a long tail, arenas that fragment. New growth can't be their tail, and is
// spared that second part. length is that of a step in seconds. The axis of p is gone
// afterwards.
func (d *Detector) straight(p *points, length float64, fresh bool) bool {
	line := momentsOf(p)
	straight, _, _ := line.best()
	first, last := p.step[0], p.step[p.n-1]
	against := func(curve func(step float64) float64) float64 {
		low, high := curve(first), curve(last)
		for k := range p.n {
			p.x[k][1] = (curve(p.step[k])-low)/(high-low) - 0.5
		}
		m := momentsOf(p)
		bent, _, _ := m.best()
		return 2 * (straight - bent)
	}
	for _, share := range [...]float64{1. / 2, 2. / 3, 5. / 6} {
		end := first + share*(last-first)
		if against(func(step float64) float64 { return min(step, end) }) < -ended {
			return false
		}
	}
	for _, curve := range [...]func(float64) float64{math.Sqrt, math.Log} {
		if !fresh && against(func(step float64) float64 { return curve((step + 1) * length) }) <= d.config.Odds {
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

// slows says whether a shorter window over the end of w sees its growth slow. The
// halves of a window that begins before the growth does hide that.
func (d *Detector) slows(w window, windows []window) bool {
	for i := range windows {
		o := &windows[i]
		if o.axis != w.axis || o.from <= w.from || o.span < max(3600, 0.3*w.span) {
			continue
		}
		if o.grows && o.late < d.config.Slowing*o.early && o.bend < -2 {
			return true
		}
	}
	return false
}
