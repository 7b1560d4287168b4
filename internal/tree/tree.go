// Package tree is what was read from a file whose every value knows its place, so that a
// mistake in it can be told with line and column.
//
// It knows texts, mappings and lists, and says nothing about what they mean: what
// `yes` or `5MiB` is, who reads the tree decides. It is not bound to a format;
// [github.com/stanch-dev/stanch/internal/tree/yamltree] makes it of YAML. Values are not
// changed once they are made. Begin with [Node].
package tree

import (
	"slices"
	"strconv"
	"strings"
)

// Source is one file, or the part of one that is read, with the places of everything.
// The zero value is that of a file without it.
type Source struct {
	File string // for messages
	Root Node
}

// Empty says that the file has nothing of it.
func (s Source) Empty() bool { return s.Root.Line == 0 }

// Same says that two say the same, wherever in their files it stands.
func (s Source) Same(other Source) bool {
	return s.Empty() == other.Empty() && s.Root.plain() == other.Root.plain()
}

// Kind is what a Node is.
type Kind uint8

// The kinds.
const (
	Nothing Kind = iota // null, or nothing at all
	Text                // Node.Text: a scalar, whatever the format takes it for
	Map                 // Node.Entries
	List                // Node.Items
	Odd                 // what is not read here: Node.Text says what it is
)

var kinds = [...]string{"nothing", "a text", "a mapping", "a list"}

// Node is one value of a file. Lines and columns count from 1.
type Node struct {
	Kind    Kind
	Text    string
	Line    int
	Column  int
	First   int // the column of Text's first byte, if it stands in the file as it is; else 0
	Entries []Entry
	Items   []Node
	Over    bool // it was laid over another value, or lies in one that was
}

// Entry is a key of a mapping, and its value.
type Entry struct {
	Key          string
	Line, Column int // of the key
	Value        Node
}

// At is the column of a byte of the text.
func (n Node) At(byte int) int {
	if n.First == 0 {
		return n.Column
	}
	return n.First + byte
}

// Is names what the node is, for messages.
func (n Node) Is() string {
	if n.Kind == Odd {
		return n.Text
	}
	return kinds[n.Kind]
}

// Value is that of a key, the first if it is there twice; the zero Node if there is
// none.
func (n Node) Value(key string) Node {
	for _, e := range n.Entries {
		if e.Key == key {
			return e.Value
		}
	}
	return Node{}
}

// Without is the mapping less a key, and the key's first entry.
func (n Node) Without(key string) (Node, Entry) {
	i := slices.IndexFunc(n.Entries, func(e Entry) bool { return e.Key == key })
	if i < 0 {
		return n, Entry{}
	}
	taken := n.Entries[i]
	n.Entries = slices.Delete(slices.Clone(n.Entries), i, i+1)
	return n, taken
}

// Overlaid is the node, and all that is in it, with Over set.
func (n Node) Overlaid() Node {
	n.Over = true
	n.Entries, n.Items = slices.Clone(n.Entries), slices.Clone(n.Items)
	for i := range n.Entries {
		n.Entries[i].Value = n.Entries[i].Value.Overlaid()
	}
	for i := range n.Items {
		n.Items[i] = n.Items[i].Overlaid()
	}
	return n
}

// plain writes the node without its places; the order of keys says nothing.
func (n Node) plain() string {
	var parts []string
	switch n.Kind {
	case Map:
		for _, e := range n.Entries {
			parts = append(parts, strconv.Quote(e.Key)+":"+e.Value.plain())
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case List:
		for _, item := range n.Items {
			parts = append(parts, item.plain())
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return strconv.Quote(n.Text)
}
