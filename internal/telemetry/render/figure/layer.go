package figure

import (
	"math"
	"slices"
	"time"
)

// Layer is a series as it is drawn: at each X from Base to Top. Both are NaN in a gap.
type Layer struct {
	Name         string
	X, Base, Top []float64
}

// Layers are the series with their stack worked out. Of a full stack the tops are
// shares of 100.
func (f *Figure) Layers() []Layer {
	layers := make([]Layer, len(f.Series))
	if f.Stack == Apart {
		for i, s := range f.Series {
			layers[i] = Layer{s.Name, s.X, make([]float64, len(s.X)), s.Y}
		}
		return layers
	}
	xs := f.AllX()
	index := make(map[float64]int, len(xs))
	for i, x := range xs {
		index[x] = i
	}
	up, down, whole := make([]float64, len(xs)), make([]float64, len(xs)), make([]float64, len(xs))
	if f.Stack == Full {
		for _, s := range f.Series {
			for i, y := range s.Y {
				if !math.IsNaN(y) {
					whole[index[s.X[i]]] += math.Abs(y)
				}
			}
		}
	}
	for n, s := range f.Series {
		// Where a series has no value it adds nothing, so that those above stay whole.
		values := make([]float64, len(xs))
		for i, y := range s.Y {
			if at := index[s.X[i]]; !math.IsNaN(y) {
				if f.Stack == Full {
					y = 100 * y / whole[at]
				}
				if !math.IsNaN(y) {
					values[at] += y
				}
			}
		}
		l := Layer{s.Name, xs, make([]float64, len(xs)), make([]float64, len(xs))}
		for i, v := range values {
			side := up
			if v < 0 {
				side = down
			}
			l.Base[i] = side[i]
			side[i] += v
			l.Top[i] = side[i]
		}
		layers[n] = l
	}
	return layers
}

// AllX are the places along x at which any series has a point, ascending.
func (f *Figure) AllX() []float64 {
	var xs []float64
	for _, s := range f.Series {
		xs = append(xs, s.X...)
	}
	slices.Sort(xs)
	return slices.Compact(xs)
}

// Step is the least distance between two places along x, 1 if there are none.
func (f *Figure) Step() float64 {
	xs := f.AllX()
	step := math.Inf(1)
	for i := 1; i < len(xs); i++ {
		step = min(step, xs[i]-xs[i-1])
	}
	if math.IsInf(step, 1) {
		return 1
	}
	return step
}

// Bounds are where the axes begin and end: around all layers and 0, unless the
// figure is one of points or has a logarithmic axis, and as far as the render told.
func (f *Figure) Bounds(layers []Layer) (x0, x1, y0, y1 float64) {
	x0, y0 = math.Inf(1), math.Inf(1)
	x1, y1 = math.Inf(-1), math.Inf(-1)
	fromZero := f.Kind == Areas || f.Kind == Columns || f.Kind == Bars
	for _, l := range layers {
		for i, x := range l.X {
			if math.IsNaN(l.Top[i]) {
				continue
			}
			x0, x1 = min(x0, x), max(x1, x)
			y0, y1 = min(y0, l.Top[i]), max(y1, l.Top[i])
			if fromZero && !f.Y.Log {
				y0, y1 = min(y0, l.Base[i]), max(y1, l.Base[i])
			}
		}
	}
	if f.Kind != Points && !f.Y.Log && y0 > 0 {
		y0 = 0
	}
	if f.X.Scale == Names {
		x0, x1 = 0, float64(max(len(f.Categories)-1, 0))
	}
	if f.Stack == Full {
		y0, y1 = min(y0, 0), 100
		if y0 < 0 {
			y0 = -100
		}
	}
	x0, x1 = f.X.told(x0, x1)
	y0, y1 = f.Y.told(y0, y1)
	return x0, x1, y0, y1
}

// told is low and high as far as the axis was not told otherwise, and apart.
func (a Axis) told(low, high float64) (float64, float64) {
	if !math.IsNaN(a.Min) {
		low = a.Min
	}
	if !math.IsNaN(a.Max) {
		high = a.Max
	}
	switch {
	case high > low:
		return low, high
	case a.Scale == Names:
		return low, low
	case low == 0:
		return 0, 1
	case a.Scale == Moments:
		return low - 30, low + 30
	}
	margin := math.Abs(low) / 2
	return low - margin, low + margin
}

// PrintX writes a place along x in full.
func (f *Figure) PrintX(x float64) string {
	switch f.X.Scale {
	case Names:
		if i := int(x); i >= 0 && i < len(f.Categories) {
			return f.Categories[i]
		}
		return ""
	case Moments:
		t := time.Unix(0, int64(math.Round(x*1e3))*1e6).UTC()
		if math.Abs(x) > 9e9 { // more nanoseconds than there are
			t = time.Unix(int64(x), 0).UTC()
		}
		return t.Format("2006-01-02 15:04:05.999") + "Z"
	}
	return f.X.Unit.Print(x)
}
