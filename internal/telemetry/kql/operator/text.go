package operator

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Text is has, contains, startswith and their kin, =~ and !~, and matches regex,
// on strings and on what is in dynamics. pattern is the right side if it is constant.
func Text(op string, l, r schema.Type, pattern *value.Value) (Make, error) {
	if l != schema.String && l != schema.Dynamic || r != schema.String && r != schema.Dynamic {
		return nil, Undefined(op, l, r)
	}
	if op == "matches regex" {
		return matching(pattern)
	}
	name, not := strings.CutPrefix(op, "!")
	if op == "!~" {
		name, not = "=~", true
	}
	name, exact := strings.CutSuffix(name, "_cs")
	var holds func(text, part string) bool
	switch name {
	case "=~":
		holds = strings.EqualFold
	case "has":
		holds = func(text, part string) bool { return findTerm(text, part, exact, true, true) }
	case "hasprefix":
		holds = func(text, part string) bool { return findTerm(text, part, exact, true, false) }
	case "hassuffix":
		holds = func(text, part string) bool { return findTerm(text, part, exact, false, true) }
	case "contains":
		holds = func(text, part string) bool { return index(text, part, exact) >= 0 }
	case "startswith":
		holds = func(text, part string) bool { return prefix(text, part, exact) }
	case "endswith":
		holds = func(text, part string) bool { return suffix(text, part, exact) }
	default:
		return nil, fmt.Errorf("there is no operator %s", op)
	}
	return func(args []plan.Compute) plan.Compute {
		x, y := args[0], args[1]
		return func(row []value.Value) value.Value {
			a := x(row)
			b := y(row)
			return value.Bool(holds(a.Text(), b.Text()) != not)
		}
	}, nil
}

// Regexp compiles a pattern as Kusto reads it: RE2.
func Regexp(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the regular expression %q: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

func matching(pattern *value.Value) (Make, error) {
	var fixed *regexp.Regexp
	if pattern != nil {
		re, err := Regexp(pattern.Text())
		if err != nil {
			return nil, err
		}
		fixed = re
	}
	return func(args []plan.Compute) plan.Compute {
		re, last := fixed, ""
		return func(row []value.Value) value.Value {
			text := args[0](row)
			if fixed == nil {
				p := args[1](row).Text()
				if re == nil || p != last {
					made, err := Regexp(p)
					if err != nil {
						return value.Bool(false)
					}
					re, last = made, strings.Clone(p)
				}
			}
			return value.Bool(re.MatchString(text.Text()))
		}
	}, nil
}

// findTerm looks for part where terms begin (if whole at the front) and end (at
// the back). Terms are runs of letters and digits.
func findTerm(text, part string, exact, front, back bool) bool {
	if part == "" {
		return true
	}
	first, _ := utf8.DecodeRuneInString(part)
	last, _ := utf8.DecodeLastRuneInString(part)
	for from := 0; from <= len(text); {
		i := index(text[from:], part, exact)
		if i < 0 {
			return false
		}
		i += from
		begins, ends := true, true
		if front && isTerm(first) {
			r, n := utf8.DecodeLastRuneInString(text[:i])
			begins = n == 0 || !isTerm(r)
		}
		if back && isTerm(last) {
			r, n := utf8.DecodeRuneInString(text[min(i+len(part), len(text)):])
			ends = n == 0 || !isTerm(r)
		}
		if begins && ends {
			return true
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		from = i + max(n, 1)
	}
	return false
}

func isTerm(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// index is where part is found in text, −1 if nowhere; without exact, ASCII
// letters match in either case.
func index(text, part string, exact bool) int {
	if exact || part == "" {
		return strings.Index(text, part)
	}
	low, high := lower(part[0]), upper(part[0])
	for from := 0; from+len(part) <= len(text); from++ {
		rest := text[from : len(text)-len(part)+1]
		i := strings.IndexByte(rest, low)
		if low != high {
			if i >= 0 {
				rest = rest[:i]
			}
			if j := strings.IndexByte(rest, high); j >= 0 {
				i = j
			}
		}
		if i < 0 {
			return -1
		}
		from += i
		if equalFold(text[from:from+len(part)], part) {
			return from
		}
	}
	return -1
}

func prefix(text, part string, exact bool) bool {
	return len(text) >= len(part) && (text[:len(part)] == part || !exact && equalFold(text[:len(part)], part))
}

func suffix(text, part string, exact bool) bool {
	return len(text) >= len(part) && (text[len(text)-len(part):] == part || !exact && equalFold(text[len(text)-len(part):], part))
}

func equalFold(a, b string) bool {
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
