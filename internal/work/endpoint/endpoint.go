// Package endpoint lends the payloads of a delivery to the worker that has it, over HTTP on this machine.
//
// A worker that is given a URL instead of a payload reads as much of it as it
// needs, when it needs it, and holds no more than its own buffer; an output is
// written the same way. Every delivery has a token of its own in its URLs, which
// is worth nothing when the delivery has ended: a URL that leaks out of a log opens
// nothing. Ranges are served, so that a reader whose connection broke goes on where
// it was. A payload that is not as long as was announced breaks off before its end,
// and never looks whole. Begin with [Endpoint.Lend].
package endpoint

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
)

// Sink takes an output. It reads body to its end, or returns why not.
type Sink func(ctx context.Context, contentType string, body io.Reader) error

// Endpoint serves all deliveries that are in hand. It is an http.Handler and safe
// for concurrent use.
type Endpoint struct {
	origin string
	mu     sync.Mutex
	loans  map[string]*Loan
}

// New makes an endpoint that is reached at origin, as in http://127.0.0.1:4711.
func New(origin string) *Endpoint {
	return &Endpoint{origin: strings.TrimSuffix(origin, "/"), loans: map[string]*Loan{}}
}

// Loan are the payloads of one delivery.
type Loan struct {
	endpoint *Endpoint
	token    string
	ctx      context.Context
	cancel   context.CancelFunc
	in       map[string]*contract.Stream
	out      map[string]Sink
	busy     sync.WaitGroup
}

// Lend makes payloads readable and outputs writable until the loan is closed or
// ctx ends. Names are those of bindings.
func (e *Endpoint) Lend(ctx context.Context, in map[string]*contract.Stream, out map[string]Sink) *Loan {
	l := &Loan{endpoint: e, token: rand.Text(), in: in, out: out}
	l.ctx, l.cancel = context.WithCancel(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.loans[l.token] = l
	return l
}

// prefix is what all paths begin with.
const prefix = "/payload/"

// URL is where a payload is read or written. It holds the token: it goes to the
// worker and nowhere else.
func (l *Loan) URL(name string) string {
	return l.endpoint.origin + prefix + l.token + "/" + url.PathEscape(name)
}

// Close ends the loan, breaks off what is still being read or written, and waits
// for it. It is safe to call twice.
func (l *Loan) Close() {
	l.endpoint.mu.Lock()
	delete(l.endpoint.loans, l.token)
	l.endpoint.mu.Unlock()
	l.cancel()
	l.busy.Wait()
}

// take finds the loan of a path and holds it open until it is given back.
func (e *Endpoint) take(path string) (l *Loan, name string) {
	rest, ok := strings.CutPrefix(path, prefix)
	token, name, found := strings.Cut(rest, "/")
	if !ok || !found || name == "" {
		return nil, ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l = e.loans[token]
	if l != nil {
		l.busy.Add(1)
	}
	return l, name
}

// ServeHTTP serves GET, HEAD and PUT of the payloads that are lent.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l, name := e.take(r.URL.Path)
	if l == nil {
		http.Error(w, "no delivery that is in hand has this URL", http.StatusNotFound)
		return
	}
	defer l.busy.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if s := l.in[name]; s != nil {
			read(ctx, w, r, name, s)
			return
		}
	case http.MethodPut:
		if sink := l.out[name]; sink != nil {
			write(ctx, w, r, sink)
			return
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		http.Error(w, "payloads are read by GET and written by PUT", http.StatusMethodNotAllowed)
		return
	}
	http.Error(w, fmt.Sprintf("this delivery has nothing called %q to %s", name, r.Method), http.StatusNotFound)
}

// read streams a payload, or the part of it that a Range asks for.
func read(ctx context.Context, w http.ResponseWriter, r *http.Request, name string, s *contract.Stream) {
	part, err := rangeOf(r.Header, s)
	if err != nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", s.Size))
		http.Error(w, err.Error(), http.StatusRequestedRangeNotSatisfiable)
		return
	}
	h := w.Header()
	if s.ContentType != "" {
		h.Set("Content-Type", s.ContentType)
	} else {
		h.Set("Content-Type", "application/octet-stream")
	}
	if s.ETag != "" {
		h.Set("Etag", quoted(s.ETag))
	}
	status := http.StatusOK
	if s.Size >= 0 {
		h.Set("Accept-Ranges", "bytes")
		h.Set("Content-Length", fmt.Sprint(part.count))
	}
	if part.partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.from, part.from+part.count-1, s.Size))
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	body, err := begin(ctx, name, s, part)
	if err != nil {
		refuse(w, err)
		return
	}
	defer body.Close()
	w.WriteHeader(status)
	if err := send(w, body, part.count); err != nil {
		// The status is gone: all that is left is that the reader sees it break off.
		panic(http.ErrAbortHandler)
	}
}

// refuse answers for a payload that can't be opened.
func refuse(w http.ResponseWriter, err error) {
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Range", "Etag", "Accept-Ranges"} {
		h.Del(name)
	}
	status := http.StatusBadGateway
	switch {
	case errors.Is(err, work.ErrAbsent):
		status = http.StatusNotFound
	case errors.Is(err, work.ErrChanged):
		status = http.StatusPreconditionFailed
	default:
		if _, ok := errors.AsType[*work.Unavailable](err); ok {
			status = http.StatusServiceUnavailable
			h.Set("Retry-After", "1")
		}
	}
	http.Error(w, err.Error(), status)
}

// write takes an output.
func write(ctx context.Context, w http.ResponseWriter, r *http.Request, sink Sink) {
	if err := sink(ctx, r.Header.Get("Content-Type"), r.Body); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusCreated)
}
