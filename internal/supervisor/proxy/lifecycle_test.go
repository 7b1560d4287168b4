package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

func TestADepartedClientEndsItsWork(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		for _, body := range []string{"", strings.Repeat("x", 200_000)} {
			ended := make(chan struct{})
			began := make(chan struct{})
			s := play(t, quick(), httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				close(began)
				<-r.Context().Done()
				close(ended)
			}))
			client := s.client()
			if h2 {
				client = s.clientH2()
			}
			ctx, leave := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, "POST", s.url("/"), strings.NewReader(body))
			done := make(chan struct{})
			go func() {
				defer close(done)
				if resp, err := client.Do(req); err == nil {
					resp.Body.Close()
				}
			}()
			<-began
			at := time.Now()
			leave()
			<-ended
			if took := time.Since(at); took > time.Second {
				t.Errorf("h2=%v: the worker heard of it after %v, want at most 1 s", h2, took)
			}
			<-done
			waitFor(t, "the request to end", func() bool { return len(s.server.InFlight(nil)) == 0 })
			waitFor(t, "the departure to be counted", func() bool { return s.server.Stats().Aborted == 1 })
		}
	}
}

func TestAClientThatLeavesTheQueueIsNotWaitedFor(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		s := play(t, quick(), answering(t, "no"))
		queued, left := make(chan struct{}), make(chan struct{})
		s.backend.shut(func(ctx context.Context) (proxy.Seat, error) {
			close(queued)
			<-ctx.Done()
			close(left)
			return nil, ctx.Err()
		})
		client := s.client()
		if h2 {
			client = s.clientH2()
		}
		ctx, leave := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", s.url("/"), nil)
		go func() {
			<-queued
			leave()
		}()
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			t.Errorf("h2=%v: got %v, want none", h2, resp.Status)
		}
		<-left
	}
}

func TestAClientThatBreaksOffItsUploadEndsItAtTheWorker(t *testing.T) {
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		read := make(chan error, 1)
		s := play(t, quick(), httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			read <- err
		}))
		c := s.dial()
		io.WriteString(c, request)
		waitFor(t, "the request to be in flight", func() bool { return len(s.server.InFlight(nil)) == 1 })
		c.Close()
		if err := <-read; err == nil {
			t.Errorf("%.60q: the worker read the body to its end, want an error", request)
		}
	}
}

