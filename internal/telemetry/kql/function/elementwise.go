package function

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// elements are the functions that go through a series, or through two side by
// side, element by element. An element that is no number, or has none beside it,
// gives null.
func elements() []Func {
	var all []Func
	for name, of := range map[string]func(float64) float64{
		"series_exp": math.Exp, "series_log": math.Log,
		"series_sin": math.Sin, "series_cos": math.Cos, "series_tan": math.Tan,
		"series_asin": math.Asin, "series_acos": math.Acos, "series_atan": math.Atan,
		"series_floor": math.Floor, "series_ceiling": math.Ceil,
	} {
		all = append(all, Func{Name: name, Args: []string{"array"}, Type: schema.Dynamic, Eval: each(func(v value.Value, x float64) value.Value { return value.Real(of(x)) })})
	}
	all = append(
		all,
		Func{Name: "series_abs", Args: []string{"array"}, Type: schema.Dynamic, Eval: each(func(v value.Value, x float64) value.Value {
			if v.Kind() == value.KindReal {
				return value.Real(math.Abs(x))
			}
			return value.Long(max(v.Long(), -v.Long()))
		})},
		Func{Name: "series_sign", Args: []string{"array"}, Type: schema.Dynamic, Eval: each(func(v value.Value, x float64) value.Value {
			s := int64(0)
			switch {
			case x > 0:
				s = 1
			case x < 0:
				s = -1
			}
			if v.Kind() == value.KindReal {
				return value.Real(float64(s))
			}
			return value.Long(s)
		})},
	)
	pairs := []string{"array, array", "array, number", "number, array"}
	for name, of := range map[string]func(a, b float64) bool{
		"series_equals":         func(a, b float64) bool { return a == b },
		"series_not_equals":     func(a, b float64) bool { return a != b },
		"series_less":           func(a, b float64) bool { return a < b },
		"series_less_equals":    func(a, b float64) bool { return a <= b },
		"series_greater":        func(a, b float64) bool { return a > b },
		"series_greater_equals": func(a, b float64) bool { return a >= b },
	} {
		all = append(all, Func{Name: name, Args: pairs, Type: schema.Dynamic, Eval: eachPair(func(a, b value.Value) value.Value {
			x, _ := a.Float()
			y, _ := b.Float()
			return value.Bool(of(x, y))
		})})
	}
	for name, of := range map[string]func(a, b float64) float64{
		"series_divide": func(a, b float64) float64 { return a / b }, "series_pow": math.Pow,
	} {
		all = append(all, Func{Name: name, Args: pairs, Type: schema.Dynamic, Eval: eachPair(func(a, b value.Value) value.Value {
			x, _ := a.Float()
			y, _ := b.Float()
			return value.Real(of(x, y))
		})})
	}
	for name, of := range map[string]struct {
		whole func(a, b int64) int64
		real  func(a, b float64) float64
	}{
		"series_add":      {func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b }},
		"series_subtract": {func(a, b int64) int64 { return a - b }, func(a, b float64) float64 { return a - b }},
		"series_multiply": {func(a, b int64) int64 { return a * b }, func(a, b float64) float64 { return a * b }},
	} {
		all = append(all, Func{Name: name, Args: pairs, Type: schema.Dynamic, Eval: eachPair(func(a, b value.Value) value.Value {
			if isWhole(a) && isWhole(b) {
				return value.Long(of.whole(a.Long(), b.Long()))
			}
			x, _ := a.Float()
			y, _ := b.Float()
			return value.Real(of.real(x, y))
		})})
	}
	return all
}

func isWhole(v value.Value) bool { return v.Kind() == value.KindInt || v.Kind() == value.KindLong }

func each(of func(v value.Value, x float64) value.Value) Eval {
	return func(args []value.Value) value.Value {
		if !isArray(args[0]) {
			return value.Null
		}
		out := make([]value.Value, len(args[0].Elems()))
		for i, e := range args[0].Elems() {
			if x, _ := e.Float(); isNumeric(e) {
				out[i] = of(e, x)
			}
		}
		return value.Array(out)
	}
}

// eachPair takes a number for a series of nothing else.
func eachPair(of func(a, b value.Value) value.Value) Eval {
	return func(args []value.Value) value.Value {
		if !isArray(args[0]) && !isArray(args[1]) {
			return value.Null
		}
		out := make([]value.Value, max(len(args[0].Elems()), len(args[1].Elems())))
		for i := range out {
			a, b := elementAt(args[0], i), elementAt(args[1], i)
			if isNumeric(a) && isNumeric(b) {
				out[i] = of(a, b)
			}
		}
		return value.Array(out)
	}
}

func elementAt(v value.Value, i int) value.Value {
	switch {
	case !isArray(v):
		return v
	case i < len(v.Elems()):
		return v.Elems()[i]
	}
	return value.Null
}
