package subject_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/subject"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// The test's own program is the worker too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		fmt.Fprintln(os.Stderr, serve())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// serve is a worker that leaks, tells its heap and collects when it is told to.
func serve() error {
	var kept [][]byte
	collect := make(chan os.Signal, 1)
	signal.Notify(collect, syscall.SIGUSR1)
	go func() {
		for range collect {
			runtime.GC()
		}
	}()
	http.HandleFunc("/leak", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("bytes"))
		kept = append(kept, bytes.Repeat([]byte{1}, n))
	})
	http.HandleFunc("/litter", func(_ http.ResponseWriter, _ *http.Request) {
		_ = bytes.Repeat([]byte{1}, 1<<20)
	})
	http.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	if os.Getenv("HEAP") != "off" {
		http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintf(w, "go_memstats_heap_alloc_bytes %d\ngo_memstats_heap_sys_bytes %d\ngo_memstats_heap_released_bytes %d\n", m.HeapAlloc, m.HeapSys, m.HeapReleased)
			fmt.Fprintf(w, "process_resident_memory_bytes %d\nprocess_start_time_seconds 1.7e9\n", m.Sys)
		})
	}
	http.HandleFunc("/debug/pprof/heap", func(http.ResponseWriter, *http.Request) { runtime.GC() })
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}

func host(t *testing.T) *process.Host {
	t.Helper()
	h, err := process.NewHost(process.HostConfig{})
	if err != nil {
		t.Fatalf("NewHost: %v", err)
	}
	t.Cleanup(h.Close)
	return h
}

func command(t *testing.T, env ...string) subject.Command {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return subject.Command{
		Args: []string{self, "serve"}, Env: append(os.Environ(), env...),
		StartTime: time.Minute, StopGrace: time.Minute,
		Output: func(_ string, _ process.Stream, line []byte) { t.Logf("worker: %s", line) },
	}
}

