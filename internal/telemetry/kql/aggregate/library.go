package aggregate

import (
	"sync"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

var library = sync.OnceValue(func() map[string]Func {
	all := make(map[string]Func)
	for _, f := range []Func{
		{Name: "count", Args: []string{"", "scalar"}, Type: schema.Long, Prefix: "count", New: states(func() State { return new(count) })},
		{Name: "sum", Args: []string{"summable", "dynamic"}, TypeOf: promoted, Prefix: "sum", New: newSum},
		{Name: "avg", Args: []string{"integer", "real", "decimal", "timespan", "datetime", "dynamic"}, TypeOf: mean, Prefix: "avg", New: newAvg},
		{Name: "min", Args: []string{"orderable", "dynamic", "guid"}, TypeOf: first, Prefix: "min", New: states(func() State { return &extreme{sign: -1} })},
		{Name: "max", Args: []string{"orderable", "dynamic", "guid"}, TypeOf: first, Prefix: "max", New: states(func() State { return &extreme{sign: 1} })},
		{Name: "stdev", Args: []string{"number", "dynamic"}, Type: schema.Real, Prefix: "stdev", New: states(func() State { return &moments{root: true, sample: true} })},
		{Name: "stdevp", Args: []string{"number", "dynamic"}, Type: schema.Real, Prefix: "stdevp", New: states(func() State { return &moments{root: true} })},
		{Name: "variance", Args: []string{"number", "dynamic"}, Type: schema.Real, Prefix: "variance", New: states(func() State { return &moments{sample: true} })},
		{Name: "variancep", Args: []string{"number", "dynamic"}, Type: schema.Real, Prefix: "variancep", New: states(func() State { return new(moments) })},
		{Name: "dcount", Args: []string{"scalar, integer?"}, Type: schema.Long, Prefix: "dcount", New: states(func() State { return newDistinct() })},
		{Name: "count_distinct", Args: []string{"scalar"}, Type: schema.Long, Prefix: "count_distinct", New: states(func() State { return newDistinct() })},
		{Name: "percentile", Args: []string{"scalar, number!"}, TypeOf: first, Columns: percentileColumns, New: newPercentiles(false)},
		{Name: "percentiles", Args: []string{"scalar, number!+"}, TypeOf: first, Columns: percentileColumns, New: newPercentiles(false)},
		{Name: "percentiles_array", Args: []string{"scalar, number!+", "scalar, dynamic!"}, Type: schema.Dynamic, Prefix: "percentiles", New: newPercentiles(true)},
		{Name: "percentilew", Args: []string{"scalar, integer, number!"}, TypeOf: first, Columns: weightedColumns, New: newWeighted},
		{Name: "percentilesw", Args: []string{"scalar, integer, number!+"}, TypeOf: first, Columns: weightedColumns, New: newWeighted},
		{Name: "make_list", Args: []string{"scalar, integer!?"}, Type: schema.Dynamic, Prefix: "list", Ordered: true, New: newList(false)},
		{Name: "make_list_with_nulls", Args: []string{"scalar"}, Type: schema.Dynamic, Prefix: "list", Ordered: true, New: newList(true)},
		{Name: "make_set", Args: []string{"scalar, integer!?"}, Type: schema.Dynamic, Prefix: "set", Ordered: true, New: newSet},
		{Name: "make_bag", Args: []string{"dynamic, integer!?"}, Type: schema.Dynamic, Prefix: "bag", Ordered: true, New: newBag},
		{Name: "take_any", Args: []string{"scalar+"}, TypeOf: first, Columns: anyColumns(""), Ordered: true, Star: true, New: newAny},
		{Name: "any", Args: []string{"scalar+"}, TypeOf: first, Columns: anyColumns("any"), Ordered: true, Star: true, New: newAny},
		{Name: "arg_max", Args: []string{"orderable, scalar+", "orderable"}, TypeOf: first, Columns: argColumns("max"), Ordered: true, Star: true, New: newArg(1)},
		{Name: "arg_min", Args: []string{"orderable, scalar+", "orderable"}, TypeOf: first, Columns: argColumns("min"), Ordered: true, Star: true, New: newArg(-1)},
		{Name: "binary_all_and", Args: []string{"integer"}, Type: schema.Long, Prefix: "binary_all_and", New: newBinary(-1, func(a, b int64) int64 { return a & b })},
		{Name: "binary_all_or", Args: []string{"integer"}, Type: schema.Long, Prefix: "binary_all_or", New: newBinary(0, func(a, b int64) int64 { return a | b })},
		{Name: "binary_all_xor", Args: []string{"integer"}, Type: schema.Long, Prefix: "binary_all_xor", New: newBinary(0, func(a, b int64) int64 { return a ^ b })},
	} {
		all[f.Name] = f
	}
	// Older spellings.
	for old, name := range map[string]string{"makelist": "make_list", "makeset": "make_set", "argmax": "arg_max", "argmin": "arg_min"} {
		f := all[name]
		if name == "arg_max" || name == "arg_min" {
			continue // they name their columns in another way; refused rather than renamed
		}
		f.Name = old
		all[old] = f
	}
	return all
})

// states makes states that depend on no argument.
func states(made func() State) func([]function.Arg) (func() State, error) {
	return func([]function.Arg) (func() State, error) { return made, nil }
}

func first(args []function.Arg) schema.Type { return args[0].Type }

func promoted(args []function.Arg) schema.Type {
	if args[0].Type == schema.Int {
		return schema.Long
	}
	return args[0].Type
}

func mean(args []function.Arg) schema.Type {
	if args[0].Type.IsInteger() || args[0].Type == schema.Dynamic {
		return schema.Real
	}
	return args[0].Type
}
