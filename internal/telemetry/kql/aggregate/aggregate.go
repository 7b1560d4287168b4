// Package aggregate is the library of aggregate functions: what a summarize may
// make of the rows of a group.
//
// An aggregate keeps a State a group. States of the same group that were filled
// side by side are merged; where the result depends on the order of the rows
// (make_list, take_any) the engine sees to it that there is one only. Nulls do
// not count, as in Kusto, unless an aggregate says so.
//
// Variants with if (sumif, countif, …) are no functions of their own: Find gives
// the function without, and says that the last argument is a condition.
package aggregate

import (
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// State is what is kept of the rows of a group. It is used by one goroutine at a
// time.
type State interface {
	// Add takes the arguments for a row, and tells by about how many bytes the
	// state grew. It copies what it keeps.
	Add(args []value.Value) (grown int64)
	// Merge takes the rows of another state of the same aggregate, which is not
	// used again.
	Merge(State)
	// Result is the outcome; for aggregates with several columns, an array of as
	// many. A column of type string that is null is made "" by the caller.
	Result() value.Value
}

// Func is an aggregate function.
type Func struct {
	Name string
	// Args are its overloads, as function.Func's.
	Args []string
	// Type of the result.
	Type   schema.Type
	TypeOf func(args []function.Arg) schema.Type
	// Prefix is what a column is named by: prefix_argument. Empty: the argument's name alone.
	Prefix string
	// Columns are given by aggregates that make several columns, or that name
	// them in their own way: their names and types.
	Columns func(args []function.Arg) []schema.Column
	// New prepares the making of states, for arguments of these types and constants.
	New func(args []function.Arg) (func() State, error)
	// Ordered says that the order of the rows shows in the result.
	Ordered bool
	// Star says that * may stand for all columns behind the first argument.
	Star bool
}

// Find is the aggregate of a name. conditional says that its last argument is
// the condition that rows have to meet.
func Find(name string) (f Func, conditional, ok bool) {
	if f, ok = library()[name]; ok {
		return f, false, true
	}
	for _, suffix := range []string{"_if", "if"} {
		base, found := strings.CutSuffix(name, suffix)
		if !found {
			continue
		}
		if f, ok = library()[base]; ok && hasIf(base, suffix) {
			f.Prefix = strings.TrimSuffix(name, "_if")
			switch base {
			case "make_list":
				f.Prefix = "list"
			case "make_set":
				f.Prefix = "set"
			case "make_bag":
				f.Prefix = "bag"
			case "take_any":
				f.Prefix = ""
			}
			return f, true, true
		}
	}
	return Func{}, false, false
}

// hasIf says which aggregates have a conditional variant, and how it is spelt.
func hasIf(base, suffix string) bool {
	switch base {
	case "make_list", "make_set", "make_bag":
		return suffix == "_if"
	case "count", "sum", "avg", "min", "max", "dcount", "stdev", "variance", "take_any", "any", "count_distinct", "stdevp", "variancep":
		return suffix == "if"
	}
	return false
}

// Names are the names of all aggregates, conditional ones included.
func Names() (names []string) {
	for name := range library() {
		names = append(names, name)
		for _, suffix := range []string{"if", "_if"} {
			if hasIf(name, suffix) {
				names = append(names, name+suffix)
			}
		}
	}
	return names
}
