package bind

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

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
	if near := nearest.To(name, candidates); near != "" && near != name {
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
