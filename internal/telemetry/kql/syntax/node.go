package syntax

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Script is a text of statements; every Query in it is a question of its own,
// asked with the names that were declared before it.
type Script struct {
	Statements []Statement
	// Joints are the places where a statement begins without a semicolon before it.
	Joints []Span
}

// Statement is *Let, *Set or *Query.
type Statement interface{ Range() Span }

// Let names a scalar, a table or a function.
type Let struct {
	Span
	Name Name
	X    Expr // any expression, or *Lambda
}

// Set is an option of the query.
type Set struct {
	Span
	Name  string
	Value Expr // nil if there is none
}

// Query is a pipeline whose result is shown.
type Query struct {
	Span
	X Expr
}

// Range is the statement's place.
func (s Span) Range() Span { return s }

// Expr is an expression, scalar or tabular: *Literal, *Name, *Star, *Member,
// *Index, *Call, *Unary, *Binary, *Between, *In, *Pipe, *Datatable, *Lambda,
// *TypeOf, or an Operator that needs no input (*Print, *Range, *Union, *Search).
type Expr interface{ Range() Span }

// Literal is a constant as written; its text is kept for printing.
type Literal struct {
	Span
	Type  schema.Type // Unknown is the bare null
	Value value.Value
}

// Name is a column, a variable or a table.
type Name struct {
	Span
	Text string
}

// Star is *, or a pattern of names with a * in it where names are listed.
type Star struct{ Span }

// Member is X.Name.
type Member struct {
	Span
	X    Expr
	Name Name
}

// Index is X[At].
type Index struct {
	Span
	X, At Expr
}

// Call is Name(Args).
type Call struct {
	Span
	Name Name
	Args []Expr // an *Named where the query wrote name=
}

// Unary is −X or +X.
type Unary struct {
	Span
	Op string
	X  Expr
}

// Binary is L Op R: arithmetic, comparison, and, or, has and its kin. Op is in
// lower case.
type Binary struct {
	Span
	Op   string
	L, R Expr
	At   Span // of the operator
}

// Between is X between (Low .. High), or !between.
type Between struct {
	Span
	Not       bool
	X         Expr
	Low, High Expr
}

// In is X in (List): Op is in, !in, in~, !in~, has_any or has_all. A list of one
// element may be a table or a dynamic array.
type In struct {
	Span
	Op   string
	X    Expr
	List []Expr
}

// TypeOf is typeof(type).
type TypeOf struct {
	Span
	Type schema.Type
}

// Named is Names = X, or X alone; several names take the columns of a function
// that gives several.
type Named struct {
	Span
	Names []Name
	X     Expr
}

// Pipe is Source | Ops.
type Pipe struct {
	Span
	Source Expr
	Ops    []Operator
}

// Datatable is datatable(Columns)[Values].
type Datatable struct {
	Span
	Columns []Column
	Values  []Expr
}

// Column declares a name with its type.
type Column struct {
	Name Name
	Type schema.Type
}

// Lambda is (Params) { Statements; X }.
type Lambda struct {
	Span
	View   bool
	Params []Param
	Lets   []Statement
	X      Expr
}

// Param is a function's parameter: a scalar of a type, or a table.
type Param struct {
	Name Name
	Type schema.Type
	// Table says that it is a table, of Columns at least; Any, of whatever columns.
	Table   bool
	Any     bool
	Columns []Column
	Default Expr // nil if there is none
}

// Walk calls visit for an expression and, where it says so, for those within it.
// It does not go into pipelines.
func Walk(x Expr, visit func(Expr) bool) {
	if x == nil || !visit(x) {
		return
	}
	switch x := x.(type) {
	case *Member:
		Walk(x.X, visit)
	case *Index:
		Walk(x.X, visit)
		Walk(x.At, visit)
	case *Call:
		for _, a := range x.Args {
			Walk(a, visit)
		}
	case *Unary:
		Walk(x.X, visit)
	case *Binary:
		Walk(x.L, visit)
		Walk(x.R, visit)
	case *Between:
		Walk(x.X, visit)
		Walk(x.Low, visit)
		Walk(x.High, visit)
	case *In:
		Walk(x.X, visit)
		for _, e := range x.List {
			Walk(e, visit)
		}
	case *Named:
		Walk(x.X, visit)
	}
}
