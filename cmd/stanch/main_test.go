package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// workerProgram is the Go example, built once: the worker of all tests here.
var workerProgram string

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"stanch":             main,
		process.SentinelName: process.SentinelMain,
	})
}

// tests builds the worker before the tests, and not before the programs that
// the test binary stands for.
type tests struct{ m *testing.M }

func (t tests) Run() int {
	dir, err := os.MkdirTemp("", "stanch-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	workerProgram = filepath.Join(dir, "worker")
	build := exec.Command("go", "build", "-o", workerProgram, "../../examples/go")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the example worker: %v\n%s", err, out)
		return 1
	}
	return t.m.Run()
}

// The scripts are the manual of the verbs that print and end.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("WORKER", workerProgram)
			return nil
		},
	})
}

// stanch is a running one, seen from outside.
type stanch struct {
	t       *testing.T
	cmd     *exec.Cmd
	pid     int
	clients string // base URLs
	admin   string
	data    string

	mu     sync.Mutex
	events []event
	lines  []string
	more   chan struct{}
	ended  chan struct{}
}

type event struct{ Kind, Worker, Text string }

// patience bounds every wait; nothing takes nearly as long.
const patience = 60 * time.Second

// begin starts stanch in front of the example worker. Addresses are those that
// the kernel gives.
func begin(t *testing.T, env []string, args ...string) *stanch {
	t.Helper()
	return beginWith(t, t.TempDir(), env, append(args, "--", workerProgram, "--port", "{port}")...)
}

func beginWith(t *testing.T, data string, env []string, args ...string) *stanch {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return beginAs(t, exec.Command(self), []string{"stanch"}, data, env, args...)
}

// beginAs starts stanch by a command of its own; words are what its arguments
// begin with.
func beginAs(t *testing.T, cmd *exec.Cmd, words []string, data string, env []string, args ...string) *stanch {
	t.Helper()
	s := &stanch{t: t, cmd: cmd, data: data, more: make(chan struct{}, 1), ended: make(chan struct{})}
	s.cmd.Args = append(append(words, "run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", data, "--log-format", "json", "--shutdown-delay", "0s"), args...)
	s.cmd.Env = append(os.Environ(), env...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = s.cmd.Process.Pid
	go s.listen(stderr)
	t.Cleanup(func() {
		select {
		case <-s.ended: // its pid may be anybody's
		default:
			_ = syscall.Kill(s.pid, syscall.SIGTERM)
			_ = syscall.Kill(s.pid, syscall.SIGTERM)
		}
		select {
		case <-s.ended:
		case <-time.After(patience):
			_ = syscall.Kill(s.pid, syscall.SIGKILL)
			<-s.ended
			t.Error("stanch did not end on SIGTERM")
		}
		if t.Failed() {
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Logf("stanch said:\n%s", strings.Join(s.lines, "\n"))
		}
	})
	started := s.await("host", "Host started")
	if _, err := fmt.Sscanf(started.Text, "Host started: clients on %s probes on %s", &s.clients, &s.admin); err != nil {
		t.Fatalf("read the addresses from %q: %v", started.Text, err)
	}
	s.clients, s.admin = "http://"+strings.TrimSuffix(s.clients, ","), "http://"+strings.TrimSuffix(s.admin, ",")
	return s
}

func (s *stanch) listen(stderr io.Reader) {
	defer func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		s.mu.Lock()
		s.lines = append(s.lines, lines.Text())
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			s.events = append(s.events, e)
		}
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
}

// await waits for an event of this kind with this text, from the beginning.
func (s *stanch) await(kind, text string) event {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		for _, e := range s.events {
			if e.Kind == kind && strings.Contains(e.Text, text) {
				s.mu.Unlock()
				return e
			}
		}
		s.mu.Unlock()
		select {
		case <-s.more:
		case <-s.ended:
			s.t.Fatalf("stanch ended without an event %s %q", kind, text)
		case <-late:
			s.t.Fatalf("no event %s %q in %v", kind, text, patience)
		}
	}
}

