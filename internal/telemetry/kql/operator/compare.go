package operator

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Comparison is ==, !=, <, >, <= and >=.
func Comparison(op string, l, r schema.Type) (Make, error) {
	equality := op == "==" || op == "!="
	switch {
	case l == schema.Unknown || r == schema.Unknown:
	case l == r:
		if !equality && (l == schema.String || l == schema.Guid) {
			return nil, Undefined(op, l, r)
		}
	case l.IsNumber() && r.IsNumber():
	case l == schema.Dynamic || r == schema.Dynamic:
		if !equality && (l == schema.String || r == schema.String || l == schema.Guid || r == schema.Guid) {
			return nil, Undefined(op, l, r)
		}
	case equality && l == schema.String:
		return converted(op, r, true), nil
	case equality && r == schema.String:
		return converted(op, l, false), nil
	case equality && (l == schema.Bool && r.IsInteger() || r == schema.Bool && l.IsInteger()):
		return converted(op, schema.Bool, l != schema.Bool), nil
	default:
		return nil, Undefined(op, l, r)
	}
	if equality {
		if l == schema.String && r == schema.String {
			return stringEquality(op == "=="), nil
		}
		return equal(op == "=="), nil
	}
	holds := map[string]func(int) bool{
		"<":  func(c int) bool { return c < 0 },
		">":  func(c int) bool { return c > 0 },
		"<=": func(c int) bool { return c <= 0 },
		">=": func(c int) bool { return c >= 0 },
	}[op]
	return both(func(a, b value.Value) value.Value {
		if notOrdered(a) || notOrdered(b) {
			return value.Bool(false)
		}
		if a.Kind() != b.Kind() && !(schema.Type(a.Kind()).IsNumber() && schema.Type(b.Kind()).IsNumber()) {
			return value.Null // what is in a dynamic does not compare
		}
		return value.Bool(holds(value.Compare(a, b)))
	}), nil
}

func notOrdered(v value.Value) bool { return v.Kind() == value.KindReal && v.Real() != v.Real() }

// equal compares with Kusto's rule for nulls: two are unknown, one differs.
func equal(want bool) Make {
	return func(args []plan.Compute) plan.Compute {
		x, y := args[0], args[1]
		return func(row []value.Value) value.Value {
			a := x(row)
			b := y(row)
			if a.IsNull() || b.IsNull() {
				if a.IsNull() && b.IsNull() {
					return value.Null
				}
				return value.Bool(!want)
			}
			if notOrdered(a) || notOrdered(b) {
				return value.Bool(!want)
			}
			return value.Bool(value.Equal(a, b) == want)
		}
	}
}

func stringEquality(want bool) Make {
	return func(args []plan.Compute) plan.Compute {
		x, y := args[0], args[1]
		return func(row []value.Value) value.Value {
			a := x(row)
			b := y(row)
			return value.Bool((a.Str() == b.Str()) == want)
		}
	}
}

// converted compares a text with something else by reading the text as that.
func converted(op string, to schema.Type, left bool) Make {
	compare := equal(op == "==")
	return func(args []plan.Compute) plan.Compute {
		as := func(x plan.Compute) plan.Compute {
			return func(row []value.Value) value.Value { return value.Convert(x(row), to) }
		}
		if left {
			return compare([]plan.Compute{as(args[0]), args[1]})
		}
		return compare([]plan.Compute{args[0], as(args[1])})
	}
}

// Between is low ≤ x ≤ high, of the comparisons that the types give.
func Between(not bool, lower, upper Make) Make {
	return func(args []plan.Compute) plan.Compute {
		var current value.Value
		x := func([]value.Value) value.Value { return current }
		above := lower([]plan.Compute{x, args[1]})
		below := upper([]plan.Compute{x, args[2]})
		return func(row []value.Value) value.Value {
			current = args[0](row)
			a, b := above(row), below(row)
			if a.IsNull() || b.IsNull() {
				return value.Null
			}
			return value.Bool((a.Bool() && b.Bool()) != not)
		}
	}
}

// And holds if both do; a null is unknown.
func And(args []plan.Compute) plan.Compute {
	x, y := args[0], args[1]
	return func(row []value.Value) value.Value {
		a := x(row)
		if !a.IsNull() && !a.Bool() {
			return a
		}
		b := y(row)
		if !b.IsNull() && !b.Bool() {
			return b
		}
		if a.IsNull() || b.IsNull() {
			return value.Null
		}
		return value.Bool(true)
	}
}

// Or holds if one does; a null is unknown.
func Or(args []plan.Compute) plan.Compute {
	x, y := args[0], args[1]
	return func(row []value.Value) value.Value {
		a := x(row)
		if a.Bool() {
			return a
		}
		b := y(row)
		if b.Bool() {
			return b
		}
		if a.IsNull() || b.IsNull() {
			return value.Null
		}
		return value.Bool(false)
	}
}
