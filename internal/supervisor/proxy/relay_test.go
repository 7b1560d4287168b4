package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswersReachTheClientInTheFramingItUnderstands(t *testing.T) {
	tests := []struct {
		name, request, worker, want string
	}{
		{
			"a length stays a length",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\nConnection: close\r\n\r\nhello",
		}, {
			"chunks stay chunks, with their trailers",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5\r\nhello\r\n0\r\nT: v\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTrailer: T\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\nT: v\r\n\r\n",
		}, {
			"a body that ends with the connection is cut into chunks",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.0 200 OK\r\nX: y\r\n\r\nhello",
			"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		}, {
			"HTTP/1.0 knows no chunks",
			"GET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nT: v\r\n\r\n",
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello!",
		}, {
			"HTTP/1.0 gets a body of unknown length until the end",
			"GET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\n\r\nhello",
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
		}, {
			"HTTP/1.0 is kept alive where it asks for it",
			"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok" +
				"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
		}, {
			"HEAD has a length and no body",
			"HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		}, {
			"204 has neither, whatever the worker says",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n",
			"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
		}, {
			"304 may tell the length of what it leaves out",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
		}, {
			"what concerns one connection stays there",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nContent-Length: 0\r\nX-End: 1\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-End: 1\r\nConnection: close\r\n\r\n",
		}, {
			"103 and 100 go first",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
		}, {
			"HTTP/1.0 knows no interim answers",
			"GET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
		}, {
			"pipelined requests are answered in their order",
			"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		}, {
			"a reason phrase may be missing",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
				for {
					head := readHead(r)
					if head == "" {
						return
					}
					if strings.Contains(head, "Content-Length: 3") {
						_, _ = r.Discard(3)
					}
					io.WriteString(c, tt.worker)
					if !strings.Contains(tt.worker, "Content-Length") && !strings.Contains(tt.worker, "chunked") {
						return
					}
				}
			}))
			if diff := cmp.Diff(tt.want, s.say(tt.request)); diff != "" {
				t.Errorf("answer to %q (-want +got):\n%s", tt.request, diff)
			}
		})
	}
}

func TestRequestsReachTheWorkerWithoutWhatConcernsOneConnection(t *testing.T) {
	const via = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n\r\n"
	tests := []struct {
		name, request, want string
	}{
		{
			"a plain request gets what the proxy knows",
			"GET /p?q HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n",
			"GET /p?q HTTP/1.1\r\nHost: h\r\nA: b\r\n" + via,
		}, {
			"hop-by-hop fields stay here, and what Connection names",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop, te\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nTE: trailers, gzip\r\nUpgrade: websocket\r\nA: b\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nTE: trailers\r\n" + via,
		}, {
			"an upgrade goes through",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + via,
		}, {
			"an upgrade to h2c does not: it would carry requests past every rule",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + via,
		}, {
			"addresses are appended, and the first proxy's word is kept",
			"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: o\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: o\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8, 127.0.0.1\r\n\r\n",
		}, {
			"Connection can't name the host or the length away",
			"POST / HTTP/1.1\r\nHost: h\r\nConnection: Host, Content-Length, X-Forwarded-For\r\nContent-Length: 0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + via,
		}, {
			"an absolute target decides the host",
			"GET http://h/p HTTP/1.1\r\nHost: other\r\n\r\n",
			"GET /p HTTP/1.1\r\nHost: h\r\n" + via,
		}, {
			"an absolute target without a path has one",
			"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + via,
		}, {
			"equal lengths are one length",
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + via,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan string, 1)
			s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
				got <- readHead(r)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}))
			c := s.dial()
			io.WriteString(c, tt.request)
			if diff := cmp.Diff(tt.want, <-got); diff != "" {
				t.Errorf("head at the worker (-want +got):\n%s", diff)
			}
			if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
				t.Errorf("answer: %v", err)
			}
		})
	}
}

func TestBodiesAndTrailersPassBothWays(t *testing.T) {
	up := httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Trailer", "Back")
		n, err := io.Copy(w, r.Body)
		if err != nil {
			t.Errorf("worker: read body: %v", err)
		}
		w.Header().Set("Back", fmt.Sprintf("%d-%s", n, r.Trailer.Get("Forth")))
	})
	for _, h2 := range []bool{false, true} {
		for _, size := range []int{0, 1, 1000, 4096, 20_000, 300_000, 3_000_000} {
			for _, chunked := range []bool{false, true} {
				t.Run(fmt.Sprintf("h2=%v size=%d chunked=%v", h2, size, chunked), func(t *testing.T) {
					s := play(t, quick(), up)
					client := s.client()
					if h2 {
						client = s.clientH2()
					}
					body := strings.Repeat("0123456789", size/10+1)[:size]
					req := httptest.NewRequest("POST", s.url("/"), strings.NewReader(body))
					req.RequestURI = ""
					want := fmt.Sprintf("%d-", size)
					if chunked {
						req.ContentLength = -1
						req.Trailer = http.Header{"Forth": {"f"}}
						want += "f"
					}
					resp, err := client.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || string(got) != body {
						t.Errorf("body: %d bytes, %v; want the %d sent", len(got), err, size)
					}
					if back := resp.Trailer.Get("Back"); back != want {
						t.Errorf("trailer Back = %q, want %q", back, want)
					}
				})
			}
		}
	}
}

// clientH2 speaks HTTP/2 with prior knowledge.
func (s *stage) clientH2() *http.Client {
	c := s.client()
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	c.Transport.(*http.Transport).Protocols = &p
	return c
}

func TestEarlyHintsReachBothKindsOfClient(t *testing.T) {
	up := httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.WriteHeader(http.StatusTeapot)
	})
	s := play(t, quick(), up)
	for name, client := range map[string]*http.Client{"HTTP/1.1": s.client(), "HTTP/2": s.clientH2()} {
		t.Run(name, func(t *testing.T) {
			var hints []string
			trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				hints = append(hints, fmt.Sprint(code, h.Get("Link")))
				return nil
			}}
			req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", s.url("/"), nil)
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if diff := cmp.Diff([]string{"103</style>"}, hints); diff != "" || resp.StatusCode != http.StatusTeapot || resp.Header.Get("Link") != "" {
				t.Errorf("status %d, Link %q, hints (-want +got):\n%s", resp.StatusCode, resp.Header.Get("Link"), diff)
			}
		})
	}
}
