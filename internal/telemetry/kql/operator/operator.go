// Package operator is what the signs between expressions do: arithmetic,
// comparison, and the operators on texts. Each function takes the types of the
// operands and gives the type of the result and how to compute it, or says that
// the operator is not defined for them.
//
// The rules are Kusto's. An operand that is null makes the result null, but for
// == and != (one null: false and true), and for operators on texts, which take
// null as the empty text.
package operator

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Make prepares a computation for a goroutine, given those of the operands.
type Make = func(args []plan.Compute) plan.Compute

// Failure is a value at run time that has no answer in KQL that stanch could be
// sure of. Computations panic with it; the engine turns it into an error.
type Failure struct{ Message, Hint string }

func (f *Failure) Error() string { return f.Message }

// Undefined is the error of an operator for operands that it does not take.
func Undefined(op string, l, r schema.Type) error {
	return fmt.Errorf("the operator %s is not defined for %s and %s", op, l, r)
}

// Arithmetic is +, −, *, / and %.
func Arithmetic(op string, l, r schema.Type) (schema.Type, Make, error) {
	switch {
	case l == schema.Dynamic || r == schema.Dynamic:
		return dynamicArithmetic(op, l, r)
	case l.IsNumber() && r.IsNumber():
		switch wide := max(l, r); wide {
		case schema.Decimal:
			return wide, decimals(op), nil
		case schema.Real:
			return wide, reals(op), nil
		}
		return schema.Long, longs(op), nil
	case l == schema.Datetime && r == schema.Datetime && op == "-":
		return schema.Timespan, ticks(value.Timespan, func(a, b int64) int64 { return a - b }), nil
	case l == schema.Datetime && r == schema.Timespan && (op == "+" || op == "-"):
		if op == "-" {
			return l, moments(func(a, b int64) int64 { return a - b }), nil
		}
		return l, moments(func(a, b int64) int64 { return a + b }), nil
	case l == schema.Timespan && r == schema.Datetime && op == "+":
		return r, moments(func(a, b int64) int64 { return a + b }), nil
	case l == schema.Timespan && r == schema.Timespan:
		switch op {
		case "+":
			return l, ticks(value.Timespan, func(a, b int64) int64 { return a + b }), nil
		case "-":
			return l, ticks(value.Timespan, func(a, b int64) int64 { return a - b }), nil
		case "/":
			return schema.Real, both(func(a, b value.Value) value.Value {
				return value.Real(float64(a.Long()) / float64(b.Long()))
			}), nil
		case "%":
			return l, both(func(a, b value.Value) value.Value {
				if b.Long() == 0 {
					return value.Null
				}
				return value.Timespan(modulo(a.Long(), b.Long()))
			}), nil
		}
	case l == schema.Timespan && r.IsNumber() && (op == "*" || op == "/"):
		return l, scaled(op), nil
	case l.IsNumber() && r == schema.Timespan && op == "*":
		return r, swapped(scaled(op)), nil
	}
	return schema.Unknown, nil, Undefined(op, l, r)
}

// Negate is −x.
func Negate(t schema.Type) (schema.Type, Make, error) {
	switch t {
	case schema.Int, schema.Long:
		return schema.Long, one(func(v value.Value) value.Value { return value.Long(-v.Long()) }), nil
	case schema.Real:
		return t, one(func(v value.Value) value.Value { return value.Real(-v.Real()) }), nil
	case schema.Decimal:
		return t, one(func(v value.Value) value.Value { return value.Dec(v.Decimal().Neg()) }), nil
	case schema.Timespan:
		return t, one(func(v value.Value) value.Value { return value.Timespan(-v.Long()) }), nil
	case schema.Dynamic:
		return t, one(func(v value.Value) value.Value {
			switch v.Kind() {
			case value.KindInt, value.KindLong:
				return value.Long(-v.Long())
			case value.KindReal:
				return value.Real(-v.Real())
			}
			return value.Null
		}), nil
	}
	return schema.Unknown, nil, fmt.Errorf("the operator - is not defined for %s", t)
}

func one(of func(value.Value) value.Value) Make {
	return func(args []plan.Compute) plan.Compute {
		x := args[0]
		return func(row []value.Value) value.Value {
			v := x(row)
			if v.IsNull() {
				return v
			}
			return of(v)
		}
	}
}

func both(of func(a, b value.Value) value.Value) Make {
	return func(args []plan.Compute) plan.Compute {
		x, y := args[0], args[1]
		return func(row []value.Value) value.Value {
			a := x(row)
			b := y(row)
			if a.IsNull() || b.IsNull() {
				return value.Null
			}
			return of(a, b)
		}
	}
}

func swapped(m Make) Make {
	return func(args []plan.Compute) plan.Compute { return m([]plan.Compute{args[1], args[0]}) }
}

func ticks(make func(int64) value.Value, of func(a, b int64) int64) Make {
	return both(func(a, b value.Value) value.Value { return make(of(a.Long(), b.Long())) })
}

// moments gives null beyond the years that there are.
func moments(of func(a, b int64) int64) Make {
	return both(func(a, b value.Value) value.Value {
		if t := of(a.Long(), b.Long()); value.InRange(t) {
			return value.Datetime(t)
		}
		return value.Null
	})
}

