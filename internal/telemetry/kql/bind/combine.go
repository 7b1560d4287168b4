package bind

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/operator"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

var joinKinds = map[string]plan.JoinKind{
	"": plan.InnerUnique, "innerunique": plan.InnerUnique, "inner": plan.Inner, "leftouter": plan.LeftOuter,
	"rightouter": plan.RightOuter, "fullouter": plan.FullOuter, "leftsemi": plan.LeftSemi, "rightsemi": plan.RightSemi,
	"leftanti": plan.LeftAnti, "anti": plan.LeftAnti, "leftantisemi": plan.LeftAnti, "rightanti": plan.RightAnti, "rightantisemi": plan.RightAnti,
}

func (b *binder) join(r rows, op *syntax.Join, in *scope) rows {
	kind, ok := joinKinds[op.Kind]
	lookup := op.Verb == "lookup"
	if lookup {
		kind = plan.LeftOuter
		ok = op.Kind == "" || op.Kind == "leftouter" || op.Kind == "inner"
		if op.Kind == "inner" {
			kind = plan.Inner
		}
	}
	if !ok {
		b.fail(op.Span, "", "innerunique, inner, leftouter, rightouter, fullouter, leftsemi, leftanti, rightsemi, rightanti", "there is no kind of %s called %s", op.Verb, op.Kind)
	}
	right := b.pipe(op.Right, in)
	j := &plan.Join{Left: r.node, Right: right.node, Kind: kind}
	left, other := r.node.Out(), right.node.Out()
	var rightKeys []string
	for _, x := range op.On {
		l, k, name := b.joinKey(x, left, other, in)
		if !comparable(l.Type, k.Type) || l.Type != k.Type && (l.Type == schema.String || k.Type == schema.String) {
			b.fail(x.Range(), "", "convert one of them", "a %s is joined with a %s", l.Type, k.Type)
		}
		if l.Type == schema.Dynamic || k.Type == schema.Dynamic {
			b.compat("KS116", x.Range(), "a join by a dynamic", "tostring(…) of it, in an extend before the join")
		}
		j.LeftKeys, j.RightKeys = append(j.LeftKeys, l), append(j.RightKeys, k)
		rightKeys = append(rightKeys, name)
	}
	switch kind {
	case plan.LeftSemi, plan.LeftAnti:
		j.Columns = left
	case plan.RightSemi, plan.RightAnti:
		j.Columns = other
	default:
		j.Columns = slices.Clone(left)
		taken := map[string]bool{}
		for _, c := range left {
			taken[c.Name] = true
		}
		for _, c := range other {
			if lookup && slices.Contains(rightKeys, c.Name) {
				continue
			}
			name := c.Name
			for i := 1; taken[name]; i++ {
				name = c.Name + strconv.Itoa(i)
			}
			taken[name] = true
			c.Name = name
			j.Columns = append(j.Columns, c)
		}
	}
	r.node, r.ordered = j, false
	return r
}

// joinKey binds one condition of on: a column of both sides, or an equality of
// $left and $right. name is that of the right side's column, if it is one.
func (b *binder) joinKey(x syntax.Expr, left, right []plan.Column, in *scope) (l, r *plan.Scalar, name string) {
	if n, ok := x.(*syntax.Name); ok {
		l = b.name(n, &context{scope: newScope(nil), columns: left})
		r = b.name(n, &context{scope: newScope(nil), columns: right})
		return l, r, n.Text
	}
	eq, ok := x.(*syntax.Binary)
	if !ok || eq.Op != "==" {
		if and, isAnd := x.(*syntax.Binary); isAnd && and.Op == "and" {
			b.fail(x.Range(), "", "on a, b", "several conditions stand with commas between them")
		}
		b.fail(x.Range(), "", "on a, or on $left.a == $right.b", "a join is by columns that are equal")
	}
	c := &context{scope: in, left: left, right: right}
	first, second := eq.L, eq.R
	if sideOf(first) == "$right" && sideOf(second) == "$left" {
		first, second = second, first
	}
	if sideOf(first) != "$left" || sideOf(second) != "$right" {
		b.fail(x.Range(), "", "on $left.a == $right.b", "one side is to be of $left, the other of $right")
	}
	if m, ok := second.(*syntax.Member); ok {
		name = m.Name.Text
	}
	return b.scalar(first, c), b.scalar(second, c), name
}

