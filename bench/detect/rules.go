package main

import (
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// rule is one way of calling a leak from samples. Each begins anew with a new
// process, as its users would have it.
type rule interface {
	name() string
	observe(trend.Sample)
	leaks() bool
}

// all are the rules that stanch is held against, with the constants that their
// makers or users give them.
func all() []rule {
	return []rule{
		&regression{},
		&kendall{},
		&precog{title: "Precog"},
		&precog{title: "PrecogMF", filter: true},
		&coroot{},
		&predict{},
		&fixed{title: "50 MB an hour", rate: 50e6},
		&fixed{title: "100 MB an hour", rate: 100e6},
	}
}

// points are means over five minutes of one process.
type points struct {
	x, y       []float64 // seconds, bytes
	sum        float64
	n          int
	slot       int
	generation uint64
	limit      float64
	fresh      bool // a point has come since somebody asked
}

func (p *points) observe(s trend.Sample) {
	at := s.At.Seconds()
	slot := int(at / 300)
	if s.Generation != p.generation {
		*p = points{generation: s.Generation, slot: slot}
	}
	if slot != p.slot && p.n > 0 {
		p.x, p.y = append(p.x, float64(p.slot)*300+150), append(p.y, p.sum/float64(p.n))
		p.sum, p.n, p.fresh = 0, 0, true
	}
	p.slot, p.limit = slot, float64(s.Limit)
	p.sum += float64(s.Bytes)
	p.n++
}

// news says whether there is a new point, once.
func (p *points) news() bool {
	fresh := p.fresh
	p.fresh = false
	return fresh
}

// since is the index of the first point of the last seconds.
func (p *points) since(seconds float64) int {
	from := p.x[len(p.x)-1] - seconds
	i, _ := slices.BinarySearch(p.x, from)
	return i
}

// line is ordinary least squares: slope, its standard error for white noise, the level at
// the last point, and R squared.
func line(x, y []float64) (slope, se, last, r2 float64) {
	n := float64(len(x))
	var mx, my float64
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	var xx, xy, yy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx == 0 || yy == 0 || n < 3 {
		return 0, math.Inf(1), my, 0
	}
	slope = xy / xx
	rest := max(yy-slope*xy, 0)
	return slope, math.Sqrt(rest / (n - 2) / xx), my + slope*(x[len(x)-1]-mx), 1 - rest/yy
}

// regression alarms when the t-test of a straight line over all that a process
// has shown is surer than 0.995, from an hour on.
type regression struct {
	points
	is bool
}

func (*regression) name() string { return "OLS t-test p<.005" }
func (r *regression) leaks() bool {
	if r.news() && len(r.x) >= 12 {
		slope, se, _, _ := line(r.x, r.y)
		r.is = slope > 2.6*se && slope*3600 > mib
	}
	return r.is
}

// kendall alarms when Mann-Kendall is surer than 0.995 and Sen's slope is above a MiB an
// hour, from an hour on. That the median of the pairs' slopes is above a rate is
// that most pairs are, so neither test has to begin anew with a new point.
type kendall struct {
	points
	sign, steep, seen int
	of                uint64
	is                bool
}

func (*kendall) name() string { return "Mann-Kendall, Sen" }
func (k *kendall) leaks() bool {
	if !k.news() {
		return k.is
	}
	if k.of != k.generation {
		k.sign, k.steep, k.seen, k.of = 0, 0, 0, k.generation
	}
	for ; k.seen < len(k.x); k.seen++ {
		for j := range k.seen {
			switch d := k.y[k.seen] - k.y[j]; {
			case d > 0:
				k.sign++
				if d/(k.x[k.seen]-k.x[j])*3600 > mib {
					k.steep++
				}
			case d < 0:
				k.sign--
			}
		}
	}
	n := float64(len(k.x))
	spread := math.Sqrt(n * (n - 1) * (2*n + 5) / 18)
	k.is = n >= 12 && float64(k.sign-1)/spread > 2.58 && float64(k.steep) > n*(n-1)/4
	return k.is
}

// precog looks for the longest window that is a line with R squared over 0.88
// after a median over an hour, and alarms when that line is at the limit within
// seven days; memory in use has to be above 40 %. The windows are 15 minutes
// apart. With the filter the maximum over an hour is judged instead, which is our
// reading of the paper. Two things are kinder to it or harsher than its authors:
// a window is an hour at least, not six, for these traces are of hours; and there
// is no training on days without a leak. Source: A. Jindal and others, Online
// Memory Leak Detection in the Cloud-based Infrastructures (2021), and its
// authors' published defaults.
type precog struct {
	points
	title  string
	filter bool
	is     bool
}

func (p *precog) name() string { return p.title }
func (p *precog) leaks() bool {
	if !p.news() || len(p.x) < 13 {
		return p.is
	}
	p.is = false
	smooth := make([]float64, len(p.y))
	for i := range p.y {
		hour := slices.Clone(p.y[max(i-11, 0) : i+1])
		slices.Sort(hour)
		smooth[i] = hour[len(hour)/2]
		if p.filter {
			smooth[i] = hour[len(hour)-1]
		}
	}
	if p.y[len(p.y)-1] < 0.4*p.limit {
		return false
	}
	for from := 0; len(p.x)-from >= 12; from += 3 {
		slope, _, _, r2 := line(p.x[from:], smooth[from:])
		if r2 <= 0.88 {
			continue
		}
		p.is = slope > 0 && (p.limit-p.y[len(p.y)-1])/slope < 7*86400
		break
	}
	return p.is
}

// coroot fits a line over the last hour and alarms at growth of more than 10 MiB
// in it, its default since 0.11.
type coroot struct {
	points
	is bool
}

func (*coroot) name() string { return "Coroot's rule" }
func (c *coroot) leaks() bool {
	if c.news() && len(c.x) >= 12 {
		from := c.since(3600)
		slope, _, _, _ := line(c.x[from:], c.y[from:])
		c.is = slope*3600 > 10*mib
	}
	return c.is
}

// predict is predict_linear over an hour, four hours ahead, held for 15 minutes.
type predict struct {
	points
	row int
}

func (*predict) name() string { return "predict_linear 1h, 4h" }
func (p *predict) leaks() bool {
	if p.news() && len(p.x) >= 12 {
		from := p.since(3600)
		slope, _, last, _ := line(p.x[from:], p.y[from:])
		p.row++
		if last+slope*4*3600 <= p.limit {
			p.row = 0
		}
	}
	return p.row >= 3
}

// fixed alarms when memory is more than so much above what it was an hour ago.
type fixed struct {
	points
	title string
	rate  float64
	is    bool
}

func (f *fixed) name() string { return f.title }
func (f *fixed) leaks() bool {
	if f.news() && len(f.x) >= 13 {
		f.is = f.y[len(f.y)-1]-f.y[f.since(3600)] > f.rate
	}
	return f.is
}
