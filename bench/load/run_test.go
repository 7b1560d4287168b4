package load_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/bench/load"
)

// honest answers as the example workers do.
func honest() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/work", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		if r.ContentLength >= 0 {
			w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
		}
		io.Copy(w, r.Body)
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		for k := range 64 {
			b := fmt.Sprintf("%08d ", k)
			io.WriteString(w, b+strings.Repeat(string(rune('a'+k%26)), 1023-len(b))+"\n")
		}
	})
	return mux
}

func run(t *testing.T, p load.Plan) load.Summary {
	t.Helper()
	r, err := load.New(p)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return r.Do(t.Context())
}

func target(s *httptest.Server) string { return s.Listener.Addr().String() }

func TestAnHonestServerLosesNothing(t *testing.T) {
	server := httptest.NewServer(honest())
	defer server.Close()
	for _, rate := range []float64{0, 5000} {
		p := load.DefaultPlan(target(server))
		p.Requests, p.Rate, p.BodyBytes = 2000, rate, 200<<10
		s := run(t, p)
		want := map[string]load.Count{"get": {OK: 1000}, "fresh": {OK: 200}, "post": {OK: 500}, "chunked": {OK: 200}, "stream": {OK: 100}}
		if diff := cmp.Diff(want, s.Kinds); diff != "" {
			t.Errorf("at rate %g: kinds (-want +got):\n%s\nreasons %v", rate, diff, s.Reasons)
		}
		if s.Sent != 2000 || s.OK != 2000 || s.Lost != 0 {
			t.Errorf("at rate %g: sent %d, ok %d, lost %d; want 2000, 2000, 0", rate, s.Sent, s.OK, s.Lost)
		}
	}
}

func TestAUnixSocketIsATarget(t *testing.T) {
	server := httptest.NewUnstartedServer(honest())
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	defer server.Close()
	p := load.DefaultPlan("unix:" + path)
	p.Requests = 200
	if s := run(t, p); s.OK != 200 {
		t.Errorf("ok %d of 200 over a Unix socket: %v", s.OK, s.Reasons)
	}
}

// raw serves each connection with its number, counted from 1.
func raw(t *testing.T, serve func(conn net.Conn, r *bufio.Reader, number int64)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	var number atomic.Int64
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn, bufio.NewReader(conn), number.Add(1))
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

// answer sends the same bytes to every request and closes.
func answer(t *testing.T, bytes string) string {
	return raw(t, func(conn net.Conn, r *bufio.Reader, _ int64) {
		if req, err := http.ReadRequest(r); err == nil {
			io.Copy(io.Discard, req.Body)
			io.WriteString(conn, bytes)
		}
	})
}

func TestEachWayOfLosingIsNamed(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	rows := []struct {
		name, mix, bytes, want string
	}{
		{"an answer that never begins", "get=1", "", "answer: closed"},
		{"a head that is cut", "get=1", "HTTP/1.1 200 OK\r\nContent-", "answer head: closed"},
		{"another status", "get=1", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "status 503"},
		{"another status after an interim one", "get=1", "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 500 No\r\n\r\n", "status 500"},
		{"no HTTP at all", "get=1", "\x00\xff\r\n\r\n", "answer: not HTTP"},
		{"a head without an end", "get=1", strings.Repeat("x", 20_000), "answer: not HTTP"},
		{"a body shorter than its length", "get=1", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "body: closed"},
		{"a negative length", "get=1", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "answer: not HTTP"},
		{"chunks without their last", "get=1", chunked + "4\r\nhalf\r\n", "body: closed"},
		{"a chunk that is none", "get=1", chunked + "zz\r\n", "body: bad chunk"},
		{"a chunk longer than it says", "get=1", chunked + "2\r\nhalf\r\n0\r\n\r\n", "body: bad chunk"},
		{"an echo of something else", "post=1", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother", "body: wrong"},
		{"an echo that is shorter and whole", "post=1", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "body: short"},
		{"a stream that ends early, in good order", "stream=1", chunked + "4\r\n0000\r\n0\r\n\r\n", "body: short"},
		{"a stream that begins elsewhere", "stream=1", chunked + "8\r\n00000001\r\n0\r\n\r\n", "body: wrong"},
	}
	for _, row := range rows {
		mix, err := load.ParseMix(row.mix)
		if err != nil {
			t.Fatal(err)
		}
		p := load.DefaultPlan(answer(t, row.bytes))
		p.Mix, p.Requests, p.Conns = mix, 3, 1
		s := run(t, p)
		if diff := cmp.Diff(map[string]int64{row.want: 3}, s.Reasons); diff != "" {
			t.Errorf("%s: reasons (-want +got):\n%s", row.name, diff)
		}
		if len(s.First) != 3 || s.Lost != 3 || s.OK != 0 {
			t.Errorf("%s: ok %d, lost %d, told %d; want 0, 3, 3", row.name, s.OK, s.Lost, len(s.First))
		}
	}
}

func TestNobodyListeningIsALossAndNotAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	p := load.DefaultPlan(listener.Addr().String())
	p.Requests = 10
	if s := run(t, p); s.Reasons["connect: refused"] != 10 {
		t.Errorf("reasons = %v, want 10 refused", s.Reasons)
	}
}

