package faults_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// proxy stands before Azurite for one host. It is the fake of a bad store: it
// answers 429 and 503 itself, cuts answers in half or drops them when the store
// has acted, refuses everything, and knows the requests of a delivery's steps.
type proxy struct {
	rig    *azurite.Rig
	fronts [2]*httptest.Server // blobs, queues

	mu    sync.Mutex
	mode  string
	armed map[string][]func() // by step
}

func newProxy(t *testing.T, rig *azurite.Rig) *proxy {
	p := &proxy{rig: rig, armed: map[string][]func(){}}
	for i, target := range []string{rig.Blob(), rig.Queue()} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		pass := &httputil.ReverseProxy{
			Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host },
			ModifyResponse: p.spoil,
			ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
			ErrorLog:       log.New(io.Discard, "", 0), FlushInterval: -1,
		}
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(pass, w, r) }))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.Start()
		t.Cleanup(func() {
			s.CloseClientConnections()
			s.Close()
		})
		p.fronts[i] = s
	}
	return p
}

// connection is the store's connection string with the proxy in its endpoints.
func (p *proxy) connection() string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s/%[1]s;QueueEndpoint=%[4]s/%[1]s",
		p.rig.Account(), p.rig.Key(), p.fronts[0].URL, p.fronts[1].URL)
}

// set says what happens to all requests: "", 429, 503, half, dropped or down.
func (p *proxy) set(mode string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
}

// arm has act called, once, at the next request of a step.
func (p *proxy) arm(step string, act func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed[step] = append(p.armed[step], act)
}

func (p *proxy) take(step string) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.armed[step]) == 0 {
		return nil
	}
	act := p.armed[step][0]
	p.armed[step] = p.armed[step][1:]
	return act
}

// steps are those that a request is before and after: a lease is seen when the
// store has given it.
func steps(r *http.Request) (before, after string) {
	switch path := r.URL.Path; {
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/jobs/messages"):
		return "", "leasing"
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/out/messages"):
		return "out", "outed"
	case r.Method == http.MethodDelete && strings.Contains(path, "/jobs/messages/"):
		return "settle", "settled"
	}
	return "", ""
}

func (p *proxy) serve(pass http.Handler, w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	mode := p.mode
	p.mu.Unlock()
	if before, _ := steps(r); before != "" {
		if act := p.take(before); act != nil {
			act()
			panic(http.ErrAbortHandler) // whoever asked is dead, or the store is
		}
	}
	switch mode {
	case "down":
		panic(http.ErrAbortHandler)
	case "429", "503":
		w.Header().Set("Retry-After", "1")
		w.Header().Set("x-ms-error-code", "ServerBusy")
		w.WriteHeader(map[string]int{"429": http.StatusTooManyRequests, "503": http.StatusServiceUnavailable}[mode])
		return
	}
	pass.ServeHTTP(w, r)
}

// spoil is what becomes of an answer.
func (p *proxy) spoil(answer *http.Response) error {
	if _, after := steps(answer.Request); after != "" && answer.StatusCode < 300 {
		if act := p.take(after); act != nil {
			act()
			return io.ErrUnexpectedEOF
		}
	}
	p.mu.Lock()
	mode := p.mode
	p.mu.Unlock()
	switch {
	case mode == "dropped":
		return io.ErrUnexpectedEOF
	case mode == "half" && answer.ContentLength != 0:
		answer.Body = &half{answer.Body, max(answer.ContentLength/2, 40)}
	}
	return nil
}

// half is a body that breaks off.
type half struct {
	io.ReadCloser
	left int64
}

func (h *half) Read(b []byte) (int, error) {
	if h.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := h.ReadCloser.Read(b[:min(int64(len(b)), h.left)])
	h.left -= int64(n)
	return n, err
}
