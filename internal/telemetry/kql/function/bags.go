package function

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func makePack(described []Arg) (Eval, error) {
	for i, a := range described {
		if len(described)%2 != 0 || i%2 == 0 && a.Type != schema.String {
			return nil, errPairs
		}
	}
	return func(args []value.Value) value.Value {
		b := value.NewBag(len(args) / 2)
		for i := 0; i+1 < len(args); i += 2 {
			b.Set(args[i].Text(), args[i+1])
		}
		return value.FromBag(b)
	}, nil
}

func keysOf(v value.Value, inOrder bool) (keys []string) {
	for k := range v.Bag().All() {
		keys = append(keys, k)
	}
	if inOrder {
		slices.Sort(keys)
	}
	return keys
}

func bagKeys(args []value.Value) value.Value {
	if args[0].Bag() == nil {
		return value.Null
	}
	var out []value.Value
	for _, k := range keysOf(args[0], false) {
		out = append(out, value.String(k))
	}
	return value.Array(out)
}

// bagMerge keeps, of a property that several have, the first's.
func bagMerge(args []value.Value) value.Value {
	b := value.NewBag(8)
	for _, a := range args {
		if a.Bag() == nil {
			continue
		}
		for k, v := range a.Bag().All() {
			if _, there := b.Get(k); !there {
				b.Set(k, v)
			}
		}
	}
	return value.FromBag(b)
}

func bagRemoveKeys(args []value.Value) value.Value {
	if args[0].Bag() == nil {
		return value.Null
	}
	v := args[0]
	for _, key := range args[1].Elems() {
		if path, err := keyPath(key.Text()); err == nil {
			v = without(v, path)
		}
	}
	return v
}

// without is a bag without what a path leads to.
func without(v value.Value, path []step) value.Value {
	if v.Bag() == nil {
		return v
	}
	b := value.NewBag(v.Bag().Len())
	for k, e := range v.Bag().All() {
		switch {
		case k != path[0].name:
		case len(path) == 1:
			continue
		default:
			e = without(e, path[1:])
		}
		b.Set(k, e)
	}
	return value.FromBag(b)
}

func bagZip(args []value.Value) value.Value {
	if !isArray(args[0]) || !isArray(args[1]) {
		return value.Null
	}
	b := value.NewBag(len(args[0].Elems()))
	for i, k := range args[0].Elems() {
		if k.Kind() != value.KindString {
			continue
		}
		v := value.Null
		if i < len(args[1].Elems()) {
			v = args[1].Elems()[i]
		}
		b.Set(k.Str(), v)
	}
	return value.FromBag(b)
}
