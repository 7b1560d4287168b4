// Command ahead is one of the processes that bench/proxy compares: stanch's proxy, Go's ReverseProxy, or the backend behind all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

func main() {
	kind := flag.String("kind", "stanch", "stanch, reverseproxy, or backend: what is behind them")
	listen := flag.String("listen", "127.0.0.1:8080", "address for clients")
	backend := flag.String("backend", "127.0.0.1:8000", "address of the backend, or unix:PATH")
	profile := flag.String("profile", "", "write a processor profile of the time until SIGTERM here")
	flag.Parse()
	if err := run(*kind, *listen, *backend, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "ahead:", err)
		os.Exit(1)
	}
}

func run(kind, listen, backend, profile string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return fmt.Errorf("create the profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch kind {
	case "stanch":
		return serveStanch(ctx, l, backend)
	case "reverseproxy":
		return serve(ctx, l, reverseProxy(backend))
	case "backend":
		return serveBackend(ctx, l)
	}
	return fmt.Errorf("kind %q: want stanch, reverseproxy or backend", kind)
}

// seats lets everybody in to one worker.
type seats struct{ up *proxy.Upstream }

func (s *seats) TryEnter() (proxy.Seat, bool)              { return s, true }
func (s *seats) Enter(context.Context) (proxy.Seat, error) { return s, nil }
func (s *seats) Upstream() *proxy.Upstream                 { return s.up }
func (s *seats) Leave()                                    {}

func serveStanch(ctx context.Context, l net.Listener, backend string) error {
	network := "tcp"
	if path, ok := strings.CutPrefix(backend, "unix:"); ok {
		network, backend = "unix", path
	}
	s, err := proxy.New(proxy.Default(), &seats{proxy.NewUpstream(network, backend, proxy.UpstreamConfig{})})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.Shutdown(limit)
	})
	if err := s.Serve(l); !errors.Is(err, proxy.ErrClosed) {
		return err
	}
	return nil
}

func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h}
	context.AfterFunc(ctx, func() { srv.Close() })
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// reverseProxy is net/http's, tuned as its users advise.
func reverseProxy(backend string) http.Handler {
	target := &url.URL{Scheme: "http", Host: backend}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DisableCompression: true,
			WriteBufferSize: 32 << 10, ReadBufferSize: 32 << 10,
		},
		FlushInterval: -1,
		BufferPool:    &buffers{},
		ErrorLog:      log.New(io.Discard, "", 0), // clients that leave at a measurement's end
	}
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
