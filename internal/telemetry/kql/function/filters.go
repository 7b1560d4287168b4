package function

import (
	"errors"
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// filters are the functions that make a series of a series: filters, the line
// between what is missing, the part that comes again.
func filters() []Func {
	return []Func{
		{Name: "series_fir", Args: []string{"array, array, bool?, bool?"}, Type: schema.Dynamic, Label: FirstArgument, Make: makeFIR},
		{Name: "series_iir", Args: []string{"array, array, array"}, Type: schema.Dynamic, Label: FirstArgument, Eval: iir},
		{Name: "series_fill_linear", Args: []string{"array, number?, bool?, number?"}, Type: schema.Dynamic, Label: FirstArgument, TakesNull: true, Eval: fillLinear},
		{Name: "series_seasonal", Args: []string{"array, integer"}, Type: schema.Dynamic, Make: makeSeasonal},
	}
}

// maxWork bounds how many products a filter may take.
const maxWork = 1 << 28

// makeFIR weighs each element and those before it, or, centred, those around it;
// beyond the ends there are zeros. Which of the two in the middle of an even
// filter Kusto centres is not documented, so that is refused.
func makeFIR(described []Arg) (Eval, error) {
	if len(described) > 3 && (described[1].Const == nil || len(described[1].Const.Elems())%2 == 0) && (described[3].Const == nil || described[3].Const.Bool()) {
		return nil, errors.New("a filter that is centred is to be a constant with an odd number of coefficients")
	}
	return fir, nil
}

func fir(args []value.Value) value.Value {
	in, ok1 := numbersOf(args[0])
	weights, ok2 := numbersOf(args[1])
	if !ok1 || !ok2 || len(weights) == 0 || len(in)*len(weights) > maxWork {
		return value.Null
	}
	sum, negative := 0.0, false
	for _, w := range weights {
		sum += w
		negative = negative || w < 0
	}
	normalize := !negative
	if len(args) > 2 {
		normalize = args[2].Bool()
	}
	if normalize && negative {
		return value.Null
	}
	if !normalize {
		sum = 1
	}
	ahead := 0
	if len(args) > 3 && args[3].Bool() {
		ahead = len(weights) / 2
	}
	out := make([]float64, len(in))
	for i := range in {
		for k, w := range weights {
			if from := i + ahead - k; from >= 0 && from < len(in) {
				out[i] += w * in[from]
			}
		}
		out[i] /= sum
	}
	return realsArray(out)
}

// iir is the recursive filter of the reference: what went in, weighed by the
// numerators, less what came out, weighed by the denominators.
func iir(args []value.Value) value.Value {
	in, ok1 := numbersOf(args[0])
	b, ok2 := numbersOf(args[1])
	a, ok3 := numbersOf(args[2])
	if !ok1 || !ok2 || !ok3 || len(a) == 0 || len(b) == 0 || a[0] == 0 || len(in)*(len(a)+len(b)) > maxWork {
		return value.Null
	}
	y := make([]float64, len(in))
	for i := range in {
		for k := 0; k < len(b) && k <= i; k++ {
			y[i] += b[k] * in[i-k]
		}
		for k := 1; k < len(a) && k <= i; k++ {
			y[i] -= a[k] * y[i-k]
		}
		y[i] /= a[0]
	}
	return realsArray(y)
}

func realsArray(x []float64) value.Value {
	out := make([]value.Value, len(x))
	for i, f := range x {
		out[i] = value.Real(f)
	}
	return value.Array(out)
}

// fillLinear draws a line between the neighbours of what is missing; in a series
// of whole numbers its values are cut to whole ones. The ends take the nearest
// value, and a series of nothing the constant.
func fillLinear(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	missing := func(v value.Value) bool { return v.IsNull() }
	if len(args) > 1 && !args[1].IsNull() {
		missing = func(v value.Value) bool { return isNumeric(v) && value.Equal(v, args[1]) }
	}
	edges := len(args) < 3 || args[2].IsNull() || args[2].Bool()
	elems := args[0].Elems()
	out := slices.Clone(elems)
	last, whole := -1, true
	for _, e := range elems {
		whole = whole && (isWhole(e) || missing(e))
	}
	for i, e := range elems {
		if missing(e) {
			continue
		}
		for k := last + 1; k < i; k++ {
			switch {
			case last < 0 && edges:
				out[k] = e
			case last >= 0 && isNumeric(elems[last]) && isNumeric(e):
				a, _ := elems[last].Float()
				z, _ := e.Float()
				x := a + (z-a)*float64(k-last)/float64(i-last)
				if whole {
					out[k] = value.Long(int64(math.Trunc(x)))
				} else {
					out[k] = value.Real(x)
				}
			}
		}
		last = i
	}
	for k := last + 1; k < len(out); k++ {
		switch {
		case last >= 0 && edges:
			out[k] = elems[last]
		case last < 0 && len(args) > 3:
			out[k] = args[3]
		case last < 0:
			out[k] = value.Real(0)
		}
	}
	return value.Array(out)
}

// makeSeasonal wants a period: Kusto can find one by itself, in a way that is not
// documented.
func makeSeasonal(described []Arg) (Eval, error) {
	if c := described[1].Const; c == nil || c.Long() == -1 {
		return nil, errors.New("the period is to be given, as a constant: stanch does not find it by itself")
	}
	return seasonal, nil
}

// seasonal is, for each element, the median of those that stand at the same place
// of their period; zeros for a period that is none.
func seasonal(args []value.Value) value.Value {
	in, ok := numbersOf(args[0])
	period := args[1].Long()
	if !ok {
		return value.Null
	}
	if period < 1 {
		return realsArray(make([]float64, len(in)))
	}
	n := int64(len(in))
	out := make([]float64, n)
	for phase := range min(period, n) {
		var same []float64
		for i := phase; i < n; i += period {
			same = append(same, in[i])
		}
		slices.Sort(same)
		median := (same[(len(same)-1)/2] + same[len(same)/2]) / 2
		for i := phase; i < n; i += period {
			out[i] = median
		}
	}
	return realsArray(out)
}
