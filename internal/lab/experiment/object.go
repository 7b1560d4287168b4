package experiment

import (
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/tree"
)

// kind is what a value may be: how people call it, how an editor checks it, and how
// it is read.
type kind[V any] struct {
	words  string
	schema func() *Schema
	read   func(r *reader, what string, n tree.Node) (V, bool)
}

// field is one key of an object of T.
type field[T any] struct {
	name, doc string
	words     string
	required  bool
	otherwise string // what it is by itself, as one would write it
	hollow    bool   // what it is by itself is a mapping without keys
	schema    func() *Schema
	read      func(r *reader, what string, n tree.Node, into *T)
}

// at is a key whose value goes to a place.
func at[T, V any](name, doc string, k kind[V], place func(*T) *V) field[T] {
	return set(name, doc, k, func(into *T, v V) { *place(into) = v })
}

// set is a key whose value is taken by a function.
func set[T, V any](name, doc string, k kind[V], take func(*T, V)) field[T] {
	return field[T]{name: name, doc: doc, words: k.words, schema: k.schema, read: func(r *reader, what string, n tree.Node, into *T) {
		if v, ok := k.read(r, what, n); ok {
			take(into, v)
		}
	}}
}

// must is a key that has to be there.
func must[T any](f field[T]) field[T] {
	f.required = true
	return f
}

// by is a key with a value of its own where none is given.
func by[T any](otherwise string, f field[T]) field[T] {
	f.otherwise = otherwise
	return f
}

// empty is a key that stands for a mapping without keys where none is given.
func empty[T any](f field[T]) field[T] {
	f.hollow = true
	return f
}

// object is a mapping of known keys.
type object[T any] struct {
	title, doc string
	fields     []field[T]
	oneOf      []string // exactly one of these keys is there
	cases      *cases
	check      func(r *reader, n tree.Node, v *T) // what the keys mean together; called if each is right
}

// cases says which keys go with which word of one of the keys. A key that no case
// names goes with all.
type cases struct {
	key string
	of  []oneCase
}

type oneCase struct {
	word            string
	needs, may, doc string // keys, with spaces between
}

func (c *cases) find(word string) (oneCase, bool) {
	i := slices.IndexFunc(c.of, func(o oneCase) bool { return o.word == word })
	if i < 0 {
		return oneCase{}, false
	}
	return c.of[i], true
}

// named are all keys that belong to some case.
func (c *cases) named() (keys []string) {
	for _, o := range c.of {
		keys = append(keys, strings.Fields(o.needs+" "+o.may)...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// excluded are the keys that a case does not have.
func (c *cases) excluded(o oneCase) (keys []string) {
	own := strings.Fields(o.needs + " " + o.may)
	for _, key := range c.named() {
		if !slices.Contains(own, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (o object[T]) kind() kind[T] {
	return kind[T]{words: "[" + o.title + "](#" + anchor(o.title) + ")", schema: o.schema, read: o.read}
}

// read takes the keys of a mapping, and tells what is wrong with each.
func (o object[T]) read(r *reader, what string, n tree.Node) (v T, ok bool) {
	entries, ok := r.entries(n, what)
	if !ok {
		return v, false
	}
	before := len(r.mistakes)
	names := make([]string, 0, len(o.fields))
	for _, f := range o.fields {
		names = append(names, f.name)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Key) {
			r.fail(tree.Node{Line: e.Line, Column: e.Column}, meant(e.Key, names), "%s has no key %q", what, clip(e.Key))
		}
	}
	skip := o.chosen(r, what, n, entries)
	for _, f := range o.fields {
		i := slices.IndexFunc(entries, func(e tree.Entry) bool { return e.Key == f.name })
		switch {
		case i >= 0 && !slices.Contains(skip, f.name):
			f.read(r, f.name, entries[i].Value, &v)
		case i >= 0: // told by chosen
		case f.required:
			r.fail(n, f.name+": "+strings.TrimSuffix(f.doc, "."), "%s needs the key %s", what, f.name)
		case f.hollow:
			f.read(r, f.name, tree.Node{Kind: tree.Map, Line: n.Line, Column: n.Column}, &v)
		case f.otherwise != "" && !slices.Contains(skip, f.name):
			f.read(r, f.name, tree.Node{Kind: tree.Text, Text: f.otherwise, Line: n.Line, Column: n.Column}, &v)
		}
	}
	if o.check != nil && len(r.mistakes) == before {
		o.check(r, n, &v)
	}
	return v, true
}

// chosen tells of keys that do not go together, and of those that are missing for
// it; it returns the keys that are not to be read.
func (o object[T]) chosen(r *reader, what string, n tree.Node, entries []tree.Entry) (skip []string) {
	has := func(key string) (tree.Entry, bool) {
		i := slices.IndexFunc(entries, func(e tree.Entry) bool { return e.Key == key })
		if i < 0 {
			return tree.Entry{}, false
		}
		return entries[i], true
	}
	first := ""
	for _, key := range o.oneOf {
		e, there := has(key)
		switch {
		case there && first != "":
			r.fail(tree.Node{Line: e.Line, Column: e.Column}, "", "%s has %s and %s: it can be one of them", what, first, key)
		case there:
			first = key
		}
	}
	if len(o.oneOf) > 0 && first == "" {
		r.fail(n, "", "%s needs one of the keys %s", what, strings.Join(o.oneOf, ", "))
	}
	if o.cases == nil {
		return nil
	}
	e, _ := has(o.cases.key)
	c, known := o.cases.find(e.Value.Text)
	if !known {
		return o.cases.named() // the word itself is told of where it is read
	}
	for _, key := range strings.Fields(c.needs) {
		if _, there := has(key); !there {
			r.fail(n, "", "%s: the %s %s needs the key %s", what, o.cases.key, c.word, key)
		}
	}
	skip = o.cases.excluded(c)
	for _, key := range skip {
		if e, there := has(key); there {
			r.fail(tree.Node{Line: e.Line, Column: e.Column}, "", "%s: the %s %s has no use for %s", what, o.cases.key, c.word, key)
		}
	}
	return skip
}

// entries takes a node for a mapping, with each key once; a mistake if it is none.
func (r *reader) entries(n tree.Node, what string) (all []tree.Entry, ok bool) {
	if n.Kind != tree.Map {
		r.fail(n, "", "%s is %s, and has to be keys and values", what, n.Is())
		return nil, false
	}
	lines := map[string]int{}
	for _, e := range n.Entries {
		if line, twice := lines[e.Key]; twice {
			r.fail(tree.Node{Line: e.Line, Column: e.Column}, "", "%q is there twice, first in line %d", clip(e.Key), line)
			continue
		}
		lines[e.Key] = e.Line
		all = append(all, e)
	}
	return all, true
}
