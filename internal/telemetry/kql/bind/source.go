package bind

import (
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func (b *binder) tableNamed(x *syntax.Name, in *scope) rows {
	if found, ok := in.find(x.Text); ok {
		switch {
		case found.shared != nil:
			return b.share(found.shared)
		case found.table != nil:
			r := b.pipe(found.table, found.scope)
			r.chart = nil
			r.name = x.Text
			r.scope = nil
			return r
		case found.lambda != nil:
			if len(found.lambda.Params) == 0 {
				return b.tableCall(&syntax.Call{Span: x.Span, Name: *x}, in)
			}
			b.fail(x.Span, "", "write "+x.Text+"(…)", "%s is a function", x.Text)
		case found.scalar != nil:
			b.fail(x.Span, "", "print "+x.Text, "%s is a value, and a table is wanted", x.Text)
		}
	}
	if t, ok := b.lookup[x.Text]; ok {
		return b.scan(t)
	}
	var candidates []string
	for name := range b.lookup {
		candidates = append(candidates, name)
	}
	slices.Sort(candidates)
	hint := ""
	if near := nearest.To(x.Text, append(candidates, in.all()...)); near != "" {
		hint = "did you mean " + near + "?"
	} else if len(candidates) > 0 && len(candidates) < 20 {
		hint = "the tables are " + strings.Join(candidates, ", ")
	} else if len(candidates) == 0 {
		hint = "there is no telemetry here; --from names where it lies"
	}
	b.fail(x.Span, "KS142", hint, "there is no table %s", x.Text)
	return rows{}
}

func (b *binder) scan(t schema.Table) rows {
	s := &plan.Scan{Table: t, From: 0, To: value.MaxDatetime}
	for i, c := range t.Columns {
		column := b.column(c.Name, c.Type)
		s.Columns = append(s.Columns, column)
		s.At = append(s.At, i)
		if c.Name == t.Time {
			s.Time = column.ID
		}
	}
	return rows{node: s, name: t.Name}
}

func (b *binder) share(s *plan.Shared) rows {
	columns := b.again(s.Node.Out())
	return rows{node: &plan.Shared{Node: s.Node, Columns: columns}, ordered: true}
}

func (b *binder) tableCall(x *syntax.Call, in *scope) rows {
	if found, ok := in.find(x.Name.Text); ok && found.lambda != nil {
		inner := b.enter(x, found, in, &context{scope: in}, nil)
		r := b.pipe(found.lambda.X, inner)
		r.name, r.scope, r.chart = x.Name.Text, nil, nil
		return r
	}
	switch x.Name.Text {
	case "materialize":
		b.need(x, 1, 1)
		key := sharedKey{x, in}
		s, ok := b.shared[key]
		if !ok {
			r := b.pipe(x.Args[0], in)
			s = &plan.Shared{Node: r.node}
			b.shared[key] = s
		}
		return b.share(s)
	case "table":
		b.need(x, 1, 1)
		if l, ok := x.Args[0].(*syntax.Literal); ok && l.Type == schema.String {
			return b.tableNamed(&syntax.Name{Span: l.Span, Text: l.Value.Str()}, in)
		}
		b.fail(x.Span, "", "", "table() takes a name, as a constant text")
	case "cluster", "database", "workspace", "app", "external_table":
		b.fail(x.Span, "", "", "there are no clusters, databases and workspaces here; --from names where the telemetry lies")
	}
	b.fail(x.Span, "", "", "there is no function %s that gives a table", x.Name.Text)
	return rows{}
}

func (b *binder) datatable(x *syntax.Datatable, in *scope) rows {
	v := &plan.Values{}
	for _, c := range x.Columns {
		v.Columns = append(v.Columns, b.column(c.Name.Text, c.Type))
	}
	if len(v.Columns) == 0 {
		b.fail(x.Span, "", "datatable(a: long)[1, 2]", "a datatable without columns")
	}
	if len(x.Values)%len(v.Columns) != 0 {
		b.fail(x.Span, "", "", "%d values do not fill rows of %d columns", len(x.Values), len(v.Columns))
	}
	for i := 0; i < len(x.Values); i += len(v.Columns) {
		row := make([]*plan.Scalar, len(v.Columns))
		for j := range row {
			s := b.scalar(x.Values[i+j], &context{scope: in})
			to := v.Columns[j].Type
			if s.Type != to && s.Type != schema.Unknown && to != schema.Dynamic && !(s.Type.IsNumber() && to.IsNumber()) && s.Type != schema.String && s.Type != schema.Dynamic {
				b.fail(x.Values[i+j].Range(), "", "", "column %s is a %s, and this is a %s", v.Columns[j].Name, to, s.Type)
			}
			row[j] = b.convert(s, to)
		}
		v.Rows = append(v.Rows, row)
	}
	return rows{node: v, ordered: true}
}

func (b *binder) print(x *syntax.Print, in *scope) rows {
	one := &plan.Values{Rows: [][]*plan.Scalar{{}}}
	n := b.namer("print_")
	c := &context{scope: in, aliases: nil}
	p := &plan.Project{In: one}
	for i, named := range x.Columns {
		n.unnamed = i
		p.Columns = append(p.Columns, b.computed(named, c, n)...)
	}
	return rows{node: p, ordered: true}
}

func (b *binder) sequence(x *syntax.Range, in *scope) rows {
	c := &context{scope: in}
	from, to, step := b.scalar(x.From, c), b.scalar(x.To, c), b.scalar(x.Step, c)
	t := common(from.Type, to.Type)
	switch {
	case from.Type == schema.Datetime && to.Type == schema.Datetime && step.Type == schema.Timespan:
		t = schema.Datetime
	case from.Type == schema.Timespan && to.Type == schema.Timespan && step.Type == schema.Timespan:
	case from.Type.IsNumber() && to.Type.IsNumber() && step.Type.IsNumber():
		t = common(from.Type, to.Type, step.Type)
		if t == schema.Int && x.From != nil {
			t = schema.Long
		}
		from, to, step = b.convert(from, t), b.convert(to, t), b.convert(step, t)
	default:
		b.fail(x.Span, "", "", "range goes from a number, datetime or timespan to another in steps; these are a %s, a %s and a %s", from.Type, to.Type, step.Type)
	}
	return rows{node: &plan.Sequence{Column: b.column(x.Column.Text, t), From: from, To: to, Step: step}, ordered: true}
}
