package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

const frozen = "worker froze at its memory limit while it held this request"

// holding is a worker that takes requests and never answers. It tells of each.
func holding(t *testing.T) (*proxy.Upstream, chan string) {
	got := make(chan string, 10)
	return rawWorker(t, func(c net.Conn, r *bufio.Reader) {
		got <- readHead(r)
		io.Copy(io.Discard, r)
	}), got
}

func answering(t *testing.T, text string) *proxy.Upstream {
	return httpWorker(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) })
}

func TestAnAbortedWorkersRequestsAreRetriedOrFailedHonestly(t *testing.T) {
	tests := []struct {
		method, body, why string
		status            int
		reason            string
	}{
		{"GET", "", "it is safe, and has no body", 200, ""},
		{"HEAD", "", "it is safe, and has no body", 200, ""},
		{"OPTIONS", "", "it is safe, and has no body", 200, ""},
		{"POST", "", "it may have been carried out", 502, frozen},
		{"POST", "x", "it may have been carried out", 502, frozen},
		{"PUT", "x", "its body is gone", 502, frozen},
		{"DELETE", "", "it is not among the safe ones", 502, frozen},
		{"GET", "x", "a body makes it uncertain", 502, frozen},
		{"POST", strings.Repeat("x", 1<<20), "it may have been carried out", 502, frozen},
	}
	for _, h2 := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("h2=%v %s with %d bytes: %s", h2, tt.method, len(tt.body), tt.why), func(t *testing.T) {
				dying, got := holding(t)
				s := play(t, quick(), dying, answering(t, "ok"))
				client := s.client()
				if h2 {
					client = s.clientH2()
				}
				go func() {
					<-got
					s.backend.next()
					dying.Abort(frozen)
					dying.Abort("another reason, too late")
				}()
				var body io.Reader
				if tt.body != "" {
					body = strings.NewReader(tt.body)
				}
				req, _ := http.NewRequest(tt.method, s.url("/"), body)
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if got := resp.Header.Get("X-Stanch-Reason"); resp.StatusCode != tt.status || got != tt.reason {
					t.Errorf("got %d, %q; want %d, %q", resp.StatusCode, got, tt.status, tt.reason)
				}
			})
		}
	}
}

func TestARequestThatNoWorkerGotFindsAnother(t *testing.T) {
	l := listen(t)
	closed := l.Addr().String()
	l.Close()
	aborted := answering(t, "no")
	aborted.Abort("gone")
	tests := map[string]*proxy.Upstream{
		"nobody listens":     proxy.NewUpstream("tcp", closed, proxy.UpstreamConfig{}),
		"no such socket":     proxy.NewUpstream("unix", t.TempDir()+"/none", proxy.UpstreamConfig{}),
		"aborted beforehand": aborted,
	}
	for name, up := range tests {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s h2=%v", name, h2), func(t *testing.T) {
				s := play(t, quick(), up, answering(t, "ok"))
				// The backend learns of it at the second try only.
				var tries atomic.Int32
				s.backend.shut(func(context.Context) (proxy.Seat, error) {
					if tries.Add(1) == 2 {
						s.backend.next()
					}
					return s.backend.sit(), nil
				})
				client := s.client()
				if h2 {
					client = s.clientH2()
				}
				resp, err := client.Post(s.url("/"), "text/plain", strings.NewReader(strings.Repeat("x", 100_000)))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 200 || tries.Load() != 2 {
					t.Errorf("got %d after %d tries, want 200 after 2", resp.StatusCode, tries.Load())
				}
			})
		}
	}
}

func TestARequestThatFindsNoWorkerIsAnsweredInTheEnd(t *testing.T) {
	l := listen(t)
	l.Close()
	cfg := quick()
	cfg.Unstarted = 10 * time.Millisecond
	s := play(t, cfg, proxy.NewUpstream("tcp", l.Addr().String(), proxy.UpstreamConfig{}))
	resp, err := s.client().Get(s.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if reason := resp.Header.Get("X-Stanch-Reason"); resp.StatusCode != 502 || !strings.Contains(reason, "connection refused") {
		t.Errorf("got %d, %q; want 502 that says that the connection is refused", resp.StatusCode, reason)
	}
}

func TestSafeRequestsAreNotRetriedForEver(t *testing.T) {
	var tries atomic.Int32
	up := rawWorker(t, func(c net.Conn, r *bufio.Reader) {
		readHead(r)
		tries.Add(1)
	})
	s := play(t, quick(), up)
	resp, err := s.client().Get(s.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if want := int32(1 + proxy.Default().Retries); resp.StatusCode != 502 || tries.Load() != want {
		t.Errorf("got %d after %d tries, want 502 after %d", resp.StatusCode, tries.Load(), want)
	}
	waitFor(t, "3 retries to be counted", func() bool { return s.server.Stats().Retries == 3 })
}

func TestAnAnswerThatHasBegunIsNotRetried(t *testing.T) {
	for _, begun := range []string{"HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"} {
		var tries atomic.Int32
		s := play(t, quick(), rawWorker(t, func(c net.Conn, r *bufio.Reader) {
			if readHead(r) != "" {
				tries.Add(1)
				io.WriteString(c, begun)
			}
		}))
		got := s.say("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if tries.Load() != 1 || strings.Contains(got, "502") {
			t.Errorf("after %q: %d tries, and the client got %q; want one, and its end", begun, tries.Load(), got)
		}
	}
}

// A worker may close an idle connection whenever it likes. A safe request must
// never notice.
func TestStaleConnectionsCostNoSafeRequest(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			s := play(t, quick(), fickleWorker(t, network, 0, 500*time.Microsecond))
			bombard(t, s, many(), 300*time.Microsecond, "GET")
		})
	}
}