// awaitCount waits until there were n events of this kind.
func (s *stanch) awaitCount(n int, kind string) {
	s.t.Helper()
	for late := time.After(patience); s.count(kind) < n; {
		select {
		case <-s.more:
		case <-s.ended:
			s.t.Fatalf("stanch ended after %d events %s, want %d", s.count(kind), kind, n)
		case <-late:
			s.t.Fatalf("%d events %s in %v, want %d", s.count(kind), kind, patience, n)
		}
	}
}

func (s *stanch) count(kind string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// get asks for a path; the answer's body is read.
func (s *stanch) get(path string) (status int, body string, header http.Header) {
	s.t.Helper()
	status, body, header, err := request(http.MethodGet, s.clients+path, nil)
	if err != nil {
		s.t.Fatalf("GET %s: %v", path, err)
	}
	return status, body, header
}

func (s *stanch) probe(path string) (status int, body string) {
	s.t.Helper()
	status, body, _, err := request(http.MethodGet, s.admin+path, nil)
	if err != nil {
		s.t.Fatalf("GET %s: %v", path, err)
	}
	return status, body
}

func request(method, url string, body io.Reader) (int, string, http.Header, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, "", nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), answer.Header, err
}

// end sends a signal and returns the exit code.
func (s *stanch) end(sig syscall.Signal) int {
	s.t.Helper()
	if err := syscall.Kill(s.pid, sig); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("stanch did not end on %v", sig)
	}
	return s.cmd.ProcessState.ExitCode()
}

// reports lists the post-mortems as the verb does.
func (s *stanch) reports() (list []struct{ ID, Worker, Cause, Text string }) {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self, "postmortem", "ls", "--json", "--data", s.data)
	cmd.Args[0] = "stanch"
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("postmortem ls: %v", err)
	}
	if err := json.Unmarshal(out, &list); err != nil {
		s.t.Fatalf("postmortem ls printed %q: %v", out, err)
	}
	return list
}

// storm asks for paths from several clients until stopped, and counts what was
// not answered with 200.
type storm struct {
	stop func()
	mu   sync.Mutex
	sent int
	lost []string
}

func (s *stanch) storm(clients int, path string) *storm {
	ctx, cancel := context.WithCancel(context.Background())
	st := &storm{}
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			client := http.Client{Timeout: patience}
			if i%2 == 1 {
				client.Transport = &http.Transport{DisableKeepAlives: true}
			} else {
				client.Transport = &http.Transport{}
			}
			defer client.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				method, body := http.MethodGet, io.Reader(nil)
				if n%3 == 2 {
					method, body = http.MethodPost, strings.NewReader(strings.Repeat("x", 1000))
				}
				req, _ := http.NewRequest(method, s.clients+path, body)
				answer, err := client.Do(req)
				why := ""
				if err != nil {
					why = err.Error()
				} else {
					text, err := io.ReadAll(answer.Body)
					answer.Body.Close()
					if answer.StatusCode != 200 || err != nil {
						why = fmt.Sprintf("%s %d %s %v", method, answer.StatusCode, text, err)
					}
				}
				st.mu.Lock()
				st.sent++
				if why != "" {
					st.lost = append(st.lost, why)
				}
				st.mu.Unlock()
			}
		})
	}
	st.stop = func() { cancel(); wg.Wait() }
	return st
}

func (st *storm) check(t *testing.T, atLeast int) {
	t.Helper()
	st.stop()
	if st.sent < atLeast {
		t.Errorf("only %d requests were sent, want at least %d", st.sent, atLeast)
	}
	if len(st.lost) > 0 {
		t.Errorf("%d of %d requests were lost, the first: %s", len(st.lost), st.sent, st.lost[0])
	}
}

func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text[strings.LastIndexByte(string(text), ')'):]), ") Z")
}

func freePortBelow() (int, error) { return process.FreePort(func(int) bool { return false }) }
