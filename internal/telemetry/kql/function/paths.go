package function

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// paths are the functions that follow a JSONPath into a dynamic, or list those
// that lead through it.
func paths() []Func {
	return []Func{
		{Name: "extract_json", Args: []string{"string!, string", "string!, string, typeof"}, TypeOf: literalType(2), Make: makeExtractJSON},
		{Name: "extractjson", Args: []string{"string!, string", "string!, string, typeof"}, TypeOf: literalType(2), Make: makeExtractJSON},
		{Name: "bag_set_key", Args: []string{"bag, string!, scalar"}, Type: schema.Dynamic, TakesNull: true, Make: makeBagSetKey},
		{Name: "treepath", Args: []string{"bag"}, Type: schema.Dynamic, Label: PrefixAndFirst, Prefix: "tree", Eval: treePath},
	}
}

// step is one step of a path: into a property, or to an element where name is
// empty and index is not below 0.
type step struct {
	name  string
	index int64
}

// parsePath reads $.name['other name'][0]: the subset of JSONPath that Kusto has.
func parsePath(path string) (steps []step, err error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, fmt.Errorf("the path %q does not begin with $", path)
	}
	for rest != "" {
		switch {
		case rest[0] == '.':
			end := 1
			for end < len(rest) && rest[end] != '.' && rest[end] != '[' {
				end++
			}
			if end == 1 || rest[1:end] == "*" {
				return nil, fmt.Errorf("the path %q has no name after a dot", path)
			}
			steps, rest = append(steps, step{rest[1:end], -1}), rest[end:]
		case len(rest) > 3 && rest[0] == '[' && (rest[1] == '\'' || rest[1] == '"'):
			name, after, ok := strings.Cut(rest[2:], rest[1:2]+"]")
			if !ok {
				return nil, fmt.Errorf("the path %q has a [ without its ]", path)
			}
			steps, rest = append(steps, step{name, -1}), after
		default:
			digits, after, ok := strings.Cut(strings.TrimPrefix(rest, "["), "]")
			n, err := strconv.ParseUint(digits, 10, 31)
			if !ok || err != nil || rest[0] != '[' {
				return nil, fmt.Errorf("the path %q goes on with %q; .name, ['name'] and [0] can follow", path, rest)
			}
			steps, rest = append(steps, step{index: int64(n)}), after
		}
	}
	return steps, nil
}

// walk goes along a path; null if it leads nowhere.
func walk(v value.Value, path []step) (value.Value, bool) {
	for _, s := range path {
		if s.index >= 0 {
			if s.index >= int64(len(v.Elems())) {
				return value.Null, false
			}
			v = v.Elems()[s.index]
			continue
		}
		if v.Bag() == nil {
			return value.Null, false
		}
		var ok bool
		if v, ok = v.Bag().Get(s.name); !ok {
			return value.Null, false
		}
	}
	return v, true
}

func makeExtractJSON(args []Arg) (Eval, error) {
	path, err := parsePath(args[0].Const.Str())
	if err != nil {
		return nil, err
	}
	to := literalType(2)(args)
	return func(args []value.Value) value.Value {
		v, ok := value.ParseJSON(args[1].Str())
		if !ok {
			return value.Null
		}
		v, _ = walk(v, path)
		return value.Convert(v, to)
	}, nil
}

// keyPath is the path of a key, which is a path that begins with $. or a name.
func keyPath(key string) ([]step, error) {
	if !strings.HasPrefix(key, "$") {
		return []step{{key, -1}}, nil
	}
	path, err := parsePath(key)
	if err != nil {
		return nil, err
	}
	if len(path) == 0 {
		return nil, errors.New("the path $ is the whole bag, which has no key")
	}
	for _, s := range path {
		if s.index >= 0 {
			return nil, fmt.Errorf("the path %q goes into an array, which Kusto does not do here", key)
		}
	}
	return path, nil
}

func makeBagSetKey(described []Arg) (Eval, error) {
	path, err := keyPath(described[1].Const.Str())
	if err != nil {
		return nil, err
	}
	return func(args []value.Value) value.Value {
		if args[0].Bag() == nil {
			return value.Null
		}
		return withKey(args[0], path, args[2])
	}, nil
}

// withKey is a bag with a value at the end of a path; what is no bag on the way
// becomes one.
func withKey(v value.Value, path []step, to value.Value) value.Value {
	if len(path) == 0 {
		return to
	}
	b := value.NewBag(1)
	if v.Bag() != nil {
		b = value.NewBag(v.Bag().Len() + 1)
		for k, e := range v.Bag().All() {
			b.Set(k, e)
		}
	}
	inner, _ := b.Get(path[0].name)
	b.Set(path[0].name, withKey(inner, path[1:], to))
	return value.FromBag(b)
}

// treePath lists the paths through a bag, in which [0] stands for every element
// of an array.
func treePath(args []value.Value) value.Value {
	if args[0].Bag() == nil {
		return value.Null
	}
	var out []value.Value
	seen := map[string]bool{}
	var visit func(prefix string, v value.Value)
	visit = func(prefix string, v value.Value) {
		into := func(path string, e value.Value) {
			if !seen[path] {
				seen[path] = true
				out = append(out, value.String(path))
			}
			visit(path, e)
		}
		if v.Bag() != nil {
			for k, e := range v.Bag().All() {
				into(prefix+"['"+k+"']", e)
			}
		}
		for _, e := range v.Elems() {
			into(prefix+"[0]", e)
		}
	}
	visit("", args[0])
	return value.Array(out)
}
