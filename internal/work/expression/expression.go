// Package expression reads the binding expressions of Azure Functions: names in braces that stand for what a trigger brought.
//
// There are three kinds of text. A [Template] becomes a name, as the path of an
// output: "thumbs/{name}.{rand-guid}". A [Pattern] is the path of a blob trigger,
// "images/{name}.{ext}", and takes the names' values out of the path of a blob.
// [Settings] puts app settings into either, before: "%QUEUE%".
//
// The rules are those of Azure's WebJobs SDK. Mistakes are found when a text is
// parsed, with their column, and not when the first message comes; what can't be
// known then is in [Template.Names]. Nothing here has a clock or randomness of its
// own: they come with [System].
package expression

import (
	"fmt"
	"strings"
	"time"
)

// MaxText is the longest text that is parsed, in bytes.
const MaxText = 4096

// MaxResult is the longest text that a template becomes, in bytes.
const MaxResult = 64 << 10

// Template is a text with expressions in it. The zero value is the empty text.
type Template struct {
	text  string
	parts []part
}

// System is what the host itself knows at an invocation.
type System struct {
	Method string // the function's name
	Now    time.Time
	GUID   func() [16]byte // a new random one at each call, in the order of its text
}

// Parse reads a template. Settings in it are put in before. The error is an
// *Error.
func Parse(text string) (*Template, error) {
	parts, err := split(text)
	if err != nil {
		return nil, err
	}
	return &Template{text, parts}, nil
}

// String is the text that was parsed.
func (t *Template) String() string { return t.text }

// Name is a value that a template needs, or that a pattern gives.
type Name struct {
	Text   string // as it is written, without a format: a.b.c
	First  string // its first part, which the trigger has to know: a
	Column int    // in bytes, from 1
}

// Names are the values that a template needs from outside, in its order.
func (t *Template) Names() (all []Name) {
	for _, p := range t.parts {
		if p.kind == data {
			all = append(all, Name{strings.Join(p.path, "."), p.path[0], p.column})
		}
	}
	return all
}

// Fixed says that the template has no expressions; text is what it becomes.
func (t *Template) Fixed() (text string, fixed bool) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.kind != literal {
			return "", false
		}
		b.WriteString(p.text)
	}
	return b.String(), true
}

// Expand puts the values in. What a trigger brought comes before the built-in
// {datetime} and {rand-guid} of the same name. The error is an *Error, and has no
// values in it.
func (t *Template) Expand(values Lookup, system System) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		text, err := p.expand(values, system)
		if err != nil {
			err.Source = t.text
			return "", err
		}
		if b.Len()+len(text) > MaxResult {
			return "", &Error{Source: t.text, Column: p.column, Problem: fmt.Sprintf("it becomes more than %d bytes", MaxResult)}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// Traps are the places of a sound template which Azure reads otherwise than its
// writer may think.
func (t *Template) Traps() (all []*Error) {
	for _, p := range t.parts {
		if problem, hint := timeTrap(p.format); p.kind != literal && problem != "" {
			all = append(all, &Error{Source: t.text, Column: p.column, Problem: problem, Hint: hint})
		}
	}
	return all
}

// Error is a mistake in a text, or a value that an expansion lacks.
type Error struct {
	Source  string // the whole text
	Column  int    // in bytes, from 1
	Problem string
	Hint    string // may be empty
}

// Error names the text, the column and the mistake.
func (e *Error) Error() string {
	source := e.Source
	if len(source) > 200 {
		source = source[:200] + "…"
	}
	text := fmt.Sprintf("expression %q, column %d: %s", source, e.Column, e.Problem)
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}
