package egress_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stanch-dev/stanch/internal/supervisor/egress"
)

// rig is a proxy with a client that goes through it.
type rig struct {
	t     *testing.T
	proxy *egress.Proxy
	addr  string
	calls chan egress.Call
}

func begin(t *testing.T, cfg egress.Config) *rig {
	t.Helper()
	r := &rig{t: t, calls: make(chan egress.Call, 64)}
	cfg.Observe = func(c egress.Call) { r.calls <- c }
	r.proxy = egress.New(cfg)
	l, err := egress.Listen()
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.proxy.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r.proxy.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v, want nil after Shutdown", err)
		}
	})
	return r
}

// client is what a worker's library makes of the variables.
func (r *rig) client(trust *x509.CertPool) *http.Client {
	through, err := url.Parse("http://w7:stanch@" + r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(through), TLSClientConfig: &tls.Config{RootCAs: trust}}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (r *rig) call() egress.Call {
	r.t.Helper()
	select {
	case c := <-r.calls:
		return c
	case <-time.After(30 * time.Second):
		r.t.Fatal("no call was told of in 30 s")
		panic("unreachable")
	}
}

var notTimes = cmpopts.IgnoreFields(egress.Call{}, "At", "Duration")

func target(t *testing.T, h http.HandlerFunc) (base, host string) {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, strings.TrimPrefix(s.URL, "http://")
}

func TestACallGoesOnAndIsToldOf(t *testing.T) {
	r := begin(t, egress.Config{})
	base, host := target(t, func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		for _, name := range []string{"Proxy-Authorization", "Proxy-Connection", "X-Hop", "Via", "X-Forwarded-For"} {
			if q.Header.Get(name) != "" {
				t.Errorf("the target got %s: %s, want none", name, q.Header.Get(name))
			}
		}
		w.Header().Set("X-Kept", q.Header.Get("X-Kept"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s", q.Method, q.URL, body)
	})
	q, err := http.NewRequest(http.MethodPost, base+"/v1/items?a=b", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Connection", "X-Hop")
	q.Header.Set("X-Hop", "1")
	q.Header.Set("X-Kept", "2")
	q.Header.Set("Traceparent", "00-1-2-01")
	answer, err := r.client(nil).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if want := "POST /v1/items?a=b hello"; answer.StatusCode != 418 || string(body) != want || answer.Header.Get("X-Kept") != "2" {
		t.Errorf("POST = %d %q, X-Kept %q; want 418 %q 2", answer.StatusCode, body, answer.Header.Get("X-Kept"), want)
	}
	want := egress.Call{
		Worker: "w7", Method: "POST", Target: host, URL: base + "/v1/items?a=b", Path: "/v1/items",
		Status: 418, In: int64(len(body)), Out: 5, Trace: "00-1-2-01",
	}
	if diff := cmp.Diff(want, r.call(), notTimes); diff != "" {
		t.Errorf("the call (-want +got)\n%s", diff)
	}
}

func TestATunnelIsToldOfWhenItEnds(t *testing.T) {
	r := begin(t, egress.Config{})
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "secret") }))
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	client := r.client(pool)
	answer, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if string(body) != "secret" {
		t.Errorf("GET through a tunnel = %q, want secret", body)
	}
	client.CloseIdleConnections()
	got := r.call()
	host := strings.TrimPrefix(s.URL, "https://")
	want := egress.Call{Worker: "w7", Tunnel: true, Method: "CONNECT", Target: host, URL: host, Status: 200, Success: true}
	if diff := cmp.Diff(want, got, notTimes, cmpopts.IgnoreFields(egress.Call{}, "In", "Out")); diff != "" || got.In < 500 || got.Out < 200 {
		t.Errorf("the tunnel: %d bytes in, %d out, want what TLS takes; (-want +got)\n%s", got.In, got.Out, diff)
	}
}

