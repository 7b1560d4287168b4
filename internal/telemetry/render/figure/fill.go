package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// fill puts the rows into the figure's series.
func (c columns) fill(f *Figure, r *table.Result) {
	names := make([]string, len(c.values))
	timespans := true
	for i, column := range c.values {
		names[i] = r.Columns[column].Name
		timespans = timespans && r.Columns[column].Type == schema.Timespan
	}
	f.Y.Unit = unitOf(names)
	if timespans {
		f.Y.Unit = Seconds
	}
	if len(names) == 1 {
		f.Y.Title = names[0]
	}
	b := builder{f: f, series: map[string]int{}, categories: map[string]int{}}
	b.scale(c, r)
	for n, row := range r.Rows {
		if f.Kind == Cards && n > 0 {
			f.Notes = append(f.Notes, fmt.Sprintf("the first of %d rows is shown", len(r.Rows)))
			break
		}
		prefix := c.seriesName(row)
		for i, column := range c.values {
			name := names[i]
			switch {
			case prefix != "" && len(c.values) == 1:
				name = prefix
			case prefix != "":
				name = prefix + ": " + names[i]
			}
			if c.arrays {
				b.array(name, c, row, column)
				continue
			}
			y, ok := numberOf(at(row, column))
			if !ok {
				y = math.NaN()
			}
			b.point(name, c.xOf(&b, row, n), y)
		}
	}
	b.finish()
	if len(c.series) > 0 { // whatever the order of the rows, a name keeps its colour
		slices.SortStableFunc(f.Series, func(a, b Series) int { return cmp.Compare(a.Name, b.Name) })
	}
	if len(c.series) == 0 && len(c.values) == 1 {
		f.Legend = false // the axis says it
	}
}

// builder gathers points into series.
type builder struct {
	f          *Figure
	series     map[string]int
	categories map[string]int
}

// scale decides what runs along x.
func (b *builder) scale(c columns, r *table.Result) {
	x := &b.f.X
	if c.x < 0 {
		if b.f.Kind == Columns || b.f.Kind == Bars || b.f.Kind == Pie || b.f.Kind == Cards {
			x.Scale = Names
		}
		return
	}
	column := r.Columns[c.x]
	x.Title = column.Name
	switch role := roles(r)[c.x]; {
	case b.f.Kind == Pie, b.f.Kind == Cards, role == text, role == nothing, column.Type == schema.Dynamic && !c.arrays && role != number:
		x.Scale = Names
	case role == moment || role == arrayOfMoments:
		x.Scale, x.Title = Moments, ""
	case (b.f.Kind == Columns || b.f.Kind == Bars) && role == number:
		x.Scale = Names // a column a number, as the portal draws it
	default:
		x.Unit = unitOf([]string{column.Name})
		if column.Type == schema.Timespan {
			x.Unit = Seconds
		}
	}
}

// xOf is where a row lies along x.
func (c columns) xOf(b *builder, row []value.Value, n int) float64 {
	if c.x < 0 {
		if b.f.X.Scale == Names {
			return b.category("")
		}
		return float64(n)
	}
	v := at(row, c.x)
	switch b.f.X.Scale {
	case Names:
		return b.category(v.Text())
	case Moments:
		if x, ok := momentOf(v); ok {
			return x
		}
		return math.NaN()
	}
	if x, ok := numberOf(v); ok {
		return x
	}
	return math.NaN()
}

func (b *builder) category(name string) float64 {
	i, known := b.categories[name]
	if !known {
		i = len(b.f.Categories)
		b.categories[name] = i
		b.f.Categories = append(b.f.Categories, name)
	}
	return float64(i)
}

