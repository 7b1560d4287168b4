package bind

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/operator"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// special are the functions that need more than the values of their arguments.
func special() map[string]func(*binder, *syntax.Call, *context) *plan.Scalar {
	return map[string]func(*binder, *syntax.Call, *context) *plan.Scalar{
		"iff": (*binder).iff, "iif": (*binder).iff, "case": (*binder).caseOf, "coalesce": (*binder).coalesce,
		"now": (*binder).now, "ago": (*binder).ago,
		"toscalar":        (*binder).toscalar,
		"column_ifexists": (*binder).columnIfExists, "columnifexists": (*binder).columnIfExists,
		"pack_all": (*binder).packAll, "bin_auto": (*binder).binAuto,
		"prev": (*binder).shift, "next": (*binder).shift, "row_number": (*binder).rowNumber,
		"row_cumsum": (*binder).cumSum, "row_rank_dense": (*binder).rank, "row_rank_min": (*binder).rank,
		"row_window_session": (*binder).session,
	}
}

// SpecialNames are the names of the functions that this package itself knows.
func SpecialNames() (names []string) {
	for name := range special() {
		names = append(names, name)
	}
	return names
}

func (b *binder) iff(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 3, 3)
	return b.choose(x, []*plan.Scalar{b.boolean(x.Args[0], in), b.scalar(x.Args[1], in), b.scalar(x.Args[2], in)})
}

func (b *binder) caseOf(x *syntax.Call, in *context) *plan.Scalar {
	if len(x.Args) < 3 || len(x.Args)%2 == 0 {
		b.fail(x.Span, "KS119", "case(condition, value, …, otherwise)", "case() takes pairs of a condition and a value, and a value for all else")
	}
	args := make([]*plan.Scalar, len(x.Args))
	for i, a := range x.Args {
		if i%2 == 0 && i < len(x.Args)-1 {
			args[i] = b.boolean(a, in)
		} else {
			args[i] = b.scalar(a, in)
		}
	}
	return b.choose(x, args)
}

// choose is condition, value, condition, value, …, otherwise.
func (b *binder) choose(x *syntax.Call, args []*plan.Scalar) *plan.Scalar {
	var types []schema.Type
	for i, a := range args {
		if i%2 == 1 || i == len(args)-1 {
			types = append(types, a.Type)
		}
	}
	t := common(types...)
	if t == schema.Unknown {
		for _, u := range types {
			if u != schema.Unknown {
				b.fail(x.Span, "", "convert them to one type, such as tostring(…)", "the values of %s() are of types that don't go together", x.Name.Text)
			}
		}
	}
	for i := range args {
		if i%2 == 1 || i == len(args)-1 {
			args[i] = b.convert(args[i], t)
		}
	}
	return b.apply(t, x.Name.Text, args, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value {
			for i := 0; i+1 < len(args); i += 2 {
				if args[i](row).Bool() {
					return args[i+1](row)
				}
			}
			return args[len(args)-1](row)
		}
	})
}

func (b *binder) coalesce(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 2, 64)
	args := b.args(x, in)
	types := make([]schema.Type, len(args))
	for i, a := range args {
		types[i] = a.Type
	}
	t := common(types...)
	if t == schema.Unknown || slices.Contains(types, schema.Dynamic) && t != schema.Dynamic {
		b.fail(x.Span, "KS141", "convert them to one type, such as tostring(…)", "the arguments of coalesce() are of types that don't go together")
	}
	for i := range args {
		args[i] = b.convert(args[i], t)
	}
	return b.apply(t, "coalesce", args, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) (v value.Value) {
			for _, a := range args {
				if v = a(row); !v.IsNull() && !(v.Kind() == value.KindString && v.Str() == "") {
					return v
				}
			}
			return v
		}
	})
}

func (b *binder) now(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 0, 1)
	at := b.options.Now
	if len(x.Args) == 1 {
		at += b.fixedSpan(x.Args[0], in)
	}
	return plan.Constant(schema.Datetime, value.Datetime(at))
}

func (b *binder) ago(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 1, 1)
	s := b.scalar(x.Args[0], in)
	if s.Type != schema.Timespan {
		b.fail(x.Args[0].Range(), "", "such as 1h", "ago() takes a timespan, and this is a %s", s.Type)
	}
	t, m, _ := operator.Arithmetic("-", schema.Datetime, schema.Timespan)
	return b.apply(t, "-", []*plan.Scalar{plan.Constant(schema.Datetime, value.Datetime(b.options.Now)), s}, m)
}

func (b *binder) fixedSpan(x syntax.Expr, in *context) int64 {
	s := b.scalar(x, in)
	if s.Type != schema.Timespan || s.Const == nil {
		b.fail(x.Range(), "", "such as 1h", "a constant timespan is wanted here")
	}
	return s.Const.Long()
}

func (b *binder) toscalar(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 1, 1)
	if !b.isTabular(x.Args[0], in.scope) {
		return b.scalar(x.Args[0], in)
	}
	r := b.pipe(x.Args[0], in.scope)
	out := r.node.Out()
	if len(out) == 0 {
		b.fail(x.Span, "", "", "a table without columns")
	}
	return &plan.Scalar{Type: out[0].Type, Sub: &plan.Subquery{Node: r.node, Column: out[0].ID}}
}

func (b *binder) columnIfExists(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 2, 2)
	name := b.scalar(x.Args[0], in)
	if name.Type != schema.String || name.Const == nil {
		b.fail(x.Args[0].Range(), "", "", "a column's name is wanted, as a constant text")
	}
	for _, c := range in.columns {
		if c.Name == name.Const.Str() {
			return plan.Ref(c)
		}
	}
	return b.scalar(x.Args[1], in)
}

func (b *binder) packAll(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 0, 1)
	skip := false
	if len(x.Args) == 1 {
		s := b.scalar(x.Args[0], in)
		if s.Type != schema.Bool || s.Const == nil {
			b.fail(x.Args[0].Range(), "", "", "pack_all() takes true or false")
		}
		skip = s.Const.Bool()
	}
	args := make([]*plan.Scalar, len(in.columns))
	names := make([]string, len(in.columns))
	for i, c := range in.columns {
		args[i], names[i] = plan.Ref(c), c.Name
	}
	return b.apply(schema.Dynamic, "pack_all", args, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value {
			bag := value.NewBag(len(args))
			for i, a := range args {
				v := a(row)
				if skip && (v.IsNull() || v.Kind() == value.KindString && v.Str() == "") {
					continue
				}
				bag.Set(names[i], v)
			}
			return value.FromBag(bag)
		}
	})
}

func (b *binder) binAuto(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 1, 1)
	if b.binSize == nil {
		b.fail(x.Span, "", "set query_bin_auto_size=1h; before the query", "bin_auto() wants to be told the size of a bin")
	}
	args := []*plan.Scalar{b.scalar(x.Args[0], in), b.binSize}
	name := "bin"
	if b.binAt != nil {
		name, args = "bin_at", append(args, b.binAt)
	}
	f, ok := function.Find(name)
	if !ok {
		b.unknownFunction(x, in)
	}
	described := make([]function.Arg, len(args))
	for i, a := range args {
		described[i] = function.Arg{Type: a.Type, Const: a.Const}
	}
	return b.applyFunction(x, f, args, described)
}