// Nor does one that can't be repeated, once it is known after which time the
// worker closes connections.
func TestStaleConnectionsCostNoUnsafeRequest(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			// Half of the shortest time must be long beside what a loaded machine
			// makes a request wait between being judged and being sent.
			s := play(t, quick(), fickleWorker(t, network, 200*time.Millisecond, 300*time.Millisecond))
			bombard(t, s, 100, 350*time.Millisecond, "GET")
			bombard(t, s, many()/10, 350*time.Millisecond, "POST")
		})
	}
}

func many() int64 {
	if testing.Short() {
		return 2_000
	}
	return 20_000
}

// bombard sends requests over 8 connections, with a rest of up to pause before
// every fourth, and fails the test for each that is not answered right.
func bombard(t *testing.T, s *stage, total int64, pause time.Duration, method string) {
	t.Helper()
	client := s.client()
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			timer := time.NewTimer(0)
			defer timer.Stop()
			for sent.Add(1) <= total {
				if rand.IntN(4) == 0 {
					timer.Reset(rand.N(pause))
					<-timer.C
				}
				body := ""
				if method == "POST" {
					body = "payload"
				}
				req, _ := http.NewRequest(method, s.url("/"), strings.NewReader(body))
				resp, err := client.Do(req)
				if err != nil {
					t.Errorf("%s: %v", method, err)
					continue
				}
				got, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != 200 || string(got) != method+body {
					t.Errorf("%s: %d %q", method, resp.StatusCode, resp.Header.Get("X-Stanch-Reason"))
				}
			}
		})
	}
	wg.Wait()
}

// fickleWorker keeps connections alive, and closes each after an idle time of
// its own choice, at random between least and most.
func fickleWorker(t *testing.T, network string, least, most time.Duration) *proxy.Upstream {
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(req.Body)
					fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", len(req.Method)+len(body), req.Method, body)
					_ = c.SetReadDeadline(time.Now().Add(least + rand.N(most-least)))
					if _, err := r.Peek(1); err != nil {
						return
					}
					_ = c.SetReadDeadline(time.Time{})
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return proxy.NewUpstream(network, l.Addr().String(), proxy.UpstreamConfig{IdleFor: time.Second})
}

func TestConnectionsAreKeptNoLongerThanTheWorkerSays(t *testing.T) {
	var conns atomic.Int32
	up := rawWorker(t, func(c net.Conn, r *bufio.Reader) {
		conns.Add(1)
		for readHead(r) != "" {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=5\r\nContent-Length: 0\r\n\r\n")
		}
	})
	s := play(t, quick(), up)
	client := s.client()
	for range 3 {
		resp, err := client.Get(s.url("/"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("three requests took %d connections, want 1", n)
	}
}

// What befell one request of a connection is not held against its next.
func TestEachRequestOfAConnectionMayBeSentOnOnce(t *testing.T) {
	first, gotFirst := holding(t)
	second, gotSecond := holding(t)
	s := play(t, quick(), first, answering(t, "ok"), second, answering(t, "ok"))
	c := s.dial()
	r := bufio.NewReader(c)
	for _, dying := range []struct {
		up  *proxy.Upstream
		got chan string
	}{{first, gotFirst}, {second, gotSecond}} {
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		<-dying.got
		s.backend.next()
		dying.up.Abort(frozen)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != 200 {
			t.Errorf("got %d, %q; want 200 from the next worker", resp.StatusCode, resp.Header.Get("X-Stanch-Reason"))
		}
		s.backend.next() // the one that has just answered
	}
}

// A request under which two workers fell may be what fells them.
func TestARequestThatFellsWorkersIsNotGivenToAThird(t *testing.T) {
	first, gotFirst := holding(t)
	second, gotSecond := holding(t)
	s := play(t, quick(), first, second, answering(t, "ok"))
	go func() {
		<-gotFirst
		s.backend.next()
		first.Abort(frozen)
		<-gotSecond
		s.backend.next()
		second.Abort(frozen)
	}()
	resp, err := s.client().Get(s.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("X-Stanch-Reason"); resp.StatusCode != 502 || got != frozen {
		t.Errorf("got %d, %q; want 502, %q", resp.StatusCode, got, frozen)
	}
}