// sideOf says which side of a join an expression is of: $left, $right, or none.
func sideOf(x syntax.Expr) (side string) {
	syntax.Walk(x, func(e syntax.Expr) bool {
		if n, ok := e.(*syntax.Name); ok && (n.Text == "$left" || n.Text == "$right") {
			side = n.Text
		}
		return true
	})
	return side
}

// tables binds the operands of union and search; a pattern stands for all tables
// that it matches.
func (b *binder) tables(list []syntax.Expr, fuzzy bool, in *scope) (all []rows) {
	for _, x := range list {
		n, isName := x.(*syntax.Name)
		if isName && strings.Contains(n.Text, "*") {
			names := in.all()
			for _, t := range b.options.Tables {
				names = append(names, t.Name)
			}
			slices.Sort(names)
			for _, name := range slices.Compact(names) {
				if ok, _ := path.Match(n.Text, name); ok && b.isTabular(&syntax.Name{Text: name}, in) {
					all = append(all, b.pipe(&syntax.Name{Span: n.Span, Text: name}, in))
				}
			}
			continue
		}
		if fuzzy && !b.resolves(x, in) {
			continue
		}
		all = append(all, b.pipe(x, in))
	}
	return all
}

// resolves tries whether a table is there, for isfuzzy.
func (b *binder) resolves(x syntax.Expr, in *scope) bool {
	if p, ok := x.(*syntax.Pipe); ok {
		return b.resolves(p.Source, in)
	}
	if n, ok := x.(*syntax.Name); ok {
		_, isTable := b.lookup[n.Text]
		_, isLet := in.find(n.Text)
		return isTable || isLet
	}
	return true
}

func (b *binder) union(first *rows, op *syntax.Union, in *scope) rows {
	var all []rows
	if first != nil {
		all = append(all, *first)
	}
	all = append(all, b.tables(op.Tables, op.Fuzzy, in)...)
	if len(all) == 0 {
		b.fail(op.Span, "", "", "none of the tables is there")
	}
	return b.unite(all, op.WithSource, op.Kind == "inner")
}

// unite gives the rows of all. Columns of the same name and type are one; of the
// same name and different types, each gets its type in its name.
func (b *binder) unite(all []rows, source string, inner bool) rows {
	u := &plan.Union{}
	type key struct {
		name string
		t    schema.Type
	}
	types := map[string][]schema.Type{}
	var order []key
	for _, r := range all {
		for _, c := range r.node.Out() {
			if !slices.Contains(types[c.Name], c.Type) {
				types[c.Name] = append(types[c.Name], c.Type)
				order = append(order, key{c.Name, c.Type})
			}
		}
	}
	if source != "" {
		c := b.column(source, schema.String)
		u.Source = c.ID
		u.Columns = append(u.Columns, c)
	}
	var kept []key
	for _, k := range order {
		everywhere := true
		for _, r := range all {
			everywhere = everywhere && slices.ContainsFunc(r.node.Out(), func(c plan.Column) bool { return c.Name == k.name && c.Type == k.t })
		}
		if inner && !everywhere {
			continue
		}
		name := k.name
		if len(types[k.name]) > 1 {
			name += "_" + k.t.String()
		}
		kept = append(kept, k)
		u.Columns = append(u.Columns, b.column(name, k.t))
	}
	for i, r := range all {
		u.In = append(u.In, r.node)
		name := r.name
		if name == "" {
			name = "union_arg" + strconv.Itoa(i)
		}
		u.Names = append(u.Names, name)
		var from []plan.ColumnID
		if source != "" {
			from = append(from, 0)
		}
		for _, k := range kept {
			id := plan.ColumnID(0)
			for _, c := range r.node.Out() {
				if c.Name == k.name && c.Type == k.t {
					id = c.ID
				}
			}
			from = append(from, id)
		}
		u.From = append(u.From, from)
	}
	return rows{node: u}
}

