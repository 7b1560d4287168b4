// Package bind gives a query its meaning: it looks names up, checks types, and
// turns the tree of syntax into a plan.
//
// It knows two modes. Strict refuses what Azure refuses. Otherwise four habits
// of people's runbooks are understood (an alias used within its own summarize; a
// number beside a timespan, which means milliseconds; prev() of rows without an
// order; queries without a semicolon between), each with a Warning that says
// what Azure would say and what to write for it.
//
// A let-bound table is bound anew wherever it is named, so that each place has
// columns of its own; materialize is bound once.
package bind

import (
	"fmt"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Options are what a query is bound with.
type Options struct {
	// Tables are those that may be asked.
	Tables []schema.Table
	// Now is the moment that now() gives, in ticks.
	Now int64
	// Strict refuses what Azure refuses.
	Strict bool
}

// Bound is a query with its plan.
type Bound struct {
	Span     syntax.Span
	Node     plan.Node
	Chart    *table.Chart
	Warnings []table.Warning
}

// maxNodes bounds what let-bound tables that name each other can grow to.
const maxNodes = 20_000

// maxDepth bounds how deep expressions nest: a chain of ands is as deep as it is
// long, and some are written by programs.
const maxDepth = 10_000

// Script binds the queries of a script, in order. src is its text. The error is
// a *syntax.Error.
func Script(s *syntax.Script, src string, options Options) (all []*Bound, err error) {
	b := &binder{src: src, options: options, shared: map[sharedKey]*plan.Shared{}, lookup: map[string]schema.Table{}}
	for _, t := range options.Tables {
		b.lookup[t.Name] = t
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *syntax.Error:
			all, err = nil, r
		default:
			panic(r)
		}
	}()
	for _, joint := range s.Joints {
		b.compat("KS005", joint, "a query begins here, and no semicolon ends the one before", ";")
	}
	top := newScope(nil)
	for _, st := range s.Statements {
		switch st := st.(type) {
		case *syntax.Let:
			b.let(st, top)
		case *syntax.Set:
			b.set(st, top)
		case *syntax.Query:
			b.columns, b.nodes = 0, 0
			r := b.pipe(st.X, top)
			all = append(all, &Bound{Span: st.Span, Node: r.node, Chart: r.chart, Warnings: b.warnings})
			b.warnings = nil
		}
	}
	if len(all) == 0 {
		return nil, &syntax.Error{Span: syntax.Span{From: len(src), To: len(src)}, Message: "there is no query in this text", Hint: "end with a table's name, or an expression such as print 1"}
	}
	// What was said after the last query belongs to it.
	all[len(all)-1].Warnings = append(all[len(all)-1].Warnings, b.warnings...)
	return all, nil
}

type binder struct {
	src      string
	options  Options
	lookup   map[string]schema.Table
	columns  plan.ColumnID
	nodes    int
	depth    int
	warnings []table.Warning
	shared   map[sharedKey]*plan.Shared
	binSize  *plan.Scalar // set query_bin_auto_size
	binAt    *plan.Scalar
}

type sharedKey struct {
	call  *syntax.Call
	scope *scope
}

