package picture

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// pie draws a ring of slices and beside it their names, values and shares.
func (l *layout) pie() {
	f := l.figure
	s := f.Series[0]
	const outer, inner = 130.0, 74.0
	line := labeled + 12
	height := max(2*outer, line*float64(len(s.Y))) + 20
	center := point{margin + 60 + outer, l.y + height/2}
	total := 0.0
	for _, y := range s.Y {
		total += y
	}
	name, printed := 0.0, 0.0
	for i, y := range s.Y {
		name = max(name, l.regular.measure(f.Categories[i], labeled+1))
		printed = max(printed, l.regular.measure(f.Y.Unit.Print(y), labeled+1))
	}
	name = min(name, 330)
	x := center.x + outer + 60
	y := center.y - line*float64(len(s.Y))/2
	from := -math.Pi / 2
	for i, v := range s.Y {
		share := v / total
		to := from + 2*math.Pi*share
		l.add(mark{path: ring(center, inner, outer, from, to), fill: series(i)})
		label := f.Categories[i]
		l.spots = append(l.spots, spotOfRing(center, outer, from, to, fmt.Sprintf("%s\n%s, %.1f %%", label, f.Y.Unit.Print(v), 100*share)))
		l.rect(series(i), x, y+4, x+11, y+15)
		l.write(x+20, y+14, labeled+1, 0, inkText, l.regular.fit(label, labeled+1, name+1))
		l.write(x+20+name+24+printed, y+14, labeled+1, 1, inkText, f.Y.Unit.Print(v))
		l.write(x+20+name+24+printed+70, y+14, labeled+1, 1, inkMuted, fmt.Sprintf("%.1f %%", 100*share))
		y += line
		from = to
	}
	sum := f.Y.Unit.Print(total)
	l.add(mark{text: sum, at: point{center.x, center.y + 4}, size: 20, anchor: 0.5, bold: true, fill: inkText})
	l.write(center.x, center.y+22, labeled, 0.5, inkMuted, l.regular.fit(orElse(f.Y.Title, "in all"), labeled, 2*inner-24))
	l.y += height
}

// ring is a slice of a ring, with a hair of space to the next.
func ring(c point, inner, outer, from, to float64) []step {
	if space := 0.012; to-from > 4*space && to-from < 2*math.Pi-space {
		from, to = from+space/2, to-space/2
	}
	at := func(r, angle float64) point {
		sin, cos := math.Sincos(angle)
		return point{c.x + r*cos, c.y + r*sin}
	}
	path := []step{{op: 'M', to: at(outer, from)}}
	path = arc(path, c, outer, from, to)
	path = append(path, step{op: 'L', to: at(inner, to)})
	path = arc(path, c, inner, to, from)
	return append(path, step{op: 'Z'})
}

// arc bends along a circle, in pieces of at most a quarter.
func arc(path []step, c point, r, from, to float64) []step {
	pieces := max(1, math.Ceil(math.Abs(to-from)/(math.Pi/2)-1e-9))
	turn := (to - from) / pieces
	k := 4.0 / 3 * math.Tan(turn/4) * r
	for n := range int(pieces) {
		a := from + turn*float64(n)
		sa, ca := math.Sincos(a)
		sb, cb := math.Sincos(a + turn)
		p, q := point{c.x + r*ca, c.y + r*sa}, point{c.x + r*cb, c.y + r*sb}
		path = append(path, step{'C', point{p.x - k*sa, p.y + k*ca}, point{q.x + k*sb, q.y - k*cb}, q})
	}
	return path
}

// spotOfRing is a square about the middle of a slice.
func spotOfRing(c point, outer, from, to float64, text string) spot {
	sin, cos := math.Sincos((from + to) / 2)
	x, y := c.x+cos*outer*0.78, c.y+sin*outer*0.78
	size := min(28, max(4, (to-from)*outer*0.35))
	return spot{x0: x - size, x1: x + size, y0: y - size, y1: y + size, text: text}
}

// cards writes each value large, its name above.
func (l *layout) cards() {
	const height, size = 92.0, 34.0
	f := l.figure
	each := min(4, len(f.Series))
	width := (wide - 2*margin - 14*float64(each-1)) / float64(each)
	for i, s := range f.Series {
		x := margin + float64(i%each)*(width+14)
		if i > 0 && i%each == 0 {
			l.y += height + 14
		}
		l.rect(inkGrid, x, l.y, x+width, l.y+height)
		l.rect(series(i), x, l.y, x+4, l.y+height)
		l.write(x+20, l.y+28, labeled+1, 0, inkMuted, l.regular.fit(s.Name, labeled+1, width-32))
		text := "no value"
		if len(s.Y) > 0 && !math.IsNaN(s.Y[0]) {
			text = figure.UnitOf(s.Name, f.Y.Unit).Print(s.Y[0])
		}
		l.add(mark{text: text, at: point{x + 20, l.y + 70}, size: size, fill: inkText, bold: true})
	}
	l.y += height + 10
}
