package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

func TestRequestsThatTwoParsersCouldReadInTwoWaysAreRefused(t *testing.T) {
	const ok = "Host: h\r\n"
	tests := []struct {
		why, request string
		status       int
	}{
		{"length and chunks", "POST / HTTP/1.1\r\n" + ok + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"chunks and length", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400},
		{"two lengths", "POST / HTTP/1.1\r\n" + ok + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400},
		{"a list of lengths", "POST / HTTP/1.1\r\n" + ok + "Content-Length: 4, 4\r\n\r\nabcd", 400},
		{"a signed length", "POST / HTTP/1.1\r\n" + ok + "Content-Length: +4\r\n\r\nabcd", 400},
		{"a negative length", "POST / HTTP/1.1\r\n" + ok + "Content-Length: -4\r\n\r\nabcd", 400},
		{"a hexadecimal length", "POST / HTTP/1.1\r\n" + ok + "Content-Length: 0x4\r\n\r\nabcd", 400},
		{"a length with a space", "POST / HTTP/1.1\r\n" + ok + "Content-Length: 4 4\r\n\r\nabcd", 400},
		{"an empty length", "POST / HTTP/1.1\r\n" + ok + "Content-Length:\r\n\r\nabcd", 400},
		{"a length that overflows", "POST / HTTP/1.1\r\n" + ok + "Content-Length: 18446744073709551617\r\n\r\na", 400},
		{"an unknown encoding", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: gzip\r\n\r\n", 400},
		{"two encodings", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
		{"chunked twice", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
		{"chunked in two lines", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"chunked and identity", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
		{"an encoding that looks like chunked", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
		{"chunked with a vertical tab", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400},
		{"chunks in HTTP/1.0", "POST / HTTP/1.0\r\n" + ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"a space before the colon", "POST / HTTP/1.1\r\n" + ok + "Content-Length : 4\r\n\r\nabcd", 400},
		{"a tab before the colon", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400},
		{"a folded line", "GET / HTTP/1.1\r\n" + ok + "A: b\r\n c: d\r\n\r\n", 400},
		{"a folded first line", "GET / HTTP/1.1\r\n " + ok + "\r\n", 400},
		{"a folded encoding", "POST / HTTP/1.1\r\n" + ok + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
		{"a bare LF", "GET / HTTP/1.1\r\n" + ok + "A: b\n\r\n", 400},
		{"a bare LF after the request line", "GET / HTTP/1.1\n" + ok + "\r\n", 400},
		{"a bare LF as the head's end", "GET / HTTP/1.1\r\n" + ok + "\nGET", 400},
		{"a bare CR in a value", "GET / HTTP/1.1\r\n" + ok + "A: b\rC: d\r\n\r\n", 400},
		{"a bare CR in a name", "GET / HTTP/1.1\r\n" + ok + "A\r: b\r\n\r\n", 400},
		{"two CRs", "GET / HTTP/1.1\r\n" + ok + "A: b\r\r\n\r\n", 400},
		{"a NUL in a value", "GET / HTTP/1.1\r\n" + ok + "A: b\x00c\r\n\r\n", 400},
		{"a NUL in a name", "GET / HTTP/1.1\r\n" + ok + "A\x00: b\r\n\r\n", 400},
		{"a DEL in a value", "GET / HTTP/1.1\r\n" + ok + "A: b\x7f\r\n\r\n", 400},
		{"an empty name", "GET / HTTP/1.1\r\n" + ok + ": b\r\n\r\n", 400},
		{"no colon", "GET / HTTP/1.1\r\n" + ok + "Ab\r\n\r\n", 400},
		{"a name that is no token", "GET / HTTP/1.1\r\n" + ok + "A(b: c\r\n\r\n", 400},
		{"no host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400},
		{"two hosts", "GET / HTTP/1.1\r\n" + ok + ok + "\r\n", 400},
		{"a host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		{"a host with a user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
		{"a host with a path", "GET / HTTP/1.1\r\nHost: h/p\r\n\r\n", 400},
		{"a method that is no token", "GE(T / HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"no method", " / HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"an empty line first", "\r\nGET / HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"no target", "GET HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"two spaces", "GET  / HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"a space in the target", "GET /a b HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"a tab in the target", "GET /a\tb HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"a fragment", "GET /a#b HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"a target that is no path", "GET a HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"an asterisk for GET", "GET * HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"another scheme", "GET ftp://h/ HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"a scheme without a host", "GET http:///p HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"a user in the target", "GET http://u@h/ HTTP/1.1\r\n" + ok + "\r\n", 400},
		{"a tunnel", "CONNECT h:443 HTTP/1.1\r\n" + ok + "\r\n", 501},
		{"no version", "GET /\r\n" + ok + "\r\n", 400},
		{"a lower-case version", "GET / http/1.1\r\n" + ok + "\r\n", 400},
		{"HTTP/2 by name only", "GET / HTTP/2.0\r\n" + ok + "\r\n", 505},
		{"HTTP/1.2", "GET / HTTP/1.2\r\n" + ok + "\r\n", 505},
		{"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", 505},
		{"a long version", "GET / HTTP/1.10\r\n" + ok + "\r\n", 400},
		{"another expectation", "POST / HTTP/1.1\r\n" + ok + "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417},
		{"a line too long", "GET /" + strings.Repeat("a", 20_000), 414},
		{"a line too long, in full", "GET /" + strings.Repeat("a", 20_000) + " HTTP/1.1\r\n" + ok + "\r\n", 414},
		{"a head too large", "GET / HTTP/1.1\r\n" + ok + "A: " + strings.Repeat("a", 70_000), 431},
		{"a head too large, of many lines", "GET / HTTP/1.1\r\n" + ok + strings.Repeat("A: b\r\n", 12_000), 431},

		{"a chunk size that is none", chunkedPost("x\r\n"), 400},
		{"an empty chunk size", chunkedPost("\r\n"), 400},
		{"a chunk size with a prefix", chunkedPost("0x1\r\na\r\n0\r\n\r\n"), 400},
		{"a chunk size with a sign", chunkedPost("+1\r\na\r\n0\r\n\r\n"), 400},
		{"a chunk size after a space", chunkedPost(" 1\r\na\r\n0\r\n\r\n"), 400},
		{"a chunk size in two words", chunkedPost("0 000\r\n\r\n"), 400},
		{"a chunk size that overflows", chunkedPost("10000000000000001\r\na\r\n0\r\n\r\n"), 400},
		{"a chunk size of many zeros", chunkedPost(strings.Repeat("0", 17) + "1\r\na\r\n0\r\n\r\n"), 400},
		{"a chunk size before a bare LF", chunkedPost("1\na\r\n0\r\n\r\n"), 400},
		{"a chunk size before a bare CR", chunkedPost("1\ra\r\n0\r\n\r\n"), 400},
		{"a chunk extension that never ends", chunkedPost("1;" + strings.Repeat("a", 300) + "\r\na\r\n0\r\n\r\n"), 400},
		{"a chunk extension with a bare LF", chunkedPost("1;a\nb\r\na\r\n0\r\n\r\n"), 400},
		{"a chunk longer than its size", chunkedPost("1\r\nab\r\n0\r\n\r\n"), 400},
		{"a chunk that ends with a bare LF", chunkedPost("1\r\na\n0\r\n\r\n"), 400},
		{"a trailer that frames", chunkedPost("0\r\nContent-Length: 3\r\n\r\n"), 400},
		{"a trailer that routes", chunkedPost("0\r\nHost: h\r\n\r\n"), 400},
		{"a trailer without a colon", chunkedPost("0\r\nab\r\n\r\n"), 400},
		{"a trailer with a bare LF", chunkedPost("0\r\na: b\nc: d\r\n\r\n"), 400},
		{"trailers too large", chunkedPost("0\r\n" + strings.Repeat("a: bcdefghijklmn\r\n", 1200) + "\r\n"), 400},
	}
	var smuggled atomic.Bool
	s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
		head := readHead(r)
		b, _ := io.ReadAll(r) // ends: the connection is closed with the refusal
		if strings.Contains(head, "smuggled") || strings.Contains(string(b), "smuggled") {
			smuggled.Store(true)
		}
	}))
	for _, tt := range tests {
		for _, pieces := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, sent in %d", tt.why, pieces), func(t *testing.T) {
				c := s.dial()
				defer c.Close()
				// Everything behind the request would be a second one.
				text := tt.request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
				cut := len(text)
				if pieces == 2 {
					cut = strings.Index(text, "\r\n\r\n") + 4
					if cut < 4 || cut > len(tt.request) {
						cut = len(text) / 2
					}
				}
				io.WriteString(c, text[:cut])
				io.WriteString(c, text[cut:])
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatalf("answer to %.60q: %v", tt.request, err)
				}
				io.Copy(io.Discard, resp.Body)
				if resp.StatusCode != tt.status || resp.Header.Get("X-Stanch-Reason") == "" || !resp.Close {
					t.Errorf("answer to %.60q: %d, reason %q, close %v; want %d with a reason and the end",
						tt.request, resp.StatusCode, resp.Header.Get("X-Stanch-Reason"), resp.Close, tt.status)
				}
				if rest, _ := io.ReadAll(c); len(rest) > 0 {
					t.Errorf("after the refusal came %q, want the end", rest)
				}
				if smuggled.Load() {
					t.Fatal("the worker got the request behind the refused one")
				}
			})
		}
	}
}

func chunkedPost(body string) string {
	return "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body
}

func TestAnswersThatAreNoHTTPAreNotPassedOn(t *testing.T) {
	tests := []struct{ why, answer string }{
		{"garbage", "hello\r\n\r\n"},
		{"another protocol", "SSH-2.0-OpenSSH\r\n"},
		{"both framings", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
		{"a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na"},
		{"an unknown encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"},
		{"a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
		{"a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"},
		{"a split header", "HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n"},
		{"a NUL", "HTTP/1.1 200 OK\r\nA: \x00\r\nContent-Length: 0\r\n\r\n"},
		{"a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
		{"a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"},
		{"status 099", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"},
		{"HTTP/2 by name only", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"a switch that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
		{"a head too large", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 70_000) + "\r\n\r\n"},
		{"a head too large, of many lines", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 12_000) + "\r\n"},
	}
	for _, h2 := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s, h2=%v", tt.why, h2), func(t *testing.T) {
				s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
					if readHead(r) != "" {
						io.WriteString(c, tt.answer)
						io.Copy(io.Discard, r)
					}
				}))
				client := s.client()
				if h2 {
					client = s.clientH2()
				}
				resp, err := client.Get(s.url("/"))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if reason := resp.Header.Get("X-Stanch-Reason"); resp.StatusCode != 502 || !strings.Contains(reason, "malformed") {
					t.Errorf("status %d, reason %q; want 502 and that the answer is malformed", resp.StatusCode, reason)
				}
			})
		}
	}
}

