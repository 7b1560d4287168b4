// Package manifest reads `functions:` of stanch.yaml: what brings work to a plain HTTP worker, for people who have no Azure.
//
//	functions:
//	  resize:
//	    queue: images-in               # or blob: images/{name}.jpg, timer: "0 */5 * * * *"
//	    path: /resize                  # where the POST goes; /resize by itself
//	    in:  {image: "blob images/{queueTrigger}"}
//	    out: {copy: "blob thumbs/{queueTrigger}"}
//	    answer: queue images-out       # what the worker answers
//
// The result is what a folder of Azure's would give: functions and their settings.
// Every mistake is told in one go, each with its line and column and what to write
// instead, and no value of a setting gets into a message. Whose names are settings
// (%NAME%) can be read twice: without settings first, which finds all that can be
// wrong in the file itself, and with them when they are known. Begin with [Read].
package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/nearest"
	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// Manifest is what a file's functions are.
type Manifest struct {
	Functions []funcapp.Function      // sorted by name; disabled ones too
	Paths     map[string]string       // where each function's deliveries are posted
	Settings  map[string]funcapp.Host // Timeout, Queues and Blobs of each
}

// Lookup finds a setting: a variable of the environment.
type Lookup func(name string) (value string, found bool)

const maxFunctions = 1000

// Read reads a file's functions. With no lookup the settings are not known: what
// needs one is passed over then. It returns the functions as far as they are
// sound, and every mistake and warning in the order of their places;
// funcapp.Faults picks the mistakes.
func Read(s tree.Source, lookup Lookup) (*Manifest, []funcapp.Mistake) {
	r := &reader{file: s.File, lookup: lookup}
	m := &Manifest{Paths: map[string]string{}, Settings: map[string]funcapp.Host{}}
	top, ok := r.fields(s.Root, "functions")
	if !ok {
		return m, r.mistakes
	}
	if len(top.entries) == 0 {
		r.fail(s.Root.Line, s.Root.Column, "functions: {resize: {queue: images-in}}", "functions has none")
	}
	if len(top.entries) > maxFunctions {
		r.fail(s.Root.Line, s.Root.Column, "", "there are more than %d functions", maxFunctions)
		return m, r.mistakes
	}
	names := map[string]string{}
	for _, e := range top.entries {
		lower := strings.ToLower(e.Key)
		if other, taken := names[lower]; taken {
			r.fail(e.Line, e.Column, "names are equal in any case", "the functions %q and %q have the same name", clip(other), clip(e.Key))
			continue
		}
		names[lower] = e.Key
		if !soundName(e.Key) {
			r.fail(e.Line, e.Column, "up to 128 letters, digits, - and _, with a letter at the front", "%q is no name of a function", clip(e.Key))
			continue
		}
		if fields, ok := r.fields(e.Value, "function "+e.Key); ok {
			r.function(m, e.Key, fields)
		}
	}
	slices.SortFunc(m.Functions, func(a, b funcapp.Function) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.mistakes, func(a, b funcapp.Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m, r.mistakes
}

// soundName is Azure's rule for the names of functions, since they name what is
// kept in a store.
func soundName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '_'):
		default:
			return false
		}
	}
	return name != "" && len(name) <= 128
}

// reader is one reading of a file.
type reader struct {
	file     string
	lookup   Lookup
	mistakes []funcapp.Mistake
}

// maxMistakes are told: who has more reads no further.
const maxMistakes = 200

func (r *reader) add(m funcapp.Mistake) {
	if m.File = r.file; len(r.mistakes) < maxMistakes {
		r.mistakes = append(r.mistakes, m)
	}
}

func (r *reader) fail(line, column int, hint, format string, args ...any) {
	r.add(funcapp.Mistake{Line: line, Column: column, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// fault tells of a mistake within a text that was made of a node, at its column;
// skip is how far into the node's text it begins. A text that settings were put
// into is not quoted.
func (r *reader) fault(key string, n tree.Node, skip int, changed bool, err error) {
	column, problem, hint := 0, err.Error(), ""
	var bySchedule *schedule.Error
	var byExpression *expression.Error
	switch {
	case errors.As(err, &bySchedule):
		column, problem, hint = bySchedule.Column, bySchedule.Problem, bySchedule.Hint
	case errors.As(err, &byExpression):
		column, problem, hint = byExpression.Column, byExpression.Problem, byExpression.Hint
	default:
		problem, hint, _ = strings.Cut(problem, "\nhint: ")
	}
	if changed {
		r.fail(n.Line, n.Column, hint, "%s is wrong once its settings are put in", key)
		return
	}
	r.fail(n.Line, n.At(skip+max(column-1, 0)), hint, "%s: %s", key, problem)
}

// settings puts settings into a text. It is not ok if that is not possible, which
// is told, or not yet.
func (r *reader) settings(key string, n tree.Node, skip int) (text string, changed, ok bool) {
	text = n.Text[skip:]
	if !strings.Contains(text, "%") {
		return text, false, true
	}
	lookup := r.lookup
	if lookup == nil {
		lookup = func(string) (string, bool) { return "x", true }
	}
	value, err := expression.Settings(text, lookup)
	if missing := (*expression.Error)(nil); r.lookup != nil && errors.As(err, &missing) {
		// The words for it are Azure's, where settings may stand in a file too.
		err = &expression.Error{Column: missing.Column, Problem: strings.Replace(missing.Problem, "app setting", "variable", 1), Hint: "set it in the environment"}
	}
	if err != nil {
		r.fault(key, n, skip, false, err)
	}
	return value, true, err == nil && r.lookup != nil
}

// meant is a hint that names the nearest, or all if none is near.
func meant(name string, known []string) string {
	if near := nearest.To(name, known); near != "" {
		return "did you mean " + near + "?"
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
