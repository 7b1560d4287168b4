package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// What the parser accepts, net/http accepts too, and reads in the same way.
// Fed in two pieces, it comes to the same end.
func FuzzRequestReadsAsNetHTTPReadsIt(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET http://h/p HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n",
		"OPTIONS * HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
	} {
		f.Add([]byte(s), len(s)/2)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		var r, two request
		r.reset()
		done, err := r.parse(b)

		two.reset()
		if cut >= 0 && cut < len(b) {
			if early, e := two.parse(b[:cut]); !early && e == nil {
				d, e := two.parse(b)
				if d != done || e != err {
					t.Fatalf("parse(%q) cut at %d = %v, %v; whole %v, %v", b, cut, d, e, done, err)
				}
			}
		}
		if !done || err != nil {
			return
		}
		std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		var escape url.EscapeError
		if errors.As(err, &escape) {
			return // an escape that decodes to nothing is the worker's to judge
		}
		if err != nil {
			t.Fatalf("accepted %q, net/http says %v", b, err)
		}
		if got, want := string(r.method.of(b)), std.Method; got != want {
			t.Errorf("%q: method %q, net/http %q", b, got, want)
		}
		if got, want := string(r.host.of(b)), std.Host; got != want {
			t.Errorf("%q: host %q, net/http %q", b, got, want)
		}
		if got, want := r.chunked, len(std.TransferEncoding) > 0; got != want {
			t.Errorf("%q: chunked %v, net/http %v", b, got, want)
		}
		if got, want := max(r.length, 0), max(std.ContentLength, 0); got != want {
			t.Errorf("%q: length %d, net/http %d", b, got, want)
		}
		// What is sent on must be read in the same way again.
		out := appendRequest(nil, &r, b, "1.2.3.4", "local")
		var again request
		again.reset()
		if done, err := again.parse(out); !done || err != nil {
			t.Fatalf("%q was sent on as %q, which is refused: %v", b, out, err)
		}
		if again.chunked != r.chunked || again.length != r.length || r.hosts > 0 && !bytes.Equal(again.host.of(out), r.host.of(b)) {
			t.Errorf("%q was sent on as %q, with another framing or host", b, out)
		}
	})
}

// What the decoder accepts, net/http's decodes to the same bytes; and what of
// it counts as framing does not depend on how it was cut.
func FuzzChunksDecodeAsNetHTTPDecodesThem(f *testing.F) {
	for _, s := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "1;a=b\r\nx\r\n0\r\nT: v\r\n\r\nrest",
		"A\r\n0123456789\r\n00\r\n\r\n", "5\r\nhelloX\r\n", "1\nx\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n",
	} {
		f.Add([]byte(s), 1)
	}
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		var whole chunks
		n, done, err := whole.all(b)
		if done && n > len(b) || n < 0 {
			t.Fatalf("all(%q) took %d bytes", b, n)
		}

		var cut chunks
		var data []byte
		at := 0
		var cutErr error
		step = min(max(step, 1), 64)
		for at < len(b) && cut.state != chunkDone && cutErr == nil {
			p := b[at:min(at+step, len(b))]
			for len(p) > 0 && cut.state != chunkDone {
				d, m, err := cut.next(p)
				if err != nil {
					cutErr = err
					break
				}
				data = append(data, d...)
				p = p[m:]
				at += m
			}
		}
		if (cut.state == chunkDone) != done || cutErr != err || done && at != n {
			t.Fatalf("%q in steps of %d: done %v at %d, %v; whole: %v at %d, %v", b, step, cut.state == chunkDone, at, cutErr, done, n, err)
		}
		if !done {
			return
		}
		std, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(b[:n])))
		if err != nil {
			// It demands that long extensions be rare; we bound each line.
			if strings.Contains(err.Error(), "excess") {
				return
			}
			t.Fatalf("accepted %q, net/http says %v", b[:n], err)
		}
		if !bytes.Equal(std, data) {
			t.Errorf("%q decodes to %q, net/http says %q", b[:n], data, std)
		}
	})
}

// What an answer's parser accepts, net/http accepts, with the same framing.
func FuzzAnswerReadsAsNetHTTPReadsIt(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.0 404 Not Found\r\n\r\n",
		"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=5, max=3\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var a answer
		a.reset()
		if done, err := a.parse(b); !done || err != nil {
			return
		}
		std, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
		if err != nil {
			t.Fatalf("accepted %q, net/http says %v", b, err)
		}
		if a.status != std.StatusCode {
			t.Errorf("%q: status %d, net/http %d", b, a.status, std.StatusCode)
		}
		if a.bodiless(false) {
			return
		}
		if got, want := a.chunked, len(std.TransferEncoding) > 0; got != want {
			t.Errorf("%q: chunked %v, net/http %v", b, got, want)
		}
		if got, want := a.length, std.ContentLength; got != want {
			t.Errorf("%q: length %d, net/http %d", b, got, want)
		}
	})
}
