// Package assist helps a person to type a query: what may come next, and what
// each word of the text is.
//
// It looks at words and not at meaning, since a text that is being typed is
// wrong most of the time. So what it suggests is what is likely, not what is
// allowed: operators behind a pipe, columns of the tables that the text names.
// Begin with [Complete] and [Words].
package assist

import (
	"slices"
	"strings"
)

// Class is what a word is.
type Class uint8

// The classes.
const (
	Space Class = iota
	Comment
	Text
	Number
	Name     // a column, a table, a variable
	Function // a name with a bracket behind it
	Operator // of a query: where, summarize
	Keyword  // within one: by, and, asc
	Mark     // punctuation
)

// Word is a piece of a text. The words of a text, put together, are the text.
type Word struct {
	Class Class
	Text  string
	From  int // in bytes
}

// Words cuts a text into words, whatever is in it.
func Words(text string) []Word {
	var words []Word
	afterPipe := true
	for at := 0; at < len(text); {
		w := word(text, at)
		// A hyphen belongs to an operator such as project-away, and is a minus elsewhere.
		if i := strings.IndexByte(w.Text, '-'); w.Class == Name && i > 0 && !(afterPipe && slices.Contains(operators, w.Text)) {
			w.Text = w.Text[:i]
		}
		switch {
		case w.Class != Name:
		case afterPipe && (slices.Contains(operators, w.Text) || slices.Contains(starters, w.Text)):
			w.Class = Operator
		case slices.Contains(keywords, w.Text):
			w.Class = Keyword
		case strings.HasPrefix(strings.TrimLeft(text[at+len(w.Text):], " \t"), "("):
			w.Class = Function
		}
		switch {
		case w.Class == Mark:
			afterPipe = strings.ContainsAny(w.Text, "|;(")
		case w.Class > Comment:
			afterPipe = false
		}
		words = append(words, w)
		at += len(w.Text)
	}
	return words
}

// word is the word that begins at a place.
func word(text string, at int) Word {
	rest := text[at:]
	w := Word{From: at}
	take := func(class Class, n int) Word {
		w.Class, w.Text = class, rest[:n]
		return w
	}
	while := func(from int, ok func(c byte) bool) int {
		for from < len(rest) && ok(rest[from]) {
			from++
		}
		return from
	}
	switch c := rest[0]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return take(Space, while(1, func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }))
	case strings.HasPrefix(rest, "//"):
		return take(Comment, while(2, func(c byte) bool { return c != '\n' }))
	case c == '"' || c == '\'':
		return take(Text, quoted(rest, 0, false))
	case (c == '@' || c == 'h' || c == 'H') && len(rest) > 1 && (rest[1] == '"' || rest[1] == '\''):
		return take(Text, quoted(rest, 1, c == '@'))
	case c >= '0' && c <= '9':
		return take(Number, while(1, func(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '.' }))
	case isLetter(c):
		return take(Name, while(1, func(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '-' }))
	}
	return take(Mark, 1)
}

// quoted is where a string literal ends: at its quote, or at the line's end.
func quoted(s string, open int, verbatim bool) int {
	for i := open + 1; i < len(s); i++ {
		switch {
		case s[i] == '\n':
			return i
		case s[i] == '\\' && !verbatim:
			i++
		case s[i] == s[open]:
			return i + 1
		}
	}
	return len(s)
}

// isLetter says whether a byte can begin a name; those of other scripts can.
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }
