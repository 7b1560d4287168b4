package bind

import (
	"slices"
	"strconv"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func countState() aggregate.State {
	f, _, _ := aggregate.Find("count")
	made, _ := f.New(nil)
	return made()
}

// namer gives the columns of an operator their names, none twice.
type namer struct {
	b       *binder
	prefix  string // of columns without a name
	unnamed int    // how many of those there were
	taken   map[string]bool
	plain   map[string]bool // taken by the query's own words
	replace bool            // names may be given again, as in extend
}

func (b *binder) namer(prefix string) *namer {
	return &namer{b: b, prefix: prefix, unnamed: 1, taken: map[string]bool{}, plain: map[string]bool{}}
}

// written takes a name that the query says.
func (n *namer) written(name syntax.Name) string {
	if n.plain[name.Text] {
		n.b.fail(name.Span, "KS171", "", "there are two columns %s", name.Text)
	}
	n.taken[name.Text], n.plain[name.Text] = true, true
	return name.Text
}

// made takes a name that follows from the expression; a number tells it from
// those that are taken.
func (n *namer) made(name string) string {
	if name == "" {
		name = n.prefix + strconv.Itoa(n.unnamed)
		n.unnamed++
	}
	unique := name
	for i := 1; n.taken[unique] && !n.replace; i++ {
		unique = name + strconv.Itoa(i)
	}
	n.taken[unique] = true
	return unique
}

// of names a column by its expression.
func (n *namer) of(x syntax.Expr, in *context) string {
	label, plain := n.b.label(x, in)
	if plain && (!n.taken[label] || n.plain[label]) {
		return n.written(syntax.Name{Span: x.Range(), Text: label})
	}
	return n.made(label)
}

// computed binds one entry of a list of columns; a function that gives several
// columns makes several.
func (b *binder) computed(x *syntax.Named, in *context, n *namer) []plan.Computed {
	if c, ok := b.spread(x, in, n); ok {
		return c
	}
	if len(x.Names) > 1 {
		b.fail(x.Span, "", "", "several names for one column")
	}
	s := b.scalar(x.X, in)
	var name string
	if len(x.Names) == 1 {
		name = n.written(x.Names[0])
	} else {
		name = n.of(x.X, in)
	}
	if s.Type == schema.Unknown {
		s = &plan.Scalar{Type: schema.Dynamic, Const: s.Const, Column: s.Column, Sub: s.Sub, Text: s.Text, Args: s.Args, Make: s.Make}
	}
	if s.Column != 0 && plan.Has(in.columns, s.Column) {
		// The column itself goes on, unless it is there already.
		return []plan.Computed{{Column: plan.Column{ID: s.Column, Name: name, Type: s.Type}, X: s}}
	}
	return []plan.Computed{{Column: b.column(name, s.Type), X: s}}
}

// spread binds a call of a function that gives several columns.
func (b *binder) spread(x *syntax.Named, in *context, n *namer) ([]plan.Computed, bool) {
	call, ok := x.X.(*syntax.Call)
	if !ok {
		return nil, false
	}
	f, ok := function.Find(call.Name.Text)
	if !ok || f.Columns == nil {
		return nil, false
	}
	if _, own := in.scope.find(call.Name.Text); own {
		return nil, false
	}
	args := b.args(call, in)
	described := b.describe(call.Args, args, in)
	whole := b.applyFunction(call, f, args, described)
	columns := f.Columns(described)
	if len(columns) < 2 && len(x.Names) > 0 {
		return nil, false
	}
	if len(x.Names) > len(columns) {
		b.fail(x.Span, "", "", "%s() gives %d columns, and there are more names", f.Name, len(columns))
	}
	if len(columns) == 1 && described[0].Name == "" {
		return nil, false
	}
	if len(columns) == 1 {
		return []plan.Computed{{Column: b.column(n.made(columns[0].Name), columns[0].Type), X: whole}}, true
	}
	var out []plan.Computed
	for i, c := range columns {
		var name string
		switch {
		case i < len(x.Names):
			name = n.written(x.Names[i])
		case len(x.Names) > 0:
			continue
		default:
			name = n.made(c.Name)
		}
		s := b.apply(c.Type, "[]", []*plan.Scalar{whole}, func(args []plan.Compute) plan.Compute {
			return func(row []value.Value) value.Value { return element(args[0](row), int64(i)) }
		})
		out = append(out, plan.Computed{Column: b.column(name, c.Type), X: s})
	}
	return out, true
}

// unique gives columns that are passed on twice an identity of their own.
func (b *binder) unique(columns []plan.Computed) []plan.Computed {
	seen := map[plan.ColumnID]bool{}
	for i, c := range columns {
		if seen[c.ID] {
			columns[i].Column = b.column(c.Name, c.Type)
		}
		seen[columns[i].ID] = true
	}
	return columns
}

func (b *binder) project(r rows, columns []*syntax.Named, span syntax.Span, in *scope) rows {
	c, close := b.around(&r, in)
	n := b.namer("Column")
	p := &plan.Project{}
	for _, x := range columns {
		p.Columns = append(p.Columns, b.computed(x, c, n)...)
	}
	close(span)
	p.In, p.Columns = r.node, b.unique(p.Columns)
	r.node = p
	return r
}

func (b *binder) extend(r rows, columns []*syntax.Named, span syntax.Span, in *scope) rows {
	before := r.node.Out()
	c, close := b.around(&r, in)
	n := b.namer("Column")
	n.replace = true
	c.aliases = map[string]*plan.Scalar{}
	var late []string
	c.onAlias = func(name syntax.Name) {
		late = append(late, name.Text)
		b.compat("KS142", name.Span, "extend uses "+name.Text+" beside where it is made", "| extend a second time, after "+name.Text+" is made")
	}
	var made []plan.Computed
	for _, x := range columns {
		more := b.computed(x, c, n)
		for _, m := range more {
			c.aliases[m.Name] = m.X
		}
		made = append(made, more...)
	}
	close(span)
	p := &plan.Project{In: r.node}
	placed := map[string]int{}
	for i, col := range before {
		p.Columns = append(p.Columns, plan.Computed{Column: col, X: plan.Ref(col)})
		placed[col.Name] = i
	}
	for _, m := range made {
		if i, ok := placed[m.Name]; ok {
			p.Columns[i] = m
		} else {
			placed[m.Name] = len(p.Columns)
			p.Columns = append(p.Columns, m)
		}
	}
	p.Columns = b.unique(p.Columns)
	r.node = p
	return r
}

func (b *binder) rename(r rows, op *syntax.Rename) rows {
	columns := slices.Clone(r.node.Out())
	before := r.node.Out()
	for _, x := range op.Columns {
		old, ok := x.X.(*syntax.Name)
		if !ok || len(x.Names) != 1 {
			b.fail(x.Span, "", "project-rename new = old", "project-rename takes new = old")
		}
		i := slices.IndexFunc(before, func(c plan.Column) bool { return c.Name == old.Text })
		if i < 0 {
			b.unknown(old, &context{scope: newScope(nil), columns: before})
		}
		columns[i].Name = x.Names[0].Text
	}
	for i, c := range columns {
		if slices.ContainsFunc(columns[:i], func(o plan.Column) bool { return o.Name == c.Name }) {
			b.fail(op.Span, "KS171", "", "there are two columns %s", c.Name)
		}
	}
	r.node = renamed(r.node, columns)
	return r
}

func (b *binder) distinct(r rows, op *syntax.Distinct, in *scope) rows {
	c := &context{scope: in, columns: r.node.Out()}
	s := &plan.Summarize{In: r.node}
	n := b.namer("Column")
	if op.Columns == nil {
		for _, col := range c.columns {
			s.Keys = append(s.Keys, plan.Computed{Column: col, X: plan.Ref(col)})
		}
	}
	for _, x := range op.Columns {
		s.Keys = append(s.Keys, b.computed(x, c, n)...)
	}
	for _, k := range s.Keys {
		if k.Type == schema.Dynamic {
			b.compat("KS116", op.Span, "distinct of "+k.Name+", which is a dynamic", "tostring("+k.Name+")")
		}
	}
	s.Keys = b.unique(s.Keys)
	r.node, r.ordered = s, false
	return r
}
