package bind

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/operator"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func (b *binder) compare(x *syntax.Binary, args []*plan.Scalar) *plan.Scalar {
	m, err := operator.Comparison(x.Op, args[0].Type, args[1].Type)
	// A number equals a timespan for Azure's analyser, and means ticks; nobody does.
	numbers := args[0].Type == schema.Real && args[1].Type == schema.Timespan || args[1].Type == schema.Real && args[0].Type == schema.Timespan
	if err != nil || numbers {
		if scaled, ok := b.milliseconds(x, args, err); ok {
			args = scaled
			m, err = operator.Comparison(x.Op, args[0].Type, args[1].Type)
		}
	}
	if err != nil {
		hint := ""
		if args[0].Type == schema.Datetime && args[1].Type == schema.String || args[1].Type == schema.Datetime && args[0].Type == schema.String {
			hint = "write datetime(…) around the text's content"
		} else if args[0].Type == schema.String && args[1].Type == schema.String {
			hint = "strcmp(a, b) < 0 orders texts"
		} else if args[0].Type == schema.String {
			hint = "todouble(…) makes a number of a text"
		}
		b.fail(x.At, "KS106", hint, "%v", err)
	}
	return b.apply(schema.Bool, x.Op, args, m)
}

// milliseconds reads a real beside a timespan as milliseconds, as durations are
// kept.
func (b *binder) milliseconds(x *syntax.Binary, args []*plan.Scalar, err error) ([]*plan.Scalar, bool) {
	side := -1
	switch {
	case args[0].Type == schema.Real && args[1].Type == schema.Timespan:
		side = 1
	case args[0].Type == schema.Timespan && args[1].Type == schema.Real:
		side = 0
	default:
		return nil, false
	}
	if x.Op == "*" || x.Op == "%" || x.Op == "/" && side == 0 {
		return nil, false
	}
	instead := *x
	of := &instead.L
	if side == 1 {
		of = &instead.R
	}
	if c := args[side].Const; c != nil {
		*of = &syntax.Literal{Type: schema.Real, Value: value.Real(float64(c.Long()) / float64(value.Millisecond))}
	} else {
		*of = &syntax.Binary{Op: "/", L: *of, R: &syntax.Literal{Type: schema.Timespan, Value: value.Timespan(value.Millisecond)}}
	}
	message := "a number beside a timespan: it is taken for milliseconds"
	if err != nil {
		message = err.Error() + ": the number is taken for milliseconds"
	}
	b.compat("KS106", x.At, message, syntax.FormatExpr(&instead))
	args = slices.Clone(args)
	args[side] = b.apply(schema.Real, "ms", []*plan.Scalar{args[side]}, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value {
			v := args[0](row)
			if v.IsNull() {
				return v
			}
			return value.Real(float64(v.Long()) / float64(value.Millisecond))
		}
	})
	return args, true
}

func (b *binder) between(x *syntax.Between, in *context) *plan.Scalar {
	args := []*plan.Scalar{b.scalar(x.X, in), b.scalar(x.Low, in), b.scalar(x.High, in)}
	if args[0].Type == schema.Datetime && args[1].Type == schema.Datetime && args[2].Type == schema.Timespan {
		// From a moment on for so long.
		t, m, _ := operator.Arithmetic("+", schema.Datetime, schema.Timespan)
		args[2] = b.apply(t, "+", []*plan.Scalar{args[1], args[2]}, m)
	}
	lower, err := operator.Comparison(">=", args[0].Type, args[1].Type)
	if err == nil {
		var upper operator.Make
		if upper, err = operator.Comparison("<=", args[0].Type, args[2].Type); err == nil {
			return b.apply(schema.Bool, "between", args, operator.Between(x.Not, lower, upper))
		}
	}
	b.fail(x.Span, "KS106", "", "between is not defined for %s, %s and %s", args[0].Type, args[1].Type, args[2].Type)
	return nil
}

func (b *binder) in(x *syntax.In, in *context) *plan.Scalar {
	left := b.scalar(x.X, in)
	args := []*plan.Scalar{left}
	fixed := make([]bool, 0, len(x.List))
	texts := x.Op == "has_any" || x.Op == "has_all"
	for _, e := range x.List {
		var s *plan.Scalar
		if b.isTabular(e, in.scope) {
			r := b.pipe(e, in.scope)
			out := r.node.Out()
			if len(out) == 0 {
				b.fail(e.Range(), "", "", "a table without columns")
			}
			s = &plan.Scalar{Type: schema.Dynamic, Sub: &plan.Subquery{Node: r.node, Column: out[0].ID, All: true}}
			if !comparable(left.Type, out[0].Type) {
				b.fail(e.Range(), "KS106", "", "%s compares a %s with a table of %s", x.Op, left.Type, out[0].Type)
			}
		} else {
			s = b.scalar(e, in)
			if !texts && !comparable(left.Type, s.Type) {
				b.fail(e.Range(), "KS106", "", "%s compares a %s with a %s", x.Op, left.Type, s.Type)
			}
		}
		fixed = append(fixed, s.Const != nil || s.Sub != nil)
		args = append(args, s)
	}
	if texts {
		if left.Type != schema.String && left.Type != schema.Dynamic {
			b.fail(x.X.Range(), "KS106", "tostring(…) makes a text of it", "%s is for texts, and this is a %s", x.Op, left.Type)
		}
		return b.apply(schema.Bool, x.Op, args, operator.HasAny(x.Op == "has_all"))
	}
	return b.apply(schema.Bool, x.Op, args, operator.In(x.Op, left.Type, fixed))
}

func comparable(l, r schema.Type) bool {
	return l == r || l == schema.Dynamic || r == schema.Dynamic || l == schema.Unknown || r == schema.Unknown ||
		l.IsNumber() && r.IsNumber() || l == schema.String || r == schema.String
}

// convert gives a scalar as another type.
func (b *binder) convert(s *plan.Scalar, to schema.Type) *plan.Scalar {
	if s.Type == to || to == schema.Unknown {
		return s
	}
	if to == schema.Dynamic {
		c := *s
		c.Type = to
		return &c
	}
	return b.apply(to, "to"+to.String(), []*plan.Scalar{s}, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value { return value.Convert(args[0](row), to) }
	})
}

// common is the type that several branches share; Unknown if they share none.
func common(types ...schema.Type) schema.Type {
	t := schema.Unknown
	for _, u := range types {
		switch {
		case u == schema.Unknown || u == t:
		case t == schema.Unknown:
			t = u
		case t.IsNumber() && u.IsNumber():
			t = max(t, u)
		case t == schema.Dynamic:
			t = u
		case u == schema.Dynamic:
		default:
			return schema.Unknown
		}
	}
	return t
}
