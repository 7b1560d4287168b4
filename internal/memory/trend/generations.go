package trend

import "math"

const keptGenerations = 16

// generation is what a finished process of the same image showed after its
// warm-up.
type generation struct {
	slope, se, early, late float64 // bytes a second
	perRequest             float64
	warmUp                 float64 // seconds
	judged                 bool    // it lived long enough for a slope
	class                  Class
	cause                  string
}

// generations is the ring of the last ones.
type generations struct {
	ring [keptGenerations]generation
	n    int
}

// finish sums up the segment that ends. Another image begins the ring anew.
func (g *generations) finish(d *Detector, why string) {
	if why == "image" {
		*g = generations{}
		return
	}
	age := (d.last.At - d.segment.begins).Seconds()
	if age < 600 {
		return
	}
	var (
		p   points
		one generation
	)
	level := minute
	if age-d.segment.hold > 6600 {
		level = medium
	}
	scale := d.gather(&p, level, d.segment.hold, 1, alongTime, floors)
	if scale > 0 {
		if l := fit(&p); l.ok {
			mid, se := l.slope(1)
			one = generation{slope: mid / scale, se: se / scale, judged: true}
			column := p.columns
			for k := range p.n {
				p.x[k][column] = max(p.x[k][1], 0)
			}
			p.columns++
			if bent := solve(&p, l.rho); bent.ok {
				one.early, one.late = bent.beta[1]/scale, (bent.beta[1]+bent.beta[column])/scale
			}
			one.class, one.cause = d.classOf(&p, &window{level: level, from: d.segment.hold, span: age - d.segment.hold, perSecond: one.slope})
			if requests := d.segment.requests; requests > 0 {
				one.perRequest = one.slope * age / requests
			}
		}
	}
	one.warmUp = d.segment.warmUp(age, max(one.slope, 0))
	g.ring[g.n%keptGenerations] = one
	g.n++
}

func (g *generations) all() []generation { return g.ring[:min(g.n, keptGenerations)] }

// hold is the warm-up that a new generation gets: the longest of the known ones.
func (g *generations) hold(least float64) float64 {
	for _, one := range g.all() {
		least = max(least, one.warmUp)
	}
	return min(least, 3600)
}

// pooled is the slope that the finished generations show between them.
type pooled struct {
	rate, perRequest Interval
	surely           float64
	early, late      float64
	n                int
	class            Class // of one of them: they grew alike
	cause            string
}

// slopes pools by the mean over generations. Its standard error is the larger
// of what the slopes differ by and of what they are themselves unsure about, so
// that three that agree by chance prove nothing.
func (g *generations) slopes() (p pooled) {
	var within, perRequest, slopes []float64
	for _, one := range g.all() {
		if one.judged {
			slopes = append(slopes, one.slope)
			within = append(within, one.se*one.se)
			perRequest = append(perRequest, one.perRequest)
			p.early += one.early
			p.late += one.late
			p.class, p.cause = one.class, one.cause
		}
	}
	p.n = len(slopes)
	if p.n < 2 {
		return p
	}
	n := float64(p.n)
	mean, spread := spreadOf(slopes)
	noise, _ := spreadOf(within)
	se := math.Sqrt(max(spread*spread/(n-1), noise/n))
	df := 2 * (p.n - 1)
	p.early, p.late = p.early/n, p.late/n
	p.rate = Interval{Lo: mean - wide(df)*se, Mid: mean, Hi: mean + wide(df)*se}
	p.surely = mean - sure(df)*se
	each, _ := spreadOf(perRequest)
	share := se / max(math.Abs(mean), 1e-9)
	p.perRequest = Interval{Lo: each * (1 - wide(df)*share), Mid: each, Hi: each * (1 + wide(df)*share)}
	return p
}
