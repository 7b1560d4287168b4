package expression

import (
	"fmt"
	"strings"
)

// Settings puts app settings into a text: %NAME% becomes the value of NAME. The
// values are not looked at again. A % always begins a name: there is no way to
// write one. The error is an *Error, and has no values in it.
func Settings(text string, lookup func(name string) (value string, found bool)) (string, error) {
	fault := func(at int, problem, hint string) (string, error) {
		return "", &Error{Source: text, Column: at + 1, Problem: problem, Hint: hint}
	}
	if len(text) > MaxText {
		return fault(0, fmt.Sprintf("it has %d bytes", len(text)), fmt.Sprintf("at most %d", MaxText))
	}
	var b strings.Builder
	for at := 0; at < len(text); {
		before, rest, found := strings.Cut(text[at:], "%")
		b.WriteString(before)
		at += len(before)
		if !found {
			break
		}
		name, _, closed := strings.Cut(rest, "%")
		if !closed {
			return fault(at, "a % without another one after it", "%NAME% stands for the app setting NAME")
		}
		value, found := lookup(name)
		if !found {
			return fault(at, fmt.Sprintf("there is no app setting %q", name), "set it in the environment, or in Values of local.settings.json")
		}
		if b.Len()+len(value) > MaxResult {
			return fault(at, fmt.Sprintf("it becomes more than %d bytes", MaxResult), "")
		}
		b.WriteString(value)
		at += len(name) + 2
	}
	return b.String(), nil
}
