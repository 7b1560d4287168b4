package faults_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/faults"
)

// patience is what no test waits for in earnest.
const patience = 20 * time.Second

func before(t *testing.T, address string) *faults.Proxy {
	t.Helper()
	p, err := faults.Listen(address)
	if err != nil {
		t.Fatalf("Listen = %v", err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := p.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		}
	})
	return p
}

// await looks until something is so: the proxy tells nobody when a call begins.
func await(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); !is(); <-tick.C {
		if time.Since(began) > patience {
			t.Fatal("what is awaited does not come")
		}
	}
}

// fresh is a client whose calls have connections of their own, and that gives up.
func fresh(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
}

func status(t *testing.T, client *http.Client, at string) (int, error) {
	t.Helper()
	answer, err := client.Get(at)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

func TestAWellDependencyIsAsItIsWithoutTheProxy(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Own", "yes")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %q %q %d %s", r.Method, r.RequestURI, r.Host, r.Header.Get("Authorization"), r.Header.Get("X-Forwarded-For"), r.ContentLength, body)
	}))
	defer server.Close()
	p := before(t, server.URL+"/api")
	if got, want := strings.HasSuffix(p.Address(), "/api"), true; got != want || p.Address() == server.URL+"/api" {
		t.Fatalf("Address = %s, want another host with the path /api", p.Address())
	}
	r, err := http.NewRequestWithContext(t.Context(), "PUT", p.Address()+"/a%2Fb//c?sig=a%2Bb;x=%20", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "SharedKey x")
	answer, err := fresh(patience).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, _ := io.ReadAll(answer.Body)
	want := fmt.Sprintf(`PUT /api/a%%2Fb//c?sig=a%%2Bb;x=%%20 %s "SharedKey x" "" 4 body`, strings.TrimPrefix(server.URL, "http://"))
	if string(got) != want || answer.StatusCode != http.StatusTeapot || answer.Header.Get("X-Own") != "yes" {
		t.Errorf("through the proxy: %d %s\nwant 418 %s", answer.StatusCode, got, want)
	}
}

func TestAFaultBefallsItsShareOfCallsAndTheSameOnesEachTime(t *testing.T) {
	var reached sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached.Store(r.URL.Path, true) }))
	defer server.Close()
	const n, share = 400, 0.3
	pattern := func(p *faults.Proxy) string {
		p.Set(&lab.Fault{Kind: lab.Failing, Share: share})
		var b strings.Builder
		for i := range n {
			code, err := status(t, http.DefaultClient, fmt.Sprintf("%s/%d", p.Address(), i))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%d ", code)
		}
		return b.String()
	}
	p := before(t, server.URL)
	first := pattern(p)
	failed := strings.Count(first, "503")
	if want := n * share; float64(failed) < want-40 || float64(failed) > want+40 || failed+strings.Count(first, "200") != n {
		t.Errorf("of %d calls %d failed, want some %v", n, failed, want)
	}
	if got, want := p.Calls(), (faults.Calls{All: n, Ill: int64(failed)}); got != want {
		t.Errorf("Calls = %+v, want %+v", got, want)
	}
	if second, other := pattern(p), pattern(before(t, server.URL)); second != first || other != first {
		t.Error("the same calls have another luck the second time, or with another proxy")
	}
	p.Set(nil)
	for i := range 50 {
		if code, err := status(t, http.DefaultClient, p.Address()); code != 200 || err != nil {
			t.Fatalf("call %d of a dependency that is well again: %d, %v", i, code, err)
		}
	}
}

func TestASlowDependencyAnswersLaterUntilItIsWell(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) }))
	defer server.Close()
	p := before(t, server.URL)
	const delay = 400 * time.Millisecond
	p.Set(&lab.Fault{Kind: lab.Slow, Delay: delay, Share: 1})
	began := time.Now()
	if code, err := status(t, fresh(patience), p.Address()); code != 200 || err != nil {
		t.Fatalf("a slow call = %d, %v", code, err)
	}
	// A delay for each piece of the body would be 32 of them.
	if took := time.Since(began); took < delay || took > 15*delay {
		t.Errorf("a slow call took %v, want %v and a little", took, delay)
	}
	p.Set(&lab.Fault{Kind: lab.Slow, Delay: time.Hour, Share: 1})
	done := make(chan error)
	go func() {
		_, err := status(t, fresh(patience), p.Address())
		done <- err
	}()
	await(t, func() bool { return p.Calls().Ill == 2 })
	p.Set(nil)
	if err := <-done; err != nil {
		t.Errorf("a call that waited when its fault ended: %v, want its answer", err)
	}
}

