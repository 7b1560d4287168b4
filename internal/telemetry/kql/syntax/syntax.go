// Package syntax reads the text of KQL into a tree, and writes a tree as text.
//
// It knows how a query is written and nothing of what it means: names are not
// looked up, types not checked. Parse accepts what Kusto accepts; what is
// written wrong gets an *Error that points at the place. What Kusto refuses
// only because a semicolon is missing between two queries, Parse accepts as well
// and tells in Script.Joints, for the caller to judge.
//
// What parses prints back to itself: Parse(Format(tree)) gives the same tree.
// Begin with node.go, the tree.
package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Span is a range of bytes of the text.
type Span struct{ From, To int }

// Error is something in the text that can't be accepted.
type Error struct {
	Span    Span
	Message string
	// Hint is what to write instead; empty if that is not known.
	Hint string
	// Code is Kusto's code for the error, if it has one.
	Code string
}

func (e *Error) Error() string { return e.Message }

// Place is the line and column of a byte in text, both from 1; a column is a character.
func Place(text string, at int) (line, column int) {
	at = min(max(at, 0), len(text))
	before := text[:at]
	line = 1 + strings.Count(before, "\n")
	from := strings.LastIndexByte(before, '\n') + 1
	return line, 1 + utf8.RuneCountInString(before[from:])
}

// Caret is the line of text that span begins in, with a line below it that
// points at span. Both end in a newline; a long line is cut around the place.
func Caret(text string, span Span) string {
	at := min(max(span.From, 0), len(text))
	from := strings.LastIndexByte(text[:at], '\n') + 1
	to := len(text)
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		to = at + i
	}
	const around = 100
	left, right := "", ""
	if at-from > around {
		from, left = at-around, "…"
		for !utf8.RuneStart(text[from]) {
			from--
		}
	}
	if to-at > around {
		to, right = at+around, "…"
		for to < len(text) && !utf8.RuneStart(text[to]) {
			to++
		}
	}
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, left+text[from:at])
	width := utf8.RuneCountInString(text[at:max(at, min(span.To, to))])
	line := strings.TrimRight(text[from:to], "\r")
	return fmt.Sprintf("%s%s%s\n%s%s\n", left, line, right, blank, strings.Repeat("^", max(1, width)))
}