func scaled(op string) Make {
	return both(func(a, b value.Value) value.Value {
		f, _ := b.Float()
		if b.Kind() != value.KindReal && b.Kind() != value.KindDecimal {
			n := b.Long()
			switch {
			case op == "*":
				return value.Timespan(a.Long() * n)
			case n == 0:
				return value.Null
			}
			return value.Timespan(a.Long() / n)
		}
		t := float64(a.Long()) * f
		if op == "/" {
			t = float64(a.Long()) / f
		}
		if !(math.Abs(t) < math.MaxInt64) {
			return value.Null
		}
		return value.Timespan(int64(t))
	})
}

func longs(op string) Make {
	switch op {
	case "+":
		return both(func(a, b value.Value) value.Value { return value.Long(a.Long() + b.Long()) })
	case "-":
		return both(func(a, b value.Value) value.Value { return value.Long(a.Long() - b.Long()) })
	case "*":
		return both(func(a, b value.Value) value.Value { return value.Long(a.Long() * b.Long()) })
	case "/":
		return both(func(a, b value.Value) value.Value {
			if b.Long() == 0 {
				return value.Null
			}
			return value.Long(a.Long() / b.Long())
		})
	}
	return both(func(a, b value.Value) value.Value {
		if b.Long() == 0 {
			return value.Null
		}
		return value.Long(modulo(a.Long(), b.Long()))
	})
}

// modulo is never negative.
func modulo(a, b int64) int64 {
	if b == -1 {
		return 0
	}
	m := a % b
	if m < 0 {
		if b < 0 {
			return m - b
		}
		return m + b
	}
	return m
}

func reals(op string) Make {
	calc := map[string]func(a, b float64) float64{
		"+": func(a, b float64) float64 { return a + b },
		"-": func(a, b float64) float64 { return a - b },
		"*": func(a, b float64) float64 { return a * b },
		"/": func(a, b float64) float64 { return a / b },
		"%": func(a, b float64) float64 {
			m := math.Mod(a, b)
			if m < 0 {
				m += math.Abs(b)
			}
			return m
		},
	}[op]
	return both(func(a, b value.Value) value.Value {
		x, _ := a.Float()
		y, _ := b.Float()
		return value.Real(calc(x, y))
	})
}

func decimals(op string) Make {
	return both(func(a, b value.Value) value.Value {
		x, y := value.Convert(a, schema.Decimal), value.Convert(b, schema.Decimal)
		if x.IsNull() || y.IsNull() {
			return value.Null
		}
		d, ok := value.Decimal{}, true
		switch c, e := x.Decimal(), y.Decimal(); op {
		case "+":
			d = c.Add(e)
		case "-":
			d = c.Sub(e)
		case "*":
			d = c.Mul(e)
		case "/":
			d, ok = c.Div(e)
		default:
			d, ok = c.Mod(e)
		}
		if !ok {
			return value.Null
		}
		return value.Dec(d)
	})
}

// dynamicArithmetic takes the type of the other operand, as Kusto does, and
// refuses at run time where what is in the dynamic would not fit it.
func dynamicArithmetic(op string, l, r schema.Type) (schema.Type, Make, error) {
	other := l
	if l == schema.Dynamic {
		other = r
	}
	if other == schema.Dynamic {
		return schema.Dynamic, both(func(a, b value.Value) value.Value { return dynamicPair(op, a, b) }), nil
	}
	t, _, err := Arithmetic(op, concrete(l, other), concrete(r, other))
	if err != nil || other == schema.Timespan && op == "*" {
		return schema.Unknown, nil, Undefined(op, l, r)
	}
	return t, both(func(a, b value.Value) value.Value {
		v := dynamicPair(op, a, b)
		c := value.Convert(v, t)
		if !v.IsNull() && (c.IsNull() || v.Kind() == value.KindReal && t.IsInteger() && v.Real() != math.Trunc(v.Real())) {
			panic(&Failure{
				Message: fmt.Sprintf("a dynamic with a %s in it, where a %s is counted on", v.TypeName(), t),
				Hint:    "convert it first, as in toreal(x.y)",
			})
		}
		return c
	}), nil
}

// concrete stands for a dynamic beside an operand of a type.
func concrete(t, other schema.Type) schema.Type {
	switch {
	case t != schema.Dynamic:
		return t
	case other == schema.Datetime:
		return schema.Timespan
	}
	return other
}

func dynamicPair(op string, a, b value.Value) value.Value {
	t, m, err := Arithmetic(op, typeOf(a), typeOf(b))
	if err != nil || t == schema.Dynamic {
		return value.Null
	}
	constant := func(v value.Value) plan.Compute { return func([]value.Value) value.Value { return v } }
	return m([]plan.Compute{constant(a), constant(b)})(nil)
}

// typeOf is the type of what a value holds; Unknown for arrays, bags and null.
func typeOf(v value.Value) schema.Type {
	if v.Kind() > value.KindGuid {
		return schema.Unknown
	}
	return schema.Type(v.Kind())
}
