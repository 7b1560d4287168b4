package bind

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// groups collects the aggregates of an operator.
type groups struct {
	keys []plan.Computed
	aggs []plan.Aggregation
}

func (g *groups) key(name string) (*plan.Scalar, bool) {
	for _, k := range g.keys {
		if k.Name == name {
			return plan.Ref(k.Column), true
		}
	}
	return nil, false
}

// aggregate binds a call of an aggregate and gives its columns, which have the
// names that Kusto would give them.
func (b *binder) aggregate(x *syntax.Call, f aggregate.Func, conditional bool, in *context) []plan.Column {
	inner := in.without()
	exprs := x.Args
	agg := plan.Aggregation{Order: f.Ordered}
	if conditional {
		if len(exprs) == 0 {
			b.fail(x.Span, "KS119", "", "%s() is missing its condition", x.Name.Text)
		}
		at := len(exprs) - 1
		if f.Name == "dcount" && len(exprs) == 3 {
			at = 1 // dcountif(x, condition, accuracy)
		}
		agg.If = b.boolean(exprs[at], inner)
		exprs = slices.Delete(slices.Clone(exprs), at, at+1)
	}
	exprs = b.stars(x, exprs, f, in)
	args := make([]*plan.Scalar, len(exprs))
	for i, e := range exprs {
		args[i] = b.scalar(e, inner)
	}
	described := b.describe(exprs, args, inner)
	matched := function.Func{Name: x.Name.Text, Args: f.Args}
	if _, err := function.Match(matched, described); err != nil {
		b.fail(x.Span, "KS127", "it is "+function.Signature(matched), "%v", err)
	}
	made, err := f.New(described)
	if err != nil {
		b.fail(x.Span, "", "", "%s(): %v", x.Name.Text, err)
	}
	agg.Args, agg.New, agg.Text = args, made, syntax.FormatExpr(x)
	if f.Columns != nil {
		for _, c := range f.Columns(described) {
			agg.Out = append(agg.Out, b.column(c.Name, c.Type))
		}
	} else {
		t := f.Type
		if f.TypeOf != nil {
			t = f.TypeOf(described)
		}
		agg.Out = []plan.Column{b.column(b.callLabel(x, in), t)}
	}
	for i, c := range agg.Out {
		if c.Type == schema.Unknown {
			agg.Out[i].Type = schema.Dynamic
		}
	}
	in.groups.aggs = append(in.groups.aggs, agg)
	return agg.Out
}

// stars puts all columns in the place of *; those that are grouped by or named
// already are left out.
func (b *binder) stars(x *syntax.Call, exprs []syntax.Expr, f aggregate.Func, in *context) []syntax.Expr {
	var out []syntax.Expr
	for i, e := range exprs {
		star, ok := e.(*syntax.Star)
		if !ok {
			out = append(out, e)
			continue
		}
		if !f.Star || i != len(exprs)-1 {
			b.fail(star.Span, "", "", "* can't stand here")
		}
		for _, c := range in.columns {
			named := slices.ContainsFunc(exprs, func(e syntax.Expr) bool {
				n, ok := e.(*syntax.Name)
				return ok && n.Text == c.Name
			})
			grouped := slices.ContainsFunc(in.groups.keys, func(k plan.Computed) bool { return k.Name == c.Name })
			if !named && !grouped {
				out = append(out, &syntax.Name{Span: star.Span, Text: c.Name})
			}
		}
	}
	return out
}

func (b *binder) summarize(r rows, op *syntax.Summarize, in *scope) rows {
	columns := r.node.Out()
	n := b.namer("Column")
	g := &groups{}
	row := &context{scope: in, columns: columns}
	for _, k := range op.By {
		g.keys = append(g.keys, b.computed(k, row, n)...)
	}
	g.keys = b.unique(g.keys)
	for i, k := range g.keys {
		if k.Type == schema.Dynamic {
			text := syntax.FormatExpr(op.By[min(i, len(op.By)-1)].X)
			b.compat("KS116", op.By[min(i, len(op.By)-1)].Span, "a group by a dynamic", "tostring("+text+")")
		}
	}
	c := &context{scope: in, columns: columns, groups: g, aliases: map[string]*plan.Scalar{}}
	b.lateAliases(op, c)
	var out []plan.Computed
	for _, k := range g.keys {
		out = append(out, plan.Computed{Column: k.Column, X: plan.Ref(k.Column)})
	}
	for _, x := range op.Aggregates {
		more := b.aggregated(x, c, n)
		for _, m := range more {
			c.aliases[m.Name] = m.X
		}
		out = append(out, more...)
	}
	s := &plan.Summarize{In: r.node, Keys: g.keys, Aggs: g.aggs}
	r.node, r.ordered = plan.Node(s), false
	r.node = &plan.Project{In: s, Columns: b.unique(out)}
	return r
}

// lateAliases warns of aliases that are used in the summarize that makes them,
// and says how to write it in two steps.
func (b *binder) lateAliases(op *syntax.Summarize, c *context) {
	used := map[string]bool{}
	c.onAlias = func(name syntax.Name) {
		used[name.Text] = true
		first, second := &syntax.Summarize{By: op.By}, &syntax.Extend{}
		for _, a := range op.Aggregates {
			if mentions(a.X, op.Aggregates) {
				second.Columns = append(second.Columns, a)
			} else {
				first.Aggregates = append(first.Aggregates, a)
			}
		}
		instead := syntax.FormatExpr(first) + " | " + syntax.FormatExpr(second)
		b.compat("KS142", name.Span, "summarize uses "+name.Text+" beside where it is made", instead)
	}
}

