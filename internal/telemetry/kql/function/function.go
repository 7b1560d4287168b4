// Package function is the library of scalar functions that a query may call:
// their names, what arguments they take, the type of what they give, and how a
// column that holds it is called when the query does not say.
//
// A function is a row in the table of its family (numbers.go, text.go, …). Its
// arguments are described in a small language, one string an overload:
//
//	"string, long?, scalar+"
//
// names a kind for each argument; ? marks one that may be missing, + one that
// may repeat, and ! one that must be a constant. The kinds are the types, and
//
//	scalar       any type                 notdynamic   any but dynamic
//	number       int long real decimal    integer      int long
//	summable     number datetime timespan orderable    summable string bool
//	text         string or dynamic        array, bag   dynamic, used as such
//	typeof       a type literal           float        int long real
//
// An int is taken where a long is wanted, and a number where a real is. A dynamic
// is taken for what Kusto takes one for: scalar, text, array, bag, and nothing else.
//
// Functions are pure. A failure gives null, as in Kusto; a function whose
// constant argument is wrong (a bad regular expression) says so when it is bound.
package function

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Arg is an argument as the binder sees it.
type Arg struct {
	Type schema.Type
	// Const is the argument's value if it is a constant, nil otherwise.
	Const *value.Value
	// Name is the column's name if the argument is one, or what Kusto calls the
	// path into a dynamic (j.a is j_a); empty otherwise.
	Name string
}

// Eval computes a function of its arguments, which it neither keeps nor changes.
// It is called by one goroutine at a time and may keep buffers of its own.
type Eval func(args []value.Value) value.Value

// Label says how a column that holds a call is named if the query does not name it.
type Label uint8

// The labels. Unnamed is ColumnN or print_N; the others are empty, and so
// Unnamed, if the first argument has no name.
const (
	Unnamed        Label = iota
	FirstArgument        // tostring(a) is a
	OnlyArgument         // make_timespan(a) is a, with more arguments it has no name
	NameAndFirst         // strlen(a) is strlen_a
	PrefixAndFirst       // gettype(a) is type_a; the prefix is Func.Prefix
)

// Func is one function.
type Func struct {
	Name string
	// Args are the overloads, in the order in which they are tried.
	Args []string
	// Type is the type of the result, if it is always the same.
	Type schema.Type
	// TypeOf is the type of the result otherwise.
	TypeOf func(args []Arg) schema.Type
	// Label and Prefix name the column.
	Label  Label
	Prefix string
	// Columns are what the result is spread over when it is projected as a whole:
	// series_stats(x) gives seven columns. Eval then gives an array of as many
	// elements. Nil for nearly all functions.
	Columns func(args []Arg) []schema.Column
	// Eval computes the result, unless Make does.
	Eval Eval
	// Make prepares the computation for arguments of these types and constants.
	Make func(args []Arg) (Eval, error)
	// TakesNull says that Eval wants to see nulls. Otherwise a null argument
	// gives null without a call.
	TakesNull bool
}

// Find is the function of a name, which is spelt exactly; false if there is none.
func Find(name string) (Func, bool) {
	f, ok := library()[name]
	return f, ok
}
