package funcapp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/nearest"
)

// Mistake is one thing that is wrong in a file, or that Azure passes over.
type Mistake struct {
	File    string // within the folder; what a worker reported has a name that says so
	Line    int    // from 1; 0 if it is about the file as a whole
	Column  int    // in bytes, from 1
	Text    string
	Hint    string // what to write instead; may be empty
	Warning bool   // the app runs all the same
}

// Error is the mistake as compilers print it, with the hint below.
func (m Mistake) Error() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", m.Line, m.Column)
	}
	b.WriteString(": ")
	if m.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(m.Text)
	if m.Hint != "" {
		b.WriteString("\nhint: " + m.Hint)
	}
	return b.String()
}

// Faults joins the mistakes that are no warnings; nil if there are none.
func Faults(all []Mistake) error {
	var errs []error
	for _, m := range all {
		if !m.Warning {
			errs = append(errs, m)
		}
	}
	return errors.Join(errs...)
}

// meant is a hint that names the nearest, or all if none is near.
func meant(name string, known []string) string {
	if near := nearest.To(name, known); near != "" {
		return fmt.Sprintf("%q, maybe", near)
	}
	return "one of " + strings.Join(known, ", ")
}

// clip keeps a stranger's text from filling a message.
func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}