func TestADependencyThatIsDownTakesCallsAndAnswersNone(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	p := before(t, server.URL)
	p.Set(&lab.Fault{Kind: lab.Down, Share: 1})
	var timeout net.Error
	if code, err := status(t, fresh(100*time.Millisecond), p.Address()); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a call of what is down = %d, %v; want the client's timeout", code, err)
	}
	answered := make(chan int)
	go func() {
		code, _ := status(t, fresh(patience), p.Address())
		answered <- code
	}()
	await(t, func() bool { return p.Calls().All == 2 })
	p.Set(nil)
	if code := <-answered; code != http.StatusNotFound {
		t.Errorf("a call that waited got %d when the dependency was back, want its 404", code)
	}
}

func TestAnAnswerThatIsOnItsWayStallsWhileTheDependencyIsDown(t *testing.T) {
	pieces := make(chan string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for piece := range pieces {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush()
		}
	}))
	defer server.Close()
	p := before(t, server.URL)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.Address(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	pieces <- "first"
	if got, err := until(conn, "first", patience); err != nil {
		t.Fatalf("the first piece: %q, %v", got, err)
	}
	p.Set(&lab.Fault{Kind: lab.Down, Share: 1})
	pieces <- "second"
	if got, err := until(conn, "second", 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("what came while it was down: %q, %v; want nothing", got, err)
	}
	p.Set(nil)
	close(pieces)
	if got, err := until(conn, "second", patience); err != nil {
		t.Errorf("what came when it was back: %q, %v; want the second piece", got, err)
	}
}

// until reads until some text has come.
func until(conn net.Conn, text string, d time.Duration) (string, error) {
	_ = conn.SetReadDeadline(time.Now().Add(d))
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	var got bytes.Buffer
	for !strings.Contains(got.String(), text) {
		if _, err := io.CopyN(&got, conn, 1); err != nil {
			return got.String(), err
		}
	}
	return got.String(), nil
}

func TestWhereTheDependencyIsGoneTheProxyGivesNoAnswerEither(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	p := before(t, server.URL)
	server.Close()
	if code, err := status(t, fresh(patience), p.Address()); !errors.Is(err, io.EOF) {
		t.Errorf("a call of what is gone = %d, %v; want a connection that ends", code, err)
	}
}

func TestClosingEndsCallsThatWait(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	p := before(t, server.URL)
	p.Set(&lab.Fault{Kind: lab.Down, Share: 1})
	ended := make(chan error)
	go func() {
		_, err := status(t, fresh(patience), p.Address())
		ended <- err
	}()
	await(t, func() bool { return p.Calls().All == 1 })
	if err := p.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if err := <-ended; err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that waited for a proxy that is closed: %v, want an error at once", err)
	}
	var refused *url.Error
	if _, err := status(t, fresh(patience), p.Address()); !errors.As(err, &refused) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a call of a proxy that is closed: %v, want it refused", err)
	}
}

func TestConnectionStringsAreRewrittenEndpointByEndpoint(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }))
	defer server.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	const key = "c2VjcmV0c2VjcmV0=="
	value := "DefaultEndpointsProtocol=http;AccountName=rig;AccountKey=" + key + ";BlobEndpoint=" + server.URL + "/rig;QueueEndpoint=" + other.URL + "/rig;TableEndpoint=" + server.URL + "/rig;"
	got, proxies, err := faults.Rewrite(value)
	if err != nil {
		t.Fatalf("Rewrite = %v", err)
	}
	for _, p := range proxies {
		defer p.Close()
	}
	if len(proxies) != 2 {
		t.Fatalf("Rewrite makes %d proxies, want one for each of two hosts", len(proxies))
	}
	blobs, queues := proxies[0].Address(), proxies[1].Address()
	want := "DefaultEndpointsProtocol=http;AccountName=rig;AccountKey=" + key + ";BlobEndpoint=" + blobs + ";QueueEndpoint=" + queues + ";TableEndpoint=" + blobs + ";"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Rewrite differs (-want +got):\n%s", diff)
	}
	if code, err := status(t, fresh(patience), blobs); code != 200 || err != nil {
		t.Errorf("a call of the blobs = %d, %v", code, err)
	}
	if one, proxies, err := faults.Rewrite(server.URL); err != nil || one != proxies[0].Address() {
		t.Errorf("Rewrite of a URL = %q, %v; want its proxy's address", one, err)
	} else {
		defer proxies[0].Close()
	}
	for why, value := range map[string]string{
		"no endpoint": "AccountName=rig;AccountKey=" + key, "an endpoint that is none": "BlobEndpoint=" + server.URL + ";QueueEndpoint=" + key, "the emulator": "UseDevelopmentStorage=true",
		"a folder": "file:/" + key, "nothing": "", "something": key,
	} {
		got, proxies, err := faults.Rewrite(value)
		if err == nil || len(proxies) > 0 || got != "" {
			t.Errorf("%s: Rewrite = %q, %v, want an error alone", why, got, proxies)
			continue
		}
		if strings.Contains(err.Error(), "c2Vj") || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("%s: the error %q quotes the value, or has no hint", why, err)
		}
	}
}