func TestBodiesThatBreakOffAreSeenToBeCut(t *testing.T) {
	tests := []struct{ why, answer string }{
		{"a length that is not reached", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
		{"chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
		{"a chunk cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"},
		{"a chunk that is malformed", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"},
		{"a trailer that frames", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n"},
	}
	for _, kind := range []string{"HTTP/1.1", "HTTP/1.0", "HTTP/2"} {
		for _, tt := range tests {
			t.Run(kind+", "+tt.why, func(t *testing.T) {
				s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
					readHead(r)
					io.WriteString(c, tt.answer)
				}))
				var body []byte
				var err error
				switch kind {
				case "HTTP/1.0":
					c := s.dial()
					io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
					r := bufio.NewReader(c)
					var resp *http.Response
					if resp, err = http.ReadResponse(r, nil); err == nil {
						body, err = io.ReadAll(resp.Body)
					}
				default:
					client := s.client()
					if kind == "HTTP/2" {
						client = s.clientH2()
					}
					var resp *http.Response
					if resp, err = client.Get(s.url("/")); err == nil {
						body, err = io.ReadAll(resp.Body)
						resp.Body.Close()
					}
				}
				if err == nil {
					t.Errorf("the body was read as %q without an error, want one", body)
				}
			})
		}
	}
}

func TestAHeadWithoutEndCostsNoMemory(t *testing.T) {
	s := play(t, quick(), rawWorker(t, func(net.Conn, *bufio.Reader) {}))
	c := s.dial()
	before := heap()
	go func() {
		chunk := []byte(strings.Repeat("a", 1<<20))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nA: ")
		for range 100 {
			if _, err := c.Write(chunk); err != nil {
				return
			}
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 431 {
		t.Errorf("status %d, want 431", resp.StatusCode)
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("heap grew by %d bytes, want at most 4 MiB (1 of it the client's)", grown)
	}
	if _, err := io.Copy(io.Discard, c); err == nil {
		if n := len(s.server.InFlight(nil)); n != 0 {
			t.Errorf("%d requests in flight, want none", n)
		}
	}
}

func TestSlowHeadsAreEnded(t *testing.T) {
	cfg := quick()
	cfg.HeadTimeout = 20 * time.Millisecond
	s := play(t, cfg, rawWorker(t, func(net.Conn, *bufio.Reader) {}))
	c := s.dial()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nA")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 408 {
		t.Errorf("answer to half a head: %v, %v; want 408", resp, err)
	}
}

// A byte now and then must not keep it open for ever.
func TestHeadsThatTrickleInAreEnded(t *testing.T) {
	cfg := quick()
	cfg.HeadTimeout = 100 * time.Millisecond
	s := play(t, cfg, rawWorker(t, func(net.Conn, *bufio.Reader) {}))
	c := s.dial()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nA: ")
	answered := make(chan struct{})
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-answered:
				return
			case <-tick.C:
				io.WriteString(c, "a")
			}
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	close(answered)
	if err != nil || resp.StatusCode != 408 {
		t.Errorf("answer to a head that trickles in: %v, %v; want 408", resp, err)
	}
}

// Its end came together with its last request, and is noticed all the same: it
// must not stay until it was idle for too long. Where the answer took longer
// than the proxy's patience, the client counts as gone.
func TestAClientThatClosesItsHalfIsLetGo(t *testing.T) {
	s := play(t, quick(), answering(t, "ok"))
	c := s.dial()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) || err == nil && !strings.HasPrefix(string(b), "HTTP/1.1 200") {
		t.Errorf("got %.60q, %v; want an answer and the end", b, err)
	}
}

