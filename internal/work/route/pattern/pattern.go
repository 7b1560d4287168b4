// Package pattern reads the routes of HTTP functions and matches paths with them.
//
// The rules are those of ASP.NET Core's route templates, which Azure Functions
// has: segments of literals and {parameters}, constraints behind colons, an
// optional or catch-all parameter at the end, literals in any case, and the more
// literal route first. A route is text of strangers: Parse answers for any of it,
// and matching takes time in proportion to the path. Begin with [Parse].
package pattern

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Pattern is one route. The zero value matches the empty path.
type Pattern struct {
	segments []segment
	required int // segments that a path must have
}

// segment is what stands between two slashes: parts in turn literal and parameter.
type segment struct{ parts []part }

type part struct {
	literal string // if name is empty
	name    string
	checks  []check
	text    string // of the checks
	rest    bool   // takes all segments that are left
	void    bool   // may be missing
	initial string // what it is then; empty: it is not there
}

// The largest route that is read.
const (
	maxText     = 2000
	maxSegments = 100
)

// Parse reads a route without a slash at its front. The error names everything
// that is wrong with it.
func Parse(text string) (Pattern, error) {
	if len(text) > maxText {
		return Pattern{}, fmt.Errorf("a route of %d bytes\nhint: at most %d", len(text), maxText)
	}
	var p Pattern
	if text == "" {
		return p, nil
	}
	all, err := split(text)
	if err != nil {
		return p, err
	}
	if len(all) > maxSegments {
		return p, fmt.Errorf("the route has %d segments\nhint: at most %d", len(all), maxSegments)
	}
	var errs []error
	names := map[string]bool{}
	for i, s := range all {
		seg, err := parseSegment(s)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, part := range seg.parts {
			lower := strings.ToLower(part.name)
			if part.name != "" && names[lower] {
				errs = append(errs, fmt.Errorf("the route has two parameters %q", part.name))
			}
			names[lower] = true
			if part.rest && i < len(all)-1 {
				errs = append(errs, fmt.Errorf("{*%s} takes all that is left, and more comes after it", part.name))
			}
		}
		p.segments = append(p.segments, seg)
	}
	p.required = len(p.segments)
	for p.required > 0 && p.segments[p.required-1].mayMiss() {
		p.required--
	}
	for _, s := range p.segments[:p.required] {
		if s.parts[0].void && s.parts[0].initial == "" {
			errs = append(errs, fmt.Errorf("{%s?} may be missing, and what comes after it may not\nhint: parameters that may be missing stand at the end", s.parts[0].name))
		}
	}
	return p, errors.Join(errs...)
}

func (s segment) mayMiss() bool { return len(s.parts) == 1 && (s.parts[0].void || s.parts[0].rest) }

// split cuts a route at the slashes that are not within a parameter.
func split(text string) (all []string, err error) {
	depth, from := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case depth > 0 && (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			i++ // a brace of a regex
		case c == '{':
			if depth++; depth > 1 {
				return nil, errors.New("a parameter stands within another\nhint: as in orders/{id:int?} or {*rest}; a brace in a regex is written twice")
			}
		case c == '}':
			if depth--; depth < 0 {
				return nil, errors.New("a } closes nothing\nhint: as in orders/{id:int?} or {*rest}")
			}
		case c == '/' && depth == 0:
			all, from = append(all, text[from:i]), i+1
		case depth == 0 && (c < ' ' || c == 0x7f || c == '?' || c == '#' || c == '\\' || c == '*'):
			return nil, fmt.Errorf("%q stands in no path", c)
		}
	}
	if depth != 0 {
		return nil, errors.New("a { is not closed\nhint: as in orders/{id:int?} or {*rest}")
	}
	return append(all, text[from:]), nil
}

