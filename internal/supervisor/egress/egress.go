// Package egress is a forward proxy for what the workers call: it takes each call onward, and tells of it when it is over.
//
// Workers are pointed at it by HTTP_PROXY and HTTPS_PROXY, which most HTTP
// libraries honour. A plain HTTP call is passed on and told of with its URL and
// status. For HTTPS a client asks for a tunnel (CONNECT), whose inside is
// encrypted and stays so: it is told of by host, duration and bytes, once it
// ends. Nothing is decrypted, no certificate is needed.
//
// The rules. Bodies stream, in constant memory. A call that breaks on one side
// breaks on the other. It listens on 127.0.0.1 alone and takes only what a
// client says to a proxy, so that no page in a browser can use it. Begin with
// [Proxy.Serve].
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Config is what a Proxy needs to know. Zero durations and counts stand for the
// defaults given here.
type Config struct {
	// Observe is told of each call that is over. It must not block; nil for none.
	Observe func(Call)
	// Parent says which other proxy a request has to go through, as
	// http.ProxyFromEnvironment does; nil for none.
	Parent func(*http.Request) (*url.URL, error)

	Dial   time.Duration // for a connection to be made; 10 s
	Linger time.Duration // without a byte, once one side of a tunnel has closed; 60 s
	Most   int           // calls and tunnels at once; 2048
}

// Call is one call, or one tunnel, that is over.
type Call struct {
	At       time.Time // when it began
	Worker   string    // id of the worker; empty if its client does not say
	Tunnel   bool
	Method   string
	Target   string // host, with its port if it is not the scheme's; of a tunnel always
	URL      string // of a tunnel the same as Target
	Path     string
	Status   int // 0 if there was no answer
	Success  bool
	Duration time.Duration
	In, Out  int64  // bytes of bodies: from the target, and to it
	Trace    string // the traceparent header
	Reason   string // why it failed; empty if it did not
}

// Proxy is one forward proxy. Its methods may be called from any goroutine.
type Proxy struct {
	cfg       Config
	server    *http.Server
	transport *http.Transport
	dialer    net.Dialer
	own       string // the address that it listens on
	buffers   sync.Pool
	places    chan struct{}

	ctx     context.Context // ends when tunnels are no longer waited for
	cancel  context.CancelFunc
	tunnels sync.WaitGroup
}

// New makes a proxy.
func New(cfg Config) *Proxy {
	if cfg.Observe == nil {
		cfg.Observe = func(Call) {}
	}
	if cfg.Dial <= 0 {
		cfg.Dial = 10 * time.Second
	}
	if cfg.Linger <= 0 {
		cfg.Linger = time.Minute
	}
	if cfg.Most <= 0 {
		cfg.Most = 2048
	}
	p := &Proxy{cfg: cfg, dialer: net.Dialer{Timeout: cfg.Dial}, places: make(chan struct{}, cfg.Most)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.transport = &http.Transport{
		Proxy: cfg.Parent, DialContext: p.dialer.DialContext, DisableCompression: true,
		MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second, ExpectContinueTimeout: time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
	p.server = &http.Server{
		Handler: p, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second, MaxHeaderBytes: 64 << 10,
	}
	p.buffers.New = func() any { return new([bufferSize]byte) }
	return p
}

const bufferSize = 32 << 10

// Listen opens a port of 127.0.0.1 that the kernel chooses.
func Listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for outgoing calls: %w", err)
	}
	return l, nil
}

// Serve takes calls on l until Shutdown; then it returns nil.
func (p *Proxy) Serve(l net.Listener) error {
	p.own = l.Addr().String()
	if err := p.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve outgoing calls: %w", err)
	}
	return nil
}

// Shutdown waits for calls and tunnels; when ctx ends first, they are cut. Safe
// twice.
func (p *Proxy) Shutdown(ctx context.Context) {
	stop := context.AfterFunc(ctx, p.cancel)
	defer stop()
	if p.server.Shutdown(ctx) != nil {
		_ = p.server.Close()
	}
	p.tunnels.Wait()
	p.transport.CloseIdleConnections()
}

// ServeHTTP takes one call.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := Call{At: time.Now(), Method: r.Method, Trace: r.Header.Get("Traceparent"), Worker: caller(r)}
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		p.deny(w, &c, http.StatusServiceUnavailable, "too many calls at once")
		return
	}
	switch {
	case r.Method == http.MethodConnect:
		p.connect(w, r, &c)
	case r.URL.Scheme == "http" && r.URL.Host != "" && r.URL.Opaque == "":
		p.forward(w, r, &c)
	default:
		// Nobody's call: a page in a browser, or a client that means something else.
		http.Error(w, "stanch's proxy for outgoing calls takes absolute http:// URLs and CONNECT", http.StatusBadRequest)
	}
}

// deny answers a call that comes to nothing, and tells of it.
func (p *Proxy) deny(w http.ResponseWriter, c *Call, status int, reason string) {
	http.Error(w, "stanch: "+reason, status)
	c.Status, c.Reason = status, reason
	p.over(c)
}

func (p *Proxy) over(c *Call) {
	c.Duration = time.Since(c.At)
	p.cfg.Observe(*c)
}

// loops says whether an address is this proxy's own.
func (p *Proxy) loops(host, port string) bool {
	_, own, err := net.SplitHostPort(p.own)
	if err != nil || port != own {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// failure puts an error of dialling or asking into a status and a reason.
func failure(err error) (status int, reason string) {
	var timeout net.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return http.StatusGatewayTimeout, "the target did not answer in time"
	case errors.As(err, &dns):
		return http.StatusBadGateway, "the target's name is not known: " + dns.Name
	}
	return http.StatusBadGateway, "the call failed: " + err.Error()
}
