package function

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// makeArraySort orders the first array and takes the others along; those of
// another length are null. Nulls stand last unless told otherwise.
func makeArraySort(sign int) func([]Arg) (Eval, error) {
	return func(described []Arg) (Eval, error) {
		arrays := len(described)
		nullsLast := true
		if last := described[arrays-1]; last.Type == schema.Bool {
			arrays--
			nullsLast = last.Const.Bool()
		}
		return func(args []value.Value) value.Value {
			if !isArray(args[0]) {
				return value.Null
			}
			keys := args[0].Elems()
			order := make([]int, len(keys))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(i, j int) int {
				a, b := keys[i], keys[j]
				if a.IsNull() != b.IsNull() {
					if a.IsNull() == nullsLast {
						return 1
					}
					return -1
				}
				return sign * value.Compare(a, b)
			})
			out := make([]value.Value, arrays)
			for i := range out {
				elems := args[i].Elems()
				if len(elems) != len(keys) {
					continue
				}
				sorted := make([]value.Value, len(order))
				for j, at := range order {
					sorted[j] = elems[at]
				}
				out[i] = value.Array(sorted)
			}
			if arrays == 1 {
				return out[0]
			}
			return value.Array(out)
		}, nil
	}
}

func sortColumns(args []Arg) (out []schema.Column) {
	for _, a := range args {
		if a.Type == schema.Dynamic {
			name := a.Name
			if name == "" {
				name = "array"
			}
			out = append(out, schema.Column{Name: name + "_sorted", Type: schema.Dynamic})
		}
	}
	return out
}