func TestWhatIsNoCallIsRefused(t *testing.T) {
	r := begin(t, egress.Config{})
	for _, test := range []struct {
		why, request string
		status       int
	}{
		{"a page in a browser", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400},
		{"a call to ourselves", "GET http://" + r.addr + "/ HTTP/1.1\r\nHost: x\r\n\r\n", 508},
		{"a tunnel to ourselves", "CONNECT localhost" + r.addr[strings.LastIndex(r.addr, ":"):] + " HTTP/1.1\r\nHost: x\r\n\r\n", 508},
		{"a tunnel to nowhere", "CONNECT nowhere HTTP/1.1\r\nHost: nowhere\r\n\r\n", 400},
		{"a tunnel to a port that is none", "CONNECT a:b HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
		{"another scheme", "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
		{"a head without end", "GET http://a.example/ HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 100<<10) + "\r\n\r\n", 431},
		{"two lengths", "POST http://a.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
		{"a length and chunks", "POST http://a.example/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
		{"garbage", "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400},
	} {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(c, test.request) }()
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode != test.status {
			t.Errorf("%s: %v, %v; want %d", test.why, answer, err, test.status)
		}
		c.Close()
	}
}

func TestATargetThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	r := begin(t, egress.Config{})
	answer, err := r.client(nil).Get("http://" + nobody + "/x")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if c := r.call(); answer.StatusCode != 502 || c.Success || c.Status != 502 || !strings.Contains(c.Reason, "refused") {
		t.Errorf("GET of nobody = %d, told of as %+v; want 502 and why", answer.StatusCode, c)
	}
	if _, err := r.client(nil).Get("https://" + nobody); err == nil {
		t.Error("GET through a tunnel to nobody: no error, want one")
	}
	if c := r.call(); !c.Tunnel || c.Success || c.Status != 502 {
		t.Errorf("a tunnel to nobody is told of as %+v; want 502", c)
	}
}

func TestWhatBreaksOnOneSideBreaksOnTheOther(t *testing.T) {
	r := begin(t, egress.Config{})
	left := make(chan struct{})
	base, _ := target(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/cut" {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-q.Context().Done()
		close(left)
	})
	answer, err := r.client(nil).Get(base + "/cut")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("an answer that broke off reads as %q without an error", body)
	}
	answer.Body.Close()
	if c := r.call(); c.Success || !strings.Contains(c.Reason, "broke off") {
		t.Errorf("an answer that broke off is told of as %+v", c)
	}

	// A stream arrives piece by piece; when the worker leaves, the target is told.
	ctx, cancel := context.WithCancel(t.Context())
	q, _ := http.NewRequestWithContext(ctx, http.MethodGet, base+"/stream", nil)
	answer, err = r.client(nil).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(answer.Body).ReadString('\n'); line != "first\n" || err != nil {
		t.Errorf("the first piece of a stream: %q, %v; want first", line, err)
	}
	cancel()
	answer.Body.Close()
	<-left
	if c := r.call(); c.Success || c.Reason != "the worker ended the call" {
		t.Errorf("a call that the worker ended is told of as %+v", c)
	}
}

// A body goes through without being held: 256 MiB up and down.
func TestBodiesStream(t *testing.T) {
	r := begin(t, egress.Config{})
	const size = 256 << 20
	base, _ := target(t, func(w http.ResponseWriter, q *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, q.Body)
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	answer, err := r.client(nil).Post(base, "application/octet-stream", io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if n != size || err != nil {
		t.Errorf("%d bytes came back, %v; want %d", n, err, size)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes allocated for %d passed on, want at most 8 MiB", grown, size)
	}
	if c := r.call(); c.In != size || c.Out != size {
		t.Errorf("told of %d bytes in and %d out, want %d each", c.In, c.Out, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAnotherProxyIsGoneThrough(t *testing.T) {
	parent := begin(t, egress.Config{})
	parentURL := &url.URL{Scheme: "http", Host: parent.addr, User: url.UserPassword("w1", "x")}
	r := begin(t, egress.Config{Parent: func(*http.Request) (*url.URL, error) { return parentURL, nil }})
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "inner") }))
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	base, _ := target(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "inner") })
	for _, u := range []string{base, s.URL} {
		client := r.client(pool)
		answer, err := client.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		client.CloseIdleConnections()
		if string(body) != "inner" {
			t.Errorf("GET %s through two proxies = %q, want inner", u, body)
		}
		if outer, inner := r.call(), parent.call(); outer.Target != inner.Target || inner.Worker != "w1" {
			t.Errorf("GET %s: the outer proxy tells of %+v, the inner of %+v; want the same target", u, outer, inner)
		}
	}
}

func TestAHalfClosedTunnelStillBringsTheAnswer(t *testing.T) {
	r := begin(t, egress.Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		text, _ := io.ReadAll(c) // to the half's end
		_, _ = c.Write(bytes.ToUpper(text))
	}()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The first bytes come with the head, as a client in a hurry sends them.
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\nhel", l.Addr())
	_, _ = io.WriteString(c, "lo")
	_ = c.(*net.TCPConn).CloseWrite()
	all, err := io.ReadAll(c)
	if want := "HTTP/1.1 200 Connection established\r\n\r\nHELLO"; string(all) != want || err != nil {
		t.Errorf("the tunnel brought %q, %v; want %q", all, err, want)
	}
	if c := r.call(); c.In != 5 || c.Out != 5 || !c.Success {
		t.Errorf("the tunnel is told of as %+v, want 5 bytes each way", c)
	}
}

func TestShutdownCutsTunnels(t *testing.T) {
	r := begin(t, egress.Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", l.Addr())
	if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || answer.StatusCode != 200 {
		t.Fatalf("CONNECT: %v, %v; want 200", answer, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.proxy.Shutdown(ctx)
	if got := r.call(); got.Success || got.Reason != "stanch stopped" {
		t.Errorf("the tunnel is told of as %+v, want that stanch stopped", got)
	}
}

func TestMoreThanTheMostAreTurnedAway(t *testing.T) {
	r := begin(t, egress.Config{Most: 1})
	entered, leave := make(chan struct{}), make(chan struct{})
	base, _ := target(t, func(http.ResponseWriter, *http.Request) { close(entered); <-leave })
	done := make(chan error, 1)
	go func() {
		answer, err := r.client(nil).Get(base)
		if err == nil {
			answer.Body.Close()
		}
		done <- err
	}()
	<-entered
	answer, err := r.client(nil).Get(base)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 503 {
		t.Errorf("a second call at once = %d, want 503", answer.StatusCode)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAWorkersVariables(t *testing.T) {
	got := egress.Env([]string{"A=1", "HTTP_PROXY=http://old", "no_proxy=.internal", "https_proxy=x", "B=2"}, "127.0.0.1:99", "w3")
	want := []string{
		"A=1", "B=2",
		"HTTP_PROXY=http://w3:stanch@127.0.0.1:99", "http_proxy=http://w3:stanch@127.0.0.1:99",
		"HTTPS_PROXY=http://w3:stanch@127.0.0.1:99", "https_proxy=http://w3:stanch@127.0.0.1:99",
		"NO_PROXY=localhost,127.0.0.1,::1,169.254.169.254,.internal", "no_proxy=localhost,127.0.0.1,::1,169.254.169.254,.internal",
		"NODE_USE_ENV_PROXY=1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("Env:\n got %q\nwant %q", got, want)
	}
}
