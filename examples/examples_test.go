package examples_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/bench/load"
)

type facts struct {
	PID, Requests, Leaked, Filled int64
}

func (w *worker) facts(path string) facts {
	w.t.Helper()
	var f facts
	if body := w.get(path); json.Unmarshal(body, &f) != nil {
		w.t.Fatalf("GET %s = %q, want facts in JSON", path, body)
	}
	return f
}

// resident is the worker's memory as the kernel sees it.
func (w *worker) resident() int64 {
	w.t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", w.cmd.Process.Pid))
	if err != nil {
		w.t.Fatalf("read the worker's memory: %v", err)
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func TestEveryWorkerAnswersAlike(t *testing.T) {
	each(t, func(t *testing.T, p program) {
		w := start(t, p, nil, "--port", "0")
		t.Run("work tells facts and leaks nothing by itself", func(t *testing.T) {
			before := w.facts("/work")
			after := w.facts("/work?ms=1")
			want := facts{PID: int64(w.cmd.Process.Pid), Requests: before.Requests + 1}
			if diff := cmp.Diff(want, after); diff != "" {
				t.Errorf("/work (-want +got):\n%s", diff)
			}
		})
		t.Run("slow takes its time", func(t *testing.T) {
			began := time.Now()
			w.facts("/slow?ms=120")
			if took := time.Since(began); took < 120*time.Millisecond {
				t.Errorf("/slow?ms=120 took %v, want at least 120ms", took)
			}
		})
		t.Run("stream sends every block once and in order", func(t *testing.T) {
			blocks := load.Blocks{Count: 100}
			if err := blocks.Check(w.get("/stream?kb=100")); err != nil || !blocks.Whole() {
				t.Errorf("/stream?kb=100: %v, whole %v; want 100 right blocks", err, blocks.Whole())
			}
		})
		t.Run("sse sends its events", func(t *testing.T) {
			want := "id: 0\ndata: event 0\n\nid: 1\ndata: event 1\n\nid: 2\ndata: event 2\n\n"
			if diff := cmp.Diff(want, string(w.get("/sse?n=3&ms=1"))); diff != "" {
				t.Errorf("/sse?n=3 (-want +got):\n%s", diff)
			}
		})
		t.Run("websocket echoes short, long and very long messages", func(t *testing.T) {
			ws, err := load.DialWebSocket(w.address, "/ws", patience)
			if err != nil {
				t.Fatalf("open /ws: %v", err)
			}
			defer ws.Close()
			for _, size := range []int{0, 1, 125, 126, 65535, 65536, 300_000} {
				if err := ws.Echo(noise(size), patience); err != nil {
					t.Errorf("echo of %d bytes: %v", size, err)
				}
			}
		})
		t.Run("metrics has the names of the runtime and the leak", func(t *testing.T) {
			text := string(w.get("/metrics"))
			for _, name := range append(p.metrics, "process_resident_memory_bytes", "leaked_bytes") {
				if !strings.Contains(text, "\n"+name+" ") && !strings.Contains(text, "\n"+name+"{") {
					t.Errorf("/metrics has no %s:\n%s", name, text)
				}
			}
		})
		t.Run("what is not there is 404", func(t *testing.T) {
			res, err := w.client.Get("http://worker/nothing")
			if err != nil || res.StatusCode != 404 {
				t.Fatalf("GET /nothing = %v, %v; want 404", res, err)
			}
			res.Body.Close()
		})
		if got := string(w.get("/healthz")); got != "ok\n" {
			t.Errorf("/healthz = %q, want ok", got)
		}
		w.terminate()
		if code := w.code(); code != 0 {
			t.Errorf("exit code after SIGTERM = %d, want 0", code)
		}
	})
}

func noise(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

// onlyReader hides a body's length, so that it is sent in chunks.
type onlyReader struct{ io.Reader }

func TestEchoKeepsFramingBytesAndTrailers(t *testing.T) {
	rows := []struct {
		name    string
		size    int
		chunked bool
	}{
		{"nothing, with a length", 0, false},
		{"a little, with a length", 10, false},
		{"more than any buffer on the way, with a length", 9 << 20, false},
		{"a little, chunked", 10, true},
		{"more than any buffer on the way, chunked", 9 << 20, true},
	}
	each(t, func(t *testing.T, p program) {
		w := start(t, p, nil, "--port", "0")
		for _, row := range rows {
			body := noise(row.size)
			req, err := http.NewRequest("POST", "http://worker/echo", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if row.chunked {
				req.Body, req.ContentLength = io.NopCloser(onlyReader{bytes.NewReader(body)}), -1
				req.Trailer = http.Header{"X-End": {"there"}}
			}
			res, err := w.client.Do(req)
			if err != nil {
				t.Errorf("%s: POST /echo: %v", row.name, err)
				continue
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s: echo has %d bytes, %v; want the %d sent", row.name, len(got), err, len(body))
			}
			if chunked := res.ContentLength < 0; row.size > 0 && chunked != row.chunked {
				t.Errorf("%s: echo is chunked %v, want %v", row.name, chunked, row.chunked)
			}
			if row.chunked && res.Trailer.Get("X-End") != "there" {
				t.Errorf("%s: echo's trailers = %v, want X-End: there", row.name, res.Trailer)
			}
		}
	})
}

func TestMemoryGoesUpAndComesBackOnRequest(t *testing.T) {
	const mib = 1 << 20
	each(t, func(t *testing.T, p program) {
		w := start(t, p, nil, "--port", "0")
		w.facts("/work")
		base := w.resident()
		grown := func(after string, least int64) {
			t.Helper()
			if got := w.resident() - base; got < least {
				t.Errorf("after %s the worker is %d MiB larger, want at least %d", after, got/mib, least/mib)
			}
		}
		for _, path := range []string{"/leak?kb=20480", "/native?kb=20480"} {
			before := w.facts("/work").Leaked
			if got := w.facts(path).Leaked - before; got != 20*mib {
				t.Errorf("%s leaked %d bytes, want 20 MiB", path, got)
			}
		}
		grown("leaks of 40 MiB", 36*mib)
		for range 2 {
			if got := w.facts("/fill?mb=50").Filled; got != 50*mib {
				t.Errorf("/fill?mb=50 holds %d bytes, want 50 MiB", got)
			}
		}
		grown("40 MiB of leaks and a cache of 50", 80*mib)

		began := time.Now()
		w.facts("/spike?mb=100&mbps=400")
		if took := time.Since(began); took < 240*time.Millisecond {
			t.Errorf("/spike?mb=100&mbps=400 took %v, want about 250ms", took)
		}
		// A runtime may free in the background, and an allocator keep some;
		// that all of it stays would be a leak.
		for end := time.Now().Add(patience); ; {
			if got := w.facts("/free"); got.Leaked != 0 || got.Filled != 0 {
				t.Errorf("/free left %+v, want nothing leaked or filled", got)
			}
			got := w.resident() - base
			if got < 70*mib {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%v after /free the worker is still %d MiB larger", patience, got/mib)
			}
		}
	})
}

func TestLeaksFollowTheirSettings(t *testing.T) {
	each(t, func(t *testing.T, p program) {
		t.Run("by request, until the stop", func(t *testing.T) {
			w := start(t, p, []string{"LEAK_KB=512", "LEAK_STOP_MB=1"}, "--port", "0")
			var got []int64
			for range 4 {
				got = append(got, w.facts("/work").Leaked>>10)
			}
			if diff := cmp.Diff([]int64{512, 1024, 1024, 1024}, got); diff != "" {
				t.Errorf("KiB leaked after each /work (-want +got):\n%s", diff)
			}
		})
		t.Run("with no load at all", func(t *testing.T) {
			w := start(t, p, []string{"GROW_MBPS=40", "LEAK_STOP_MB=4"}, "--port", "0")
			for end := time.Now().Add(patience); w.facts("/work").Leaked < 4<<20; {
				if time.Now().After(end) {
					t.Fatalf("leaked %d bytes in %v at 40 MiB/s", w.facts("/work").Leaked, patience)
				}
			}
		})
	})
}

func TestAUnixSocketServes(t *testing.T) {
	each(t, func(t *testing.T, p program) {
		path := filepath.Join(t.TempDir(), "s")
		w := start(t, p, []string{"SOCKET=" + path})
		if w.address != path {
			t.Errorf("listens on %q, want %q", w.address, path)
		}
		w.facts("/work")
		w.terminate()
		if code := w.code(); code != 0 {
			t.Errorf("exit code after SIGTERM = %d, want 0", code)
		}
	})
}

func TestSIGTERMFinishesWhatIsInFlight(t *testing.T) {
	each(t, func(t *testing.T, p program) {
		w := start(t, p, nil, "--port", "0")
		ws, err := load.DialWebSocket(w.address, "/ws", patience)
		if err != nil {
			t.Fatalf("open /ws: %v", err)
		}
		if err := ws.Echo([]byte("hello"), patience); err != nil {
			t.Fatalf("echo: %v", err)
		}
		// An event stream says when it is in flight: its first event is here.
		res, err := w.client.Get("http://worker/sse?n=4&ms=100")
		if err != nil {
			t.Fatalf("GET /sse: %v", err)
		}
		defer res.Body.Close()
		first := make([]byte, 5)
		if _, err := io.ReadFull(res.Body, first); err != nil {
			t.Fatalf("first event: %v", err)
		}
		w.terminate()
		rest, err := io.ReadAll(res.Body)
		if err != nil || !strings.HasSuffix(string(rest), "data: event 3\n\n") {
			t.Errorf("the stream ended %q, %v; want all four events", rest, err)
		}
		if err := ws.Echo([]byte("still there?"), patience); err != load.ErrClosed {
			t.Errorf("message to the leaving worker: %v, want a close frame", err)
		}
		ws.Close()
		if code := w.code(); code != 0 {
			t.Errorf("exit code after SIGTERM = %d, want 0", code)
		}
		if conn, err := net.Dial("tcp", w.address); err == nil {
			conn.Close()
			t.Error("the port still accepts after the exit")
		}
	})
}

// A worker once took two locks in two orders here, and stayed for ever.
func TestClientsAndWorkerMayCloseTheirWebSocketsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, p program) {
		for range 4 {
			w := start(t, p, nil, "--port", "0")
			sockets := make([]*load.Socket, 100)
			for i := range sockets {
				ws, err := load.DialWebSocket(w.address, "/ws", patience)
				if err != nil {
					t.Fatalf("open /ws: %v", err)
				}
				sockets[i] = ws
			}
			var closing sync.WaitGroup
			closing.Go(func() {
				for _, ws := range sockets {
					ws.Close()
				}
			})
			w.terminate()
			closing.Wait()
			if code := w.code(); code != 0 {
				t.Fatalf("exit code after SIGTERM = %d, want 0", code)
			}
		}
	})
}

func TestMisbehaviourIsAsAsked(t *testing.T) {
	each(t, func(t *testing.T, p program) {
		t.Run("exit dies with the code and no answer", func(t *testing.T) {
			w := start(t, p, nil, "--port", "0")
			if res, err := w.client.Get("http://worker/exit?code=7"); err == nil {
				t.Errorf("GET /exit = %d, want no answer", res.StatusCode)
				res.Body.Close()
			}
			if code := w.code(); code != 7 {
				t.Errorf("exit code = %d, want 7", code)
			}
		})
		t.Run("exit at start", func(t *testing.T) {
			w, _ := launch(t, p, []string{"EXIT_AT_START=5"}, "--port", "0")
			if code := w.code(); code != 5 {
				t.Errorf("exit code = %d, want 5", code)
			}
		})
		t.Run("garbage is no HTTP", func(t *testing.T) {
			w := start(t, p, nil, "--port", "0")
			if res, err := w.client.Get("http://worker/garbage"); err == nil {
				t.Errorf("GET /garbage = %d, want bytes that no client understands", res.StatusCode)
				res.Body.Close()
			}
		})
		t.Run("hang stops half-way", func(t *testing.T) {
			w := start(t, p, nil, "--port", "0")
			res, err := w.client.Get("http://worker/hang")
			if err != nil {
				t.Fatalf("GET /hang: %v", err)
			}
			defer res.Body.Close()
			if n, err := io.ReadFull(res.Body, make([]byte, 500)); err != nil || res.ContentLength != 1000 {
				t.Errorf("/hang sent %d bytes (%v) of %d, want 500 of 1000", n, err, res.ContentLength)
			}
		})
		t.Run("closeport refuses new connections and lives on", func(t *testing.T) {
			w := start(t, p, nil, "--port", "0")
			w.facts("/work")
			w.facts("/closeport")
			for end := time.Now().Add(patience); ; {
				conn, err := net.Dial("tcp", w.address)
				if err != nil {
					break
				}
				conn.Close()
				if time.Now().After(end) {
					t.Fatal("the port still accepts")
				}
			}
			w.terminate()
			if code := w.code(); code != 0 {
				t.Errorf("exit code after SIGTERM = %d, want 0", code)
			}
		})
		t.Run("never ready never listens, and goes at SIGTERM", func(t *testing.T) {
			port := free(t)
			w, _ := launch(t, p, []string{"NEVER_READY=1"}, "--port", port)
			if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
				conn.Close()
				t.Error("it listens")
			}
			w.terminate()
			w.code() // by the signal or by itself: it does end
		})
		t.Run("SIGTERM is ignored where asked", func(t *testing.T) {
			w := start(t, p, []string{"IGNORE_TERM=1"}, "--port", "0")
			w.terminate()
			w.facts("/work")
			w.facts("/work")
		})
	})
}

// free is a port that was free a moment ago.
func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestOrphansOutliveTheirWorker(t *testing.T) {
	each(t, func(t *testing.T, p program) {
		tag := "STANCH_EXAMPLE_ORPHAN=" + t.TempDir() + p.name
		w := start(t, p, []string{"ORPHANS=2", tag}, "--port", "0")
		w.terminate()
		w.code()
		orphans := tagged(t, tag)
		for _, process := range orphans {
			process.Kill()
		}
		if len(orphans) != 2 {
			t.Errorf("%d orphans live on, want 2", len(orphans))
		}
	})
}

// tagged finds the processes with this in their environment.
func tagged(t *testing.T, variable string) []*os.Process {
	t.Helper()
	var found []*os.Process
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environ, []byte(variable+"\x00")) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if process, err := os.FindProcess(pid); err == nil {
			found = append(found, process)
		}
	}
	return found
}