func launch(t *testing.T, c subject.Command, cfg subject.Config) *subject.Subject {
	t.Helper()
	s, err := subject.Launch(t.Context(), host(t), c, cfg)
	if err != nil {
		t.Fatalf("Launch: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, address string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatalf("GET %s: %v", address, err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

func settle(t *testing.T, s *subject.Subject) hunt.Floor {
	t.Helper()
	f, err := s.Settle(t.Context())
	if err != nil {
		t.Fatalf("Settle: %v", err)
	}
	return f
}

const mib = 1 << 20

func TestAFloorHasWhatIsKeptAndNotWhatIsCollected(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  subject.Config
	}{
		{"the way of a Go worker is found", subject.Config{}},
		{"by a path", subject.Config{Collect: []string{"/debug/pprof/heap"}}},
		{"by a POST", subject.Config{Collect: []string{"POST /debug/pprof/heap"}, Heap: "/metrics"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := launch(t, command(t), test.cfg)
			before := settle(t, s)
			for range 20 {
				get(t, s.Base()+"/litter")
			}
			get(t, s.Base()+"/leak?bytes="+strconv.Itoa(8*mib))
			after := settle(t, s)
			if d := after.Heap - before.Heap; d < 7*mib || d > 9*mib {
				t.Errorf("the heap's floor rose by %d KiB, want 8 MiB", d>>10)
			}
			if d := after.Hard - before.Hard; d < 7*mib {
				t.Errorf("the floor rose by %d KiB, want at least 7 MiB", d>>10)
			}
			if before.Generation != after.Generation || !after.Stable {
				t.Errorf("floors %+v and %+v, want one generation, at rest", before, after)
			}
			if notes := s.Notes(); len(notes) > 0 {
				t.Errorf("Notes() = %q, want none", notes)
			}
		})
	}
}

func TestAWorkerThatEndsIsToldAndCanBeStartedAnew(t *testing.T) {
	s := launch(t, command(t), subject.Config{})
	before := settle(t, s)
	answer, err := http.Get(s.Base() + "/exit")
	if err == nil {
		answer.Body.Close()
		t.Fatalf("GET /exit was answered %s, want the worker to die", answer.Status)
	}
	<-s.Done()
	_, err = s.Settle(t.Context())
	if ended := new(subject.Ended); !errors.As(err, &ended) || ended.How != "exited with code 3" {
		t.Fatalf("Settle of a dead worker: %v, want that it exited with code 3", err)
	}
	if err := s.Revive(t.Context()); err != nil {
		t.Fatalf("Revive: %v", err)
	}
	if after := settle(t, s); after.Generation == before.Generation || after.Hard == 0 {
		t.Errorf("the floor of the next worker is %+v, want another generation than %d", after, before.Generation)
	}
}

func TestAWorkerThatDoesNotStartIsAnErrorWithItsReason(t *testing.T) {
	for name, c := range map[string]subject.Command{
		"it ended before it was ready": {Args: []string{"false"}},
		"not found":                    {Args: []string{"no-such-program-at-all"}},
	} {
		c.StartTime, c.Output = time.Minute, func(string, process.Stream, []byte) {}
		if _, err := subject.Launch(t.Context(), host(t), c, subject.Config{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Launch(%q): %v, want that %s", c.Args, err, name)
		}
	}
}

// attached is a launched worker seen as one that runs already.
func attached(t *testing.T, at subject.Running, cfg subject.Config, env ...string) *subject.Subject {
	t.Helper()
	running := launch(t, command(t, env...), subject.Config{})
	at.Base = running.Base()
	if at.PID != 0 {
		at.PID = pidOf(t, running.Base())
	}
	s, err := subject.Attach(t.Context(), at, cfg)
	if err != nil {
		t.Fatalf("Attach(%+v): %v", at, err)
	}
	t.Cleanup(s.Close)
	return s
}

// pidOf finds the worker by the port in its environment.
func pidOf(t *testing.T, base string) int {
	t.Helper()
	port := "PORT=" + base[strings.LastIndexByte(base, ':')+1:]
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		environ, err := os.ReadFile("/proc/" + e.Name() + "/environ")
		if pid, bad := strconv.Atoi(e.Name()); bad == nil && err == nil && bytes.Contains(environ, []byte("\x00"+port+"\x00")) {
			return pid
		}
	}
	t.Fatalf("no process has %s", port)
	return 0
}

func TestARunningWorkerIsReadByItsProcessAndBySignal(t *testing.T) {
	s := attached(t, subject.Running{PID: 1}, subject.Config{Collect: []string{"signal:usr1"}}, "HEAP=off")
	before := settle(t, s)
	get(t, s.Base()+"/leak?bytes="+strconv.Itoa(8*mib))
	if after := settle(t, s); after.Hard-before.Hard < 7*mib || after.Heap != 0 {
		t.Errorf("floors %+v and %+v, want 8 MiB more, and no heap, which is not told", before, after)
	}
	if notes := s.Notes(); len(notes) > 0 {
		t.Errorf("Notes() = %q, want none", notes)
	}
}

func TestARunningWorkerIsReadByItsMetrics(t *testing.T) {
	s := attached(t, subject.Running{Metrics: true}, subject.Config{Heap: "/metrics"})
	before := settle(t, s)
	get(t, s.Base()+"/leak?bytes="+strconv.Itoa(32*mib))
	if after := settle(t, s); after.Hard-before.Hard < 16*mib || after.Heap-before.Heap < 31*mib || after.Generation != 170000000000 {
		t.Errorf("floors %+v and %+v, want 32 MiB more in both figures, and the start time for a generation", before, after)
	}
}

func TestAContainerIsFoundByItsID(t *testing.T) {
	for _, id := range []string{"short", "0123456789ab"} {
		_, err := subject.Attach(t.Context(), subject.Running{Base: "http://127.0.0.1:1", Container: id}, subject.Config{})
		if err == nil || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("Attach to the container %q: %v, want an error with a hint", id, err)
		}
	}
}

func TestTheStanchInFrontOfAWorkerTellsItsMemory(t *testing.T) {
	var workers atomic.Int64
	workers.Store(2)
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/status" {
			http.NotFound(w, r)
			return
		}
		s := guard.Status{At: time.Now()}
		for i := range workers.Load() {
			s.Workers = append(s.Workers, guard.WorkerStatus{
				ID: fmt.Sprint("w", i), PID: 7 + int(i), Used: 100 * mib,
				Heap: memory.Heap{Live: 50 * mib, Committed: 100 * mib, At: time.Now(), Known: true},
			})
		}
		if err := json.NewEncoder(w).Encode(s); err != nil {
			t.Error(err)
		}
	}))
	defer admin.Close()
	s, err := subject.Attach(t.Context(), subject.Running{Base: "http://127.0.0.1:1", Stanch: strings.TrimPrefix(admin.URL, "http://")}, subject.Config{})
	if err != nil {
		t.Fatalf("Attach: %v", err)
	}
	defer s.Close()
	first := settle(t, s)
	if first.Hard != 200*mib || first.Heap != 100*mib || first.Committed != 200*mib {
		t.Errorf("the floor is %+v, want the sum of both workers", first)
	}
	workers.Store(1)
	if second := settle(t, s); second.Generation == first.Generation {
		t.Error("another set of workers is the same generation")
	}
	workers.Store(0)
	_, err = s.Settle(t.Context())
	if ended := new(subject.Ended); !errors.As(err, &ended) {
		t.Errorf("Settle without a worker: %v, want an *Ended", err)
	}
}