func TestAStalledExchangeIsEnded(t *testing.T) {
	cfg := quick()
	cfg.StallTimeout = 100 * time.Millisecond
	for _, h2 := range []bool{false, true} {
		up, _ := holding(t)
		s := play(t, cfg, up)
		client := s.client()
		if h2 {
			client = s.clientH2()
		}
		resp, err := client.Get(s.url("/"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 504 {
			t.Errorf("h2=%v: got %d, want 504", h2, resp.StatusCode)
		}
	}
}

func TestAClientThatStopsReadingIsEnded(t *testing.T) {
	cfg := quick()
	cfg.StallTimeout = 100 * time.Millisecond
	s := play(t, cfg, httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 64<<10)
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	c := s.dial()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	waitFor(t, "the request to begin", func() bool { return len(s.server.InFlight(nil)) == 1 })
	waitFor(t, "the request to be ended", func() bool { return len(s.server.InFlight(nil)) == 0 })
}

func TestDrainEndsEachConnectionAfterItsNextAnswer(t *testing.T) {
	cfg := quick()
	cfg.DrainIdle = time.Minute
	s := play(t, cfg, answering(t, "ok"))
	get := func(c net.Conn, r *bufio.Reader) *http.Response {
		t.Helper()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		return resp
	}
	c := s.dial()
	r := bufio.NewReader(c)
	if resp := get(c, r); resp.Close {
		t.Error("before Drain, the answer ends the connection, want it to stay")
	}
	s.server.Drain()
	if resp := get(c, r); !resp.Close {
		t.Error("after Drain, the answer does not end the connection")
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after the last answer: %v, want EOF", err)
	}
	c2 := s.dial()
	if resp := get(c2, bufio.NewReader(c2)); resp.StatusCode != 200 || !resp.Close {
		t.Errorf("a new connection while draining got %d, close %v; want 200 and the end", resp.StatusCode, resp.Close)
	}
}

func TestDrainClosesIdleConnections(t *testing.T) {
	s := play(t, quick(), answering(t, "ok"))
	client := s.clientH2()
	c := s.dial()
	resp, err := client.Get(s.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.server.Drain()
	if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
		t.Errorf("the idle connection got %q, %v; want EOF", b, err)
	}
	waitFor(t, "the HTTP/2 connection to be closed", func() bool { return s.server.Stats().Connections == 0 })
	resp, err = client.Get(s.url("/"))
	if err != nil {
		t.Fatalf("a new HTTP/2 connection while draining: %v", err)
	}
	resp.Body.Close()
}

// A client that connects while the server drains, and takes its time, is not
// closed on like one that was idle.
func TestANewConnectionWhileDrainingHasTimeForItsRequest(t *testing.T) {
	cfg := quick()
	s := play(t, cfg, answering(t, "ok"))
	old := s.dial()
	waitFor(t, "the first connection", func() bool { return s.server.Stats().Connections == 1 })
	s.server.Drain()
	late := s.dial()
	waitFor(t, "the second connection", func() bool { return s.server.Stats().Accepted == 2 })
	if _, err := old.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the connection that was idle: %v, want EOF", err)
	}
	// The sweeper looks every 50 ms: meanwhile the second is idle for longer than
	// DrainIdle too.
	time.Sleep(200 * time.Millisecond)
	io.WriteString(late, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(late), nil)
	if err != nil {
		t.Fatalf("the request on the new connection: %v", err)
	}
	resp.Body.Close()
}

func TestShutdownWaitsForRequestsAndCutsThemInTheEnd(t *testing.T) {
	release := make(chan struct{})
	s := play(t, quick(), httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			io.WriteString(w, "done")
		case <-r.Context().Done():
		}
	}))
	var wg sync.WaitGroup
	results := make(chan error, 2)
	for _, client := range []*http.Client{s.client(), s.clientH2()} {
		wg.Go(func() {
			resp, err := client.Get(s.url("/"))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			results <- err
		})
	}
	waitFor(t, "both requests to be in flight", func() bool { return len(s.server.InFlight(nil)) == 2 })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.server.Shutdown(ctx) }()
	if _, err := net.Dial("tcp", s.addr); err == nil {
		waitFor(t, "the listener to be closed", func() bool {
			c, err := net.Dial("tcp", s.addr)
			if err == nil {
				c.Close()
			}
			return err != nil
		})
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown() = %v, want %v", err, context.Canceled)
	}
	wg.Wait()
	for range 2 {
		if err := <-results; err == nil {
			t.Error("a request that was cut off had an answer without an error")
		}
	}
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	release := make(chan struct{})
	s := play(t, quick(), httpWorker(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		io.WriteString(w, "done")
	}))
	var wg sync.WaitGroup
	for _, client := range []*http.Client{s.client(), s.clientH2()} {
		wg.Go(func() {
			resp, err := client.Get(s.url("/"))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "done" {
				t.Errorf("body %q, %v; want \"done\"", b, err)
			}
		})
	}
	waitFor(t, "both requests to be in flight", func() bool { return len(s.server.InFlight(nil)) == 2 })
	ended := make(chan error)
	go func() { ended <- s.server.Shutdown(t.Context()) }()
	close(release)
	if err := <-ended; err != nil {
		t.Errorf("Shutdown() = %v, want nil", err)
	}
	wg.Wait()
}