func parseSegment(text string) (s segment, err error) {
	if text == "" {
		return s, errors.New("the route has an empty segment")
	}
	if text == "." || text == ".." {
		return s, fmt.Errorf("the route has a segment %q, which no path that arrives has", text)
	}
	for rest := text; rest != ""; {
		at := strings.IndexByte(rest, '{')
		if at < 0 {
			s.parts = append(s.parts, part{literal: rest})
			break
		}
		if at > 0 {
			s.parts = append(s.parts, part{literal: rest[:at]})
		}
		end := closing(rest, at)
		p, err := parseParameter(rest[at+1 : end])
		if err != nil {
			return s, err
		}
		s.parts = append(s.parts, p)
		rest = rest[end+1:]
	}
	for i, p := range s.parts {
		if len(s.parts) > 1 && (p.void || p.rest) {
			return s, fmt.Errorf("{%s} may be missing or takes all that is left: then it is a segment of its own", p.name)
		}
		if i > 0 && p.name != "" && s.parts[i-1].name != "" {
			return s, fmt.Errorf("nothing stands between {%s} and {%s}", s.parts[i-1].name, p.name)
		}
	}
	return s, nil
}

// closing is where the parameter that begins at at ends.
func closing(text string, at int) int {
	for i := at + 1; i < len(text); i++ {
		if text[i] != '}' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '}' {
			i++
			continue
		}
		return i
	}
	return len(text) - 1 // split has seen its end
}

func parseParameter(text string) (p part, err error) {
	p.name = text
	if name, stars := strings.CutPrefix(p.name, "*"); stars {
		p.rest, p.name = true, strings.TrimPrefix(name, "*")
	}
	name, checks, found := strings.Cut(p.name, ":")
	p.name = name
	if found {
		checks, p.void, p.initial = ending(checks)
		if p.checks, err = parseChecks(checks); err != nil {
			return p, fmt.Errorf("{%s}: %w", name, err)
		}
		p.text = checks
	} else {
		p.name, p.void, p.initial = ending(p.name)
	}
	if p.name == "" || strings.ContainsAny(p.name, "{}/*? \t\\()=") {
		return p, fmt.Errorf("{%s} is a parameter without a sound name\nhint: as in orders/{id:int?} or {*rest}", text)
	}
	if p.void && p.rest && p.initial == "" {
		return p, fmt.Errorf("{*%s?} may be missing anyhow\nhint: {*%s}", p.name, p.name)
	}
	return p, nil
}

// ending cuts off what says that a parameter may be missing: ?, or = and what it
// is then. Neither counts within the parentheses of a constraint.
func ending(text string) (rest string, void bool, initial string) {
	if rest, void := strings.CutSuffix(text, "?"); void {
		return rest, true, ""
	}
	if at := strings.LastIndexByte(text, '='); at > strings.LastIndexByte(text, ')') {
		return text[:at], true, text[at+1:]
	}
	return text, false, ""
}

// rank says how literal a segment is, the more the lower: ASP.NET's order.
func (s segment) rank() int {
	p := s.parts[0]
	switch {
	case len(s.parts) == 1 && p.name == "":
		return 1
	case len(s.parts) > 1 || len(p.checks) > 0 && !p.rest:
		return 2
	case !p.rest:
		return 3
	case len(p.checks) > 0:
		return 4
	}
	return 5
}

// Compare orders patterns as they are tried: the more literal one first.
func Compare(a, b Pattern) int {
	return slices.CompareFunc(a.segments, b.segments, func(x, y segment) int { return x.rank() - y.rank() })
}

// shape is the pattern without the names of its parameters: two of the same shape
// match the same paths.
func (p Pattern) shape() string {
	var b strings.Builder
	for _, s := range p.segments {
		b.WriteByte('/')
		for _, part := range s.parts {
			if part.name == "" {
				b.WriteString(strings.ToLower(part.literal))
				continue
			}
			fmt.Fprintf(&b, "{%t %t %q}", part.rest, part.void, part.text)
		}
	}
	return b.String()
}
