package trend

import "math"

// The axes that a line can go along.
type axis uint8

const (
	alongTime axis = iota
	alongRequests
)

// window is what one regression over the end of a segment says. Rates are bytes
// a second, or bytes a request along requests.
type window struct {
	axis        axis
	level       int
	from, span  float64 // seconds of the segment's age
	perSecond   float64 // the mid rate in bytes a second, whichever the axis
	rate        Interval
	surely      float64 // the rate that is exceeded with a certainty of 0.99999
	se          float64
	early, late float64 // rates of the two halves
	bend        float64 // late less early, in standard errors
	df          int
	grows       bool    // more than the least that counts, with certainty, and not in one jump
	lasts       bool    // the later half grows like the earlier one
	steady      bool    // the halves hardly differ
	noise       float64 // bytes that floors lie off the line
}

// leastPoints is the fewest floors that a regression is made of.
const leastPoints = 18

// lateFactor widens the bound for growth that began long after the warm-up:
// many such stretches are looked at in a day.
const lateFactor = 2

// certain is the factor of the bound that growth has to clear. Leaks of minutes
// have little time to be sure in, and other conditions to meet.
func certain(level, df int) float64 {
	if level == fine {
		return 2 * wide(df)
	}
	return sure(df)
}

// series picks a size out of a block.
type series func(*block) float64

func floors(b *block) float64 { return float64(b.floor) }

// gather fills p with the floors of a level since an age, several blocks joined
// to one. Time, requests and load are brought to about one, which keeps the
// matrices well. It returns what one of the axis is worth.
func (d *Detector) gather(p *points, level int, from float64, joined int, along axis, pick series) (scale float64) {
	l := &d.levels[level]
	length := l.length * float64(joined)
	p.n, p.columns = 0, 2
	first := l.first(from)
	var (
		start        = -1.0
		count        float64
		rate, flight [mostPoints]float64
	)
	for i := first; i < l.n; i++ {
		b := l.block(i)
		y := pick(b)
		slot := math.Floor(b.at / length)
		at := b.at
		if along == alongRequests {
			at = b.requests
		}
		if slot == start {
			count++
			k := p.n - 1
			p.y[k] = min(p.y[k], y)
			p.x[k][1] += (at - p.x[k][1]) / count
			rate[k] += (l.rate(i) - rate[k]) / count
			flight[k] += (float64(b.load) - flight[k]) / count
			continue
		}
		start, count = slot, 1
		p.step[p.n], p.y[p.n] = slot, y
		p.x[p.n][0], p.x[p.n][1] = 1, at
		rate[p.n], flight[p.n] = l.rate(i), float64(b.load)
		p.n++
	}
	if p.n < leastPoints {
		return 0
	}
	low, high := p.x[0][1], p.x[p.n-1][1]
	scale = high - low
	if scale <= 0 {
		return 0
	}
	for k := range p.n {
		p.x[k][1] = (p.x[k][1]-low)/scale - 0.5
	}
	p.aside(rate[:p.n], true)
	p.aside(flight[:p.n], false)
	return scale
}

// aside puts a load beside the axis when it varies; and with it its root, where
// it varies a lot: floors follow a busy load by less than in proportion.
func (p *points) aside(load []float64, root bool) {
	mean, spread := spreadOf(load)
	if spread <= 0.05*mean || mean <= 0 {
		return
	}
	for k, v := range load {
		p.x[k][p.columns] = (v - mean) / spread
	}
	p.columns++
	if !root || spread <= 0.15*mean {
		return
	}
	for k, v := range load {
		p.x[k][p.columns] = math.Sqrt(v / mean)
	}
	p.columns++
}

func spreadOf(all []float64) (mean, spread float64) {
	for _, v := range all {
		mean += v
	}
	mean /= float64(len(all))
	for _, v := range all {
		spread += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(spread / float64(len(all)))
}

// look judges the end of the segment since an age. Blocks are joined by two and
// by four where that makes the interval narrower: a collector's saw has longer teeth.
func (d *Detector) look(p *points, level int, from float64, along axis) (w window, ok bool) {
	var (
		best  line
		scale float64
		by    int
	)
	for _, joined := range [...]int{1, 2, 4} {
		s := d.gather(p, level, from, joined, along, floors)
		if s == 0 {
			break
		}
		l := fit(p)
		if !l.ok {
			continue
		}
		if l.beta[1] <= 0 && !best.ok { // joining can't make a fall a rise
			best, scale, by = l, s, joined
			break
		}
		_, se := l.slope(1)
		_, least := best.slope(1)
		if !best.ok || se/s*wide(l.df) < 0.75*least/scale*wide(best.df) {
			best, scale, by = l, s, joined
		}
	}
	if !best.ok {
		return w, false
	}
	mid, se := best.slope(1)
	mid, se = mid/scale, se/scale
	l := &d.levels[level]
	first := l.block(l.first(from)).at
	now := l.block(l.n - 1).at
	w = window{
		axis: along, level: level, from: first, span: now - first, se: se, df: best.df,
		rate:   Interval{mid - wide(best.df)*se, mid, mid + wide(best.df)*se},
		surely: mid - certain(level, best.df)*se, noise: math.Sqrt(best.s2),
	}
	perSecond := 1.0
	if along == alongRequests {
		perSecond = scale / w.span
	}
	w.perSecond = mid * perSecond
	if w.surely <= 0 || w.rate.Lo*perSecond < d.config.least(d.last.Limit) {
		return w, true
	}
	d.gather(p, level, from, by, along, floors)
	if wide := fitWary(p, wary); wide.ok {
		mid, se := wide.slope(1)
		factor := certain(level, wide.df)
		if w.from > d.segment.hold+0.25*w.span {
			factor *= lateFactor
		}
		w.surely = (mid - factor*se) / scale
	}
	w.grows = w.surely > 0 && jump(p) < 0.5*mid*scale
	column := p.columns
	for k := range p.n {
		p.x[k][column] = max(p.x[k][1], 0)
	}
	p.columns++
	bent := solve(p, best.rho)
	if !bent.ok {
		return w, true
	}
	turn, turnSE := bent.slope(column)
	w.early, w.late = bent.beta[1]/scale, (bent.beta[1]+turn)/scale
	w.bend = turn / max(turnSE, 1e-9)
	w.steady = math.Abs(w.bend) < 1.2
	w.lasts = w.late >= d.config.Slowing*w.early && (level == fine || d.newGrowth(w) || d.straight(p, &best, d.levels[level].length*float64(by)))
	return w, true
}

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
