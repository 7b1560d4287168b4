package function

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// numbers are the functions on numbers.
func numbers() []Func {
	return []Func{
		{Name: "sqrt", Args: []string{"number"}, Type: schema.Real, Label: FirstArgument, Eval: real1(math.Sqrt)},
		{Name: "exp", Args: []string{"number"}, Type: schema.Real, Label: FirstArgument, Eval: real1(math.Exp)},
		{Name: "sign", Args: []string{"number"}, TypeOf: sameAsFirst, Label: FirstArgument, Eval: sign},
	}
}

// real1 is a function of one real.
func real1(of func(float64) float64) Eval {
	return func(args []value.Value) value.Value {
		x, _ := args[0].Float()
		return value.Real(of(x))
	}
}

func sameAsFirst(args []Arg) schema.Type { return args[0].Type }

func sign(args []value.Value) value.Value {
	x, _ := args[0].Float()
	s := 0.0
	if x > 0 {
		s = 1
	} else if x < 0 {
		s = -1
	}
	return value.Convert(value.Real(s), schema.Type(args[0].Kind()))
}
