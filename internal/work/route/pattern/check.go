package pattern

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// check says whether a parameter's value fits a constraint.
type check func(value string) bool

// plain are the constraints without arguments.
func plain(name string) check {
	switch name {
	case "int":
		return func(v string) bool { _, err := strconv.ParseInt(v, 10, 32); return err == nil }
	case "long":
		return func(v string) bool { _, err := strconv.ParseInt(v, 10, 64); return err == nil }
	case "bool":
		return func(v string) bool { return strings.EqualFold(v, "true") || strings.EqualFold(v, "false") }
	case "decimal", "double", "float":
		return number
	case "datetime":
		return moment
	case "guid":
		return guid
	case "alpha":
		return func(v string) bool {
			return strings.IndexFunc(v, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) < 0
		}
	case "required":
		return func(v string) bool { return v != "" }
	case "file":
		return isFile
	case "nonfile":
		return func(v string) bool { return !isFile(v) }
	}
	return nil
}

// all are the constraints' names, for people.
const all = "int, long, bool, decimal, double, float, datetime, guid, alpha, length(n), length(a,b), minlength(n), maxlength(n), min(n), max(n), range(a,b), regex(…), required, file, nonfile"

// parseChecks reads constraints that colons divide.
func parseChecks(text string) (checks []check, err error) {
	for text != "" {
		end := strings.IndexByte(text, ':')
		if open := strings.IndexByte(text, '('); open >= 0 && (end < 0 || open < end) {
			shut := argumentEnd(text, open)
			if shut < 0 {
				return nil, fmt.Errorf("constraint %q has a ( that is not closed", text)
			}
			c, err := withArguments(text[:open], text[open+1:shut])
			if err != nil {
				return nil, err
			}
			checks = append(checks, c)
			rest := text[shut+1:]
			if rest != "" && rest[0] != ':' {
				return nil, fmt.Errorf("%q stands behind a constraint", rest)
			}
			text = strings.TrimPrefix(rest, ":")
			continue
		}
		name := text
		if end >= 0 {
			name, text = text[:end], text[end+1:]
		} else {
			text = ""
		}
		c := plain(strings.ToLower(name))
		if c == nil {
			return nil, fmt.Errorf("constraint %q is not known\nhint: %s", name, all)
		}
		checks = append(checks, c)
	}
	if len(checks) == 0 {
		return nil, errors.New("a colon without a constraint\nhint: " + all)
	}
	return checks, nil
}

// argumentEnd is where the parenthesis at open is closed; -1 if it is not. A regex
// has parentheses of its own, and of those some behind a backslash.
func argumentEnd(text string, open int) int {
	depth := 0
	for i := open; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func withArguments(name, arguments string) (check, error) {
	name = strings.ToLower(name)
	if name == "regex" {
		return matching(arguments)
	}
	var numbers []int64
	for text := range strings.SplitSeq(arguments, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("constraint %s(%s): %q is no whole number", name, arguments, text)
		}
		numbers = append(numbers, n)
	}
	least, most := int64(math.MinInt64), int64(math.MaxInt64)
	switch {
	case len(numbers) == 1 && (name == "min" || name == "minlength"):
		least = numbers[0]
	case len(numbers) == 1 && (name == "max" || name == "maxlength"):
		most = numbers[0]
	case len(numbers) == 1 && name == "length":
		least, most = numbers[0], numbers[0]
	case len(numbers) == 2 && (name == "length" || name == "range"):
		least, most = numbers[0], numbers[1]
	default:
		return nil, fmt.Errorf("constraint %s(%s) is not known\nhint: %s", name, arguments, all)
	}
	if least > most {
		return nil, fmt.Errorf("constraint %s(%s) lets nothing through: the first is more than the second", name, arguments)
	}
	if strings.HasSuffix(name, "length") {
		return func(v string) bool { n := int64(utf8.RuneCountInString(v)); return least <= n && n <= most }, nil
	}
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && least <= n && n <= most
	}, nil
}

// matching is a regular expression, in any case as in ASP.NET. Go's take time in
// proportion to the text, whatever they are; what only a backtracking matcher can
// do is a mistake.
func matching(text string) (check, error) {
	text = strings.NewReplacer("{{", "{", "}}", "}").Replace(text)
	re, err := regexp.Compile("(?i:" + text + ")")
	if err != nil {
		return nil, fmt.Errorf("constraint regex(%s): %w\nhint: no lookaheads and no back references", text, err)
	}
	return re.MatchString, nil
}

func number(v string) bool {
	// No hexadecimal, no infinity: .NET's invariant culture has neither here.
	if strings.IndexFunc(v, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE,", r) }) >= 0 {
		return false
	}
	_, err := strconv.ParseFloat(strings.ReplaceAll(v, ",", ""), 64)
	return err == nil
}

func moment(v string) bool {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly, "01/02/2006", "1/2/2006"} {
		if _, err := time.Parse(layout, v); err == nil {
			return true
		}
	}
	return false
}

// guid takes the forms of .NET's N, D, B and P.
func guid(v string) bool {
	if n := len(v); n == 38 && (v[0] == '{' && v[n-1] == '}' || v[0] == '(' && v[n-1] == ')') {
		v = v[1 : n-1]
	} else if n != 36 && n != 32 {
		return false
	}
	dashes := len(v) == 36
	for i := range len(v) {
		if dashes && (i == 8 || i == 13 || i == 18 || i == 23) {
			if v[i] != '-' {
				return false
			}
			continue
		}
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(v[i])) {
			return false
		}
	}
	return true
}

// isFile says whether the last part of a value has a dot with something behind it.
func isFile(v string) bool {
	v = v[strings.LastIndexByte(v, '/')+1:]
	at := strings.LastIndexByte(v, '.')
	return at >= 0 && at < len(v)-1
}
