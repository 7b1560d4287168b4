package proxy_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"

	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

// everybody is a backend that lets all in.
type everybody struct{ up *proxy.Upstream }

func (e *everybody) TryEnter() (proxy.Seat, bool)              { return e, true }
func (e *everybody) Enter(context.Context) (proxy.Seat, error) { return e, nil }
func (e *everybody) Upstream() *proxy.Upstream                 { return e.up }
func (e *everybody) Leave()                                    {}

// In the steady state a request allocates nothing: a guard must not feed the
// collector.
func TestRequestsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool drop at random")
	}
	worker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	go func() {
		reply := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
		for {
			c, err := worker.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
					if _, err := c.Write(reply); err != nil {
						return
					}
				}
			}()
		}
	}()
	cfg := proxy.Default()
	cfg.Observe = func(*proxy.Done) {}
	s, err := proxy.New(cfg, &everybody{proxy.NewUpstream("tcp", worker.Addr().String(), proxy.UpstreamConfig{})})
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(front) }()
	defer func() {
		_ = s.Shutdown(t.Context())
		<-served
	}()
	c, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	request := []byte("POST /path?query HTTP/1.1\r\nHost: example.org\r\nUser-Agent: test\r\nAccept: */*\r\nContent-Length: 3\r\n\r\nabc")
	want, err := http.ReadResponse(bufio.NewReader(io.MultiReader(roundTrip(t, c, request))), nil)
	if err != nil || want.StatusCode != 200 {
		t.Fatalf("the first answer: %v, %v; want 200", want, err)
	}
	answer := make([]byte, 4096)
	const n = 5000
	var before, after runtime.MemStats
	for range 2 { // the first time warms the pools up
		runtime.ReadMemStats(&before)
		for range n {
			if _, err := c.Write(request); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(answer); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
	}
	// The pools are emptied by each collection, and refilled.
	if got := float64(after.Mallocs-before.Mallocs) / n; got > 0.1 {
		t.Errorf("%.2f allocations a request, want none", got)
	}
}

func roundTrip(t *testing.T, c net.Conn, request []byte) io.Reader {
	t.Helper()
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
	return c
}
