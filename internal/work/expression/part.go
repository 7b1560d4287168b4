package expression

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a part of a text stands for.
type kind uint8

const (
	literal kind = iota
	data         // what the trigger brought
	datetime
	randGUID
	method
)

type part struct {
	kind   kind
	text   string   // of a literal, escapes undone
	path   []string // of data, and as a built-in was written
	colon  bool     // there is a format, be it an empty one
	format string   // after the first colon; may be empty
	column int      // of the brace or the literal
}

// split takes a text apart: literals, {{ and }} for braces, and expressions.
func split(text string) (parts []part, err error) {
	fault := func(at int, problem, hint string) ([]part, error) {
		return nil, &Error{Source: text, Column: at + 1, Problem: problem, Hint: hint}
	}
	if len(text) > MaxText {
		return fault(0, fmt.Sprintf("it has %d bytes", len(text)), fmt.Sprintf("at most %d", MaxText))
	}
	if !utf8.ValidString(text) {
		bad := strings.IndexRune(text, utf8.RuneError)
		return fault(max(bad, 0), "it is no UTF-8", "")
	}
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "}}"):
			parts = append(parts, part{kind: literal, text: rest[:1], column: i + 1})
			i += 2
		case rest[0] == '}':
			return fault(i, "a } without a { before it", "}} for the sign itself")
		case rest[0] == '{':
			end := strings.IndexAny(rest[1:], "{}")
			if end < 0 || rest[1+end] == '{' {
				return fault(i, "a { without a } after it", "{{ for the sign itself")
			}
			p, err := parseExpression(rest[1:1+end], i+1)
			if err != nil {
				err.Source = text
				return nil, err
			}
			parts = append(parts, p)
			i += end + 2
		default:
			end := strings.IndexAny(rest, "{}")
			if end < 0 {
				end = len(rest)
			}
			parts = append(parts, part{kind: literal, text: rest[:end], column: i + 1})
			i += end
		}
	}
	return parts, nil
}

// parseExpression reads what is between braces. The column is the brace's.
func parseExpression(text string, column int) (part, *Error) {
	fault := func(problem, hint string) (part, *Error) {
		return part{}, &Error{Column: column, Problem: problem, Hint: hint}
	}
	name, format, colon := strings.Cut(text, ":")
	p := part{kind: data, path: strings.Split(name, "."), colon: colon, format: strings.TrimSpace(format), column: column}
	switch {
	case strings.EqualFold(name, "datetime"):
		p.kind, p.path = datetime, []string{name}
	case strings.EqualFold(name, "rand-guid"):
		p.kind, p.path = randGUID, []string{name}
	case strings.TrimSpace(name) == "":
		return fault("an expression without a name", "a name between the braces, as in {queueTrigger}")
	case !identifier(p.path[0]):
		return fault(fmt.Sprintf("%q is no name", name), "letters, digits and _, with a letter at the front; parts of an object after dots")
	case slices.ContainsFunc(p.path[1:], func(s string) bool { return !identifier(strings.ReplaceAll("_"+s, "-", "_")) || s == "" }):
		return fault(fmt.Sprintf("%q has a part that is no name", name), "letters, digits, _ and - between the dots")
	case strings.EqualFold(p.path[0], "sys"):
		p.kind = systemKind(strings.ToLower(name))
		if p.kind == literal {
			return fault(fmt.Sprintf("there is no %q", name), "sys.methodname, sys.utcnow and sys.randguid")
		}
	}
	switch p.kind {
	case datetime:
		if _, err := formatTime(anyTime, p.format); err != nil {
			return fault(err.Error(), "the letters of .NET, as in {datetime:yyyy-MM-dd}")
		}
	case randGUID:
		if !soundGUIDFormat(p.format) {
			return fault(fmt.Sprintf("%q is no format of a GUID", p.format), "one of N, D, B, P and X")
		}
	}
	return p, nil
}

func systemKind(name string) kind {
	switch name {
	case "sys.methodname":
		return method
	case "sys.utcnow":
		return datetime
	case "sys.randguid":
		return randGUID
	default:
		return literal
	}
}

// identifier says whether it is a name of C#.
func identifier(s string) bool {
	for i, r := range s {
		if r == '_' || unicode.IsLetter(r) || i > 0 && unicode.In(r, unicode.Nd, unicode.Pc, unicode.Mn, unicode.Mc, unicode.Nl) {
			continue
		}
		return false
	}
	return s != ""
}

func (p part) expand(values Lookup, system System) (string, *Error) {
	if p.kind == literal {
		return p.text, nil
	}
	// A name with a dot is one of ours only where the trigger brought no such name.
	if p.format == "" || p.kind == data {
		if value, found := values.of(p.path[0]); found {
			return p.take(value)
		}
	}
	switch p.kind {
	case datetime:
		text, err := formatTime(system.Now.UTC(), p.format)
		if err != nil {
			return "", &Error{Column: p.column, Problem: err.Error()}
		}
		return text, nil
	case randGUID:
		return formatGUID(system.GUID(), p.format), nil
	case method:
		return system.Method, nil
	default:
		return "", &Error{Column: p.column, Problem: fmt.Sprintf("the trigger brought no %q", p.path[0])}
	}
}

// take goes down the path from its first part's value.
func (p part) take(value Value) (string, *Error) {
	for _, name := range p.path[1:] {
		below, found := value.member(name)
		if !found {
			return "", &Error{Column: p.column, Problem: fmt.Sprintf("there is no %q in what the trigger brought as %q", name, p.path[0])}
		}
		value = below
	}
	text, err := value.text(p.format)
	if err != nil {
		return "", &Error{Column: p.column, Problem: fmt.Sprintf("%q: %v", strings.Join(p.path, "."), err)}
	}
	return text, nil
}
