package azure_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// fault is what a proxy does to one request instead of passing it on. It returns
// false to leave the request alone.
type fault func(w http.ResponseWriter, r *http.Request) bool

// proxy is a fault-injecting HTTP proxy in front of Azurite's two services.
type proxy struct {
	rig         *azurite.Rig
	blob, queue *httptest.Server

	mu      sync.Mutex
	fault   fault
	cut     int64 // > 0: answers to GET break off after as many bytes, once
	dropped bool  // the next answer is thrown away after the service has acted
	seen    int   // requests
}

func newProxy(t *testing.T, rig *azurite.Rig) *proxy {
	p := &proxy{rig: rig}
	serve := func(target string) *httptest.Server {
		u, err := url.Parse(target)
		must(t, "parse", err)
		pass := &httputil.ReverseProxy{
			Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host },
			ModifyResponse: p.spoil,
			ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
			ErrorLog:       quiet(),
			FlushInterval:  -1, // what comes before a cut reaches the client
		}
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			p.seen++
			f := p.fault
			p.mu.Unlock()
			if f == nil || !f(w, r) {
				pass.ServeHTTP(w, r)
			}
		}))
		s.Config.ErrorLog = quiet()
		s.Start()
		t.Cleanup(s.Close)
		return s
	}
	p.blob, p.queue = serve(rig.Blob()), serve(rig.Queue())
	return p
}

// spoil breaks off an answer, or throws it away.
func (p *proxy) spoil(answer *http.Response) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dropped {
		p.dropped = false
		return io.ErrUnexpectedEOF
	}
	if p.cut > 0 && answer.Request.Method == http.MethodGet && answer.StatusCode < 300 {
		answer.Body = &half{answer.Body, p.cut}
		p.cut = 0
	}
	return nil
}

type half struct {
	io.ReadCloser
	left int64
}

func (h *half) Read(p []byte) (int, error) {
	if h.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := h.ReadCloser.Read(p[:min(int64(len(p)), h.left)])
	h.left -= int64(n)
	return n, err
}

func (p *proxy) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

func (p *proxy) cutAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = n
}

func (p *proxy) dropNext() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropped = true
}

func (p *proxy) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

func (p *proxy) connection() string {
	return fmt.Sprintf("AccountName=%[1]s;AccountKey=%[2]s;BlobEndpoint=%[3]s/%[1]s;QueueEndpoint=%[4]s/%[1]s", p.rig.Account(), p.rig.Key(), p.blob.URL, p.queue.URL)
}

// status answers every request so, in Azure's way.
func status(code int, name, retryAfter string) fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("x-ms-error-code", name)
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(code)
		return true
	}
}