func (b *binder) fail(at syntax.Span, code, hint, format string, args ...any) {
	panic(&syntax.Error{Span: at, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

// compat accepts something that Azure does not, with a warning; strict does not either.
func (b *binder) compat(code string, at syntax.Span, message, instead string) {
	if b.options.Strict {
		hint := ""
		if instead != "" {
			hint = "write " + instead
		}
		b.fail(at, code, hint, "%s", message)
	}
	line, column := syntax.Place(b.src, at.From)
	w := table.Warning{Code: code, Message: message, Line: line, Column: column, Instead: instead}
	for _, earlier := range b.warnings {
		if earlier == w {
			return // a let-bound table is bound as often as it is named
		}
	}
	b.warnings = append(b.warnings, w)
}

func (b *binder) column(name string, t schema.Type) plan.Column {
	b.columns++
	return plan.Column{ID: b.columns, Name: name, Type: t}
}

// again gives columns of the same names and types with identities of their own.
func (b *binder) again(of []plan.Column) []plan.Column {
	out := make([]plan.Column, len(of))
	for i, c := range of {
		out[i] = b.column(c.Name, c.Type)
	}
	return out
}

// scope is where names are looked up, innermost first.
type scope struct {
	parent *scope
	names  map[string]binding
}

// binding is what a name stands for: one of a scalar, a tabular expression with
// the scope that it is bound in, a function, or rows.
type binding struct {
	scalar *plan.Scalar
	table  syntax.Expr
	lambda *syntax.Lambda
	shared *plan.Shared
	scope  *scope
}

func newScope(parent *scope) *scope { return &scope{parent, map[string]binding{}} }

func (s *scope) find(name string) (binding, bool) {
	for ; s != nil; s = s.parent {
		if x, ok := s.names[name]; ok {
			return x, true
		}
	}
	return binding{}, false
}

func (s *scope) all() (names []string) {
	for ; s != nil; s = s.parent {
		for name := range s.names {
			names = append(names, name)
		}
	}
	return names
}

func (b *binder) let(l *syntax.Let, in *scope) {
	// Each let sees those before it, and not itself: a scope of its own for what
	// follows would be a chain as long as the script.
	seen := &scope{parent: in.parent, names: make(map[string]binding, len(in.names))}
	for k, v := range in.names {
		seen.names[k] = v
	}
	switch x := l.X.(type) {
	case *syntax.Lambda:
		in.names[l.Name.Text] = binding{lambda: x, scope: seen}
	default:
		if b.isTabular(l.X, seen) {
			in.names[l.Name.Text] = binding{table: l.X, scope: seen}
			b.pipe(l.X, seen) // so that a mistake is found where it is made
			return
		}
		in.names[l.Name.Text] = binding{scalar: b.scalar(l.X, &context{scope: seen})}
	}
}

func (b *binder) set(s *syntax.Set, in *scope) {
	if s.Value == nil {
		return // an option of a cluster's, such as notruncation
	}
	switch s.Name {
	case "query_bin_auto_size":
		b.binSize = b.scalar(s.Value, &context{scope: in})
	case "query_bin_auto_at":
		b.binAt = b.scalar(s.Value, &context{scope: in})
	case "query_now":
		x := b.scalar(s.Value, &context{scope: in})
		if x.Const != nil && x.Type == schema.Datetime {
			b.options.Now = x.Const.Long()
		}
	}
}

// isTabular says whether an expression is a table. It is decided by its form and
// by what its first name stands for.
func (b *binder) isTabular(x syntax.Expr, in *scope) bool {
	switch x := x.(type) {
	case *syntax.Pipe, *syntax.Print, *syntax.Range, *syntax.Union, *syntax.Search, *syntax.Datatable:
		return true
	case *syntax.Name:
		if found, ok := in.find(x.Text); ok {
			return found.table != nil || found.shared != nil
		}
		_, ok := b.lookup[x.Text]
		return ok
	case *syntax.Call:
		switch x.Name.Text {
		case "materialize", "table", "view":
			return true
		}
		if found, ok := in.find(x.Name.Text); ok && found.lambda != nil {
			return b.lambdaIsTabular(found)
		}
	}
	return false
}

func (b *binder) lambdaIsTabular(f binding) bool {
	inner := newScope(f.scope)
	for _, p := range f.lambda.Params {
		if p.Table {
			inner.names[p.Name.Text] = binding{table: &syntax.Print{}, scope: f.scope}
		} else {
			inner.names[p.Name.Text] = binding{scalar: plan.Constant(p.Type, nullValue)}
		}
	}
	for _, s := range f.lambda.Lets {
		if l, ok := s.(*syntax.Let); ok {
			if lambda, ok := l.X.(*syntax.Lambda); ok {
				inner.names[l.Name.Text] = binding{lambda: lambda, scope: inner}
			} else if b.isTabular(l.X, inner) {
				inner.names[l.Name.Text] = binding{table: l.X, scope: inner}
			} else {
				inner.names[l.Name.Text] = binding{scalar: plan.Constant(schema.Unknown, nullValue)}
			}
		}
	}
	return b.isTabular(f.lambda.X, inner)
}
