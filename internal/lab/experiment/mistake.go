package experiment

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/tree"
)

// Mistake is one thing that is wrong in a file.
type Mistake struct {
	File         string
	Line, Column int // from 1
	Text         string
	Hint         string // what to write instead; may be empty
}

// Error is the mistake with its place, and its hint on a line of its own.
func (m Mistake) Error() string {
	text := fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text)
	if m.Hint != "" {
		text += "\nhint: " + m.Hint
	}
	return text
}

// Mistakes are those of one file.
type Mistakes []Mistake

// Err is all of them as one error; nil if there are none.
func (m Mistakes) Err() error {
	var errs []error
	for _, one := range m {
		errs = append(errs, one)
	}
	return errors.Join(errs...)
}

// maxMistakes are told: who has more reads no further.
const maxMistakes = 200

// reader is one reading of a file.
type reader struct {
	file     string
	factors  factors // for what the file says
	fixed    factors // for what its small version says
	folder   func(string) bool
	names    map[string][]string // that the file gives, by what they name
	refs     []ref
	mistakes Mistakes
}

// ref is a name that something has to have.
type ref struct {
	what string
	key  string // that it is the value of
	node tree.Node
}

func (r *reader) fail(at tree.Node, hint, format string, args ...any) {
	if len(r.mistakes) < maxMistakes {
		r.mistakes = append(r.mistakes, Mistake{r.file, at.Line, at.Column, fmt.Sprintf(format, args...), hint})
	}
}

// window is what a phase is to those that look at it.
const window = "window"

// resolve tells of names that nothing has, once all names are known.
func (r *reader) resolve() {
	for _, ref := range r.refs {
		names, name := r.names[shown(ref.what)], ref.node.Text
		switch {
		case !slices.Contains(names, name) && len(names) == 0:
			r.fail(ref.node, "", "%s: there is no %s, and so none called %q", ref.key, shown(ref.what), clip(name))
		case !slices.Contains(names, name):
			r.fail(ref.node, meant(name, names), "%s: there is no %s called %q", ref.key, shown(ref.what), clip(name))
		case ref.what == window && slices.Contains(r.names[unjudged], name):
			r.fail(ref.node, "judge: true, or leave judge out", "%s: the phase %s is not judged", ref.key, clip(name))
		}
	}
}

func shown(what string) string {
	if what == window {
		return "phase"
	}
	return what
}

// meant is a hint that names the nearest, or all if none is near.
func meant(name string, known []string) string {
	if near := nearest.To(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	hint := "one of "
	for i, k := range known {
		if i == 20 {
			return hint + ", …"
		}
		if i > 0 {
			hint += ", "
		}
		hint += clip(k)
	}
	return hint
}

// clip keeps a stranger's text from filling a message.
func clip(text string) string {
	if len(text) > 60 {
		return text[:60] + "…"
	}
	return text
}
