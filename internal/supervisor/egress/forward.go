package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync/atomic"
)

// forward passes a plain HTTP call on. It adds no Via header: some servers
// answer differently to those who have one, and a worker's calls must come out
// as they went in.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, c *Call) {
	c.Target, c.Path = strings.TrimSuffix(r.URL.Host, ":80"), r.URL.Path
	c.URL = r.URL.Redacted()
	port := r.URL.Port()
	if port == "" {
		port = "80"
	}
	if p.loops(r.URL.Hostname(), port) {
		p.deny(w, c, http.StatusLoopDetected, "the call is for this proxy itself")
		return
	}
	// Or the server would read the whole body before it answers.
	_ = http.NewResponseController(w).EnableFullDuplex()
	out := r.Clone(r.Context())
	out.RequestURI, out.Close = "", false
	strip(out.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // or the transport would add its own
	}
	sent := &counted{body: r.Body}
	if r.ContentLength == 0 {
		out.Body = nil
	} else {
		out.Body = sent
	}
	answer, err := p.transport.RoundTrip(out)
	c.Out = sent.n.Load()
	if err != nil {
		if r.Context().Err() != nil {
			c.Reason = "the worker ended the call"
			p.over(c)
			panic(http.ErrAbortHandler)
		}
		status, reason := failure(err)
		p.deny(w, c, status, reason)
		return
	}
	defer answer.Body.Close()
	c.Status = answer.StatusCode
	strip(answer.Header)
	copyHeader(w.Header(), answer.Header)
	for name := range answer.Trailer {
		w.Header().Add("Trailer", name)
	}
	w.WriteHeader(answer.StatusCode)
	err = p.relay(w, answer, c)
	c.Out = sent.n.Load()
	if err != nil {
		c.Reason = "the answer broke off: " + err.Error()
		if errors.Is(err, errWorkerLeft) || r.Context().Err() != nil {
			c.Reason = "the worker ended the call"
		}
		p.over(c)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // what was cut short has to look so
	}
	for name, values := range answer.Trailer {
		for _, v := range values {
			w.Header().Add(http.TrailerPrefix+name, v)
		}
	}
	c.Success = answer.StatusCode < 400
	p.over(c)
}

var errWorkerLeft = errors.New("the worker has left")

// relay streams the answer's body. What has no length is flushed piece by piece,
// since somebody may wait for each.
func (p *Proxy) relay(w http.ResponseWriter, answer *http.Response, c *Call) error {
	buf := p.buffers.Get().(*[bufferSize]byte)
	defer p.buffers.Put(buf)
	flush := http.NewResponseController(w)
	for {
		n, err := answer.Body.Read(buf[:])
		if n > 0 {
			c.In += int64(n)
			if _, err := w.Write(buf[:n]); err != nil {
				return errWorkerLeft
			}
			if answer.ContentLength < 0 && flush.Flush() != nil {
				return errWorkerLeft
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// counted counts the bytes of a body that is read by the transport's goroutine.
type counted struct {
	body io.ReadCloser
	n    atomic.Int64
}

func (b *counted) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.n.Add(int64(n))
	return n, err
}

func (b *counted) Close() error { return b.body.Close() }

// strip takes out what concerns one connection alone (RFC 9110, section 7.6.1),
// and what is said to proxies.
func strip(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(textproto.TrimString(name))
		}
	}
	for _, name := range []string{
		"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade",
	} {
		h.Del(name)
	}
}

func copyHeader(to, from http.Header) {
	for name, values := range from {
		to[name] = append(to[name], values...)
	}
}

// caller is the worker that a client says it is: stanch has put its id into the
// proxy's URL, and clients send that along. It is a name, not a proof.
func caller(r *http.Request) string {
	as := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	id, _, ok := as.BasicAuth()
	if !ok || len(id) < 2 || len(id) > 20 || id[0] != 'w' || strings.Trim(id[1:], "0123456789") != "" {
		return ""
	}
	return id
}

// parent is the proxy that a request for a target has to go through; nil for
// none.
func (p *Proxy) parent(ctx context.Context, target string) (*url.URL, error) {
	if p.cfg.Parent == nil {
		return nil, nil
	}
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Scheme: "https", Host: target}, Host: target}
	u, err := p.cfg.Parent(r.WithContext(ctx))
	if err != nil || u == nil {
		return nil, err
	}
	if u.Port() == "" {
		port := "80"
		if u.Scheme == "https" {
			port = "443"
		}
		u = &url.URL{Scheme: u.Scheme, User: u.User, Host: net.JoinHostPort(u.Hostname(), port)}
	}
	return u, nil
}