func (c columns) seriesName(row []value.Value) string {
	var parts []string
	for _, i := range c.series {
		text := at(row, i).Text()
		if text == "" {
			text = "(empty)"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func (b *builder) point(name string, x, y float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	if math.IsInf(y, 0) {
		y = math.NaN()
	}
	i, known := b.series[name]
	if !known {
		i = len(b.f.Series)
		b.series[name] = i
		b.f.Series = append(b.f.Series, Series{Name: name})
	}
	s := &b.f.Series[i]
	s.X, s.Y = append(s.X, x), append(s.Y, y)
}

// array adds a row whose x and values are arrays.
func (b *builder) array(name string, c columns, row []value.Value, column int) {
	xs := at(row, max(c.x, 0)).Elems()
	for i, e := range at(row, column).Elems() {
		x := float64(i)
		if c.x >= 0 {
			if i >= len(xs) {
				break
			}
			var ok bool
			if x, ok = momentOf(xs[i]); !ok {
				if x, ok = numberOf(xs[i]); !ok {
					continue
				}
			}
		}
		y, ok := numberOf(e)
		if !ok {
			y = math.NaN()
		}
		b.point(name, x, y)
	}
}

// finish sorts along x, joins what stands at the same place of a stack or a
// category, and leaves out what nobody could tell apart.
func (b *builder) finish() {
	f := b.f
	for i := range f.Series {
		f.Series[i].sort()
		if f.X.Scale == Names || f.Kind == Columns || f.Kind == Bars || f.Stack != Apart {
			f.Series[i].join()
		}
	}
	if n := len(f.Series); n > mostSeries {
		total := func(s Series) (sum float64) {
			for _, y := range s.Y {
				if !math.IsNaN(y) {
					sum += math.Abs(y)
				}
			}
			return sum
		}
		largest := slices.Clone(f.Series)
		slices.SortStableFunc(largest, func(a, b Series) int { return cmp.Compare(total(b), total(a)) })
		least := total(largest[mostSeries-1])
		f.Series = slices.DeleteFunc(f.Series, func(s Series) bool { return total(s) < least })
		f.Series = f.Series[:min(mostSeries, len(f.Series))]
		f.Notes = append(f.Notes, fmt.Sprintf("the %d largest of %d series are drawn", len(f.Series), n))
	}
	switch {
	case f.Kind == Pie:
		f.slices()
	case len(f.Categories) > mostCategories:
		f.Notes = append(f.Notes, fmt.Sprintf("the first %d of %d are drawn", mostCategories, len(f.Categories)))
		f.Categories = f.Categories[:mostCategories]
		for i, s := range f.Series {
			n, _ := slices.BinarySearch(s.X, mostCategories)
			f.Series[i].X, f.Series[i].Y = s.X[:n], s.Y[:n]
		}
	}
}

func (s *Series) sort() {
	if slices.IsSorted(s.X) {
		return
	}
	order := make([]int, len(s.X))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.X[a], s.X[b]) })
	x, y := make([]float64, len(order)), make([]float64, len(order))
	for i, o := range order {
		x[i], y[i] = s.X[o], s.Y[o]
	}
	s.X, s.Y = x, y
}

// join adds up the values at the same x.
func (s *Series) join() {
	n := 0
	for i := range s.X {
		if n > 0 && s.X[n-1] == s.X[i] {
			switch {
			case math.IsNaN(s.Y[n-1]):
				s.Y[n-1] = s.Y[i]
			case !math.IsNaN(s.Y[i]):
				s.Y[n-1] += s.Y[i]
			}
			continue
		}
		s.X[n], s.Y[n] = s.X[i], s.Y[i]
		n++
	}
	s.X, s.Y = s.X[:n], s.Y[:n]
}

// slices makes a pie's slices of the first series, the largest first and the
// small ones together.
func (f *Figure) slices() {
	s := f.Series[0]
	if len(f.Series) > 1 {
		f.Notes = append(f.Notes, "a pie shows one series: "+s.Name)
	}
	type slice struct {
		name string
		y    float64
	}
	var all []slice
	for i, x := range s.X {
		if y := s.Y[i]; y > 0 {
			all = append(all, slice{f.Categories[int(x)], y})
		} else {
			f.Notes = append(f.Notes, fmt.Sprintf("%q has no share: it is %v", f.Categories[int(x)], y))
		}
	}
	slices.SortStableFunc(all, func(a, b slice) int { return cmp.Compare(b.y, a.y) })
	if len(all) > mostSlices {
		rest := slice{name: fmt.Sprintf("%d others", len(all)-mostSlices+1)}
		for _, one := range all[mostSlices-1:] {
			rest.y += one.y
		}
		all = append(all[:mostSlices-1], rest)
	}
	s.X, s.Y, f.Categories = nil, nil, nil
	for i, one := range all {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, one.y)
		f.Categories = append(f.Categories, one.name)
	}
	f.Series = []Series{s}
}

func at(row []value.Value, i int) value.Value {
	if i < len(row) {
		return row[i]
	}
	return value.Null
}
