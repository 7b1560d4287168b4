package function

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

func setHas(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	return value.Bool(slices.ContainsFunc(args[0].Elems(), func(e value.Value) bool { return value.Equal(e, args[1]) }))
}

func setOf(v value.Value) map[string]bool {
	set := make(map[string]bool, len(v.Elems()))
	for _, e := range v.Elems() {
		set[string(e.AppendKey(nil))] = true
	}
	return set
}

func setUnion(args []value.Value) value.Value {
	seen := map[string]bool{}
	var out []value.Value
	for _, a := range args {
		if !isArray(a) {
			return value.Null
		}
		for _, e := range a.Elems() {
			if key := string(e.AppendKey(nil)); !seen[key] {
				seen[key] = true
				out = append(out, e)
			}
		}
	}
	return value.Array(out)
}

// setKeep keeps the elements of the first set that are in all of the others, or
// in none.
func setKeep(in bool) Eval {
	return func(args []value.Value) value.Value {
		for _, a := range args {
			if !isArray(a) {
				return value.Null
			}
		}
		out := []value.Value{}
		seen := map[string]bool{}
	elements:
		for _, e := range args[0].Elems() {
			key := string(e.AppendKey(nil))
			if seen[key] {
				continue
			}
			for _, a := range args[1:] {
				if setOf(a)[key] != in {
					continue elements
				}
			}
			seen[key] = true
			out = append(out, e)
		}
		return value.Array(out)
	}
}

func setEquals(args []value.Value) value.Value {
	if !isArray(args[0]) || !isArray(args[1]) {
		return value.Null
	}
	a, b := setOf(args[0]), setOf(args[1])
	for k := range a {
		if !b[k] {
			return value.Bool(false)
		}
	}
	return value.Bool(len(a) == len(b))
}
