package function

import (
	"errors"
	"fmt"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// conditions are the functions that say whether something holds, and assert,
// which refuses the query where it does not.
func conditions() []Func {
	return []Func{
		{Name: "around", Args: []string{"number, number, number", "datetime, datetime, timespan", "timespan, timespan, timespan"}, Type: schema.Bool, Eval: around},
		{Name: "assert", Args: []string{"bool, string"}, Type: schema.Bool, TakesNull: true, Make: makeAssert},
	}
}

// around has both ends. What would overflow is beyond any end.
func around(args []value.Value) value.Value {
	for _, a := range args {
		if a.Kind() == value.KindReal || a.Kind() == value.KindDecimal {
			x, _ := args[0].Float()
			center, _ := args[1].Float()
			delta, _ := args[2].Float()
			return value.Bool(x >= center-delta && x <= center+delta)
		}
	}
	x, center, delta := args[0].Long(), args[1].Long(), args[2].Long()
	if delta < 0 {
		return value.Bool(false)
	}
	// The distance of two int64 fits a uint64.
	distance := uint64(x) - uint64(center)
	if x < center {
		distance = -distance
	}
	return value.Bool(distance <= uint64(delta))
}

// makeAssert decides when the query is bound, as Kusto does.
func makeAssert(args []Arg) (Eval, error) {
	switch {
	case args[0].Const == nil || args[1].Const == nil:
		return nil, errors.New("the condition and the message are to be constants")
	case !args[0].Const.Bool():
		return nil, fmt.Errorf("it has failed with message: '%s'", args[1].Const.Str())
	}
	return func([]value.Value) value.Value { return value.Bool(true) }, nil
}
