package bind

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/operator"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// expansion binds the columns of mv-expand and mv-apply over rows of columns. out
// is the columns of the result: those that an expanded one takes the name of
// make place for it.
func (b *binder) expansion(columns []plan.Column, list []syntax.Expanded, index string, limit syntax.Expr, in *scope) (e *plan.Expand, out []plan.Column) {
	c := &context{scope: in, columns: columns}
	e = &plan.Expand{}
	out = slices.Clone(columns)
	n := b.namer("Column")
	for _, x := range list {
		s := b.scalar(x.X.X, c)
		if s.Type != schema.Dynamic {
			b.fail(x.X.Span, "", "pack_array(…) makes an array", "only a dynamic can be expanded, and this is a %s", s.Type)
		}
		var name string
		if len(x.X.Names) > 0 {
			name = x.X.Names[0].Text
		} else {
			name, _ = b.label(x.X.X, c)
			if name == "" {
				name = n.made("")
			}
		}
		t := x.Type
		if t == schema.Unknown {
			t = schema.Dynamic
		}
		column := b.column(name, t)
		e.Columns = append(e.Columns, plan.Expansion{Out: column, X: s, Type: t})
		if i := slices.IndexFunc(out, func(c plan.Column) bool { return c.Name == name }); i >= 0 {
			out[i] = column
		} else {
			out = append(out, column)
		}
	}
	if index != "" {
		e.Index = b.column(index, schema.Long)
		out = append(out, e.Index)
	}
	if limit != nil {
		e.Limit = b.number(limit, in)
	}
	return e, out
}

func (b *binder) mvExpand(r rows, op *syntax.MvExpand, in *scope) rows {
	e, out := b.expansion(r.node.Out(), op.Columns, op.WithIndex, op.Limit, in)
	e.In, e.Bags, e.Arrays = r.node, op.Bag, op.Arrays
	r.node = passing(e, out)
	return r
}

func (b *binder) mvApply(r rows, op *syntax.MvApply, in *scope) rows {
	columns := r.node.Out()
	row := &plan.Given{Columns: columns}
	e, out := b.expansion(columns, op.Columns, op.WithIndex, op.Limit, in)
	e.In = row
	sub := b.steps(rows{node: passing(e, out), ordered: true}, op.On.Ops, in)
	a := &plan.Apply{In: r.node, Make: e, Row: row, Sub: sub.node}
	// The row's columns come first, but for those whose names the sub-pipeline's
	// columns have: these stand with the others that it made.
	made := sub.node.Out()
	order := slices.DeleteFunc(slices.Clone(columns), func(c plan.Column) bool {
		return slices.ContainsFunc(made, func(m plan.Column) bool { return m.Name == c.Name && m.ID != c.ID })
	})
	for _, m := range made {
		if !plan.Has(order, m.ID) {
			order = append(order, m)
		}
	}
	r.node = passing(a, order)
	return r
}

func (b *binder) parse(r rows, op *syntax.Parsing, in *scope) rows {
	columns := r.node.Out()
	s := b.scalar(op.X, &context{scope: in, columns: columns})
	if s.Type != schema.String && s.Type != schema.Dynamic {
		b.fail(op.X.Range(), "", "tostring(…) makes a text of it", "only a text can be parsed, and this is a %s", s.Type)
	}
	p := &plan.Parse{In: r.node, X: b.convert(s, schema.String), Only: op.Verb == "parse-where", Text: op.Verb}
	for _, part := range op.Pattern {
		if part.Column != nil {
			p.Columns = append(p.Columns, b.column(part.Column.Name.Text, part.Column.Type))
		}
	}
	p.Match = b.matcher(op)
	out := slices.Clone(columns)
	for _, c := range p.Columns {
		if i := slices.IndexFunc(out, func(o plan.Column) bool { return o.Name == c.Name }); i >= 0 {
			out[i] = c
		} else {
			out = append(out, c)
		}
	}
	r.node = passing(p, out)
	return r
}

// matcher compiles a pattern to a regular expression. A column of type string
// takes as little as it can, but for the last, which takes the rest; numbers
// take what a number looks like.
func (b *binder) matcher(op *syntax.Parsing) func(string, []value.Value) bool {
	relaxed := op.Kind == "relaxed"
	isRegex := op.Kind == "regex"
	if op.Kind != "" && op.Kind != "simple" && !relaxed && !isRegex {
		b.fail(op.Span, "", "simple, relaxed or regex", "there is no kind of parse called %s", op.Kind)
	}
	var re strings.Builder
	flags := "s"
	if isRegex {
		flags = ""
		for _, f := range op.Flags {
			if !strings.ContainsRune("imsU", f) {
				b.fail(op.Span, "", "i, m, s or U", "there is no flag %c", f)
			}
			flags += string(f)
		}
	}
	if flags != "" {
		re.WriteString("(?" + flags + ")")
	}
	re.WriteString("^")
	var types []schema.Type
	for i, part := range op.Pattern {
		last := i == len(op.Pattern)-1
		switch {
		case part.Text != nil && isRegex:
			re.WriteString("(?:" + part.Text.Value.Str() + ")")
		case part.Text != nil:
			re.WriteString(regexp.QuoteMeta(part.Text.Value.Str()))
		case part.Column == nil && (last || isRegex):
			re.WriteString(".*")
		case part.Column == nil:
			re.WriteString(".*?")
		default:
			// Named, since texts of kind=regex may have groups of their own.
			fmt.Fprintf(&re, "(?P<%s%d>%s)", groupName, len(types), capture(part.Column.Type, last || isRegex, relaxed))
			types = append(types, part.Column.Type)
		}
	}
	re.WriteString("$")
	compiled, err := operator.Regexp(re.String())
	if err != nil {
		b.fail(op.Span, "", "", "%v", err)
	}
	at := make([]int, len(types))
	for i := range types {
		at[i] = 2 * compiled.SubexpIndex(groupName+strconv.Itoa(i))
	}
	return func(text string, out []value.Value) bool {
		m := compiled.FindStringSubmatchIndex(text)
		if m == nil {
			return false
		}
		ok := true
		for i, t := range types {
			from, to := m[at[i]], m[at[i]+1]
			if from < 0 {
				from, to = 0, 0
			}
			out[i] = value.Convert(value.String(text[from:to]), t)
			if out[i].IsNull() && !relaxed && !isRegex {
				ok = false
			}
		}
		return ok
	}
}

const groupName = "stanch_column_"

// capture is what a column takes: numbers what a number looks like, others all
// that they can if greedy, as little as they can otherwise. Relaxed, a number may
// be something else, which gives null.
func capture(t schema.Type, greedy, relaxed bool) string {
	any := ".*?"
	if greedy {
		any = ".*"
	}
	number := ""
	switch t {
	case schema.Int, schema.Long:
		number = `[-+]?\d+`
	case schema.Real, schema.Decimal:
		number = `[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?`
	default:
		return any
	}
	if relaxed {
		return number + "|" + any
	}
	return number
}
