package experiment

import (
	"fmt"

	"github.com/stanch-dev/stanch/internal/tree"
)

// list is some values, in order.
func list[V any](least, most int, k kind[V]) kind[[]V] {
	return kind[[]V]{"list of " + k.words, func() *Schema {
		return &Schema{Type: types{"array"}, MinItems: least, MaxItems: most, Items: k.schema()}
	}, func(r *reader, what string, n tree.Node) ([]V, bool) {
		if n.Kind != tree.List {
			r.fail(n, "", "%s is %s, and has to be a list", what, n.Is())
			return nil, false
		}
		if len(n.Items) < least || len(n.Items) > most {
			r.fail(n, fmt.Sprintf("%d to %d", least, most), "%s has %d items", what, len(n.Items))
			return nil, false
		}
		var all []V
		for _, item := range n.Items {
			if v, ok := k.read(r, label(what, item), item); ok {
				all = append(all, v)
			}
		}
		return all, true
	}}
}

// label names an item of a list in messages: by its name, if it has one.
func label(what string, item tree.Node) string {
	for _, key := range identities() {
		if name := item.Value(key); name.Kind == tree.Text && isWord(name.Text) {
			return what + ": " + name.Text
		}
	}
	return "an item of " + what
}

// windows are names of judged phases: one, or a list.
func windows() kind[[]string] {
	one := named(window)
	some := list(1, 100, one)
	return kind[[]string]{"a phase, or a list of them", func() *Schema {
		return &Schema{AnyOf: []*Schema{one.schema(), some.schema()}}
	}, func(r *reader, what string, n tree.Node) ([]string, bool) {
		if n.Kind == tree.List {
			return some.read(r, what, n)
		}
		name, ok := one.read(r, what, n)
		return []string{name}, ok
	}}
}

// mapping is values by names of the user's own choice, in the order of the file.
func mapping[V any](what string, k kind[V], name func(string, V) V) kind[[]V] {
	fresh := fresh(what)
	return kind[[]V]{k.words + " by name", func() *Schema {
		return &Schema{Type: types{"object"}, Names: fresh.schema(), Values: k.schema()}
	}, func(r *reader, key string, n tree.Node) ([]V, bool) {
		entries, ok := r.entries(n, key)
		if !ok {
			return nil, false
		}
		var all []V
		for _, e := range entries {
			own, ok := fresh.read(r, what, tree.Node{Kind: tree.Text, Text: e.Key, Line: e.Line, Column: e.Column})
			if !ok {
				continue
			}
			if v, ok := k.read(r, what+" "+own, e.Value); ok {
				all = append(all, name(own, v))
			}
		}
		return all, true
	}}
}

// byName is values for names that the file gives elsewhere, in the order of the file.
func byName[V, T any](what string, k kind[V], pair func(string, V) T) kind[[]T] {
	known := named(what)
	return kind[[]T]{k.words + " for a " + what, func() *Schema {
		return &Schema{Type: types{"object"}, Names: known.schema(), Values: k.schema()}
	}, func(r *reader, key string, n tree.Node) ([]T, bool) {
		entries, ok := r.entries(n, key)
		if !ok {
			return nil, false
		}
		var all []T
		for _, e := range entries {
			name, named := known.read(r, key, tree.Node{Kind: tree.Text, Text: e.Key, Line: e.Line, Column: e.Column})
			if v, ok := k.read(r, key+" of "+clip(e.Key), e.Value); ok && named {
				all = append(all, pair(name, v))
			}
		}
		return all, true
	}}
}

// environment is variables and their values, which no message quotes.
func environment() kind[map[string]string] {
	return kind[map[string]string]{"texts by name", func() *Schema {
		return &Schema{Type: types{"object"}, Names: &Schema{Type: types{"string"}, Pattern: variablePattern}, Values: &Schema{Type: types{"string", "number", "boolean"}}}
	}, func(r *reader, what string, n tree.Node) (map[string]string, bool) {
		entries, ok := r.entries(n, what)
		all := map[string]string{}
		for _, e := range entries {
			switch {
			case !isVariable(e.Key):
				r.fail(tree.Node{Line: e.Line, Column: e.Column}, "letters, digits and _, without a digit at the front", "%s: %q is no name of a variable", what, clip(e.Key))
			case e.Value.Kind != tree.Text:
				r.fail(e.Value, `"" is an empty one`, "%s: %s is %s, and has to be a text", what, clip(e.Key), e.Value.Is())
			default:
				all[e.Key] = e.Value.Text
			}
		}
		return all, ok
	}}
}

func isVariable(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// maybe is a value with an address.
func maybe[V any](k kind[V]) kind[*V] {
	return kind[*V]{k.words, k.schema, func(r *reader, what string, n tree.Node) (*V, bool) {
		v, ok := k.read(r, what, n)
		return &v, ok
	}}
}
