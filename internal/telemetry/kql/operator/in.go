package operator

import (
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// In is in, in~ and their negations. of is the type of the left side, to which
// the list's elements are converted. fixed says which elements do not depend on
// the row; an element that is an array stands for its elements.
func In(op string, of schema.Type, fixed []bool) Make {
	name, not := strings.CutPrefix(op, "!")
	fold := name == "in~"
	key := func(v value.Value, to []byte) []byte {
		if fold && v.Kind() == value.KindString {
			v = value.String(strings.ToLower(v.Str()))
		}
		return v.AppendKey(to)
	}
	return func(args []plan.Compute) plan.Compute {
		x, list := args[0], args[1:]
		var set map[string]struct{}
		var buffer []byte
		fill := func(row []value.Value) {
			set = make(map[string]struct{}, len(list))
			for i, element := range list {
				if fixed[i] {
					each(element(row), of, func(v value.Value) { set[string(key(v, nil))] = struct{}{} })
				}
			}
		}
		return func(row []value.Value) value.Value {
			if set == nil {
				fill(row)
			}
			v := x(row)
			buffer = key(v, buffer[:0])
			_, found := set[string(buffer)]
			found = found && !v.IsNull()
			for i, element := range list {
				if found {
					break
				}
				if !fixed[i] {
					each(element(row), of, func(e value.Value) {
						found = found || string(key(e, nil)) == string(buffer) && !v.IsNull()
					})
				}
			}
			return value.Bool(found != not)
		}
	}
}

func each(v value.Value, of schema.Type, yield func(value.Value)) {
	if v.Kind() != value.KindArray {
		yield(value.Convert(v, of))
		return
	}
	for _, e := range v.Elems() {
		yield(value.Convert(e, of))
	}
}

// HasAny is has_any and, if all is set, has_all: the list's texts are found as
// terms, any or all of them.
func HasAny(all bool) Make {
	return func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value {
			text := args[0](row).Text()
			found := all
			for _, element := range args[1:] {
				each(element(row), schema.String, func(v value.Value) {
					has := findTerm(text, v.Str(), false, true, true)
					found = all && found && has || !all && (found || has)
				})
			}
			return value.Bool(found)
		}
	}
}
