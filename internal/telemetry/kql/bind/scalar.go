package bind

import (
	"strings"

	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/operator"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

var nullValue value.Value

// context is where a scalar stands.
type context struct {
	scope   *scope
	columns []plan.Column // of the row
	// left and right are the sides of a join, for $left and $right.
	left, right []plan.Column
	// groups collects the aggregates, where they may stand; nil elsewhere.
	groups *groups
	// windows collects the functions that look around, where they may stand.
	windows *windows
	// aliases are the columns that the same operator has made so far.
	aliases map[string]*plan.Scalar
	// onAlias is told of an alias that is used.
	onAlias func(name syntax.Name)
	// implied is what a bare : or text is searched in, in search.
	searching bool
}

// without is the context of an aggregate's arguments.
func (c *context) without() *context {
	inner := *c
	inner.groups, inner.aliases = nil, nil
	return &inner
}

// scalar binds an expression.
func (b *binder) scalar(x syntax.Expr, in *context) *plan.Scalar {
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > maxDepth {
		b.fail(x.Range(), "", "", "the query nests too deep")
	}
	switch x := x.(type) {
	case *syntax.Literal:
		return plan.Constant(x.Type, x.Value)
	case *syntax.TypeOf:
		return plan.Constant(schema.String, value.String(x.Type.String()))
	case *syntax.Name:
		return b.name(x, in)
	case *syntax.Member:
		return b.member(x, in)
	case *syntax.Index:
		return b.index(x, in)
	case *syntax.Call:
		return b.call(x, in)
	case *syntax.Unary:
		return b.unary(x, in)
	case *syntax.Binary:
		return b.binary(x, in)
	case *syntax.Between:
		return b.between(x, in)
	case *syntax.In:
		return b.in(x, in)
	case *syntax.Named:
		return b.scalar(x.X, in)
	case *syntax.Star:
		b.fail(x.Span, "", "", "* can't stand here")
	}
	if b.isTabular(x, in.scope) {
		b.fail(x.Range(), "", "toscalar(…) takes the first value of a table", "a table stands where a value is wanted")
	}
	b.fail(x.Range(), "", "", "this can't stand where a value is wanted")
	return nil
}

// boolean binds a condition.
func (b *binder) boolean(x syntax.Expr, in *context) *plan.Scalar {
	s := b.scalar(x, in)
	if s.Type != schema.Bool {
		if s.Type == schema.Unknown {
			return plan.Constant(schema.Bool, nullValue)
		}
		hint := ""
		if s.Type == schema.Dynamic || s.Type == schema.String {
			hint = "tobool(…) converts it"
		}
		b.fail(x.Range(), "KS141", hint, "a condition is to be a bool, and this is a %s", s.Type)
	}
	return s
}

func (b *binder) name(x *syntax.Name, in *context) *plan.Scalar {
	if in.groups != nil {
		return b.groupName(x, in)
	}
	for _, c := range in.columns {
		if c.Name == x.Text {
			return plan.Ref(c)
		}
	}
	if s, ok := in.aliases[x.Text]; ok {
		in.onAlias(*x)
		return s
	}
	if found, ok := in.scope.find(x.Text); ok {
		if found.scalar != nil {
			return found.scalar
		}
		if found.lambda != nil {
			b.fail(x.Span, "", "write "+x.Text+"(…)", "%s is a function", x.Text)
		}
		b.fail(x.Span, "", "toscalar("+x.Text+") takes its first value", "%s is a table, and a value is wanted", x.Text)
	}
	b.unknown(x, in)
	return nil
}

// groupName is a name outside of an aggregate in a summarize.
func (b *binder) groupName(x *syntax.Name, in *context) *plan.Scalar {
	if s, ok := in.aliases[x.Text]; ok {
		in.onAlias(*x)
		return s
	}
	if s, ok := in.groups.key(x.Text); ok {
		return s
	}
	if found, ok := in.scope.find(x.Text); ok && found.scalar != nil {
		return found.scalar
	}
	for _, c := range in.columns {
		if c.Name == x.Text {
			b.fail(x.Span, "", "write an aggregate of it, such as max("+x.Text+"), or put it behind by", "%s stands outside of an aggregate", x.Text)
		}
	}
	b.unknown(x, in)
	return nil
}

func (b *binder) unknown(x *syntax.Name, in *context) {
	candidates := in.scope.all()
	for _, c := range in.columns {
		candidates = append(candidates, c.Name)
	}
	hint := ""
	if near := nearest.To(x.Text, candidates); near != "" {
		hint = "did you mean " + near + "?"
	} else if len(in.columns) > 0 && len(in.columns) <= 12 {
		names := make([]string, len(in.columns))
		for i, c := range in.columns {
			names[i] = c.Name
		}
		hint = "the columns here are " + strings.Join(names, ", ")
	}
	b.fail(x.Span, "KS142", hint, "there is no column, table or variable %s", x.Text)
}

func (b *binder) unary(x *syntax.Unary, in *context) *plan.Scalar {
	s := b.scalar(x.X, in)
	if x.Op == "+" {
		if !s.Type.IsNumber() && s.Type != schema.Timespan && s.Type != schema.Dynamic {
			b.fail(x.Span, "KS106", "", "the operator + is not defined for %s", s.Type)
		}
		return s
	}
	t, m, err := operator.Negate(s.Type)
	if err != nil {
		b.fail(x.Span, "KS106", "", "%v", err)
	}
	return b.apply(t, "-", []*plan.Scalar{s}, m)
}

func (b *binder) binary(x *syntax.Binary, in *context) *plan.Scalar {
	if x.Op == ":" {
		return b.colon(x, in)
	}
	l, r := b.scalar(x.L, in), b.scalar(x.R, in)
	args := []*plan.Scalar{l, r}
	switch x.Op {
	case "and", "or":
		for i, side := range []syntax.Expr{x.L, x.R} {
			if t := args[i].Type; t != schema.Bool && t != schema.Unknown {
				b.fail(side.Range(), "KS106", "tobool(…) converts it", "the operator %s is for bools, and this is a %s", x.Op, t)
			}
		}
		if x.Op == "and" {
			return b.apply(schema.Bool, "and", args, operator.And)
		}
		return b.apply(schema.Bool, "or", args, operator.Or)
	case "+", "-", "*", "/", "%":
		t, m, err := operator.Arithmetic(x.Op, l.Type, r.Type)
		if err != nil {
			if args, ok := b.milliseconds(x, args, err); ok {
				t, m, err = operator.Arithmetic(x.Op, args[0].Type, args[1].Type)
				if err == nil {
					return b.apply(t, x.Op, args, m)
				}
			}
			b.fail(x.At, "KS106", arithmeticHint(x.Op, l.Type, r.Type), "%v", err)
		}
		return b.apply(t, x.Op, args, m)
	case "==", "!=", "<", ">", "<=", ">=":
		return b.compare(x, args)
	}
	m, err := operator.Text(x.Op, l.Type, r.Type, r.Const)
	if err != nil {
		hint := ""
		if l.Type != schema.String && l.Type != schema.Dynamic {
			hint = "tostring(…) makes a text of it"
		}
		b.fail(x.At, "KS106", hint, "%v", err)
	}
	return b.apply(schema.Bool, x.Op, args, m)
}

func arithmeticHint(op string, l, r schema.Type) string {
	switch {
	case op == "+" && (l == schema.String || r == schema.String):
		return "strcat(…) joins texts"
	case l == schema.Datetime && r.IsNumber():
		return "add a timespan, such as 1h"
	case l == schema.String || r == schema.String:
		return "todouble(…) makes a number of a text"
	}
	return ""
}

// apply makes an application; of constants it is computed at once.
func (b *binder) apply(t schema.Type, text string, args []*plan.Scalar, m operator.Make) *plan.Scalar {
	s := &plan.Scalar{Type: t, Text: text, Args: args, Make: m}
	for _, a := range args {
		if a.Const == nil {
			return s
		}
	}
	computes := make([]plan.Compute, len(args))
	for i, a := range args {
		v := *a.Const
		computes[i] = func([]value.Value) value.Value { return v }
	}
	var v value.Value
	func() {
		defer func() {
			if f, ok := recover().(*operator.Failure); ok {
				v = value.Null
				_ = f
			}
		}()
		v = m(computes)(nil)
	}()
	return plan.Constant(t, v)
}

// label is how a column that holds an expression is called, if the query does
// not say: the name, and whether it is the plain name of a column.
func (b *binder) label(x syntax.Expr, in *context) (name string, plain bool) {
	switch x := x.(type) {
	case *syntax.Name:
		if in.columns == nil {
			return "", false // a variable that is printed does not name its column
		}
		return x.Text, true
	case *syntax.Named:
		return b.label(x.X, in)
	case *syntax.Member:
		if side, ok := x.X.(*syntax.Name); ok && (side.Text == "$left" || side.Text == "$right") {
			return x.Name.Text, false
		}
		if base, _ := b.label(x.X, in); base != "" {
			return base + "_" + x.Name.Text, false
		}
		return "", false
	case *syntax.Index:
		base, _ := b.label(x.X, in)
		if base == "" {
			return "", false
		}
		if l, ok := x.At.(*syntax.Literal); ok {
			return base + "_" + l.Value.Text(), false
		}
		return base + "_", false
	case *syntax.Call:
		return b.callLabel(x, in), false
	}
	return "", false
}

func (b *binder) callLabel(x *syntax.Call, in *context) string {
	if found, ok := in.scope.find(x.Name.Text); ok && found.lambda != nil {
		return ""
	}
	first := ""
	if len(x.Args) > 0 {
		first, _ = b.label(x.Args[0], in)
	}
	if f, _, ok := aggregate.Find(x.Name.Text); ok && in.groups != nil {
		if f.Prefix == "" {
			return first
		}
		return f.Prefix + "_" + first
	}
	switch x.Name.Text {
	case "column_ifexists", "columnifexists":
		if len(x.Args) == 0 {
			return ""
		}
		if l, ok := x.Args[0].(*syntax.Literal); ok {
			for _, c := range in.columns {
				if c.Name == l.Value.Str() {
					return c.Name
				}
			}
		}
		return ""
	case "bin_auto":
		return first
	}
	f, ok := function.Find(x.Name.Text)
	if !ok {
		return ""
	}
	switch f.Label {
	case function.FirstArgument:
		return first
	case function.OnlyArgument:
		if len(x.Args) == 1 {
			return first
		}
	case function.NameAndFirst:
		if first != "" {
			return f.Name + "_" + first
		}
	case function.PrefixAndFirst:
		if first != "" {
			return f.Prefix + "_" + first
		}
	}
	return ""
}
