package function

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// rounding are the functions that bring a value to a multiple of something.
func rounding() []Func {
	bins := []string{"number, number", "timespan, timespan", "datetime, timespan", "datetime, datetime"}
	return []Func{
		{Name: "bin", Args: bins, TypeOf: binType, Label: FirstArgument, Eval: bin},
		{Name: "floor", Args: bins, TypeOf: binType, Label: FirstArgument, Eval: bin},
		{
			Name: "bin_at", Args: []string{"number, number, number", "timespan, timespan, timespan", "datetime, timespan, datetime"},
			TypeOf: binType, Label: FirstArgument, Eval: binAt,
		},
		{Name: "round", Args: []string{"number, long!?"}, TypeOf: sameAsFirst, Label: FirstArgument, Eval: round},
		{Name: "ceiling", Args: []string{"number"}, TypeOf: sameAsFirst, Label: FirstArgument, Eval: ceiling},
	}
}

func binType(args []Arg) schema.Type {
	if args[0].Type.IsNumber() {
		t := schema.Long
		for _, a := range args {
			t = max(t, a.Type)
		}
		return t
	}
	return args[0].Type
}

// bin is the greatest multiple of the size that is not above the value; null if
// the size is not above 0.
func bin(args []value.Value) value.Value {
	v, size := args[0], args[1]
	switch {
	case v.Kind() == value.KindDecimal || size.Kind() == value.KindDecimal:
		a, b := value.Convert(v, schema.Decimal), value.Convert(size, schema.Decimal)
		if d, ok := a.Decimal().Floor(b.Decimal()); ok {
			return value.Dec(d)
		}
		return value.Null
	case v.Kind() == value.KindReal || size.Kind() == value.KindReal:
		x, _ := v.Float()
		by, _ := size.Float()
		if !(by > 0) {
			return value.Null
		}
		return value.Real(math.Floor(x/by) * by)
	}
	by := size.Long()
	if by <= 0 {
		return value.Null
	}
	return sameKind(v, floorTo(v.Long(), by))
}

func floorTo(x, by int64) int64 {
	m := x % by
	if m < 0 {
		m += by
	}
	return x - m
}

// sameKind is a count of ticks as the kind that v has, and long for a number.
func sameKind(v value.Value, n int64) value.Value {
	switch v.Kind() {
	case value.KindDatetime:
		if !value.InRange(n) {
			return value.Null
		}
		return value.Datetime(n)
	case value.KindTimespan:
		return value.Timespan(n)
	}
	return value.Long(n)
}

// binAt is bin with a bin that begins at a fixed point.
func binAt(args []value.Value) value.Value {
	v, size, at := args[0], args[1], args[2]
	for _, a := range args {
		if a.Kind() == value.KindReal || a.Kind() == value.KindDecimal {
			x, _ := v.Float()
			by, _ := size.Float()
			fixed, _ := at.Float()
			if !(by > 0) {
				return value.Null
			}
			return value.Real(math.Floor((x-fixed)/by)*by + fixed)
		}
	}
	by := size.Long()
	if by <= 0 {
		return value.Null
	}
	return sameKind(v, floorTo(v.Long()-at.Long(), by)+at.Long())
}

// round takes halves away from zero, as they are written: 2.15 to one digit is 2.2.
func round(args []value.Value) value.Value {
	digits := 0
	if len(args) > 1 {
		digits = int(min(max(args[1].Long(), -400), 400))
	}
	switch v := args[0]; v.Kind() {
	case value.KindReal:
		x := v.Real()
		d, ok := value.DecimalOfFloat(x)
		if !ok {
			return v
		}
		return value.Real(d.Round(digits).Float())
	case value.KindDecimal:
		return value.Dec(v.Decimal().Round(digits))
	case value.KindInt, value.KindLong:
		if digits >= 0 {
			return v
		}
		n, ok := value.DecimalOf(v.Long()).Round(digits).Long()
		if !ok {
			return value.Null
		}
		if v.Kind() == value.KindInt {
			return value.Int(n)
		}
		return value.Long(n)
	}
	return value.Null
}

func ceiling(args []value.Value) value.Value {
	switch v := args[0]; v.Kind() {
	case value.KindReal:
		return value.Real(math.Ceil(v.Real()))
	case value.KindDecimal:
		f, ok := v.Decimal().Neg().Floor(value.DecimalOf(1))
		if !ok {
			return value.Null
		}
		return value.Dec(f.Neg())
	default:
		return v
	}
}
