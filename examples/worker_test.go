package examples_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is one of the three, and how it is started.
type program struct {
	name    string
	command []string
	metrics []string // names that a reader of its runtime's heap looks for
}

// programs returns those that this machine can run; the others are skipped by
// name, so that a machine without Node does not pass in silence.
func programs(t *testing.T) []program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "worker")
	if out, err := exec.Command("go", "build", "-o", binary, "./go").CombinedOutput(); err != nil {
		t.Fatalf("go build ./go: %v\n%s", err, out)
	}
	return []program{
		{"go", []string{binary}, []string{"go_memstats_heap_inuse_bytes", "go_memstats_sys_bytes", "go_gc_duration_seconds_count"}},
		{"python", []string{"python3", "-B", "python/worker.py"}, []string{"python_gc_collections_total", "python_info"}},
		{"node", []string{"node", "node/worker.js"}, []string{"nodejs_heap_size_used_bytes", "nodejs_external_memory_bytes", "nodejs_gc_duration_seconds_count"}},
	}
}

// each runs the check once for every worker.
func each(t *testing.T, check func(t *testing.T, p program)) {
	for _, p := range programs(t) {
		t.Run(p.name, func(t *testing.T) {
			if _, err := exec.LookPath(p.command[0]); err != nil {
				t.Skipf("%s is not installed", p.command[0])
			}
			check(t, p)
		})
	}
}

// worker is a running one.
type worker struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string // host:port, or a path
	client  *http.Client
	exited  chan error
}

// patience is how long anything here may take before the test calls it stuck.
const patience = 20 * time.Second

// launch starts the program without waiting for anything.
func launch(t *testing.T, p program, env []string, args ...string) (*worker, *bufio.Reader) {
	t.Helper()
	argv := append(append([]string(nil), p.command[1:]...), args...)
	cmd := exec.Command(p.command[0], argv...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("pipe to the worker: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	w := &worker{t: t, cmd: cmd, exited: make(chan error, 1)}
	t.Cleanup(func() {
		cmd.Process.Kill()
		w.code()
	})
	return w, bufio.NewReader(stdout)
}

// start starts the program and waits until it says that it listens.
func start(t *testing.T, p program, env []string, args ...string) *worker {
	t.Helper()
	w, out := launch(t, p, env, args...)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("%s said %q before it ended (%v), want where it listens", p.name, line, err)
	}
	w.address = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	go func() { // what else it says is not asked for, but must not block it
		io.Copy(io.Discard, out)
		w.exited <- cmdWait(w.cmd)
	}()
	network := "tcp"
	if strings.HasPrefix(w.address, "/") {
		network = "unix"
	}
	w.client = &http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, w.address)
		},
	}}
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

func cmdWait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil // the code is in ProcessState
	}
	return err
}

// code waits for the end and returns the exit code, -1 for a signal.
func (w *worker) code() int {
	w.t.Helper()
	if w.client == nil { // launched only: nobody else waits
		cmdWait(w.cmd)
		return w.cmd.ProcessState.ExitCode()
	}
	select {
	case err := <-w.exited:
		w.exited <- err
	case <-time.After(patience):
		w.t.Fatalf("the worker still runs after %v", patience)
	}
	return w.cmd.ProcessState.ExitCode()
}

func (w *worker) terminate() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatalf("send SIGTERM: %v", err)
	}
}

// get returns the body of a 200.
func (w *worker) get(path string) []byte {
	w.t.Helper()
	res, err := w.client.Get("http://worker" + path)
	if err != nil {
		w.t.Fatalf("GET %s: %v", path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		w.t.Fatalf("GET %s = %d %q, %v; want 200", path, res.StatusCode, body, err)
	}
	return body
}
