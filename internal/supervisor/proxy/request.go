package proxy

import "bytes"

// request is a client's request head, parsed as it arrives. Its spans refer to
// the buffer that the head stands in, from the head's first byte.
type request struct {
	head
	limit   int  // of the request line's length; 0: none
	begun   bool // the request line is there
	method  span
	target  span // as the worker gets it: origin form, or "*"
	host    span // of the Host header, or of an absolute target
	minor   byte // 1 or 0
	hosts   int
	length  int64 // declared; -1 if there is no Content-Length
	chunked bool
	closes  bool // Connection: close
	keeps   bool // Connection: keep-alive
	expects bool // Expect: 100-continue
	trails  bool // TE: trailers
	upgrade span // the protocol asked for; empty if Connection does not name it
	asked   bool // Connection: upgrade
	named   bool // Connection names other fields: they are looked for one by one
	forward bool // there are X-Forwarded-For lines to be joined
	absHost bool // host comes from an absolute target
	trace   span // the traceparent header; empty if there is none
}

func (r *request) reset() {
	fields := r.head
	fields.reset()
	*r = request{head: fields, limit: r.limit, length: -1}
}

// safe reports whether the request may be sent twice: a safe method (RFC 9110,
// section 9.2.1) without a body.
func (r *request) safe(b []byte) bool {
	if r.chunked || r.length > 0 {
		return false
	}
	switch string(r.method.of(b)) {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	}
	return false
}

// path is the target without its query.
func (r *request) path(b []byte) []byte {
	t := r.target.of(b)
	if i := bytes.IndexByte(t, '?'); i >= 0 {
		t = t[:i]
	}
	return t
}

// parse goes on with the head in b, which holds it from its first byte. done
// says that it is complete; its end is then at r.pos. The error is a
// *malformed.
func (r *request) parse(b []byte) (done bool, err error) {
	for {
		line, ok, err := r.line(b)
		if err != nil {
			return false, err
		}
		if !r.begun && r.limit > 0 && int(max(line.to, r.seen)) > r.limit {
			return false, errLineLarge
		}
		if !ok {
			return false, nil
		}
		switch {
		case !r.begun:
			r.begun = true
			err = r.requestLine(b, line)
		case line.from == line.to:
			return true, r.finish(b)
		default:
			err = r.take(b, line)
		}
		if err != nil {
			return false, err
		}
	}
}

func (r *request) requestLine(b []byte, line span) error {
	text := line.of(b)
	n := 0
	for n < len(text) && tokenTable[text[n]] {
		n++
	}
	if n == 0 || n == len(text) || text[n] != ' ' {
		if n == len(text) {
			return errRequestLine
		}
		return errMethod
	}
	rest := text[n+1:]
	end := bytes.IndexByte(rest, ' ')
	if end <= 0 {
		return errRequestLine
	}
	version := rest[end+1:]
	if len(version) != 8 || string(version[:5]) != "HTTP/" || version[6] != '.' || !digit(version[5]) || !digit(version[7]) {
		return errRequestLine
	}
	if version[5] != '1' || version[7] > '1' {
		return errVersion
	}
	r.minor = version[7] - '0'
	r.method = span{line.from, line.from + uint32(n)}
	r.target = span{line.from + uint32(n) + 1, line.from + uint32(n+1+end)}
	return r.checkTarget(b)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func (r *request) take(b []byte, line span) error {
	f, err := r.field(b, line)
	if err != nil {
		return err
	}
	v := f.value.of(b)
	switch f.kind {
	case host:
		if r.hosts++; r.hosts > 1 {
			return errTwoHosts
		}
		if !validHost(v) {
			return errHost
		}
		if !r.absHost {
			r.host = f.value
		}
	case contentLength:
		n, ok := length(v)
		if !ok {
			return errLength
		}
		if r.length >= 0 && r.length != n {
			return errTwoLengths
		}
		r.length = n
	case transferEncoding:
		if r.chunked || !equalFold(v, "chunked") {
			return errEncoding
		}
		r.chunked = true
	case connection:
		r.connection(v)
	case te:
		tokens(v, func(t []byte) bool {
			r.trails = r.trails || equalFold(t, "trailers")
			return true
		})
	case upgrade:
		if r.upgrade != (span{}) {
			// Two lists would have to be joined; nobody sends them.
			return errName
		}
		r.upgrade = f.value
	case expect:
		if !equalFold(v, "100-continue") {
			return errExpect
		}
		r.expects = true
	case forwardedFor:
		r.forward = true
	case other:
		// No kind of its own: it is passed on like any other.
		if f.name.to-f.name.from == uint32(len("traceparent")) && equalFold(f.name.of(b), "traceparent") {
			r.trace = f.value
		}
	}
	return nil
}

func (r *request) connection(v []byte) {
	tokens(v, func(t []byte) bool {
		switch {
		case equalFold(t, "close"):
			r.closes = true
		case equalFold(t, "keep-alive"):
			r.keeps = true
		case equalFold(t, "upgrade"):
			r.asked = true
		case kindOf(t) == te:
		default:
			r.named = true
		}
		return true
	})
}

// finish checks what only the whole head can tell.
func (r *request) finish(b []byte) error {
	switch {
	case r.chunked && r.minor == 0:
		return errEncoding10
	case r.chunked && r.length >= 0:
		return errBothLengths
	case r.hosts == 0 && r.minor == 1:
		return errNoHost
	}
	if r.minor == 0 {
		r.expects = false
	}
	// An upgrade to h2c would let what follows past every rule here, and one
	// with a body is not worth its ambiguities: both are served as they are.
	if !r.asked || r.minor == 0 || r.chunked || r.length > 0 || equalFold(r.upgrade.of(b), "h2c") {
		r.upgrade = span{}
	}
	return nil
}

// keepsAlive reports whether the client will use its connection again.
func (r *request) keepsAlive() bool {
	if r.minor == 0 {
		return r.keeps && !r.closes
	}
	return !r.closes
}

// names reports whether a Connection header names this field, so that it goes
// no further. Host and the framing can't be named away.
func (h *head) names(b []byte, f *field) bool {
	switch f.kind {
	case host, contentLength, contentType:
		return false
	}
	found := false
	for i := range h.fields {
		if h.fields[i].kind == connection {
			tokens(h.fields[i].value.of(b), func(t []byte) bool {
				found = bytes.EqualFold(t, f.name.of(b))
				return !found
			})
		}
		if found {
			break
		}
	}
	return found
}
