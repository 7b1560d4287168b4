package bind

import (
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// rows is a table in the making.
type rows struct {
	node  plan.Node
	chart *table.Chart
	// ordered says that the rows have an order that functions may look around in.
	ordered bool
	// name is what as, or a table's own name, calls the rows.
	name string
	// views are names that as gave, seen by the rest of the pipeline.
	scope *scope
}

// pipe binds a tabular expression.
func (b *binder) pipe(x syntax.Expr, in *scope) rows {
	b.depth++
	defer func() { b.depth-- }()
	if b.nodes++; b.nodes > maxNodes || b.depth > maxDepth {
		b.fail(x.Range(), "", "materialize(…) keeps the rows of a table that is used many times", "the query grows too big: its let-bound tables name each other too often")
	}
	switch x := x.(type) {
	case *syntax.Pipe:
		r := b.pipe(x.Source, in)
		return b.steps(r, x.Ops, in)
	case *syntax.Name:
		return b.tableNamed(x, in)
	case *syntax.Call:
		return b.tableCall(x, in)
	case *syntax.Datatable:
		return b.datatable(x, in)
	case *syntax.Print:
		return b.print(x, in)
	case *syntax.Range:
		return b.sequence(x, in)
	case *syntax.Union:
		return b.union(nil, x, in)
	case *syntax.Search:
		return b.search(nil, x, in)
	}
	// A scalar where a table is wanted: Kusto shows it as a row of one column.
	b.fail(x.Range(), "", "print "+syntax.FormatExpr(x), "a table is wanted here")
	return rows{}
}

func (b *binder) steps(r rows, ops []syntax.Operator, in *scope) rows {
	for _, op := range ops {
		if r.scope != nil {
			in = r.scope
		}
		if r.chart != nil {
			if _, again := op.(*syntax.Render); !again {
				b.fail(op.Range(), "", "render comes last", "something follows render")
			}
		}
		if b.nodes++; b.nodes > maxNodes {
			b.fail(op.Range(), "", "", "the query grows too big")
		}
		r = b.step(r, op, in)
	}
	return r
}

func (b *binder) step(r rows, op syntax.Operator, in *scope) rows {
	switch op := op.(type) {
	case *syntax.Where:
		c, close := b.around(&r, in)
		s := b.boolean(op.X, c)
		close(op.Span)
		out := r.node.Out()
		r.node = &plan.Filter{In: r.node, If: s}
		if len(c.windows.calls) > 0 {
			r.node = passing(r.node, out[:len(out)-len(c.windows.calls)])
		}
		return r
	case *syntax.Extend:
		return b.extend(r, op.Columns, op.Span, in)
	case *syntax.Serialize:
		r.ordered = true
		if len(op.Columns) == 0 {
			return r
		}
		return b.extend(r, op.Columns, op.Span, in)
	case *syntax.Project:
		return b.project(r, op.Columns, op.Span, in)
	case *syntax.Select:
		return b.selection(r, op)
	case *syntax.Rename:
		return b.rename(r, op)
	case *syntax.Distinct:
		return b.distinct(r, op, in)
	case *syntax.Summarize:
		return b.summarize(r, op, in)
	case *syntax.Sort:
		r.node = &plan.Sort{In: r.node, Keys: b.keys(op.By, r, in)}
		r.ordered = true
		return r
	case *syntax.Top:
		r.node = &plan.Sort{In: r.node, Keys: b.keys(op.By, r, in), Limit: b.number(op.Count, in)}
		r.ordered = true
		return r
	case *syntax.Take:
		r.node = &plan.Take{In: r.node, Count: b.number(op.Count, in), Sample: op.Verb == "sample"}
		return r
	case *syntax.SampleDistinct:
		d := b.distinct(r, &syntax.Distinct{Span: op.Span, Columns: []*syntax.Named{op.Of}}, in)
		d.node = &plan.Take{In: d.node, Count: b.number(op.Count, in)}
		return d
	case *syntax.Count:
		return b.count(r)
	case *syntax.GetSchema:
		return b.getSchema(r)
	case *syntax.As:
		return b.as(r, op, in)
	case *syntax.Render:
		r.chart = b.render(op, in)
		return r
	case *syntax.Join:
		return b.join(r, op, in)
	case *syntax.Union:
		return b.union(&r, op, in)
	case *syntax.Search:
		return b.search(&r, op, in)
	case *syntax.MvExpand:
		return b.mvExpand(r, op, in)
	case *syntax.MvApply:
		return b.mvApply(r, op, in)
	case *syntax.MakeSeries:
		return b.makeSeries(r, op, in)
	case *syntax.Parsing:
		return b.parse(r, op, in)
	case *syntax.Partition:
		return b.partition(r, op, in)
	case *syntax.Invoke:
		return b.invoke(r, op, in)
	}
	b.fail(op.Range(), "", "", "stanch does not have this operator")
	return r
}

// passing keeps columns, and no others.
func passing(n plan.Node, columns []plan.Column) plan.Node {
	p := &plan.Project{In: n}
	for _, c := range columns {
		p.Columns = append(p.Columns, plan.Computed{Column: c, X: plan.Ref(c)})
	}
	return p
}

// renamed gives the node's columns other names.
func renamed(n plan.Node, columns []plan.Column) plan.Node { return passing(n, columns) }

// number binds a count, which may be a subquery's outcome.
func (b *binder) number(x syntax.Expr, in *scope) *plan.Scalar {
	s := b.scalar(x, &context{scope: in})
	if !s.Type.IsInteger() {
		b.fail(x.Range(), "", "", "a whole number is wanted, and this is a %s", s.Type)
	}
	if s.Const != nil && (s.Const.IsNull() || s.Const.Long() < 0) {
		b.fail(x.Range(), "", "", "a number of rows is wanted, and this is %s", s.Const.Text())
	}
	return s
}

func (b *binder) count(r rows) rows {
	out := b.column("Count", schema.Long)
	r.node = &plan.Summarize{In: r.node, Aggs: []plan.Aggregation{{Out: []plan.Column{out}, Text: "count()", New: countState}}}
	r.ordered = false
	return r
}

func (b *binder) getSchema(r rows) rows {
	v := &plan.Values{Columns: []plan.Column{
		b.column("ColumnName", schema.String), b.column("ColumnOrdinal", schema.Long),
		b.column("DataType", schema.String), b.column("ColumnType", schema.String),
	}}
	text := func(s string) *plan.Scalar { return plan.Constant(schema.String, value.String(s)) }
	for i, c := range r.node.Out() {
		v.Rows = append(v.Rows, []*plan.Scalar{text(c.Name), plan.Constant(schema.Long, value.Long(int64(i))), text(dotNet(c.Type)), text(c.Type.String())})
	}
	return rows{node: v}
}

// dotNet is the name of a type that getschema shows as DataType.
func dotNet(t schema.Type) string {
	switch t {
	case schema.Bool:
		return "System.SByte"
	case schema.Int:
		return "System.Int32"
	case schema.Long:
		return "System.Int64"
	case schema.Real:
		return "System.Double"
	case schema.Decimal:
		return "System.Data.SqlTypes.SqlDecimal"
	case schema.Datetime:
		return "System.DateTime"
	case schema.Timespan:
		return "System.TimeSpan"
	case schema.Guid:
		return "System.Guid"
	case schema.Dynamic:
		return "System.Object"
	}
	return "System.String"
}

// as names the rows so far. The rest of the pipeline, joins and unions in it,
// may use the name; so the rows are kept.
func (b *binder) as(r rows, op *syntax.As, in *scope) rows {
	s := &plan.Shared{Node: r.node}
	inner := newScope(in)
	inner.names[op.Name.Text] = binding{shared: s}
	shared := b.share(s)
	// The rows go on under their own identities.
	r.node = shared.node
	r.name = op.Name.Text
	r.scope = inner
	return r
}

func (b *binder) render(op *syntax.Render, in *scope) *table.Chart {
	c := &table.Chart{Kind: op.Kind, Properties: map[string]string{}}
	kinds := []string{
		"anomalychart", "areachart", "barchart", "card", "columnchart", "linechart", "piechart", "pivotchart", "plotly",
		"scatterchart", "stackedareachart", "table", "timechart", "timepivot", "treemap", "ladderchart", "graph",
	}
	if !slices.Contains(kinds, op.Kind) {
		hint := ""
		if near := nearest.To(op.Kind, kinds); near != "" {
			hint = "did you mean " + near + "?"
		}
		b.fail(op.Span, "", hint, "there is no chart of the kind %s", op.Kind)
	}
	for _, p := range op.Properties {
		var parts []string
		for _, x := range p.X {
			switch x := x.(type) {
			case *syntax.Name:
				parts = append(parts, x.Text)
			default:
				s := b.scalar(x, &context{scope: in})
				if s.Const == nil {
					b.fail(x.Range(), "", "", "the properties of a chart are constants")
				}
				parts = append(parts, s.Const.Text())
			}
		}
		c.Properties[strings.ToLower(p.Name)] = strings.Join(parts, ",")
	}
	return c
}

func (b *binder) keys(orders []syntax.Order, r rows, in *scope) (keys []plan.Key) {
	c := &context{scope: in, columns: r.node.Out()}
	for _, o := range orders {
		s := b.scalar(o.X.X, c)
		if s.Type == schema.Dynamic {
			b.fail(o.X.Span, "KS116", "convert it, as in tostring(…)", "rows can't be ordered by a dynamic")
		}
		keys = append(keys, plan.Key{X: s, Ascending: o.Ascending, NullsFirst: o.NullsFirst})
	}
	return keys
}

func (b *binder) invoke(r rows, op *syntax.Invoke, in *scope) rows {
	found, ok := in.find(op.Call.Name.Text)
	if !ok || found.lambda == nil {
		b.fail(op.Call.Name.Span, "", "let "+op.Call.Name.Text+" = (T:(*)) { … };", "there is no function %s", op.Call.Name.Text)
	}
	if len(found.lambda.Params) == 0 || !found.lambda.Params[0].Table {
		b.fail(op.Call.Span, "", "", "the first parameter of %s is no table", op.Call.Name.Text)
	}
	inner := b.enter(op.Call, found, in, &context{scope: in}, &plan.Shared{Node: r.node})
	out := b.pipe(found.lambda.X, inner)
	out.scope, out.chart = nil, nil
	return out
}
