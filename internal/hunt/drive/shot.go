package drive

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Values are what stands for a parameter: those that are listed, or else the
// numbers from 1 to Cardinality, or else another number in each request.
type Values struct {
	List        []string
	Cardinality uint64
}

// usualCardinality is that of a parameter that nobody said anything about:
// enough for a cache to be seen filling, and few enough for it to be full soon.
const usualCardinality = 1000

// ParseValues reads "200" (the numbers from 1 to 200), "unique" (another one in
// each request) or "a,b,c".
func ParseValues(text string) (Values, error) {
	switch n, err := strconv.ParseUint(text, 10, 63); {
	case text == "unique":
		return Values{}, nil
	case err == nil && n > 0:
		return Values{Cardinality: n}, nil
	case text == "" || err == nil:
		return Values{}, fmt.Errorf("%q says no values\nhint: a count as 200, or unique, or a list as red,green", text)
	}
	return Values{List: strings.Split(text, ",")}, nil
}

// Request is what is sent to an endpoint. {name} in path and body are parameters.
type Request struct {
	Method string
	Path   string   // with its query
	Paths  []string // if there are any, one of them is sent in place of Path, as it stands here
	Header []string
	Body   string
	Keys   map[string]Values // for parameters that the Config says nothing about
}

// Shot is a request that is ready to be sent. It does not change, and may be
// used by several goroutines.
type Shot struct {
	idempotent bool
	headOnly   bool
	start      template // method, path
	rest       []byte   // the end of the request line, and headers
	body       template
	sized      bool // has a Content-Length
}

// Shot compiles a request for this driver's worker. The error says what is wrong
// with it.
func (d *Driver) Shot(q Request) (*Shot, error) {
	if !isToken(q.Method) {
		return nil, fmt.Errorf("the method %q is none", q.Method)
	}
	for _, path := range append([]string{q.Path}, q.Paths...) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \r\n\t\x00") {
			return nil, fmt.Errorf("the path %q does not begin with /, or holds a space\nhint: write it as /orders/{id}", path)
		}
	}
	values := func(name string) Values {
		if v, ok := d.cfg.Keys[name]; ok {
			return v
		}
		if v, ok := q.Keys[name]; ok {
			return v
		}
		return Values{Cardinality: usualCardinality}
	}
	s := &Shot{
		idempotent: slices.Contains([]string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}, q.Method),
		headOnly:   q.Method == "HEAD",
		start:      compile(q.Method+" "+d.at.prefix+q.Path, values, url.PathEscape),
		body:       compile(q.Body, values, func(s string) string { return s }),
		sized:      q.Body != "" || slices.Contains([]string{"POST", "PUT", "PATCH"}, q.Method),
	}
	if len(q.Paths) > 0 {
		s.start = template{holes: []hole{{before: q.Method + " " + d.at.prefix, list: q.Paths}}}
	}
	rest := " HTTP/1.1\r\nHost: " + d.at.host + "\r\n"
	// The user's headers come first, and take the place of those of the same name.
	sent := map[string]bool{}
	own := len(d.cfg.Header)
	for i, line := range slices.Concat(d.cfg.Header, q.Header, []string{"User-Agent: stanch-hunt", "Accept: */*"}) {
		name, _, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) || strings.ContainsAny(line, "\r\n") {
			return nil, fmt.Errorf("the header %q is none\nhint: write it as 'Name: value'", name)
		}
		name = strings.ToLower(name)
		if i >= own && sent[name] {
			continue
		}
		sent[name] = true
		rest += line + "\r\n"
	}
	typed := sent["content-type"]
	if trimmed := strings.TrimSpace(q.Body); !typed && (strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")) {
		rest += "Content-Type: application/json\r\n"
	}
	s.rest = []byte(rest)
	return s, nil
}

// append writes request n of a block to dst.
func (s *Shot) append(dst []byte, body *[]byte, seed, n uint64) []byte {
	dst = s.start.append(dst, seed, n)
	dst = append(dst, s.rest...)
	if s.sized {
		*body = s.body.append((*body)[:0], seed, n)
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(*body)), 10)
		dst = append(dst, "\r\n\r\n"...)
		return append(dst, *body...)
	}
	return append(dst, "\r\n"...)
}

// template is text with holes: before each hole the text that leads up to it.
type template struct {
	holes []hole
	end   string
}

type hole struct {
	before string
	which  uint64   // of the name: the same name has the same value
	list   []string // escaped
	most   uint64   // 0: unique
}

// Parameters are the names in braces, each once, in order.
func Parameters(text string) (names []string) {
	for rest := text; ; {
		_, name, after, ok := cutHole(rest)
		if !ok {
			return names
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		rest = after
	}
}

// cutHole finds the next {name}. Braces around anything else are text.
func cutHole(text string) (before, name, after string, ok bool) {
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '{')
		if i < 0 {
			return text, "", "", false
		}
		i += at
		end := i + 1
		for end < len(text) && isNameByte(text[end]) {
			end++
		}
		if end > i+1 && end < len(text) && text[end] == '}' {
			return text[:i], text[i+1 : end], text[end+1:], true
		}
		at = i + 1
	}
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

func compile(text string, values func(string) Values, escape func(string) string) (t template) {
	for {
		before, name, after, ok := cutHole(text)
		if !ok {
			t.end = text
			return t
		}
		v := values(name)
		h := hole{before: before, which: hash(name), most: v.Cardinality}
		for _, one := range v.List {
			h.list = append(h.list, escape(one))
		}
		t.holes = append(t.holes, h)
		text = after
	}
}

func (t *template) append(dst []byte, seed, n uint64) []byte {
	for i := range t.holes {
		h := &t.holes[i]
		dst = append(dst, h.before...)
		draw := mix(seed ^ mix(h.which+n))
		switch {
		case len(h.list) > 0:
			dst = append(dst, h.list[draw%uint64(len(h.list))]...)
		case h.most > 0:
			dst = strconv.AppendUint(dst, 1+draw%h.most, 10)
		default:
			dst = strconv.AppendUint(dst, draw>>1, 10) // what reads it as a signed number can
		}
	}
	return append(dst, t.end...)
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014): near numbers
// in, unrelated numbers out.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash is FNV-1a.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// isToken says whether s is a token of RFC 9110, as methods and names of headers are.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
