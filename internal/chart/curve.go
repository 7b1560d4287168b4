package chart

import (
	"math"
	"slices"
)

// stroke is what one column of dots shows of a curve: where it comes in, how
// far it reaches, where it leaves. Drawing the reach keeps every maximum,
// however many points fall into the column.
type stroke struct {
	x                      int
	first, last, low, high int
	gap                    bool // nothing joins it to the stroke before
}

func strokes(s Series, xs, ys axis) (all []stroke) {
	order := make([]int, min(len(s.X), len(s.Y)))
	for i := range order {
		order[i] = i
	}
	if !slices.IsSorted(s.X[:len(order)]) {
		slices.SortStableFunc(order, func(a, b int) int { return compare(s.X[a], s.X[b]) })
	}
	gap := true
	for _, i := range order {
		if !finite(s.X[i]) || !finite(s.Y[i]) {
			gap = true
			continue
		}
		x, y := xs.dot(s.X[i]), ys.dot(s.Y[i])
		if n := len(all); n > 0 && !gap && all[n-1].x == x {
			p := &all[n-1]
			p.last, p.low, p.high = y, min(p.low, y), max(p.high, y)
			continue
		}
		all = append(all, stroke{x: x, first: y, last: y, low: y, high: y, gap: gap})
		gap = false
	}
	return all
}

// compare orders NaN first, as slices.IsSorted does.
func compare(a, b float64) int {
	switch {
	case a < b || math.IsNaN(a) && !math.IsNaN(b):
		return -1
	case a > b || math.IsNaN(b) && !math.IsNaN(a):
		return 1
	}
	return 0
}

// curve draws a series. Without colours the second and further ones are
// broken in a rhythm of their own, so that they can be told apart.
func (p *plot) curve(index int, s Series) {
	ink := int8(min(index, 100)) + firstSeries
	set := func(x, y int) {
		if index == 0 || p.opt.Color || p.opt.ASCII || rhythm(index, x) {
			p.canvas.set(x, y, ink)
		}
	}
	if p.opt.Points {
		for i := range min(len(s.X), len(s.Y)) {
			if finite(s.X[i]) && finite(s.Y[i]) {
				p.canvas.set(p.x.dot(s.X[i]), p.y.dot(s.Y[i]), ink)
			}
		}
		return
	}
	var before stroke
	for _, k := range strokes(s, p.x, p.y) {
		if !k.gap {
			p.canvas.line(before.x, before.last, k.x, k.first, set)
		}
		p.canvas.line(k.x, k.low, k.x, k.high, set)
		before = k
	}
}

func rhythm(index, x int) bool {
	if index%2 == 1 {
		return x%6 < 3
	}
	return x%4 == 0
}
