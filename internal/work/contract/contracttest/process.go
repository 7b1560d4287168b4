package contracttest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// marker tells a test binary that it is to be a worker.
const marker = "STANCH_CONTRACT_WORKER"

// Serve is for TestMain: it says whether this process was started by [Process],
// and has then been its worker for as long as that was wanted. The handler's
// functions note what they do in the journal, and die by [Kill].
func Serve(handler func(*Journal) http.Handler) (wasWorker bool) {
	if os.Getenv(marker) == "" {
		return false
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return true // whoever dials finds nobody
	}
	server := &http.Server{Handler: handler(&Journal{To: os.Stdout})}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Shutdown(context.Background())
	}()
	_ = server.Serve(listener)
	<-stopped
	return true
}

// Kill ends this process as the kernel does.
func Kill() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }

// Local serves a handler from this process, for tests that look at what is on the
// wire, and returns the way to it.
func Local(t *testing.T, h http.Handler) (dial func(context.Context) (net.Conn, error)) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return dialer(server.Listener.Addr().String())
}

func dialer(address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
}

// Process starts the test's own binary as a worker. dial connects to it; stop is
// for Worker.Stop.
func Process(t *testing.T) (dial func(context.Context) (net.Conn, error), stop func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), marker+"=1", "GORACE=atexit_sleep_ms=0") // else it takes a second to go
	cmd.ExtraFiles = []*os.File{file}
	var journal bytes.Buffer
	cmd.Stdout, cmd.Stderr = &journal, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceValue(func() []string {
		_ = stdin.Close()
		_ = cmd.Wait() // it may have been killed
		return strings.Split(journal.String(), "\n")
	})
	t.Cleanup(func() { stop() })
	return dialer(listener.Addr().String()), stop
}

// Open are the files below dir that this process has open, those without a name
// included: what a contract that spools there holds.
func Open(t *testing.T, dir string) int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Fatalf("open files: %v, %v", links, err)
	}
	n := 0
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir+"/") {
			n++
		}
	}
	return n
}
