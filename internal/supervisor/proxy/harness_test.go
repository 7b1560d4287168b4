package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

// TestMain fails the run if any goroutine of this package outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := leaked(); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines left behind after all tests:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// leaked waits for stragglers to leave, and returns the stacks of those in this
// module's code that do not.
func leaked() string {
	buf := make([]byte, 4<<20)
	var left string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		left = ""
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "supervisor/proxy.") && !strings.Contains(stack, "proxy_test.leaked") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}

// backend seats every request at the first of its upstreams; next goes on to
// the following one. It counts seats, to show that each is left.
type backend struct {
	mu     sync.Mutex
	ups    []*proxy.Upstream
	seated int
	full   bool                                          // TryEnter says no
	enter  func(ctx context.Context) (proxy.Seat, error) // stands in for Enter
}

type seat struct {
	b    *backend
	up   *proxy.Upstream
	left bool
}

func (s *seat) Upstream() *proxy.Upstream { return s.up }

func (s *seat) Leave() {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if s.left {
		panic("a seat was left twice")
	}
	s.left = true
	s.b.seated--
}

func (b *backend) TryEnter() (proxy.Seat, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return nil, false
	}
	b.seated++
	return &seat{b: b, up: b.ups[0]}, true
}

func (b *backend) Enter(ctx context.Context) (proxy.Seat, error) {
	b.mu.Lock()
	enter := b.enter
	b.mu.Unlock()
	if enter != nil {
		return enter(ctx)
	}
	return b.sit(), nil
}

// sit takes a seat, full or not.
func (b *backend) sit() proxy.Seat {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seated++
	return &seat{b: b, up: b.ups[0]}
}

// shut makes every request go through enter.
func (b *backend) shut(enter func(ctx context.Context) (proxy.Seat, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full, b.enter = true, enter
}

// next takes the first upstream out.
func (b *backend) next() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ups = b.ups[1:]
}

// stage is a proxy before one or more upstreams.
type stage struct {
	t       *testing.T
	server  *proxy.Server
	backend *backend
	addr    string
}

// play puts a proxy before the upstreams, and takes it down after the test: all
// seats must have been left by then.
func play(t *testing.T, cfg proxy.Config, ups ...*proxy.Upstream) *stage {
	t.Helper()
	b := &backend{ups: ups}
	s, err := proxy.New(cfg, b)
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown() = %v with in flight %v, want nil", err, s.InFlight(nil))
		}
		if err := <-served; err != proxy.ErrClosed {
			t.Errorf("Serve() = %v, want %v", err, proxy.ErrClosed)
		}
		for _, u := range ups {
			u.Close()
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.seated != 0 {
			t.Errorf("%d seats were not left", b.seated)
		}
	})
	return &stage{t, s, b, l.Addr().String()}
}

// quick is a configuration with times that a test can wait for.
func quick() proxy.Config {
	cfg := proxy.Default()
	cfg.DrainIdle = time.Millisecond
	cfg.Linger = 200 * time.Millisecond
	cfg.Unstarted = 2 * time.Second
	return cfg
}

// heap is what the heap holds after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// waitFor polls for something that no event tells of.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// rawWorker serves each connection with script, and closes it after.
func rawWorker(t testing.TB, script func(c net.Conn, r *bufio.Reader)) *proxy.Upstream {
	t.Helper()
	l := listen(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				script(c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return proxy.NewUpstream("tcp", l.Addr().String(), proxy.UpstreamConfig{})
}

// httpWorker is a worker written with net/http.
func httpWorker(t testing.TB, h http.HandlerFunc) *proxy.Upstream {
	t.Helper()
	l := listen(t)
	srv := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		srv.Close()
		<-done
	})
	return proxy.NewUpstream("tcp", l.Addr().String(), proxy.UpstreamConfig{})
}

// dial opens a raw connection to the stage.
func (s *stage) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// client is an HTTP client of the stage, with connections of its own.
func (s *stage) client() *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 100}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

func (s *stage) url(path string) string { return "http://" + s.addr + path }

// say sends text on a new connection and returns all that comes back.
func (s *stage) say(text string) string {
	s.t.Helper()
	c := s.dial()
	if _, err := io.WriteString(c, text); err != nil {
		s.t.Fatal(err)
	}
	b, _ := io.ReadAll(c)
	return string(b)
}

// head is what a raw worker reads of a request.
func readHead(r *bufio.Reader) string {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String()
		}
	}
}
