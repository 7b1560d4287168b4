// Package plan is what a query means, once its names are looked up and its types
// known: a tree of nodes, each of which takes rows and gives rows.
//
// A column has an identity that stays with it from the node that makes it to the
// last that looks at it, whatever it is called on the way; scalars refer to
// columns by that identity. So a plan can be narrowed to what it needs (Prune)
// and can tell how far back in time it looks (Bound) without knowing how rows
// are laid out. The binder makes plans, the engine runs them.
package plan

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// ColumnID is a column's identity in a plan. 0 is none.
type ColumnID int32

// Column is a column of a node's rows.
type Column struct {
	ID   ColumnID
	Name string
	Type schema.Type
}

// Compute gives a scalar's value for a row. It is called by one goroutine at a time.
type Compute func(row []value.Value) value.Value

// Scalar is an expression: a constant, a reference to a column, the outcome of a
// subquery, or an application of something to arguments.
type Scalar struct {
	Type schema.Type
	// Const is the value of a constant.
	Const *value.Value
	// Column is the column that is referred to.
	Column ColumnID
	// Sub is the subquery whose outcome this is.
	Sub *Subquery
	// Text names an application for Explain; Args are its arguments and Make
	// prepares it for a goroutine, given theirs.
	Text string
	Args []*Scalar
	Make func(args []Compute) Compute
	// Volatile says that equal arguments may give different results.
	Volatile bool
}

// Subquery is a table within a scalar: toscalar(T), x in (T). It is run once,
// before the rows.
type Subquery struct {
	Node Node
	// Column is the column that is taken.
	Column ColumnID
	// All says that all rows are wanted, as an array; otherwise the first.
	All bool
}

// Constant makes a constant.
func Constant(t schema.Type, v value.Value) *Scalar { return &Scalar{Type: t, Const: &v} }

// Ref refers to a column.
func Ref(c Column) *Scalar { return &Scalar{Type: c.Type, Column: c.ID} }

// Computed is a column that is made of a scalar. If the scalar is a reference to
// the column itself, the column is passed on.
type Computed struct {
	Column
	X *Scalar
}

// Node takes rows and gives rows.
type Node interface {
	// Out are the columns of the rows that it gives.
	Out() []Column
	// Inputs are the nodes whose rows it takes.
	Inputs() []Node
}

// Key is what rows are ordered by.
type Key struct {
	X          *Scalar
	Ascending  bool
	NullsFirst bool
}

// Aggregation is an aggregate over the rows of a group.
type Aggregation struct {
	Out   []Column // one, but for those that give several
	Text  string
	Args  []*Scalar
	If    *Scalar // only rows for which it holds; nil is all
	New   func() aggregate.State
	Order bool // its result depends on the order of the rows
}

// JoinKind is which rows a join keeps.
type JoinKind uint8

// The kinds of join.
const (
	InnerUnique JoinKind = iota
	Inner
	LeftOuter
	RightOuter
	FullOuter
	LeftSemi
	LeftAnti
	RightSemi
	RightAnti
)

// The nodes.
type (
	// Scan reads a table of the source.
	Scan struct {
		Table   schema.Table
		Columns []Column // those that are wanted, and where in the table they stand
		At      []int
		Time    ColumnID // the time column, 0 if the table has none or it is not wanted
		From    int64
		To      int64
	}
	// Values are rows that the query itself holds. The scalars see no row.
	Values struct {
		Columns []Column
		Rows    [][]*Scalar
	}
	// Sequence counts from From to To by Step.
	Sequence struct {
		Column         Column
		From, To, Step *Scalar
	}
	// Filter keeps the rows for which If holds.
	Filter struct {
		In Node
		If *Scalar
	}
	// Project makes columns, and passes on no others.
	Project struct {
		In      Node
		Columns []Computed
	}
	// Summarize makes a row of each group of equal keys.
	Summarize struct {
		In   Node
		Keys []Computed
		Aggs []Aggregation
	}
	// Sort orders the rows; if Limit is not nil, only the first so many remain.
	Sort struct {
		In    Node
		Keys  []Key
		Limit *Scalar
	}
	// Take keeps the first Count rows, or a random sample.
	Take struct {
		In     Node
		Count  *Scalar
		Sample bool
	}
	// Join pairs rows with equal keys.
	Join struct {
		Left, Right         Node
		LeftKeys, RightKeys []*Scalar
		Kind                JoinKind
		Columns             []Column // of Left, then of Right
	}
	// Union gives the rows of all inputs. Columns[i] of the rows of input n is
	// column From[n][i] of it; 0 is null, and Source names the input.
	Union struct {
		In      []Node
		Columns []Column
		From    [][]ColumnID
		Names   []string // what the source column says of each input
		Source  ColumnID // 0 if there is none
	}
	// Window adds columns that look at the rows around one.
	Window struct {
		In    Node
		Calls []WindowCall
	}
	// Expand makes a row of each element of the arrays.
	Expand struct {
		In      Node
		Columns []Expansion
		Index   Column // its place in the array; ID 0 if not wanted
		Bags    bool   // keep bags as bags of one property
		Arrays  bool   // make [key, value] of a bag's property
		Limit   *Scalar
	}
	// Apply runs Sub over the rows that Expand makes of each row, and gives its
	// rows with the columns of the row added.
	Apply struct {
		In   Node
		Make *Expand // over Row
		Row  *Given
		Sub  Node
	}
	// Given stands for rows that a node around it feeds in.
	Given struct{ Columns []Column }
	// Partition runs Sub for the rows of each value of By.
	Partition struct {
		In   Node
		By   *Scalar
		Rows *Given
		Sub  Node
	}
	// Series makes arrays over a regular axis.
	Series struct {
		In             Node
		Axis           *Scalar
		AxisOut        Column
		From, To, Step *Scalar // From and To may be nil
		ToIncluded     bool
		NonEmpty       bool // a series of defaults if there are no rows
		Keys           []Computed
		Aggs           []Aggregation
		Defaults       []*Scalar
	}
	// Parse takes a text apart with a matcher.
	Parse struct {
		In      Node
		X       *Scalar
		Columns []Column
		// Match fills out with the values of the columns, and says whether the text
		// fits.
		Match func(text string, out []value.Value) bool
		// Only keeps only the rows that fit.
		Only bool
		Text string
	}
	// Shared is a node that is run once and whose rows are given to all who ask.
	Shared struct {
		Node    Node
		Columns []Column // for this one of those who ask
	}
)

// WindowKind is a function that looks at the rows around one.
type WindowKind uint8

// The window functions.
const (
	Shift  WindowKind = iota // prev and next: Args are the value and its default
	Number                   // row_number: Start
	CumSum                   // row_cumsum
	RankDense
	RankMin
	Session // row_window_session: Args are the time, the most from the first and the most between
)

// WindowCall is a call of a window function.
type WindowCall struct {
	Out     Column
	Kind    WindowKind
	Offset  int64 // of Shift: rows back, negative for rows ahead
	Start   int64 // of Number
	Args    []*Scalar
	Restart *Scalar // nil is never
}

// Expansion is an array that is expanded into a column.
type Expansion struct {
	Out  Column
	X    *Scalar
	Type schema.Type // the elements are converted to
}
