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
		{Name: "series_stats", Args: []string{"array, bool!?"}, Type: schema.Dynamic, Columns: statsColumns, Eval: func(args []value.Value) value.Value { return value.Array(stats(args)) }},
		{Name: "series_stats_dynamic", Args: []string{"array, bool!?"}, Type: schema.Dynamic, Eval: statsBag},
		{Name: "series_fit_line", Args: []string{"array"}, Type: schema.Dynamic, Columns: fitColumns, Eval: func(args []value.Value) value.Value { return value.Array(fit(args[0])) }},
		{Name: "series_fit_line_dynamic", Args: []string{"array"}, Type: schema.Dynamic, Eval: func(args []value.Value) value.Value { return bagOf(fitNames, fit(args[0])) }},
		{Name: "series_fill_const", Args: []string{"array, number?, number?"}, Type: schema.Dynamic, Label: FirstArgument, Eval: fillConst},
		{Name: "series_fill_forward", Args: []string{"array, number?"}, Type: schema.Dynamic, Label: FirstArgument, TakesNull: true, Eval: fillNeighbour(1)},
		{Name: "series_fill_backward", Args: []string{"array, number?"}, Type: schema.Dynamic, Label: FirstArgument, TakesNull: true, Eval: fillNeighbour(-1)},
		{Name: "series_sum", Args: []string{"array"}, Type: schema.Real, Eval: arraySum},
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
	all := stats(args)
	sum := 0.0
	for _, e := range args[0].Elems() {
		if x, ok := finite(e); ok {
			sum += x
		}
	}
	if all[0].IsNull() {
		return bagOf(append(slices.Clone(statsNames), "sum", "len"), make([]value.Value, len(statsNames)+2))
	}
	return bagOf(append(slices.Clone(statsNames), "sum", "len"), append(all, value.Real(sum), value.Long(int64(len(args[0].Elems())))))
}

// finite is the number that an element is; not ok for null, NaN, an infinity and
// what is no number.
func finite(v value.Value) (float64, bool) {
	x, _ := v.Float()
	return x, isNumeric(v) && !math.IsNaN(x) && !math.IsInf(x, 0)
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

// stats are null if any element is not a finite number, unless the second
// argument says to pass over those.
func stats(args []value.Value) []value.Value {
	v, ignore := args[0], len(args) > 1 && args[1].Bool()
	low, high := math.Inf(1), math.Inf(-1)
	lowAt, highAt := int64(-1), int64(-1)
	n, mean, m2, sum := 0.0, 0.0, 0.0, 0.0
	for i, e := range v.Elems() {
		x, ok := finite(e)
		if !ok && !ignore {
			return make([]value.Value, len(statsNames))
		}
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

// fit is the line of least squares through the elements, over 1, 2, 3 and so on:
// r², slope, variance, residual variance, interception and the line itself. A
// series with an element that is no number has none.
func fit(v value.Value) []value.Value {
	y, ok := numbersOf(v)
	if !ok || len(y) < 2 {
		return make([]value.Value, len(fitNames))
	}
	n := float64(len(y))
	mx, my := (n+1)/2, 0.0
	for _, e := range y {
		my += e / n
	}
	xx, xy := 0.0, 0.0
	for i, e := range y {
		dx := float64(i+1) - mx
		xx += dx * dx
		xy += dx * (e - my)
	}
	slope := xy / xx
	interception := my - slope*mx
	line := make([]float64, len(y))
	for i := range line {
		line[i] = interception + slope*float64(i+1)
	}
	rsquare, variance, rvariance := goodness(y, line)
	return []value.Value{
		value.Real(rsquare), value.Real(slope), value.Real(variance), value.Real(rvariance), value.Real(interception), realsArray(line),
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
		last, seen := value.Null, false
		for k := range elems {
			i := k
			if step < 0 {
				i = len(elems) - 1 - k
			}
			missing := elems[i].IsNull()
			if len(args) > 1 && !args[1].IsNull() {
				missing = value.Equal(elems[i], args[1])
			}
			if !missing {
				last, seen = elems[i], true
			}
			if out[i] = last; !seen {
				out[i] = elems[i]
			}
		}
		return value.Array(out)
	}
}
