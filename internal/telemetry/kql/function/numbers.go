package function

import (
	"errors"
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// numbers are the functions on numbers.
func numbers() []Func {
	all := []Func{
		{Name: "pow", Args: []string{"number, number"}, Type: schema.Real, Label: FirstArgument, Eval: real2(math.Pow)},
		{Name: "atan2", Args: []string{"number, number"}, Type: schema.Real, Label: FirstArgument, Eval: real2(math.Atan2)},
		{Name: "abs", Args: []string{"number", "timespan"}, TypeOf: promoted, Label: FirstArgument, Eval: absolute},
		{Name: "sign", Args: []string{"number"}, Type: schema.Real, Eval: sign},
		{Name: "pi", Args: []string{""}, Type: schema.Real, Eval: func([]value.Value) value.Value { return value.Real(math.Pi) }},
		{Name: "isnan", Args: []string{"float"}, Type: schema.Bool, Eval: realTest(math.IsNaN)},
		{Name: "isinf", Args: []string{"float"}, Type: schema.Bool, Eval: realTest(func(f float64) bool { return math.IsInf(f, 0) })},
		{Name: "isfinite", Args: []string{"float"}, Type: schema.Bool, Eval: realTest(func(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) })},
		{Name: "min_of", Args: []string{"orderable, orderable+"}, TypeOf: widest, TakesNull: true, Make: makeExtreme(-1)},
		{Name: "max_of", Args: []string{"orderable, orderable+"}, TypeOf: widest, TakesNull: true, Make: makeExtreme(1)},
		{Name: "not", Args: []string{"bool"}, Type: schema.Bool, Eval: func(args []value.Value) value.Value { return value.Bool(!args[0].Bool()) }},
		{Name: "binary_and", Args: []string{"integer, integer"}, Type: schema.Long, Label: FirstArgument, Eval: long2(func(a, b int64) int64 { return a & b })},
		{Name: "binary_or", Args: []string{"integer, integer"}, Type: schema.Long, Label: FirstArgument, Eval: long2(func(a, b int64) int64 { return a | b })},
		{Name: "binary_xor", Args: []string{"integer, integer"}, Type: schema.Long, Label: FirstArgument, Eval: long2(func(a, b int64) int64 { return a ^ b })},
		{Name: "binary_not", Args: []string{"integer"}, Type: schema.Long, Label: FirstArgument, Eval: func(args []value.Value) value.Value { return value.Long(^args[0].Long()) }},
		{Name: "binary_shift_left", Args: []string{"integer, integer"}, Type: schema.Long, Label: FirstArgument, Eval: shiftBits(func(a int64, by uint) int64 { return a << by })},
		{Name: "binary_shift_right", Args: []string{"integer, integer"}, Type: schema.Long, Label: FirstArgument, Eval: shiftBits(func(a int64, by uint) int64 { return a >> by })},
	}
	for name, of := range map[string]func(float64) float64{
		"sqrt": math.Sqrt, "log": math.Log, "log2": math.Log2, "log10": math.Log10, "exp": math.Exp, "exp2": math.Exp2,
		"exp10": func(x float64) float64 { return math.Pow(10, x) }, "loggamma": func(x float64) float64 { g, _ := math.Lgamma(x); return g }, "gamma": math.Gamma,
		"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "cot": func(x float64) float64 { return 1 / math.Tan(x) },
		"asin": math.Asin, "acos": math.Acos, "atan": math.Atan,
		"radians": func(x float64) float64 { return x * math.Pi / 180 }, "degrees": func(x float64) float64 { return x * 180 / math.Pi },
	} {
		f := Func{Name: name, Args: []string{"number"}, Type: schema.Real, Eval: inDomain(of)}
		switch name {
		case "cot", "radians", "degrees":
		default:
			f.Label = FirstArgument
		}
		all = append(all, f)
	}
	return all
}

// inDomain is a function of one real that has no value, and not NaN, outside of
// where it is defined: the root of a negative number, its logarithm, the arc sine
// of 2.
func inDomain(of func(float64) float64) Eval {
	return func(args []value.Value) value.Value {
		x, _ := args[0].Float()
		y := of(x)
		if y != y && x == x && !math.IsInf(x, 0) {
			return value.Null
		}
		return value.Real(y)
	}
}

// real1 is a function of one real.
func real1(of func(float64) float64) Eval {
	return func(args []value.Value) value.Value {
		x, _ := args[0].Float()
		return value.Real(of(x))
	}
}

func real2(of func(a, b float64) float64) Eval {
	return func(args []value.Value) value.Value {
		x, _ := args[0].Float()
		y, _ := args[1].Float()
		return value.Real(of(x, y))
	}
}

func long2(of func(a, b int64) int64) Eval {
	return func(args []value.Value) value.Value { return value.Long(of(args[0].Long(), args[1].Long())) }
}

// shiftBits takes the shift modulo 64; a negative one gives null.
func shiftBits(of func(a int64, by uint) int64) Eval {
	return func(args []value.Value) value.Value {
		by := args[1].Long()
		if by < 0 {
			return value.Null
		}
		return value.Long(of(args[0].Long(), uint(by%64)))
	}
}

func realTest(of func(float64) bool) Eval {
	return func(args []value.Value) value.Value {
		x, _ := args[0].Float()
		return value.Bool(of(x))
	}
}

func sameAsFirst(args []Arg) schema.Type { return args[0].Type }

// promoted is the first argument's type, an int widened.
func promoted(args []Arg) schema.Type {
	if args[0].Type == schema.Int {
		return schema.Long
	}
	return args[0].Type
}

// widest is the type that all arguments widen to.
func widest(args []Arg) schema.Type {
	t := schema.Unknown
	for _, a := range args {
		switch {
		case t == schema.Unknown || a.Type.IsNumber() && t.IsNumber():
			t = max(t, a.Type)
		case t == schema.Dynamic:
			t = a.Type
		}
	}
	return t
}

func makeExtreme(sign int) func([]Arg) (Eval, error) {
	return func(args []Arg) (Eval, error) {
		for _, a := range args[1:] {
			if a.Type != args[0].Type && !(a.Type.IsNumber() && args[0].Type.IsNumber()) {
				return nil, errors.New("the arguments are of types that don't go together")
			}
		}
		return extremeOf(sign), nil
	}
}

func extremeOf(sign int) Eval {
	return func(args []value.Value) (best value.Value) {
		kind := value.KindNull
		for _, v := range args {
			if v.Kind() >= value.KindInt && v.Kind() <= value.KindDecimal {
				kind = max(kind, v.Kind())
			}
			if !v.IsNull() && (best.IsNull() || sign*value.Compare(v, best) > 0) {
				best = v
			}
		}
		if kind != value.KindNull && !best.IsNull() {
			best = value.Convert(best, schema.Type(kind))
		}
		return best
	}
}

func absolute(args []value.Value) value.Value {
	switch v := args[0]; v.Kind() {
	case value.KindInt, value.KindLong:
		return value.Long(max(v.Long(), -v.Long()))
	case value.KindTimespan:
		return value.Timespan(max(v.Long(), -v.Long()))
	case value.KindReal:
		return value.Real(math.Abs(v.Real()))
	case value.KindDecimal:
		if v.Decimal().Sign() < 0 {
			return value.Dec(v.Decimal().Neg())
		}
		return v
	}
	return value.Null
}

func sign(args []value.Value) value.Value {
	x, _ := args[0].Float()
	s := 0.0
	if x > 0 {
		s = 1
	} else if x < 0 {
		s = -1
	}
	return value.Real(s)
}
