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
	surely      float64 // the rate that leaks of minutes have to exceed nothing by
	evidence    float64 // for growth, and not for none
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

// later is how much more evidence growth takes that began long after the warm-up:
// many such stretches are looked at in a day.
const later = 6

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
		rate:   Interval{Lo: mid - wide(best.df)*se, Mid: mid, Hi: mid + wide(best.df)*se},
		surely: mid - 2*wide(best.df)*se, noise: math.Sqrt(best.s2),
	}
	perSecond := 1.0
	if along == alongRequests {
		perSecond = scale / w.span
	}
	w.perSecond = mid * perSecond
	if w.rate.Lo*perSecond < d.config.least(d.last.Limit) || level == fine && w.surely <= 0 {
		return w, true
	}
	d.gather(p, level, from, by, along, floors)
	if !d.evident(p, &w) || jump(p) >= 0.5*mid*scale {
		return w, true
	}
	w.grows = true
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
	w.lasts = w.late >= d.config.Slowing*w.early
	if level != fine && w.lasts {
		p.columns-- // the bend
		// What went before is compared by its floors, which the load has to have let alone.
		fresh := p.moved(&best) < 0.5*mid*scale && d.newGrowth(w)
		w.lasts = d.straight(p, d.levels[level].length*float64(by), fresh)
	}
	return w, true
}

// evident says whether growth is so much likelier than none, and can be told from
// the load.
func (d *Detector) evident(p *points, w *window) bool {
	w.evidence = evidence(p)
	need := d.config.Evidence
	if w.level == fine {
		return w.evidence >= need
	}
	if w.from > d.segment.hold+0.25*w.span {
		need += later
	}
	return w.evidence >= need && (!behindLoad(p) || w.span >= hiddenFor && d.taken(*w) >= hiddenTook)
}