func TestWhatDoesNotComeToRestIsSaidNotToBeStable(t *testing.T) {
	var n atomic.Int64
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "process_resident_memory_bytes %d\n", n.Add(mib))
	}))
	defer metrics.Close()
	s, err := subject.Attach(t.Context(), subject.Running{Base: "http://127.0.0.1:1", Metrics: true}, subject.Config{Heap: metrics.URL, Patience: 300 * time.Millisecond})
	if err != nil {
		t.Fatalf("Attach: %v", err)
	}
	defer s.Close()
	if f := settle(t, s); f.Stable || f.Hard == 0 {
		t.Errorf("the floor of what grows all the time is %+v, want it not stable, and a figure all the same", f)
	}
}

func TestSettlingEndsWithItsContext(t *testing.T) {
	s := launch(t, command(t), subject.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Settle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Settle: %v, want that it was cancelled", err)
	}
}

func TestACollectionThatFailsIsANoteAndShowsNoSecret(t *testing.T) {
	s := launch(t, command(t), subject.Config{Collect: []string{"/nowhere?key=hunter2"}})
	settle(t, s)
	if notes := strings.Join(s.Notes(), "\n"); !strings.Contains(notes, "404") || strings.Contains(notes, "hunter2") {
		t.Errorf("Notes() = %q, want one of the 404, without the query", notes)
	}
}

func TestWhatCannotBeLookedAtIsRefusedWithAHint(t *testing.T) {
	for _, test := range []struct {
		at  subject.Running
		cfg subject.Config
	}{
		{subject.Running{}, subject.Config{}},
		{subject.Running{Metrics: true}, subject.Config{Heap: "nowhere"}},
		{subject.Running{PID: 1}, subject.Config{Collect: []string{"signal:NONE"}}},
		{subject.Running{PID: 1}, subject.Config{Collect: []string{"collect please"}}},
	} {
		test.at.Base = "http://127.0.0.1:1"
		if _, err := subject.Attach(t.Context(), test.at, test.cfg); err == nil || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("Attach(%+v, %+v): %v, want an error with a hint", test.at, test.cfg, err)
		}
	}
	_, err := subject.Attach(t.Context(), subject.Running{Base: "http://127.0.0.1:1", PID: 1 << 29}, subject.Config{})
	if ended := new(subject.Ended); !errors.As(err, &ended) {
		t.Errorf("Attach to a process that is not there: %v, want an *Ended", err)
	}
}
