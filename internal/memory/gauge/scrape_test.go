package gauge_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
)

const goMetrics = "go_memstats_heap_alloc_bytes 1048576\ngo_gc_duration_seconds_count 7\n"

// scraped is a gauge with a worker, this process, whose endpoint was asked once.
func scraped(t *testing.T, url string) (*gauge.Gauge, memory.Heap) {
	t.Helper()
	g := live(t, gauge.Config{})
	g.Track("w", os.Getpid(), nil)
	g.TrackHeap("w", url)
	r := look(t, g)
	return g, r.Worker("w").Heap
}

func TestHeapIsReadOverTCPAndOverAUnixSocket(t *testing.T) {
	serve := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" && r.URL.Path != "/stats" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(goMetrics))
	}
	tcp := httptest.NewServer(http.HandlerFunc(serve))
	defer tcp.Close()
	socket := filepath.Join(t.TempDir(), "w.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	unix := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(serve)}}
	unix.Start()
	defer unix.Close()
	for _, url := range []string{tcp.URL + "/metrics", "unix://" + socket, "unix://" + socket + ":/stats"} {
		g, h := scraped(t, url)
		if h.Runtime != "go" || h.Live != mib || h.GCs != 7 || !h.Known || h.At.IsZero() {
			t.Errorf("%s: heap %+v, want Go's, of 1 MiB after 7 collections", url, h)
		}
		if got := strings.Join(g.Problems(), "\n"); strings.Contains(got, "heap") {
			t.Errorf("%s: Problems() = %s", url, got)
		}
	}
}

func TestAnEndpointThatDoesNotTellIsOneProblem(t *testing.T) {
	stop := make(chan struct{})
	for _, row := range []struct {
		reason string
		serve  http.HandlerFunc
		want   string
	}{
		{"an error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) }, "answers 500"},
		{"a redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "answers 302"},
		{"no heap in it", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up 1\n")) }, "tells of no heap"},
		{"a runtime without a heap", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("python_info{version=\"3\"} 1\nprocess_resident_memory_bytes 2097152\n"))
		}, "python with 2"},
		{"more than 4 MiB", func(w http.ResponseWriter, _ *http.Request) {
			line := []byte(strings.Repeat("# x\n", 1<<18))
			for range 5 {
				_, _ = w.Write(line)
			}
		}, "more than 4"},
		{"a worker that hangs", func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}, "deadline exceeded"},
	} {
		t.Run(row.reason, func(t *testing.T) {
			srv := httptest.NewServer(row.serve)
			defer srv.Close()
			g, h := scraped(t, srv.URL)
			if got := strings.Join(g.Problems(), "\n"); h.Known || !strings.Contains(got, row.want) {
				t.Errorf("heap %+v, Problems() = %q; want none known, and %q", h, got, row.want)
			}
			g.TrackHeap("w", "")
			if got := strings.Join(g.Problems(), "\n"); strings.Contains(got, "heap") {
				t.Errorf("Problems() after the endpoint is dropped = %q", got)
			}
		})
	}
	close(stop)
}

func TestABadEndpointIsAProblemWithAHint(t *testing.T) {
	for _, url := range []string{"ftp://x", "127.0.0.1:9000", "unix://relative.sock", "http://", "http://%zz"} {
		g, _ := scraped(t, url)
		if got := strings.Join(g.Problems(), "\n"); !strings.Contains(got, "hint: ") || !strings.Contains(got, "worker w") {
			t.Errorf("TrackHeap(%q): Problems() = %q, want one with a hint", url, got)
		}
	}
}

func TestAnEndpointThatFailsIsAskedLessOftenAndLoggedOnce(t *testing.T) {
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "no", 500)
	}))
	defer srv.Close()
	var log bytes.Buffer
	g := live(t, gauge.Config{Log: slog.New(slog.NewTextHandler(&log, nil)), HeapEvery: time.Millisecond})
	g.Track("w", os.Getpid(), nil)
	g.TrackHeap("w", srv.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := g.Run(ctx); err != nil {
		t.Fatal(err)
	}
	// 1, 2, 4, 8 ms apart, then 16: at most 4 and 300/16 times.
	if n := asked.Load(); n < 2 || n > 24 {
		t.Errorf("an endpoint that fails was asked %d times in 300 ms, want it backed off to once in 16 ms", n)
	}
	if n := strings.Count(log.String(), "answers 500"); n != 1 {
		t.Errorf("it was logged %d times:\n%s", n, log.String())
	}
}

func TestWhatAPreloadTellsIsInTheReading(t *testing.T) {
	g := live(t, gauge.Config{})
	g.Track("w", os.Getpid(), nil)
	want := memory.Heap{Runtime: "python", Live: 5, Committed: 9, GCs: 2, At: time.Now(), Known: true}
	g.SetHeap("w", want)
	g.SetHeap("nobody", want)
	if r := look(t, g); r.Worker("w").Heap != want {
		t.Errorf("heap %+v, want %+v", r.Worker("w").Heap, want)
	}
}

func TestConfigReportsEverythingThatIsWrong(t *testing.T) {
	_, err := gauge.New(gauge.Config{TreeEvery: -1, SlowEvery: -1, HeapEvery: -1, LimitOverride: -1})
	for _, name := range []string{"TreeEvery", "SlowEvery", "HeapEvery", "LimitOverride"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("New() = %v, want %s in it", err, name)
		}
	}
	if err := gauge.Default().Check(); err != nil {
		t.Errorf("Default().Check() = %v", err)
	}
}
