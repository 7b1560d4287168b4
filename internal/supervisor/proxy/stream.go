package proxy

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// net/http complains of clients that speak HTTP/2 badly; they get to know it
// by the protocol itself.
var discardLog = log.New(io.Discard, "", 0)

// stream is one request of an HTTP/2 client.
type stream struct {
	exchange
	w    http.ResponseWriter
	r    *http.Request
	rc   *http.ResponseController
	done Done
	cut  bool // the answer was begun, and can't be ended

	answering atomic.Bool // an answer was begun, so that none of our own can follow
}

// serveStream is the handler of an HTTP/2 request. It lays the request out as
// HTTP/1.1 and has it parsed like any other, so that the same rules hold.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	x := &stream{w: w, r: r, rc: http.NewResponseController(w)}
	x.srv, x.side = s, x
	x.client, _, _ = strings.Cut(clientOf(r.RemoteAddr), "%")
	x.flight.wake = func() {
		_ = x.rc.SetReadDeadline(past)
		if x.answering.Load() {
			_ = x.rc.SetWriteDeadline(past) // resets the stream
		}
	}
	if !s.addFlight(&x.flight) {
		panic(http.ErrAbortHandler)
	}
	defer s.removeFlight(&x.flight)
	if s.cfg.Ledger != nil {
		x.slot = s.cfg.Ledger.Slot()
		defer x.slot.Free()
	}

	x.req.reset()
	head := flatten(r)
	done, err := x.req.parse(head)
	if err == nil && !done {
		err = errRequestLine
	}
	if err == nil && int(x.req.pos) != len(head) {
		err = errRequestLine // an empty line where none may be
	}
	x.more = x.req.chunked || x.req.length > 0
	x.begin(head)
	var m *malformed
	if errors.As(err, &m) {
		x.deny(m.status, 0, m.reason)
	} else {
		stop := context.AfterFunc(r.Context(), func() { x.flight.end(departure) })
		x.find()
		stop()
	}
	x.finish(&x.done)
	if x.status == 0 || x.cut {
		panic(http.ErrAbortHandler) // net/http's way to reset a stream
	}
}

func clientOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return "unknown"
	}
	return host
}

func (s *Server) addFlight(f *flight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.force {
		return false
	}
	s.flights[f] = struct{}{}
	s.streams.Add(1)
	return true
}

func (s *Server) removeFlight(f *flight) {
	s.mu.Lock()
	delete(s.flights, f)
	s.mu.Unlock()
	s.streams.Done()
}

// flatten writes the head of an HTTP/2 request as HTTP/1.1.
func flatten(r *http.Request) []byte {
	b := make([]byte, 0, 1024)
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.RequestURI...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\n"...)
	for name, values := range r.Header {
		switch kindOf([]byte(name)) {
		case host, contentLength, transferEncoding, connection, upgrade:
			continue
		}
		for _, v := range values {
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, v...)
			b = append(b, "\r\n"...)
		}
	}
	switch {
	case r.ContentLength > 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, r.ContentLength, 10)
		b = append(b, "\r\n"...)
	case r.ContentLength < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
		for name := range r.Trailer {
			b = append(b, "Trailer: "...)
			b = append(b, name...)
			b = append(b, "\r\n"...)
		}
	case r.Method != "GET" && r.Method != "HEAD" && r.Method != "OPTIONS":
		b = append(b, "Content-Length: 0\r\n"...)
	}
	return append(b, "\r\n"...)
}

// carry pumps the body, with a framing of its own where it declares no length.
func (x *stream) carry(p *pump, l *link) {
	b := x.srv.pools.get(mediumBuffer)
	defer x.srv.pools.put(b)
	out := x.srv.pools.get(largeBuffer)
	defer x.srv.pools.put(out)
	for {
		n, err := x.r.Body.Read(b.b)
		if n > 0 {
			data := b.b[:n]
			if x.req.chunked {
				data = appendChunk(out.b[:0], data)
			}
			if !p.write(&x.exchange, l, data) {
				return
			}
		}
		switch {
		case err == nil:
		case err == io.EOF:
			if x.req.chunked && !p.write(&x.exchange, l, appendTrailer(out.b[:0], x.r.Trailer)) {
				return
			}
			p.full = true
			return
		default:
			p.failed(&sourceError{err})
			return
		}
	}
}

// appendTrailer appends the end of a chunked body.
func appendTrailer(out []byte, t http.Header) []byte {
	out = append(out, "0\r\n"...)
	for name, values := range t {
		switch kindOf([]byte(name)) {
		case other, contentType:
		default:
			continue
		}
		for _, v := range values {
			out = append(out, name...)
			out = append(out, ": "...)
			out = append(out, v...)
			out = append(out, "\r\n"...)
		}
	}
	return append(out, "\r\n"...)
}

func (x *stream) interruptUpload(on bool) {
	if on {
		_ = x.rc.SetReadDeadline(past)
	}
}

func (x *stream) deny(status int, retry time.Duration, reason string) {
	x.reason = reason
	h := x.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(reason)+1))
	h.Set("X-Stanch-Reason", string(appendValue(nil, reason)))
	if retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(retrySeconds(retry), 10))
	}
	x.sayClose()
	x.w.WriteHeader(status)
	x.status = status
	if x.r.Method != "HEAD" {
		_, _ = io.WriteString(x.w, reason+"\n")
	}
}

// sayClose makes net/http send a GOAWAY with the answer while draining.
func (x *stream) sayClose() {
	if x.srv.draining.Load() {
		x.w.Header().Set("Connection", "close")
	}
}

func (x *stream) conclude(res result) {
	x.cut = x.passed || res.kind == gone || res.kind == cut
	if !x.cut {
		x.deny(res.status, 0, res.reason)
	}
}