func TestATimeoutIsALoss(t *testing.T) {
	release := make(chan struct{})
	address := raw(t, func(conn net.Conn, r *bufio.Reader, _ int64) { <-release })
	p := load.DefaultPlan(address)
	p.Requests, p.Conns, p.Timeout = 2, 2, 50*time.Millisecond
	s := run(t, p)
	close(release)
	if s.Reasons["answer: timeout"] != 2 {
		t.Errorf("reasons = %v, want 2 timeouts", s.Reasons)
	}
}

// A client that repeats a request would hide exactly what this package is to
// count.
func TestARequestOnAConnectionThatDiesIsLostAndNotRepeated(t *testing.T) {
	var requests atomic.Int64
	address := raw(t, func(conn net.Conn, r *bufio.Reader, _ int64) {
		for range 2 { // answers the first and dies in the second
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			if requests.Add(1)%2 == 0 {
				return
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	p := load.DefaultPlan(address)
	p.Mix, p.Requests, p.Conns = load.Mix{1}, 10, 1
	s := run(t, p)
	if s.OK != 5 || s.Lost != 5 || requests.Load() != 10 {
		t.Errorf("ok %d, lost %d, requests seen %d; want 5, 5, 10 (%v)", s.OK, s.Lost, requests.Load(), s.Reasons)
	}
}

func TestAConnectionClosedBetweenRequestsCostsNothing(t *testing.T) {
	closed := make(chan struct{}, 1)
	address := raw(t, func(conn net.Conn, r *bufio.Reader, number int64) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if number == 1 { // answers without a word about closing, and closes
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				conn.Close()
				closed <- struct{}{}
				return
			}
			if req.Header.Get("Connection") != "close" {
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				continue
			}
			<-closed // the fresh request in between holds the client until then
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			return
		}
	})
	p := load.DefaultPlan(address)
	p.Mix, p.Requests, p.Conns = load.Mix{load.Get: 1, load.Fresh: 1}, 3, 1
	s := run(t, p)
	if s.OK != 3 || s.Reconnects != 1 {
		t.Errorf("ok %d, reconnects %d; want 3, 1 (%v)", s.OK, s.Reconnects, s.Reasons)
	}
}

func TestAStallDoesNotSlowAnOpenLoopAndShowsInLatencyAndOutage(t *testing.T) {
	stalled := make(chan struct{})
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := seen.Add(1); n >= 20 && n < 60 {
			<-stalled
		} else if n == 60 {
			close(stalled)
		}
	}))
	defer server.Close()
	p := load.DefaultPlan(target(server))
	p.Mix, p.Requests, p.Rate, p.Conns = load.Mix{1}, 100, 200, 2
	s := run(t, p)
	// 40 requests, 5 ms apart, wait for the 41st: which comes only if the
	// client goes on sending on new connections.
	if s.OK != 100 {
		t.Fatalf("ok %d of 100 (%v)", s.OK, s.Reasons)
	}
	if s.MaxMS < 150 || s.OutageMS < 150 {
		t.Errorf("max %.0f ms, longest outage %d ms; want both to show the stall of 200", s.MaxMS, s.OutageMS)
	}
}

func TestACancelledRunCountsWhatItSent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if seen.Add(1) == 50 {
			cancel()
		}
	}))
	defer server.Close()
	p := load.DefaultPlan(target(server))
	p.Mix, p.Duration = load.Mix{1}, time.Hour
	r, err := load.New(p)
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Do(ctx); s.Sent != seen.Load() || s.Lost != 0 {
		t.Errorf("sent %d, lost %d, server saw %d; want what the server saw, 0 lost", s.Sent, s.Lost, seen.Load())
	}
}