// mentions says whether x uses the name of one of the columns in a list.
func mentions(x syntax.Expr, among []*syntax.Named) bool {
	found := false
	syntax.Walk(x, func(e syntax.Expr) bool {
		if call, ok := e.(*syntax.Call); ok {
			if _, _, isAggregate := aggregate.Find(call.Name.Text); isAggregate {
				return false // its arguments are columns of the rows
			}
		}
		if n, ok := e.(*syntax.Name); ok {
			for _, a := range among {
				found = found || len(a.Names) == 1 && a.Names[0].Text == n.Text
			}
		}
		return true
	})
	return found
}

// aggregated binds one entry of summarize's list.
func (b *binder) aggregated(x *syntax.Named, in *context, n *namer) []plan.Computed {
	if call, ok := x.X.(*syntax.Call); ok {
		if _, own := in.scope.find(call.Name.Text); !own {
			if f, conditional, ok := aggregate.Find(call.Name.Text); ok && f.Columns != nil {
				return b.severalAggregated(x, call, f, conditional, in, n)
			}
		}
	}
	if len(x.Names) > 1 {
		b.fail(x.Span, "", "", "several names for one column")
	}
	s := b.scalar(x.X, in)
	var name string
	if len(x.Names) == 1 {
		name = n.written(x.Names[0])
	} else {
		label, _ := b.label(x.X, in)
		name = n.made(label)
	}
	for _, a := range in.groups.aggs {
		for _, c := range a.Out {
			if c.ID == s.Column {
				return []plan.Computed{{Column: plan.Column{ID: c.ID, Name: name, Type: c.Type}, X: s}}
			}
		}
	}
	return []plan.Computed{{Column: b.column(name, s.Type), X: s}}
}

func (b *binder) severalAggregated(x *syntax.Named, call *syntax.Call, f aggregate.Func, conditional bool, in *context, n *namer) (out []plan.Computed) {
	columns := b.aggregate(call, f, conditional, in)
	if len(x.Names) > len(columns) {
		b.fail(x.Span, "", "", "%s() gives %d columns, and there are more names", call.Name.Text, len(columns))
	}
	for i, c := range columns {
		name := c.Name
		if i < len(x.Names) {
			name = n.written(x.Names[i])
		} else {
			name = n.made(name)
		}
		out = append(out, plan.Computed{Column: plan.Column{ID: c.ID, Name: name, Type: c.Type}, X: plan.Ref(c)})
	}
	return out
}

func (b *binder) makeSeries(r rows, op *syntax.MakeSeries, in *scope) rows {
	columns := r.node.Out()
	n := b.namer("Column")
	g := &groups{}
	row := &context{scope: in, columns: columns}
	s := &plan.Series{In: r.node, ToIncluded: op.InRange, NonEmpty: op.NonEmpty}
	for _, k := range op.By {
		g.keys = append(g.keys, b.computed(k, row, n)...)
	}
	g.keys = b.unique(g.keys)
	fixed := &context{scope: in}
	s.Axis = b.scalar(op.On, row)
	t := s.Axis.Type
	if !t.IsNumber() && t != schema.Datetime && t != schema.Timespan {
		b.fail(op.On.Range(), "", "", "the axis of a series is a number, a datetime or a timespan, and this is a %s", t)
	}
	step := t
	if t == schema.Datetime {
		step = schema.Timespan
	}
	bound := func(x syntax.Expr, want schema.Type) *plan.Scalar {
		if x == nil {
			return nil
		}
		v := b.scalar(x, fixed)
		if v.Type != want && !(v.Type.IsNumber() && want.IsNumber()) {
			b.fail(x.Range(), "", "", "a %s is wanted here, and this is a %s", want, v.Type)
		}
		return b.convert(v, want)
	}
	s.From, s.To, s.Step = bound(op.From, t), bound(op.To, t), bound(op.Step, step)
	c := &context{scope: in, columns: columns, groups: g}
	for _, a := range op.Aggregates {
		before := len(g.aggs)
		more := b.aggregated(a.X, c, n)
		if len(more) != 1 || len(g.aggs) != before+1 || more[0].X.Column == 0 {
			b.fail(a.X.Span, "", "", "make-series takes one aggregate a column")
		}
		of := g.aggs[before].Out[0].Type
		def := plan.Constant(of, defaultOf(of))
		if a.Default != nil {
			v := b.scalar(a.Default, fixed)
			if v.Type != of && v.Type != schema.Unknown && !(v.Type.IsNumber() && of.IsNumber()) {
				b.fail(a.Default.Range(), "", "", "the default of a series of %s can't be a %s", of, v.Type)
			}
			if v.Type != schema.Unknown {
				def = v
			} else {
				def = plan.Constant(of, nullValue)
			}
		}
		s.Defaults = append(s.Defaults, def)
		g.aggs[before].Out = []plan.Column{{ID: more[0].ID, Name: more[0].Name, Type: schema.Dynamic}}
	}
	s.Keys, s.Aggs = g.keys, g.aggs
	label, plain := b.label(op.On, row)
	if !plain || n.taken[label] {
		label = n.made(label)
	}
	s.AxisOut = b.column(label, schema.Dynamic)
	r.node, r.ordered = s, false
	return r
}

func defaultOf(t schema.Type) value.Value {
	switch t {
	case schema.Int, schema.Long:
		return value.Long(0)
	case schema.Real:
		return value.Real(0)
	case schema.Decimal:
		return value.Dec(value.Decimal{})
	case schema.Timespan:
		return value.Timespan(0)
	}
	return nullValue
}