func TestIdleConnectionsAreEnded(t *testing.T) {
	cfg := quick()
	cfg.IdleTimeout = 20 * time.Millisecond
	s := play(t, cfg, rawWorker(t, func(net.Conn, *bufio.Reader) {}))
	if b, err := io.ReadAll(s.dial()); err != nil || len(b) > 0 {
		t.Errorf("an idle connection got %q, %v; want the end", b, err)
	}
}

func TestRefusalsSayWhyAndWhenToComeBack(t *testing.T) {
	up := rawWorker(t, func(net.Conn, *bufio.Reader) {})
	for _, h2 := range []bool{false, true} {
		s := play(t, quick(), up)
		s.backend.shut(func(context.Context) (proxy.Seat, error) {
			return nil, &proxy.Refusal{Status: 503, RetryAfter: 1500 * time.Millisecond, Reason: "memory is critical\r\nX: y"}
		})
		client := s.client()
		if h2 {
			client = s.clientH2()
		}
		resp, err := client.Post(s.url("/"), "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "2" || resp.Header.Get("X-Stanch-Reason") != "memory is critical  X: y" || resp.Header.Get("X") != "" || !strings.HasPrefix(string(body), "memory is critical") {
			t.Errorf("h2=%v: got %d %v %q, want 503 with its reason, to be tried after 2 s", h2, resp.StatusCode, resp.Header, body)
		}
		waitFor(t, "the refusal to be counted", func() bool {
			return s.server.Stats().Refused["memory is critical\r\nX: y"] == 1
		})
	}
}
