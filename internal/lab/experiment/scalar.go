package experiment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
)

// scalar is the text of a value; a mistake if it is anything else, or empty.
func (r *reader) scalar(what string, n Node) (string, bool) {
	s := strings.TrimSpace(n.Text)
	switch {
	case n.Kind != Text:
		r.fail(n, "", "%s is %s, and has to be one value", what, n.is())
	case s == "":
		r.fail(n, "", "%s is empty", what)
	default:
		return s, true
	}
	return "", false
}

// factorsOf are those that a value has to take.
func (r *reader) factorsOf(n Node) factors {
	if n.small {
		return r.fixed
	}
	return r.factors
}

const maxText = 16 << 10

// text is anything.
func text() kind[string] {
	return kind[string]{"text", func() *Schema { return &Schema{Type: types{"string", "number", "boolean"}} }, func(r *reader, what string, n Node) (string, bool) {
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
	return kind[string]{"name", func() *Schema { return &Schema{Type: types{"string"}, Pattern: wordPattern} }, func(r *reader, what string, n Node) (string, bool) {
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
	return kind[string]{k.words, k.schema, func(r *reader, key string, n Node) (string, bool) {
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
	return kind[string]{"a " + shown(what), func() *Schema { return &Schema{Type: types{"string"}, Pattern: wordPattern} }, func(r *reader, key string, n Node) (string, bool) {
		s, ok := r.scalar(key, n)
		if ok {
			r.refs = append(r.refs, ref{what, key, Node{Kind: Text, Text: s, Line: n.Line, Column: n.Column}})
		}
		return s, ok
	}}
}

// number is one between two edges, both included.
func number(least, most float64) kind[float64] {
	return kind[float64]{"number", func() *Schema { return &Schema{Type: types{"number"}, Minimum: &least, Maximum: &most} }, func(r *reader, what string, n Node) (float64, bool) {
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
	return kind[int]{"whole number", func() *Schema { return &Schema{Type: types{"integer"}, Minimum: &low, Maximum: &high} }, func(r *reader, what string, n Node) (int, bool) {
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
	}, func(r *reader, what string, n Node) (float64, bool) {
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
	return kind[bool]{"true or false", func() *Schema { return &Schema{Type: types{"boolean"}} }, func(r *reader, what string, n Node) (bool, bool) {
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
	return kind[S]{strings.Join(all, ", "), func() *Schema { return &Schema{Type: types{"string"}, Enum: all} }, func(r *reader, what string, n Node) (S, bool) {
		s, ok := r.scalar(what, n)
		if ok && !slices.Contains(all, s) {
			r.fail(n, meant(s, all), "%s is %q", what, clip(s))
			return "", false
		}
		return S(s), ok
	}}
}

const (
	durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
	sizePattern     = `^[0-9]+(\.[0-9]+)? ?([kKmMgGtT][iI]?)?[bB]?$`
	ratePattern     = `^[0-9]+(\.[0-9]+)?/(s|m|h)$`
	longest         = 30 * 24 * time.Hour
	largest         = 1 << 50
)

// wait is a time of the wall's clock, which no speed changes.
func wait(least, most time.Duration) kind[time.Duration] {
	return duration("time that speed leaves alone", func(*reader, Node) float64 { return 1 }, least, most)
}

// span is a time of the timeline.
func span(least time.Duration) kind[time.Duration] {
	return duration("time", func(r *reader, n Node) float64 { return r.factorsOf(n).speed }, least, longest)
}

func duration(words string, speed func(*reader, Node) float64, least, most time.Duration) kind[time.Duration] {
	return kind[time.Duration]{words, func() *Schema { return &Schema{Type: types{"string"}, Pattern: durationPattern} }, func(r *reader, what string, n Node) (time.Duration, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			r.fail(n, "a number with a unit: 500ms, 30s, 15m, 2h", "%s is %q, which is no time", what, clip(s))
		case d < least || d > most:
			r.fail(n, fmt.Sprintf("%v to %v", least, most), "%s is %v", what, d)
		default:
			return time.Duration(math.Round(float64(d) / speed(r, n))), true
		}
		return 0, false
	}}
}

// size is an amount of bytes that scale changes.
func size(least bytesize.Size) kind[bytesize.Size] {
	return amount("size", func(r *reader, n Node) float64 { return r.factorsOf(n).scale }, least)
}

// fixedSize is an amount of bytes that scale leaves alone.
func fixedSize(least bytesize.Size) kind[bytesize.Size] {
	return amount("size that scale leaves alone", func(*reader, Node) float64 { return 1 }, least)
}

func amount(words string, scale func(*reader, Node) float64, least bytesize.Size) kind[bytesize.Size] {
	return kind[bytesize.Size]{words, func() *Schema {
		return &Schema{AnyOf: []*Schema{{Type: types{"integer"}, Minimum: new(float64(least))}, {Type: types{"string"}, Pattern: sizePattern}}}
	}, func(r *reader, what string, n Node) (bytesize.Size, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		b, err := bytesize.Parse(s)
		switch {
		case err != nil:
			r.fail(n, "a number with a unit: 64KiB, 100MB, 3.5GB", "%s is %q, which is no size", what, clip(s))
		case b < least || b > largest:
			r.fail(n, fmt.Sprintf("%v to %v", least, bytesize.Size(largest)), "%s is %v", what, b)
		default:
			return max(bytesize.Size(math.Round(float64(b)*scale(r, n))), min(b, 1)), true
		}
		return 0, false
	}}
}

// rate is a number of arrivals in a time of the timeline, given for a second on the
// wall.
func rate() kind[float64] {
	return kind[float64]{"rate", func() *Schema { return &Schema{Type: types{"string"}, Pattern: ratePattern} }, func(r *reader, what string, n Node) (float64, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		count, unit, _ := strings.Cut(s, "/")
		f, err := strconv.ParseFloat(count, 64)
		switch unit {
		case "s":
		case "m":
			f /= 60
		case "h":
			f /= 3600
		default:
			err = strconv.ErrSyntax
		}
		if err != nil || !(f > 0 && f <= 1e5) {
			r.fail(n, "as in 20/s, 6/m or 100/h; up to 100000/s", "%s is %q, which is no rate", what, clip(s))
			return 0, false
		}
		return f * r.factorsOf(n).speed, true
	}}
}

const valuePattern = `^-?[0-9]+(\.[0-9]+)?( ?([kKmMgGtT][iI]?)?[bB]|%|ns|us|µs|ms|s|m|h)?$`

// value is a number with its unit: 2.5GB, 8s, 15%, 1200.
func value() kind[lab.Value] {
	return kind[lab.Value]{"value", func() *Schema {
		return &Schema{AnyOf: []*Schema{{Type: types{"number"}}, {Type: types{"string"}, Pattern: valuePattern}}}
	}, func(r *reader, what string, n Node) (lab.Value, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return lab.Value{}, false
		}
		v, ok := parseValue(s)
		if !ok || math.Abs(v.Number) > largest {
			r.fail(n, "a number, with a unit if it has one: 2.5GB, 800ms, 15%, 1200", "%s is %q, which is no value", what, clip(s))
			return lab.Value{}, false
		}
		if v.Unit == lab.Bytes {
			v.Number *= r.factorsOf(n).scale
		}
		return v, true
	}}
}

func parseValue(s string) (lab.Value, bool) {
	digits, minus := strings.CutPrefix(s, "-")
	sign := 1.0
	if minus {
		sign = -1
	}
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return lab.Value{}, false
	}
	if f, err := strconv.ParseFloat(digits, 64); err == nil {
		return lab.Value{Number: sign * f}, true
	}
	if strings.HasSuffix(digits, "%") {
		f, ok := parseShare(digits)
		return lab.Value{Number: sign * f, Unit: lab.Share}, ok
	}
	if d, err := time.ParseDuration(digits); err == nil {
		return lab.Value{Number: sign * float64(d) / float64(time.Millisecond), Unit: lab.Duration}, true
	}
	if b, err := bytesize.Parse(digits); err == nil && strings.HasSuffix(strings.ToUpper(digits), "B") {
		return lab.Value{Number: sign * float64(b), Unit: lab.Bytes}, true
	}
	return lab.Value{}, false
}
