package bind

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
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

func (b *binder) call(x *syntax.Call, in *context) *plan.Scalar {
	name := x.Name.Text
	if found, ok := in.scope.find(name); ok && found.lambda != nil {
		return b.invokeScalar(x, found, in)
	}
	if in.groups != nil {
		if f, conditional, ok := aggregate.Find(name); ok {
			columns := b.aggregate(x, f, conditional, in)
			if len(columns) != 1 {
				b.fail(x.Span, "", "give it a place of its own in the list", "%s gives %d columns, and one is wanted", name, len(columns))
			}
			return plan.Ref(columns[0])
		}
	}
	if f, ok := special()[name]; ok {
		return f(b, x, in)
	}
	if name == "pack_array" && len(x.Args) == 1 {
		if _, star := x.Args[0].(*syntax.Star); star {
			x = &syntax.Call{Span: x.Span, Name: x.Name}
			for i := range in.columns {
				x.Args = append(x.Args, &syntax.Name{Span: x.Span, Text: in.columns[i].Name})
			}
		}
	}
	f, ok := function.Find(name)
	if !ok {
		b.unknownFunction(x, in)
	}
	return b.function(x, f, in)
}

func (b *binder) unknownFunction(x *syntax.Call, in *context) {
	name := x.Name.Text
	if _, _, ok := aggregate.Find(name); ok {
		b.fail(x.Name.Span, "", "| summarize "+syntax.FormatExpr(x), "%s is an aggregate, and can only stand in summarize", name)
	}
	candidates := append(append(function.Names(), SpecialNames()...), in.scope.all()...)
	if in.groups != nil {
		candidates = append(candidates, aggregate.Names()...)
	}
	hint := ""
	if near := syntax.Nearest(name, candidates); near != "" && near != name {
		hint = "did you mean " + near + "?"
	}
	b.fail(x.Name.Span, "KS211", hint, "stanch has no function %s", name)
}

func (b *binder) args(x *syntax.Call, in *context) []*plan.Scalar {
	args := make([]*plan.Scalar, len(x.Args))
	for i, a := range x.Args {
		if n, ok := a.(*syntax.Named); ok {
			a = n.X
		}
		args[i] = b.scalar(a, in)
	}
	return args
}

// describe is the arguments as the library sees them.
func (b *binder) describe(x []syntax.Expr, args []*plan.Scalar, in *context) []function.Arg {
	out := make([]function.Arg, len(args))
	for i, a := range args {
		label, _ := b.label(x[i], in)
		if n, ok := x[i].(*syntax.Name); ok {
			label = n.Text
		}
		out[i] = function.Arg{Type: a.Type, Const: a.Const, Name: label}
	}
	return out
}

// function binds a call of the library's.
func (b *binder) function(x *syntax.Call, f function.Func, in *context) *plan.Scalar {
	args := b.args(x, in)
	return b.applyFunction(x, f, args, b.describe(x.Args, args, in))
}

func (b *binder) applyFunction(x *syntax.Call, f function.Func, args []*plan.Scalar, described []function.Arg) *plan.Scalar {
	kinds, err := function.Match(f, described)
	if err != nil {
		b.fail(x.Span, "KS127", "it is "+function.Signature(f), "%v", err)
	}
	args = slices.Clone(args)
	for i, kind := range kinds {
		if kind == "string" {
			args[i] = b.convert(args[i], schema.String)
		}
	}
	t := f.Type
	if f.TypeOf != nil {
		t = f.TypeOf(described)
	}
	eval := f.Eval
	if f.Make != nil {
		if _, err := f.Make(described); err != nil {
			b.fail(x.Span, "", "", "%s(): %v", f.Name, err)
		}
	}
	takesNull := f.TakesNull
	m := func(args []plan.Compute) plan.Compute {
		eval := eval
		if f.Make != nil {
			eval, _ = f.Make(described) // it was fine above; a goroutine has its own
		}
		buffer := make([]value.Value, len(args))
		return func(row []value.Value) value.Value {
			for i, a := range args {
				v := a(row)
				if v.IsNull() && !takesNull {
					if t == schema.String {
						return value.String("")
					}
					return v
				}
				buffer[i] = v
			}
			v := eval(buffer)
			if v.IsNull() && t == schema.String {
				return value.String("")
			}
			return v
		}
	}
	if f.Name == "rand" {
		return &plan.Scalar{Type: t, Text: f.Name, Args: args, Make: m, Volatile: true}
	}
	return b.apply(t, f.Name, args, m)
}

func (b *binder) need(x *syntax.Call, least, most int) {
	if n := len(x.Args); n < least || n > most {
		b.fail(x.Span, "KS119", "", "%s() takes %d to %d arguments, and it got %d", x.Name.Text, least, most, n)
	}
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

// invokeScalar calls a function of the query's own for a value.
func (b *binder) invokeScalar(x *syntax.Call, f binding, in *context) *plan.Scalar {
	inner := b.enter(x, f, in.scope, in, nil)
	if b.isTabular(f.lambda.X, inner) {
		b.fail(x.Span, "", "toscalar(…) takes the first value of a table", "%s gives a table, and a value is wanted", x.Name.Text)
	}
	return b.scalar(f.lambda.X, &context{scope: inner})
}

// enter makes the scope of a function's body: its parameters and its lets.
// first, if given, is the rows for its first parameter.
func (b *binder) enter(x *syntax.Call, f binding, outer *scope, in *context, first *plan.Shared) *scope {
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > maxDepth {
		b.fail(x.Span, "", "", "the query nests too deep")
	}
	params := f.lambda.Params
	given := map[string]syntax.Expr{}
	position := 0
	if first != nil {
		position = 1
	}
	for _, a := range x.Args {
		if n, ok := a.(*syntax.Named); ok && len(n.Names) == 1 {
			given[n.Names[0].Text] = n.X
			continue
		}
		if position >= len(params) {
			b.fail(a.Range(), "KS119", "", "%s() takes %d arguments, and it got more", x.Name.Text, len(params))
		}
		given[params[position].Name.Text] = a
		position++
	}
	inner := newScope(f.scope)
	for i, p := range params {
		if i == 0 && first != nil {
			inner.names[p.Name.Text] = binding{shared: first}
			continue
		}
		arg, ok := given[p.Name.Text]
		if !ok {
			if p.Default == nil {
				b.fail(x.Span, "KS119", "", "%s() is missing its argument %s", x.Name.Text, p.Name.Text)
			}
			inner.names[p.Name.Text] = binding{scalar: b.convert(b.scalar(p.Default, &context{scope: f.scope}), p.Type)}
			continue
		}
		if p.Table {
			inner.names[p.Name.Text] = binding{table: arg, scope: outer}
			continue
		}
		s := b.scalar(arg, in)
		if s.Type != p.Type && s.Type != schema.Unknown && !(s.Type.IsNumber() && p.Type.IsNumber()) && p.Type != schema.Dynamic && s.Type != schema.Dynamic {
			b.fail(arg.Range(), "", "", "%s() wants a %s for %s, and this is a %s", x.Name.Text, p.Type, p.Name.Text, s.Type)
		}
		inner.names[p.Name.Text] = binding{scalar: b.convert(s, p.Type)}
	}
	for _, s := range f.lambda.Lets {
		if l, ok := s.(*syntax.Let); ok {
			b.let(l, inner)
		}
	}
	return inner
}