// search looks in all text columns of tables.
func (b *binder) search(first *rows, op *syntax.Search, in *scope) rows {
	var all []rows
	switch {
	case first != nil:
		all = []rows{*first}
		if all[0].name == "" {
			all[0].name = "search_arg0"
		}
	case len(op.Tables) > 0:
		all = b.tables(op.Tables, false, in)
	default:
		for _, t := range b.options.Tables {
			all = append(all, b.scan(t))
		}
	}
	if len(all) == 0 {
		b.fail(op.Span, "", "--from names where the telemetry lies", "there is no table to search")
	}
	for i, r := range all {
		c := &context{scope: in, columns: r.node.Out(), searching: true}
		all[i].node = &plan.Filter{In: r.node, If: b.searched(op.X, op.CaseSensitive, c)}
	}
	return b.unite(all, "$table", false)
}

// searched binds the predicate of a search: a text on its own is looked for in
// all columns.
func (b *binder) searched(x syntax.Expr, exact bool, in *context) *plan.Scalar {
	switch x := x.(type) {
	case *syntax.Literal:
		if x.Type == schema.String {
			return b.anywhere(x, exact, in)
		}
	case *syntax.Binary:
		if x.Op == "and" || x.Op == "or" {
			args := []*plan.Scalar{b.searched(x.L, exact, in), b.searched(x.R, exact, in)}
			if x.Op == "and" {
				return b.apply(schema.Bool, "and", args, operator.And)
			}
			return b.apply(schema.Bool, "or", args, operator.Or)
		}
		// A column that only some of the tables have is not found in the others.
		if n, ok := x.L.(*syntax.Name); ok && !slices.ContainsFunc(in.columns, func(c plan.Column) bool { return c.Name == n.Text }) {
			if _, isLet := in.scope.find(n.Text); !isLet {
				return plan.Constant(schema.Bool, value.Bool(false))
			}
		}
	}
	return b.boolean(x, in)
}

func (b *binder) anywhere(x *syntax.Literal, exact bool, in *context) *plan.Scalar {
	var any *plan.Scalar
	for _, c := range in.columns {
		one := b.found(plan.Ref(c), x.Value.Str(), exact)
		if any == nil {
			any = one
		} else {
			any = b.apply(schema.Bool, "or", []*plan.Scalar{any, one}, operator.Or)
		}
	}
	if any == nil {
		return plan.Constant(schema.Bool, value.Bool(false))
	}
	return any
}

// found looks for a term in a scalar; stars at its ends leave the term open there.
func (b *binder) found(s *plan.Scalar, term string, exact bool) *plan.Scalar {
	op := "has"
	front, back := strings.HasPrefix(term, "*"), strings.HasSuffix(term, "*")
	term = strings.Trim(term, "*")
	switch {
	case front && back:
		op = "contains"
	case front:
		op = "hassuffix"
	case back:
		op = "hasprefix"
	}
	if exact {
		op += "_cs"
	}
	pattern := value.String(term)
	m, _ := operator.Text(op, schema.String, schema.String, &pattern)
	return b.apply(schema.Bool, op, []*plan.Scalar{b.convert(s, schema.String), plan.Constant(schema.String, pattern)}, m)
}

// colon is column:"term", in search.
func (b *binder) colon(x *syntax.Binary, in *context) *plan.Scalar {
	l, ok := x.R.(*syntax.Literal)
	if !in.searching || !ok {
		b.fail(x.At, "", "", "':' has a meaning only in search")
	}
	s := b.scalar(x.L, in)
	if l.Type == schema.String {
		return b.found(s, l.Value.Str(), false)
	}
	return b.compare(&syntax.Binary{Span: x.Span, Op: "==", L: x.L, R: x.R, At: x.At}, []*plan.Scalar{s, plan.Constant(l.Type, l.Value)})
}

func (b *binder) partition(r rows, op *syntax.Partition, in *scope) rows {
	columns := r.node.Out()
	by := b.name(&op.By, &context{scope: newScope(nil), columns: columns})
	given := &plan.Given{Columns: columns}
	inner := b.steps(rows{node: given, ordered: r.ordered, name: r.name}, op.Sub.Ops, in)
	return rows{node: &plan.Partition{In: r.node, By: by, Rows: given, Sub: inner.node}}
}
