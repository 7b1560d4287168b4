package faults

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"

	"github.com/stanch-dev/stanch/internal/lab"
)

// web is the front of an HTTP dependency.
func (p *Proxy) web() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	silent := log.New(io.Discard, "", 0)
	p.outward = &http.Transport{
		Protocols: protocols, DisableCompression: true, MaxIdleConnsPerHost: 256,
		DialContext: (&net.Dialer{}).DialContext,
	}
	relay := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = p.target.scheme, p.target.host, p.target.host
			r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came: there may be a signature of it
		},
		Transport:     p.late(p.outward),
		FlushInterval: -1,
		ErrorLog:      silent,
		// Where the dependency gives no answer, neither does the proxy.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.open.Add(1) // while its connection is counted
			defer p.open.Done()
			c := p.call(r.Context())
			if _, fault := c.suffers(lab.Failing); fault != nil {
				http.Error(w, "the lab has made this dependency fail", http.StatusServiceUnavailable)
				return
			}
			if c.clear() != nil {
				panic(http.ErrAbortHandler)
			}
			relay.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
		}),
		ErrorLog:    silent,
		BaseContext: func(net.Listener) context.Context { return p.ctx },
		// A connection is counted before its goroutine begins, and until it ends.
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				p.open.Add(1)
			case http.StateClosed, http.StateHijacked:
				p.open.Done()
			}
		},
	}
}

// callKey is where a request's context holds its call.
type callKey struct{}

// roundTrip is a function as an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls it.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// late lets answers through when they are due.
func (p *Proxy) late(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		c := r.Context().Value(callKey{}).(*call)
		slow, fault := c.suffers(lab.Slow)
		answer, err := next.RoundTrip(r)
		if fault != nil {
			c.wait(slow, fault.Delay)
		}
		if err != nil {
			return nil, err
		}
		body := answer.Body
		if ill := c.clear(); ill != nil {
			_ = body.Close()
			return nil, ill
		}
		answer.Body = stalling{body, c}
		if both, switched := body.(io.ReadWriteCloser); switched {
			answer.Body = stallingBoth{stalling{body, c}, both}
		}
		return answer, nil
	})
}

// stalling is an answer's body that does not come while the dependency is down.
type stalling struct {
	io.ReadCloser
	call *call
}

// Read reads, and gives it out when the dependency is up.
func (s stalling) Read(into []byte) (int, error) {
	n, err := s.ReadCloser.Read(into)
	if ill := s.call.clear(); ill != nil {
		return 0, ill
	}
	return n, err
}

// stallingBoth is that of a connection which has changed its protocol.
type stallingBoth struct {
	stalling
	io.Writer
}
