package syntax

import (
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Operator is a step of a pipeline.
type Operator interface{ Range() Span }

// Options are the name=value settings of an operator (kind=inner, withsource=T).
// Hints are left out.
type Options map[string]Expr

// The operators.
type (
	// Where keeps the rows for which X holds.
	Where struct {
		Span
		X Expr
	}
	// Extend adds columns.
	Extend struct {
		Span
		Columns []*Named
	}
	// Serialize adds columns like Extend, and fixes the order of the rows.
	Serialize struct {
		Span
		Columns []*Named
	}
	// Project keeps or makes columns, and no others.
	Project struct {
		Span
		Columns []*Named
	}
	// Select is project-away, project-keep or project-reorder: Verb is what
	// follows the hyphen. Patterns may hold a *.
	Select struct {
		Span
		Verb     string
		Patterns []Pattern
	}
	// Rename is project-rename.
	Rename struct {
		Span
		Columns []*Named
	}
	// Distinct keeps one row of each kind. A nil list is *.
	Distinct struct {
		Span
		Columns []*Named
	}
	// Summarize makes a row of each group.
	Summarize struct {
		Span
		Aggregates []*Named
		By         []*Named
	}
	// Sort orders the rows.
	Sort struct {
		Span
		By []Order
	}
	// Top is Sort and Take.
	Top struct {
		Span
		Count Expr
		By    []Order
	}
	// Take keeps some rows; Verb is take, limit or sample.
	Take struct {
		Span
		Verb  string
		Count Expr
	}
	// SampleDistinct keeps some distinct values.
	SampleDistinct struct {
		Span
		Count Expr
		Of    *Named
	}
	// Count counts the rows.
	Count struct{ Span }
	// GetSchema lists the columns.
	GetSchema struct{ Span }
	// As names what came so far.
	As struct {
		Span
		Name Name
	}
	// Render asks for a chart.
	Render struct {
		Span
		Kind       string
		Properties []Property
	}
	// Join is join or lookup: Verb says which.
	Join struct {
		Span
		Verb  string
		Kind  string // as written, empty if not
		Right Expr
		On    []Expr
	}
	// Union is the rows of several tables.
	Union struct {
		Span
		Kind       string // inner or outer, empty if not written
		WithSource string
		Fuzzy      bool
		Tables     []Expr // a Name may hold a *
	}
	// Search keeps rows in which something is found.
	Search struct {
		Span
		CaseSensitive bool
		Tables        []Expr
		X             Expr
	}
	// MvExpand makes a row of each element.
	MvExpand struct {
		Span
		Bag       bool   // kind=bag
		Arrays    bool   // kind=array
		WithIndex string // with_itemindex=
		Columns   []Expanded
		Limit     Expr
	}
	// MvApply runs a pipeline over the elements of each row.
	MvApply struct {
		Span
		WithIndex string
		Columns   []Expanded
		Limit     Expr
		On        *Pipe // its Source is nil
	}
	// MakeSeries makes arrays over a regular axis.
	MakeSeries struct {
		Span
		Aggregates     []SeriesAggregate
		On             Expr
		From, To, Step Expr // From and To may be nil
		NonEmpty       bool // kind=nonempty: a series of defaults if there are no rows
		InRange        bool // written as in range(from, to, step)
		By             []*Named
	}
	// Parsing takes a text apart. Verb is parse or parse-where.
	Parsing struct {
		Span
		Verb    string
		Kind    string // simple, relaxed or regex; empty if not written
		Flags   string
		X       Expr
		Pattern []ParsePart
	}
	// Print makes one row.
	Print struct {
		Span
		Columns []*Named
	}
	// Range makes rows that count.
	Range struct {
		Span
		Column         Name
		From, To, Step Expr
	}
	// Partition runs a pipeline for each value of a column.
	Partition struct {
		Span
		By  Name
		Sub *Pipe // its Source is nil
	}
	// Invoke calls a function with the rows so far as its first argument.
	Invoke struct {
		Span
		Call *Call
	}
)

// Pattern is a column's name or a pattern of names, with the order that
// project-reorder wants for it (asc, desc, granny-asc, granny-desc, or empty).
type Pattern struct {
	Span
	Text  string
	Order string
}

// Order is a key to sort by.
type Order struct {
	X          *Named
	Ascending  bool
	NullsFirst bool
	Written    string // asc or desc as written, with nulls first or last
}

// Property is a render property.
type Property struct {
	Name string
	X    []Expr
}

// Expanded is a column of mv-expand or mv-apply: [Name =] X [to typeof(Type)].
type Expanded struct {
	X    *Named
	Type schema.Type // Unknown if not written
}

// SeriesAggregate is an aggregate of make-series with the value of empty bins.
type SeriesAggregate struct {
	X       *Named
	Default Expr // nil if not written
}

// ParsePart is one piece of a parse pattern: a text, a column, or * (all empty).
type ParsePart struct {
	Text   *Literal
	Column *Column
}
