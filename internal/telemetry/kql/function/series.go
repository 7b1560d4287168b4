package function

import (
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// series are the functions on arrays of numbers, one a bin.
func series() []Func {
	all := []Func{
		{Name: "series_stats", Args: []string{"array, bool!?"}, Type: schema.Dynamic, Columns: statsColumns, Eval: func(args []value.Value) value.Value { return value.Array(stats(args[0])) }},
		{Name: "series_stats_dynamic", Args: []string{"array, bool!?"}, Type: schema.Dynamic, Eval: statsBag},
		{Name: "series_fit_line", Args: []string{"array"}, Type: schema.Dynamic, Columns: fitColumns, Eval: func(args []value.Value) value.Value { return value.Array(fit(args[0])) }},
		{Name: "series_fit_line_dynamic", Args: []string{"array"}, Type: schema.Dynamic, Eval: func(args []value.Value) value.Value { return bagOf(fitNames, fit(args[0])) }},
		{Name: "series_fill_const", Args: []string{"array, number?, number?"}, Type: schema.Dynamic, Label: FirstArgument, Eval: fillConst},
		{Name: "series_fill_forward", Args: []string{"array"}, Type: schema.Dynamic, Label: FirstArgument, Eval: fillNeighbour(1)},
		{Name: "series_fill_backward", Args: []string{"array"}, Type: schema.Dynamic, Label: FirstArgument, Eval: fillNeighbour(-1)},
		{Name: "series_sum", Args: []string{"array"}, Type: schema.Real, Eval: arraySum},
	}
	for name, of := range map[string]func(a, b float64) float64{
		"series_add":      func(a, b float64) float64 { return a + b },
		"series_subtract": func(a, b float64) float64 { return a - b },
		"series_multiply": func(a, b float64) float64 { return a * b },
		"series_divide":   func(a, b float64) float64 { return a / b },
	} {
		all = append(all, Func{Name: name, Args: []string{"array, array", "array, number", "number, array"}, Type: schema.Dynamic, Eval: elementwise(of)})
	}
	return all
}

var (
	statsNames = []string{"min", "min_idx", "max", "max_idx", "avg", "stdev", "variance"}
	fitNames   = []string{"rsquare", "slope", "variance", "rvariance", "interception", "line_fit"}
)

// statsBag has the sum and the number of elements besides.
func statsBag(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	all := append(stats(args[0]), arraySum(args), value.Long(int64(len(args[0].Elems()))))
	return bagOf(append(slices.Clone(statsNames), "sum", "len"), all)
}

func statsColumns(args []Arg) (out []schema.Column) {
	for _, n := range statsNames {
		t := schema.Real
		if n == "min_idx" || n == "max_idx" {
			t = schema.Long
		}
		out = append(out, schema.Column{Name: "series_stats_" + args[0].Name + "_" + n, Type: t})
	}
	return out
}

func fitColumns(args []Arg) (out []schema.Column) {
	for _, n := range fitNames {
		t := schema.Real
		if n == "line_fit" {
			t = schema.Dynamic
		}
		out = append(out, schema.Column{Name: "series_fit_line_" + args[0].Name + "_" + n, Type: t})
	}
	return out
}

func bagOf(names []string, values []value.Value) value.Value {
	b := value.NewBag(len(names))
	for i, n := range names {
		if i < len(values) {
			b.Set(n, values[i])
		}
	}
	return value.FromBag(b)
}

// stats are over the elements that are numbers.
func stats(v value.Value) []value.Value {
	low, high := math.Inf(1), math.Inf(-1)
	lowAt, highAt := int64(-1), int64(-1)
	n, mean, m2, sum := 0.0, 0.0, 0.0, 0.0
	for i, e := range v.Elems() {
		x, ok := e.Float()
		if !ok {
			continue
		}
		if x < low {
			low, lowAt = x, int64(i)
		}
		if x > high {
			high, highAt = x, int64(i)
		}
		n++
		sum += x
		d := x - mean
		mean += d / n
		m2 += d * (x - mean)
	}
	if n == 0 {
		return make([]value.Value, len(statsNames))
	}
	variance := 0.0
	if n > 1 {
		variance = m2 / (n - 1)
	}
	return []value.Value{
		value.Real(low), value.Long(lowAt), value.Real(high), value.Long(highAt),
		value.Real(sum / n), value.Real(math.Sqrt(variance)), value.Real(variance),
	}
}

// fit is the line of least squares through the elements, over their indexes:
// r², slope, variance, residual variance, interception and the line itself.
func fit(v value.Value) []value.Value {
	elems := v.Elems()
	n, sx, sy := 0.0, 0.0, 0.0
	for i, e := range elems {
		if y, ok := e.Float(); ok {
			n++
			sx += float64(i)
			sy += y
		}
	}
	if n < 2 {
		return make([]value.Value, len(fitNames))
	}
	mx, my := sx/n, sy/n
	xx, xy, yy := 0.0, 0.0, 0.0
	for i, e := range elems {
		if y, ok := e.Float(); ok {
			dx, dy := float64(i)-mx, y-my
			xx += dx * dx
			xy += dx * dy
			yy += dy * dy
		}
	}
	slope := xy / xx
	start := my - slope*mx
	residual := 0.0
	line := make([]value.Value, len(elems))
	for i, e := range elems {
		at := start + slope*float64(i)
		line[i] = value.Real(at)
		if y, ok := e.Float(); ok {
			residual += (y - at) * (y - at)
		}
	}
	rsquare := 1.0
	if yy > 0 {
		rsquare = 1 - residual/yy
	}
	return []value.Value{
		value.Real(rsquare), value.Real(slope), value.Real(yy / (n - 1)), value.Real(residual / (n - 1)), value.Real(start), value.Array(line),
	}
}

func fillConst(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	with := value.Long(0)
	if len(args) > 1 {
		with = args[1]
	}
	out := make([]value.Value, len(args[0].Elems()))
	for i, e := range args[0].Elems() {
		if out[i] = e; e.IsNull() || len(args) > 2 && value.Equal(e, args[2]) {
			out[i] = with
		}
	}
	return value.Array(out)
}

func fillNeighbour(step int) Eval {
	return func(args []value.Value) value.Value {
		if !isArray(args[0]) {
			return value.Null
		}
		elems := args[0].Elems()
		out := make([]value.Value, len(elems))
		last := value.Null
		for k := range elems {
			i := k
			if step < 0 {
				i = len(elems) - 1 - k
			}
			if !elems[i].IsNull() {
				last = elems[i]
			}
			out[i] = last
		}
		return value.Array(out)
	}
}

func elementwise(of func(a, b float64) float64) Eval {
	return func(args []value.Value) value.Value {
		n := max(len(args[0].Elems()), len(args[1].Elems()))
		at := func(v value.Value, i int) (float64, bool) {
			if !isArray(v) {
				return v.Float()
			}
			if i >= len(v.Elems()) {
				return 0, false
			}
			return v.Elems()[i].Float()
		}
		out := make([]value.Value, n)
		for i := range out {
			a, okA := at(args[0], i)
			b, okB := at(args[1], i)
			if okA && okB {
				out[i] = value.Real(of(a, b))
			}
		}
		return value.Array(out)
	}
}
