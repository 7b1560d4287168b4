package picture

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// columns draws a series' upright bars: beside those of the others, or on top.
func (p *frame) columns(i int, l figure.Layer) {
	width := min(p.slot*0.78, 90)
	if p.slot < 4 {
		width = p.slot // as a wall, without gaps
	}
	from := -width / 2
	if p.figure.Stack == figure.Apart {
		width /= float64(len(p.layers))
		from += width * float64(i)
	}
	for n, x := range l.X {
		top, base := l.Top[n], max(l.Base[n], p.y0)
		if math.IsNaN(top) || top == base {
			continue
		}
		at := p.xAt(x) + from
		space := min(1, width/6)
		if p.figure.Stack != figure.Apart || len(p.layers) == 1 {
			space = 0
		}
		p.rect(series(i), at, min(p.yAt(top), p.yAt(base)), at+width-space, max(p.yAt(top), p.yAt(base)))
	}
}

// bars draws lying bars, a category a line, its name at the left.
func (l *layout) bars() {
	f := l.figure
	layers := f.Layers()
	_, _, low, high := f.Bounds(layers)
	low, high = min(low, 0), max(high, 0)
	unit := f.Y
	if f.Stack == figure.Full {
		unit.Unit = figure.Percent
	}
	names := f.Categories
	slotOf := func(x float64) int { return int(x) }
	if f.X.Scale != figure.Names {
		names = nil
		at := map[float64]int{}
		for i, x := range f.AllX() {
			names = append(names, f.PrintX(x))
			at[x] = i
		}
		slotOf = func(x float64) int { return at[x] }
	}
	label, printed := 0.0, 0.0
	for _, name := range names {
		label = max(label, l.regular.measure(name, labeled))
	}
	label = min(label, 280)
	single := len(layers) == 1
	if single {
		for _, y := range layers[0].Top {
			if !math.IsNaN(y) {
				printed = max(printed, l.regular.measure(unit.Unit.Print(y), labeled)+8)
			}
		}
	}
	left, right := margin+label+10, wide-margin-printed
	bar := 18.0
	if f.Stack == figure.Apart {
		bar = max(7, 20/math.Sqrt(float64(len(layers)))) * float64(len(layers))
	}
	slot := bar + 8
	x := func(v float64) float64 { return left + (right-left)*(v-low)/(high-low) }
	if f.Y.Title != "" {
		l.write(left, l.y+labeled-2, labeled, 0, inkMuted, l.regular.fit(f.Y.Title, labeled, right-left))
		l.y += labeled + 8
	}
	top, bottom := l.y, l.y+slot*float64(len(names))+4
	for _, t := range unit.Ticks(low, high, 7) {
		color := inkGrid
		if t.At == 0 {
			color = inkAxis
		}
		l.line(color, 1, point{x(t.At), top}, point{x(t.At), bottom})
		l.write(x(t.At), bottom+16, labeled, 0.5, inkMuted, t.Label)
	}
	for i, name := range names {
		l.write(left-8, top+slot*(float64(i)+0.5)+6, labeled, 1, inkText, l.regular.fit(name, labeled, label+1))
	}
	for i, layer := range layers {
		for n, at := range layer.X {
			if math.IsNaN(layer.Top[n]) || slotOf(at) >= len(names) {
				continue
			}
			y0, thick := top+slot*float64(slotOf(at))+6, bar
			if f.Stack == figure.Apart {
				thick = bar / float64(len(layers))
				y0 += thick * float64(i)
			}
			a, b := x(layer.Base[n]), x(layer.Top[n])
			l.rect(series(i), min(a, b), y0, max(a, b), y0+thick-min(1, float64(len(layers)-1)))
			text := unit.Unit.Print(layer.Top[n] - layer.Base[n])
			if single {
				l.write(max(b, a)+6, y0+thick/2+4, labeled, 0, inkText, text)
			}
			hint := names[slotOf(at)] + "\n" + text
			if layer.Name != "" {
				hint = names[slotOf(at)] + "\n" + layer.Name + ": " + text
			}
			l.spots = append(l.spots, spot{x0: min(a, b), x1: max(a, b), y0: y0, y1: y0 + thick, text: hint})
		}
	}
	l.y = bottom + 28
}
