package experiment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/tree"
)

// scalar is the text of a value; a mistake if it is anything else, or empty.
func (r *reader) scalar(what string, n tree.Node) (string, bool) {
	s := strings.TrimSpace(n.Text)
	switch {
	case n.Kind != tree.Text:
		r.fail(n, "", "%s is %s, and has to be one value", what, n.Is())
	case s == "":
		r.fail(n, "", "%s is empty", what)
	default:
		return s, true
	}
	return "", false
}

// factorsOf are those that a value has to take.
func (r *reader) factorsOf(n tree.Node) factors {
	if n.Over {
		return r.fixed
	}
	return r.factors
}

const maxText = 16 << 10

// text is anything.
func text() kind[string] {
	return kind[string]{"text", func() *Schema { return &Schema{Type: types{"string", "number", "boolean"}} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := r.scalar(what, n)
		if ok && len(s) > maxText {
			r.fail(n, "", "%s has %d bytes, and the most is %d", what, len(s), maxText)
			return "", false
		}
		return s, ok
	}}
}

const wordPattern = "^[a-z][a-z0-9-]{0,62}$"

// isWord says that a text is fit to name a thing in files, tables and pages.
func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// word is a name that nothing else refers to.
func word() kind[string] {
	return kind[string]{"name", func() *Schema { return &Schema{Type: types{"string"}, Pattern: wordPattern} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := r.scalar(what, n)
		if ok && !isWord(s) {
			r.fail(n, "small letters, digits and -, with a letter at the front", "%s is %q, which is no name", what, clip(s))
			return "", false
		}
		return s, ok
	}}
}

// fresh is a name that others refer to, each there once.
func fresh(what string) kind[string] {
	k := word()
	return kind[string]{k.words, k.schema, func(r *reader, key string, n tree.Node) (string, bool) {
		s, ok := k.read(r, key, n)
		if ok && slices.Contains(r.names[what], s) {
			r.fail(n, "", "there are two of the name %s", s)
			return "", false
		}
		if ok {
			r.names[what] = append(r.names[what], s)
		}
		return s, ok
	}}
}

// named is the name of something in the file.
func named(what string) kind[string] {
	return kind[string]{"a " + shown(what), func() *Schema { return &Schema{Type: types{"string"}, Pattern: wordPattern} }, func(r *reader, key string, n tree.Node) (string, bool) {
		s, ok := r.scalar(key, n)
		if ok {
			r.refs = append(r.refs, ref{what, key, tree.Node{Kind: tree.Text, Text: s, Line: n.Line, Column: n.Column}})
		}
		return s, ok
	}}
}

// number is one between two edges, both included.
func number(least, most float64) kind[float64] {
	return kind[float64]{"number", func() *Schema { return &Schema{Type: types{"number"}, Minimum: &least, Maximum: &most} }, func(r *reader, what string, n tree.Node) (float64, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= least && f <= most) {
			r.fail(n, fmt.Sprintf("a number from %v to %v", least, most), "%s is %q", what, clip(s))
			return 0, false
		}
		return f, true
	}}
}

// whole is a whole number between two edges, both included.
func whole(least, most int) kind[int] {
	low, high := float64(least), float64(most)
	return kind[int]{"whole number", func() *Schema { return &Schema{Type: types{"integer"}, Minimum: &low, Maximum: &high} }, func(r *reader, what string, n tree.Node) (int, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		i, err := strconv.Atoi(s)
		if err != nil || i < least || i > most {
			r.fail(n, fmt.Sprintf("a whole number from %d to %d", least, most), "%s is %q", what, clip(s))
			return 0, false
		}
		return i, true
	}}
}

const sharePattern = `^[0-9]+(\.[0-9]+)?%?$`

// share is a part: 15% or 0.15, up to so many times the whole.
func share(most float64) kind[float64] {
	return kind[float64]{"share", func() *Schema {
		return &Schema{AnyOf: []*Schema{{Type: types{"number"}, Minimum: new(0.0), Maximum: &most}, {Type: types{"string"}, Pattern: sharePattern}}}
	}, func(r *reader, what string, n tree.Node) (float64, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		f, ok := parseShare(s)
		if !ok || !(f >= 0 && f <= most) {
			r.fail(n, fmt.Sprintf("as in 15%% or 0.15; from 0 to %v", most), "%s is %q, which is no share", what, clip(s))
			return 0, false
		}
		return f, true
	}}
}

func parseShare(s string) (float64, bool) {
	digits, percent := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if percent {
		f /= 100
	}
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// flag is true or false.
func flag() kind[bool] {
	return kind[bool]{"true or false", func() *Schema { return &Schema{Type: types{"boolean"}} }, func(r *reader, what string, n tree.Node) (bool, bool) {
		s, ok := r.scalar(what, n)
		switch {
		case !ok:
			return false, false
		case s == "true":
			return true, true
		case s == "false":
			return false, true
		}
		r.fail(n, "true or false", "%s is %q", what, clip(s))
		return false, false
	}}
}

// choice is one of some words.
func choice[S ~string](words ...S) kind[S] {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return kind[S]{strings.Join(all, ", "), func() *Schema { return &Schema{Type: types{"string"}, Enum: all} }, func(r *reader, what string, n tree.Node) (S, bool) {
		s, ok := r.scalar(what, n)
		if ok && !slices.Contains(all, s) {
			r.fail(n, meant(s, all), "%s is %q", what, clip(s))
			return "", false
		}
		return S(s), ok
	}}
}
