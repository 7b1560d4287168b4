// Package jsonpos reads JSON as people write it into settings files, and keeps where everything stands.
//
// Comments and trailing commas are taken, as Azure Functions takes them. Texts
// come from strangers: size and depth are bounded, and a message quotes one
// character of them at most, since settings hold secrets. Begin with [Parse].
package jsonpos

import "bytes"

// The bounds of a text.
const (
	MaxSize  = 1 << 20 // bytes
	MaxDepth = 64      // objects and lists within each other
)

// Kind is what a Value is.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Object
)

// String is the kind's name with its article, for messages.
func (k Kind) String() string {
	return [...]string{"null", "true or false", "a number", "a text", "a list", "an object"}[k]
}

// Value is one value and its place.
type Value struct {
	Kind    Kind
	At, End int    // offsets in bytes: of its first one, and after its last one
	Text    string // of a String, escapes undone; else of Null, Bool and Number as it stands
	Items   []Value
	Members []Member
}

// Member is a member of an object. Names may be there twice.
type Member struct {
	Name  string
	At    int // where the name begins
	Value Value
}

// Error is what is wrong with the syntax, and where.
type Error struct {
	At      int
	Problem string
}

// Error is the problem; the place is for the caller to print.
func (e *Error) Error() string { return e.Problem }

// Place is the line and the column of an offset, both from 1, the column in
// bytes.
func Place(text []byte, at int) (line, column int) {
	before := text[:min(max(at, 0), len(text))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
