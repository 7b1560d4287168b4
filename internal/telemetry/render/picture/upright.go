package picture

import (
	"math"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// frame is the plot of a figure whose values go up.
type frame struct {
	*layout
	layers                   []figure.Layer
	left, right, top, bottom float64
	x0, x1, y0, y1           float64
	slot                     float64 // width of the place that one x has, for columns
}

// upright draws lines, areas, points and columns.
func (l *layout) upright() {
	f := l.figure
	p := &frame{layout: l, layers: f.Layers(), right: wide - margin}
	p.x0, p.x1, p.y0, p.y1 = f.Bounds(p.layers)
	unit := f.Y
	if f.Stack == figure.Full {
		unit.Unit = figure.Percent
	}
	p.headroom(unit)
	if f.Y.Title != "" {
		l.write(margin, l.y+labeled-2, labeled, 0, inkMuted, l.regular.fit(f.Y.Title, labeled, wide-2*margin))
		l.y += labeled + 8
	}
	p.top, p.bottom = l.y+4, l.y+4+plot
	ticks := unit.Ticks(p.y0, p.y1, 6)
	label := 0.0
	for _, t := range ticks {
		label = max(label, l.regular.measure(t.Label, labeled))
	}
	p.left = margin + label + 10
	for _, t := range ticks {
		y := p.yAt(t.At)
		color := inkGrid
		if t.At == 0 {
			color = inkAxis
		}
		l.line(color, 1, point{p.left, y}, point{p.right, y})
		l.write(p.left-8, y+4, labeled, 1, inkMuted, t.Label)
	}
	p.widen()
	l.y = p.bottom
	if f.X.Scale == figure.Names {
		p.names()
	} else {
		p.ruler()
	}
	for i, layer := range p.layers {
		switch f.Kind {
		case figure.Lines:
			p.curve(i, layer)
		case figure.Points:
			p.points(i, layer)
		case figure.Columns:
			p.columns(i, layer)
		}
	}
	if f.Kind == figure.Areas {
		p.areas()
	}
	p.hover()
}

// headroom lets the axis reach to a round value above the highest.
func (p *frame) headroom(unit figure.Axis) {
	if p.figure.Stack == figure.Full || unit.Log {
		return
	}
	ticks := unit.Ticks(p.y0, p.y1, 6)
	if len(ticks) < 2 {
		return
	}
	step := ticks[1].At - ticks[0].At
	if math.IsNaN(p.figure.Y.Max) {
		p.y1 = math.Ceil(p.y1/step-1e-9) * step
	}
	if math.IsNaN(p.figure.Y.Min) {
		p.y0 = math.Floor(p.y0/step+1e-9) * step
	}
}

// widen gives columns their slots, and names half a slot on either side.
func (p *frame) widen() {
	f := p.figure
	switch {
	case f.X.Scale == figure.Names:
		p.x0, p.x1 = -0.5, float64(max(len(f.Categories), 1))-0.5
	case f.Kind == figure.Columns:
		step := min(f.Step(), p.x1-p.x0)
		if len(f.AllX()) == 1 {
			step = (p.x1 - p.x0) / 6
		}
		p.x0, p.x1 = p.x0-step/2, p.x1+step/2
		p.slot = (p.right - p.left) * step / (p.x1 - p.x0)
		return
	case f.Kind == figure.Points:
		pad := (p.x1 - p.x0) / 50
		p.x0, p.x1 = p.x0-pad, p.x1+pad
	}
	p.slot = (p.right - p.left) / (p.x1 - p.x0)
}

func (p *frame) xAt(x float64) float64 {
	if p.figure.X.Log && p.x0 > 0 {
		return p.left + (p.right-p.left)*math.Log(max(x, p.x0)/p.x0)/math.Log(p.x1/p.x0)
	}
	return p.left + (p.right-p.left)*(x-p.x0)/(p.x1-p.x0)
}

func (p *frame) yAt(y float64) float64 {
	part := (y - p.y0) / (p.y1 - p.y0)
	if p.figure.Y.Log && p.y0 > 0 {
		part = math.Log(max(y, p.y0)/p.y0) / math.Log(p.y1/p.y0)
	}
	return p.bottom - (p.bottom-p.top)*min(max(part, 0), 1)
}

// ruler draws the ticks of numbers or moments.
func (p *frame) ruler() {
	f := p.figure
	p.line(inkAxis, 1, point{p.left, p.bottom}, point{p.right, p.bottom})
	deeper := false
	beyond := math.Inf(-1)
	for _, t := range f.X.Ticks(p.x0, p.x1, 9) {
		x := p.xAt(t.At)
		p.line(inkAxis, 1, point{x, p.bottom}, point{x, p.bottom + 5})
		p.write(x, p.bottom+19, labeled, 0.5, inkMuted, t.Label)
		if t.Below != "" {
			half := p.regular.measure(t.Below, labeled) / 2
			at := min(max(x, margin+half), p.right-half)
			if at-half < beyond {
				continue
			}
			beyond = at + half + 10
			p.write(at, p.bottom+35, labeled, 0.5, inkMuted, t.Below)
			deeper = true
		}
	}
	p.y = p.bottom + 30
	if deeper {
		p.y += 14
	}
	if f.X.Title != "" {
		p.write((p.left+p.right)/2, p.y+6, labeled, 0.5, inkMuted, f.X.Title)
		p.y += 16
	}
}

// names writes the categories below their slots; turned, if they are long.
func (p *frame) names() {
	p.line(inkAxis, 1, point{p.left, p.bottom}, point{p.right, p.bottom})
	longest := 0.0
	for _, c := range p.figure.Categories {
		longest = max(longest, p.regular.measure(c, labeled))
	}
	if longest <= p.slot-8 || p.slot > 150 {
		for i, c := range p.figure.Categories {
			p.write(p.xAt(float64(i)), p.bottom+19, labeled, 0.5, inkMuted, p.regular.fit(c, labeled, p.slot-4))
		}
		p.y = p.bottom + 30
	} else {
		const most = 130
		// Where the slots are narrower than a line of text, every second name or so.
		every := max(1, int(math.Ceil((labeled+2)/p.slot)))
		for i, c := range p.figure.Categories {
			if i%every == 0 {
				x := p.xAt(float64(i))
				room := min(most, (x-margin)/math.Cos(math.Pi*35/180))
				p.add(mark{text: p.regular.fit(c, labeled, room), at: point{x + 4, p.bottom + 15}, size: labeled, anchor: 1, fill: inkMuted, turned: -35})
			}
		}
		p.y = p.bottom + 22 + min(longest, most)*math.Sin(math.Pi*35/180) + 6
	}
	if title := p.figure.X.Title; title != "" {
		p.write((p.left+p.right)/2, p.y+4, labeled, 0.5, inkMuted, title)
		p.y += 14
	}
}

// hover shows all series' values at an x where the mouse is.
func (p *frame) hover() {
	f := p.figure
	xs := f.AllX()
	const most = 400 // more are narrower than a mouse can point
	if len(xs) > most || len(xs) == 0 || f.Kind == figure.Points {
		return
	}
	index := make([]int, len(f.Series))
	for i, x := range xs {
		s := spot{x0: p.left, x1: p.right, y0: p.top, y1: p.bottom, rule: p.xAt(x)}
		if i > 0 {
			s.x0 = (p.xAt(xs[i-1]) + s.rule) / 2
		}
		if i < len(xs)-1 {
			s.x1 = (p.xAt(xs[i+1]) + s.rule) / 2
		}
		if f.Kind == figure.Columns {
			s.rule = 0
		}
		lines := []string{f.PrintX(x)}
		for n, one := range f.Series {
			at, found := slices.BinarySearch(one.X[index[n]:], x)
			index[n] += at
			if !found || math.IsNaN(one.Y[index[n]]) {
				continue
			}
			y := one.Y[index[n]]
			lines = append(lines, one.Name+": "+f.Y.Unit.Print(y))
			if f.Kind == figure.Lines {
				s.dots = append(s.dots, mark{path: circle(point{p.xAt(x), p.yAt(y)}, 3.5), fill: series(n)})
			}
		}
		s.text = strings.Join(lines, "\n")
		p.spots = append(p.spots, s)
	}
}
