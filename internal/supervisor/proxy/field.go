package proxy

import "bytes"

// kind names the header fields that the proxy acts upon.
type kind uint8

const (
	other kind = iota
	host
	contentLength
	transferEncoding
	connection
	keepAlive
	te
	trailer
	upgrade
	expect
	forwardedFor
	forwardedProto
	forwardedHost
	contentType
	proxyConnection
	proxyAuthenticate
	proxyAuthorization
	http2Settings
)

// span is a part of a head, as offsets: the buffer may move while it is read.
type span struct{ from, to uint32 }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

// field is one header line: its name, its value without the space around it,
// and the whole line with its end.
type field struct {
	name, value, line span
	kind              kind
}

// head is what requests and answers share: lines, taken one by one as they
// arrive, each with the strictness that its end decides.
type head struct {
	fields []field
	pos    uint32 // where the line that is not complete yet begins
	seen   uint32 // how far it was searched for its end
}

func (h *head) reset() {
	if cap(h.fields) > 256 {
		h.fields = nil
	}
	h.fields = h.fields[:0]
	h.pos, h.seen = 0, 0
}

// line returns the next complete line without its CR LF. ok is false while
// there is none. A line that ends with a bare LF is an error at once.
func (h *head) line(b []byte) (line span, ok bool, err error) {
	i := bytes.IndexByte(b[h.seen:], '\n')
	if i < 0 {
		h.seen = uint32(len(b))
		return span{}, false, nil
	}
	end := h.seen + uint32(i)
	if end == h.pos || b[end-1] != '\r' {
		return span{}, false, errBareLF
	}
	line = span{h.pos, end - 1}
	h.pos, h.seen = end+1, end+1
	return line, true, nil
}

// field takes a header line apart and keeps it.
func (h *head) field(b []byte, line span) (*field, error) {
	text := line.of(b)
	n := 0
	for n < len(text) && tokenTable[text[n]] {
		n++
	}
	if n == len(text) || text[n] != ':' || n == 0 {
		return nil, fieldError(text, n)
	}
	v := n + 1
	for v < len(text) && (text[v] == ' ' || text[v] == '\t') {
		v++
	}
	end := len(text)
	for end > v && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	if !cleanValue(text[v:end]) {
		return nil, errControl
	}
	h.fields = append(h.fields, field{
		name:  span{line.from, line.from + uint32(n)},
		value: span{line.from + uint32(v), line.from + uint32(end)},
		line:  span{line.from, line.to + 2},
		kind:  kindOf(text[:n]),
	})
	return &h.fields[len(h.fields)-1], nil
}

// fieldError says what is wrong with a line whose name ends at n without a
// colon.
func fieldError(text []byte, n int) error {
	switch {
	case n == 0 && (text[0] == ' ' || text[0] == '\t'):
		return errFolded
	case n == 0 && text[0] == ':':
		return errNoName
	case n == len(text):
		return errNoColon
	case text[n] == ' ' || text[n] == '\t':
		return errSpaceColon
	case text[n] < ' ' || text[n] == 0x7f:
		return errControl
	}
	return errName
}

func kindOf(name []byte) kind {
	switch len(name) {
	case 2:
		return pick(name, "te", te)
	case 4:
		return pick(name, "host", host)
	case 6:
		return pick(name, "expect", expect)
	case 7:
		if k := pick(name, "upgrade", upgrade); k != other {
			return k
		}
		return pick(name, "trailer", trailer)
	case 10:
		if k := pick(name, "connection", connection); k != other {
			return k
		}
		return pick(name, "keep-alive", keepAlive)
	case 12:
		return pick(name, "content-type", contentType)
	case 14:
		if k := pick(name, "content-length", contentLength); k != other {
			return k
		}
		return pick(name, "http2-settings", http2Settings)
	case 15:
		return pick(name, "x-forwarded-for", forwardedFor)
	case 16:
		if k := pick(name, "proxy-connection", proxyConnection); k != other {
			return k
		}
		return pick(name, "x-forwarded-host", forwardedHost)
	case 17:
		if k := pick(name, "transfer-encoding", transferEncoding); k != other {
			return k
		}
		return pick(name, "x-forwarded-proto", forwardedProto)
	case 18:
		return pick(name, "proxy-authenticate", proxyAuthenticate)
	case 19:
		return pick(name, "proxy-authorization", proxyAuthorization)
	}
	return other
}

func pick(name []byte, want string, k kind) kind {
	if equalFold(name, want) {
		return k
	}
	return other
}

// equalFold compares with a string of lower-case ASCII.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// tokens calls yield with each element of a comma list until it says false.
// Empty elements are left out.
func tokens(list []byte, yield func(token []byte) bool) {
	for len(list) > 0 {
		item := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			item, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if item = bytes.Trim(item, " \t"); len(item) > 0 && !yield(item) {
			return
		}
	}
}

// length reads a Content-Length: digits, and no more of them than fit.
func length(v []byte) (int64, bool) {
	if len(v) == 0 || len(v) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// cleanValue reports whether v has no control character but tab.
func cleanValue(v []byte) bool {
	for _, c := range v {
		if valueBad[c] {
			return false
		}
	}
	return true
}

// tokenTable holds the characters of a token, RFC 9110 section 5.6.2.
var tokenTable = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// valueBad holds what may not stand in a field's value, RFC 9110 section 5.5.
var valueBad = func() (t [256]bool) {
	for c := range 0x20 {
		t[c] = c != '\t'
	}
	t[0x7f] = true
	return t
}()
