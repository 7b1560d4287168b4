package trend

import "math"

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
