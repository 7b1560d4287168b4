package proxy

import (
	"net/http"
	"strings"
)

func (x *stream) interim(a *answer, head []byte) error {
	if a.status == 100 {
		return nil // net/http says it when the body is first read
	}
	x.passed = true
	h := x.w.Header()
	x.setHeader(a, head)
	x.w.WriteHeader(a.status)
	clear(h)
	return nil
}

// setHeader copies the fields of an answer that go further.
func (x *stream) setHeader(a *answer, b []byte) {
	h := x.w.Header()
	for i := range a.fields {
		f := &a.fields[i]
		switch f.kind {
		case connection, keepAlive, te, transferEncoding, upgrade, proxyConnection, proxyAuthenticate, proxyAuthorization, trailer:
			continue
		case contentLength:
			if a.status < 200 || a.status == 204 || h.Get("Content-Length") != "" {
				continue
			}
		}
		if a.named && a.names(b, f) {
			continue
		}
		h.Add(string(f.name.of(b)), string(f.value.of(b)))
	}
}

func (x *stream) relay(l *link) result {
	a := &x.ans
	x.framing = byClose
	switch {
	case a.bodiless(x.r.Method == "HEAD"):
		x.framing = noBody
	case a.chunked:
		x.framing = byChunks
	case a.length >= 0:
		x.framing = byLength
	}
	if a.events && x.framing != noBody {
		l.up.streaming(l)
		x.flight.streams(false)
	}
	h := x.w.Header()
	x.setHeader(a, l.bytes())
	for _, name := range []string{"Date", "Content-Type"} {
		if _, ok := h[name]; !ok {
			h[name] = nil // net/http would make one up
		}
	}
	x.sayClose()
	l.took(int(a.pos))
	x.passed, x.status = true, a.status
	x.answering.Store(true)
	x.w.WriteHeader(a.status)
	if x.framing == noBody {
		return result{}
	}
	return x.relayBody(l)
}

// relayBody passes the body on, each piece at once.
func (x *stream) relayBody(l *link) result {
	x.reply = chunks{keep: true}
	left := x.ans.length
	for {
		p := l.bytes()
		n := len(p)
		switch x.framing {
		case byLength:
			n = int(min(int64(n), left))
			left -= int64(n)
			if !x.write(p[:n]) {
				return result{kind: gone}
			}
		case byClose:
			if !x.write(p) {
				return result{kind: gone}
			}
		default:
			n = 0
			for n < len(p) && x.reply.state != chunkDone {
				data, m, err := x.reply.next(p[n:])
				if err != nil {
					return malformedBody(err)
				}
				if !x.write(data) {
					return result{kind: gone}
				}
				n += m
			}
		}
		l.took(n)
		if x.framing == byLength && left == 0 || x.reply.state == chunkDone {
			x.trailers()
			return result{}
		}
		if len(l.bytes()) == 0 {
			if err := x.rc.Flush(); err != nil {
				return result{kind: gone}
			}
		}
		if err := l.fillBody(); err != nil {
			switch {
			case x.framing == byClose && eof(err) && l.up.reason() == "", x.ans.events && l.hung.Load():
				return result{}
			}
			return x.broke(l)
		}
	}
}

func (x *stream) write(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	if _, err := x.w.Write(p); err != nil {
		return false
	}
	x.progress(len(p))
	return true
}

func (x *stream) trailers() {
	h := x.w.Header()
	for line := range strings.SplitSeq(string(x.reply.trailer), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			h.Add(http.TrailerPrefix+name, strings.Trim(value, " \t"))
		}
	}
}
