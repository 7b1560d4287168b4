package function_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// row is a call with what it gives, as JSON, and why.
type row struct {
	why  string
	name string
	args []any
	want string
}

// dynamic is JSON text that stands for a dynamic argument; null is an argument of
// a type without a value.
type (
	dynamic string
	null    schema.Type
	column  struct{ value any } // an argument that is no constant
	at      string              // a datetime
	span    string              // a timespan
	dec     string              // a decimal
	short   int                 // an int of 32 bits
)

func argument(t *testing.T, of any) (value.Value, function.Arg) {
	t.Helper()
	constant := true
	if c, ok := of.(column); ok {
		of, constant = c.value, false
	}
	var v value.Value
	var of2 schema.Type
	switch x := of.(type) {
	case string:
		v, of2 = value.String(x), schema.String
	case int:
		v, of2 = value.Long(int64(x)), schema.Long
	case short:
		v, of2 = value.Int(int64(x)), schema.Int
	case float64:
		v, of2 = value.Real(x), schema.Real
	case bool:
		v, of2 = value.Bool(x), schema.Bool
	case value.Value:
		v, of2 = x, schema.Type(x.Kind())
		if x.Kind() == value.KindArray || x.Kind() == value.KindBag {
			of2 = schema.Dynamic
		}
	case null:
		of2 = schema.Type(x)
	case dynamic:
		parsed, ok := value.ParseJSON(string(x))
		if !ok {
			t.Fatalf("%s is no JSON", x)
		}
		v, of2 = parsed, schema.Dynamic
	case at:
		ticks, ok := value.ParseDatetime(string(x))
		if !ok {
			t.Fatalf("%s is no datetime", x)
		}
		v, of2 = value.Datetime(ticks), schema.Datetime
	case span:
		ticks, ok := value.ParseTimespan(string(x))
		if !ok {
			t.Fatalf("%s is no timespan", x)
		}
		v, of2 = value.Timespan(ticks), schema.Timespan
	case dec:
		d, ok := value.ParseDecimal(string(x))
		if !ok {
			t.Fatalf("%s is no decimal", x)
		}
		v, of2 = value.Dec(d), schema.Decimal
	default:
		t.Fatalf("an argument of type %T", of)
	}
	arg := function.Arg{Type: of2}
	if constant {
		arg.Const = &v
	}
	return v, arg
}

// prepared is a function made ready for arguments, and those; the error is what a
// query would be refused with.
func prepared(t *testing.T, name string, given []any) (function.Func, function.Eval, []value.Value, error) {
	t.Helper()
	f, ok := function.Find(name)
	if !ok {
		t.Fatalf("there is no function %s", name)
	}
	args := make([]value.Value, len(given))
	described := make([]function.Arg, len(given))
	for i, g := range given {
		args[i], described[i] = argument(t, g)
	}
	kinds, err := function.Match(f, described)
	if err != nil {
		return f, nil, nil, err
	}
	for i, kind := range kinds {
		if kind == "string" {
			args[i] = value.Convert(args[i], schema.String)
		}
	}
	if f.Make == nil {
		return f, f.Eval, args, nil
	}
	eval, err := f.Make(described)
	return f, eval, args, err
}

// call does what the engine does around a function.
func call(t *testing.T, name string, given []any) value.Value {
	t.Helper()
	f, eval, args, err := prepared(t, name, given)
	if err != nil {
		t.Fatalf("%s%v is refused: %v", name, given, err)
	}
	if !f.TakesNull && slices.ContainsFunc(args, value.Value.IsNull) {
		return value.Null
	}
	return eval(args)
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name+" "+r.why, func(t *testing.T) {
			got := call(t, r.name, r.args)
			if text := string(got.AppendJSON(nil)); text != r.want {
				t.Errorf("%s%v = %s, want %s", r.name, r.args, text, r.want)
			}
		})
	}
}

// refused are calls that are told to be wrong before a row is read.
func checkRefused(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name+" "+r.why, func(t *testing.T) {
			if _, _, _, err := prepared(t, r.name, r.args); err == nil || err.Error() != r.want {
				t.Errorf("%s%v is refused with %v, want %s", r.name, r.args, err, r.want)
			}
		})
	}
}

// near compares numbers that no two libraries compute to the last digit.
func near(t *testing.T, why string, got value.Value, want float64) {
	t.Helper()
	f, ok := got.Float()
	if !ok || math.Abs(f-want) > 1e-12*max(1, math.Abs(want)) {
		t.Errorf("%s: %s, want %v", why, got.AppendJSON(nil), want)
	}
}
