package experiment

import "slices"

// Source is one file, with the places of everything.
type Source struct {
	File string // for messages
	Root Node
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

// Node is one value of the file.
type Node struct {
	Kind    Kind
	Text    string
	Line    int // from 1
	Column  int // from 1
	Entries []Entry
	Items   []Node

	small bool // said by the small version
}

// Entry is a key of a mapping, and its value.
type Entry struct {
	Key          string
	Line, Column int // of the key
	Value        Node
}

// is names what the node is, for messages.
func (n Node) is() string {
	switch n.Kind {
	case Text:
		return "a text"
	case Map:
		return "a mapping"
	case List:
		return "a list"
	case Odd:
		return n.Text
	}
	return "nothing"
}

// value is that of a key, the first if it is there twice; the zero Node if there is
// none.
func (n Node) value(key string) Node {
	for _, e := range n.Entries {
		if e.Key == key {
			return e.Value
		}
	}
	return Node{}
}

// without is the mapping less a key, and the key's first entry.
func (n Node) without(key string) (Node, Entry) {
	i := slices.IndexFunc(n.Entries, func(e Entry) bool { return e.Key == key })
	if i < 0 {
		return n, Entry{}
	}
	taken := n.Entries[i]
	n.Entries = slices.Delete(slices.Clone(n.Entries), i, i+1)
	return n, taken
}