func TestInFlightTellsOfEachRequest(t *testing.T) {
	up, got := holding(t)
	s := play(t, quick(), up)
	c := s.dial()
	io.WriteString(c, "POST /a/b?secret=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
	<-got
	waitFor(t, "the request", func() bool { return len(s.server.InFlight(nil)) == 1 })
	r := s.server.InFlight(nil)[0]
	if r.ID == 0 || r.Age <= 0 || r.Worker == "" {
		t.Errorf("InFlight() = %+v, want an ID, an age and a worker", r)
	}
	r.ID, r.Age, r.Worker = 0, 0, ""
	if diff := cmp.Diff(proxy.Request{Method: "POST", Path: "/a/b", In: 3, Declared: 10}, r); diff != "" {
		t.Errorf("InFlight() (-want +got):\n%s", diff)
	}
}

// ledger notes the calls that it gets.
type ledger struct {
	mu    sync.Mutex
	calls []string
}

func (l *ledger) note(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, s)
}

func (l *ledger) Slot() proxy.Slot { l.note("slot"); return l }
func (l *ledger) Begin(method, path []byte, size int64) {
	l.note("begin " + string(method) + " " + string(path))
}
func (l *ledger) End()  { l.note("end") }
func (l *ledger) Free() { l.note("free") }

func TestTheLedgerAndTheObserverHearOfEachRequest(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		l := &ledger{}
		var mu sync.Mutex
		var seen []string
		cfg := quick()
		cfg.Ledger = l
		cfg.Observe = func(d *proxy.Done) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, strings.Join([]string{string(d.Method), string(d.Path), http.StatusText(d.Status), d.Reason, string(d.Target), string(d.Trace)}, "|"))
			if string(d.Host) == "" {
				t.Errorf("Observe(%+v), want a host", d)
			}
			if d.Duration <= 0 || d.In != 3 || d.Out != 2 || d.Worker == "" {
				t.Errorf("Observe(%+v), want a duration, 3 bytes in, 2 out and a worker", d)
			}
		}
		s := play(t, cfg, answering(t, "ok"))
		client := s.client()
		if h2 {
			client = s.clientH2()
		}
		req, err := http.NewRequest(http.MethodPost, s.url("/p?q"), strings.NewReader("abc"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Traceparent", "00-1-2-01")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		waitFor(t, "the slot to be freed", func() bool {
			client.CloseIdleConnections()
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.calls) == 4
		})
		if diff := cmp.Diff([]string{"slot", "begin POST /p", "end", "free"}, l.calls); diff != "" {
			t.Errorf("h2=%v: ledger (-want +got):\n%s", h2, diff)
		}
		mu.Lock()
		if diff := cmp.Diff([]string{"POST|/p|OK||/p?q|00-1-2-01"}, seen); diff != "" {
			t.Errorf("h2=%v: observed (-want +got):\n%s", h2, diff)
		}
		mu.Unlock()
	}
}

// The spans of a head that was read by half must not outlive its buffer.
func TestTheObserverHearsOfAHeadThatIsRefused(t *testing.T) {
	seen := make(chan string, 1)
	cfg := quick()
	cfg.Observe = func(d *proxy.Done) { seen <- fmt.Sprintf("%d %q %q %q", d.Status, d.Target, d.Host, d.Trace) }
	s := play(t, cfg, answering(t, "ok"))
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url(""), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /a?b HTTP/1.1\r\nHost: example.org\r\nTraceparent: 00-1-2-01\r\n bad: line\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, want := <-seen, `400 "" "" ""`; got != want {
		t.Errorf("observed %s, want %s", got, want)
	}
}

func TestConfigReportsAllThatIsWrong(t *testing.T) {
	err := proxy.Config{Retries: -1}.Check()
	for _, want := range []string{"head is 0", "line is 0", "retries is -1", "head timeout is 0s", "linger is 0s"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Config{Retries: -1}.Check() = %v, want it to say %q", err, want)
		}
	}
	if err := proxy.Default().Check(); err != nil {
		t.Errorf("Default().Check() = %v, want nil", err)
	}
}
