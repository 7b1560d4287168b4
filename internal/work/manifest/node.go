package manifest

import (
	"slices"
	"strconv"
	"strings"
)

// Source is `functions:` of one file, with the places of everything. The zero value
// is that of a file without it.
type Source struct {
	File string
	Root Node
}

// Empty says that the file has no functions.
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
	Text                // Node.Text: a scalar, whatever YAML takes it for
	Map                 // Node.Entries
	List                // Node.Items
	Odd                 // what is not read here: Node.Text says what it is
)

var kinds = [...]string{"nothing", "a text", "a mapping", "a list"}

// Node is one value of the file.
type Node struct {
	Kind    Kind
	Text    string
	Line    int // from 1
	Column  int // from 1
	First   int // the column of Text's first byte, if it stands in the file as it is; else 0
	Entries []Entry
	Items   []Node
}

// Entry is a key of a mapping, and its value.
type Entry struct {
	Key          string
	Line, Column int // of the key
	Value        Node
}

// at is the column of a byte of the text.
func (n Node) at(byte int) int {
	if n.First == 0 {
		return n.Column
	}
	return n.First + byte
}

// is names what the node is, for messages.
func (n Node) is() string {
	if n.Kind == Odd {
		return n.Text
	}
	return kinds[n.Kind]
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
