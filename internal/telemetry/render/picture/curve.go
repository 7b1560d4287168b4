package picture

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
)

// curve draws a line from point to point, and a dot where a point has no
// neighbour.
func (p *frame) curve(i int, l figure.Layer) {
	for _, run := range runs(l) {
		points := make([]point, 0, run[1]-run[0])
		for n := run[0]; n < run[1]; n++ {
			points = append(points, point{p.xAt(l.X[n]), p.yAt(l.Top[n])})
		}
		points = thin(points)
		if len(points) == 1 {
			p.add(mark{path: circle(points[0], 3), fill: series(i)})
			continue
		}
		p.line(series(i), 2, points...)
		if len(points) <= 60 && len(p.layers) <= 4 {
			for _, q := range points {
				p.add(mark{path: circle(q, 2.4), fill: series(i)})
			}
		}
	}
}

// runs are the stretches of a layer without a gap, as from and to.
func runs(l figure.Layer) (all [][2]int) {
	from := -1
	for n := range len(l.X) + 1 {
		gap := n == len(l.X) || math.IsNaN(l.Top[n])
		switch {
		case gap && from >= 0:
			all = append(all, [2]int{from, n})
			from = -1
		case !gap && from < 0:
			from = n
		}
	}
	return all
}

// thin keeps, of the points that fall into the same half unit across, the first,
// the highest, the lowest and the last, so that no spike is lost.
func thin(points []point) []point {
	if len(points) < 4*wide {
		return points
	}
	var kept []point
	for i := 0; i < len(points); {
		slot := math.Floor(points[i].x * 2)
		low, high, j := i, i, i
		for ; j < len(points) && math.Floor(points[j].x*2) == slot; j++ {
			if points[j].y < points[low].y {
				low = j
			}
			if points[j].y > points[high].y {
				high = j
			}
		}
		last := -1
		for _, k := range []int{i, min(low, high), max(low, high), j - 1} {
			if k > last {
				kept = append(kept, points[k])
				last = k
			}
		}
		i = j
	}
	return kept
}

func (p *frame) points(i int, l figure.Layer) {
	for n, x := range l.X {
		if math.IsNaN(l.Top[n]) || x < p.x0 || x > p.x1 {
			continue
		}
		p.add(mark{path: circle(point{p.xAt(x), p.yAt(l.Top[n])}, 3.4), fill: series(i), opacity: 0.65})
		if len(l.X) <= 400 {
			at := point{p.xAt(x), p.yAt(l.Top[n])}
			text := p.figure.PrintX(x) + "\n" + p.figure.Y.Unit.Print(l.Top[n])
			if l.Name != "" {
				text = l.Name + "\n" + text
			}
			p.spots = append(p.spots, spot{x0: at.x - 5, x1: at.x + 5, y0: at.y - 5, y1: at.y + 5, text: text})
		}
	}
}

// areas draws the layers filled, those on top first where they are stacked.
func (p *frame) areas() {
	opacity := 0.72
	if p.figure.Stack == figure.Apart {
		opacity = 0.22
	}
	for i, l := range p.layers {
		for _, run := range runs(l) {
			var tops, outline []point
			for n := run[0]; n < run[1]; n++ {
				tops = append(tops, point{p.xAt(l.X[n]), p.yAt(l.Top[n])})
			}
			outline = append(outline, tops...)
			for n := run[1] - 1; n >= run[0]; n-- {
				outline = append(outline, point{p.xAt(l.X[n]), p.yAt(l.Base[n])})
			}
			p.add(mark{path: append(polyline(outline), step{op: 'Z'}), fill: series(i), opacity: opacity})
			if len(tops) == 1 {
				p.add(mark{path: circle(tops[0], 3), fill: series(i)})
				continue
			}
			p.line(series(i), 1.6, tops...)
		}
	}
}
