package bind

import (
	"slices"
	"strings"

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
	if near := syntax.Nearest(x.Text, candidates); near != "" {
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

func (b *binder) member(x *syntax.Member, in *context) *plan.Scalar {
	if side, ok := x.X.(*syntax.Name); ok && (side.Text == "$left" || side.Text == "$right") {
		columns := in.left
		if side.Text == "$right" {
			columns = in.right
		}
		return b.name(&x.Name, &context{scope: newScope(nil), columns: columns})
	}
	base := b.scalar(x.X, in)
	if base.Type != schema.Dynamic && base.Type != schema.Unknown {
		hint := ""
		if base.Type == schema.String {
			hint = "parse_json(…)." + x.Name.Text + " reads a text as JSON first"
		}
		b.fail(x.Name.Span, "", hint, "a %s has no properties", base.Type)
	}
	key := x.Name.Text
	return b.apply(schema.Dynamic, "."+key, []*plan.Scalar{base}, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value { return property(args[0](row), key) }
	})
}

func property(v value.Value, key string) value.Value {
	if bag := v.Bag(); bag != nil {
		v, _ := bag.Get(key)
		return v
	}
	return value.Null
}

func element(v value.Value, at int64) value.Value {
	elems := v.Elems()
	if at < 0 {
		at += int64(len(elems))
	}
	if at < 0 || at >= int64(len(elems)) {
		return value.Null
	}
	return elems[at]
}

func (b *binder) index(x *syntax.Index, in *context) *plan.Scalar {
	base, at := b.scalar(x.X, in), b.scalar(x.At, in)
	if base.Type != schema.Dynamic && base.Type != schema.Unknown {
		b.fail(x.X.Range(), "", "", "a %s has no elements", base.Type)
	}
	if !at.Type.IsInteger() && at.Type != schema.String && at.Type != schema.Dynamic {
		b.fail(x.At.Range(), "", "", "an index is a number or a text, and this is a %s", at.Type)
	}
	return b.apply(schema.Dynamic, "[]", []*plan.Scalar{base, at}, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value {
			v := args[0](row)
			i := args[1](row)
			switch i.Kind() {
			case value.KindInt, value.KindLong:
				return element(v, i.Long())
			case value.KindString:
				return property(v, i.Str())
			}
			return value.Null
		}
	})
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
