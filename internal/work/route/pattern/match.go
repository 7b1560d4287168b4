package pattern

import (
	"net/url"
	"strings"
)

// Match says whether a path is the pattern's, and what its parameters are. path is
// as it came, percent-encoded, without a slash at its front; slashes at its end do
// not count. A parameter that is missing is not among them.
func (p Pattern) Match(path string) (params map[string]string, ok bool) {
	path = strings.TrimRight(path, "/")
	params = map[string]string{}
	for i, s := range p.segments {
		if path == "" {
			if i < p.required {
				return nil, false
			}
			if part := s.parts[0]; part.void && part.initial != "" {
				params[part.name] = part.initial
			}
			continue
		}
		here, after, _ := strings.Cut(path, "/")
		if s.parts[0].rest {
			here, after = path, ""
		}
		path = after
		text, err := url.PathUnescape(here)
		if err != nil || text == "" || !s.match(text, params) {
			return nil, false
		}
	}
	if path != "" {
		return nil, false
	}
	return params, true
}

// match goes from the right, as ASP.NET does: of a.b.c, {name}.{ext} has a.b and c.
func (s segment) match(text string, params map[string]string) bool {
	for i := len(s.parts) - 1; i >= 0; i-- {
		p := s.parts[i]
		if p.name == "" {
			if len(text) < len(p.literal) || !strings.EqualFold(text[len(text)-len(p.literal):], p.literal) {
				return false
			}
			text = text[:len(text)-len(p.literal)]
			continue
		}
		from := 0
		if i > 0 {
			at := lastFold(text, s.parts[i-1].literal)
			if at < 0 {
				return false
			}
			from = at + len(s.parts[i-1].literal)
		}
		value := text[from:]
		if value == "" {
			return false
		}
		for _, check := range p.checks {
			if !check(value) {
				return false
			}
		}
		params[p.name] = value
		text = text[:from]
	}
	return text == ""
}

// lastFold is the last place of a literal in text, in any case, with something
// behind it; -1 if there is none.
func lastFold(text, literal string) int {
	for at := len(text) - len(literal) - 1; at >= 0; at-- {
		if strings.EqualFold(text[at:at+len(literal)], literal) {
			return at
		}
	}
	return -1
}
