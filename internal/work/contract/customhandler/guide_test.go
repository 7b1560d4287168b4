package customhandler_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/customhandler"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
)

// example is the code in one language that the guide shows.
func example(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../../../docs/guide/stream-a-blob.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n```"+language+"\n")
	code, _, closed := strings.Cut(after, "\n```\n")
	if !found || !closed {
		t.Fatalf("the guide has no example in %s", language)
	}
	return code
}

func TestTheGuidesHandlersReadABlobByURL(t *testing.T) {
	for _, row := range []struct{ language, program, file string }{{"python", "python3", "handler.py"}, {"js", "node", "handler.js"}} {
		t.Run(row.language, func(t *testing.T) {
			program, err := exec.LookPath(row.program)
			if err != nil {
				t.Skipf("needs %s", row.program)
			}
			c := customhandler.New(customhandler.Config{Dial: handler(t, program, row.file, example(t, row.language)), Spool: t.TempDir(), Log: func(contract.Line) {}})
			t.Cleanup(c.Close)
			ready(t, c)
			body := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
			var opened atomic.Int32
			blob := &contract.Stream{Size: int64(len(body)), Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
				if opened.Add(1) == 1 { // the first connection breaks midway
					return io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), iotest.ErrReader(errors.New("store hung up")))), nil
				}
				return io.NopCloser(bytes.NewReader(body[from:])), nil
			}}
			server := httptest.NewUnstartedServer(nil)
			lender := endpoint.New("http://" + server.Listener.Addr().String())
			server.Config.Handler = lender
			server.Start()
			defer server.Close()
			loan := lender.Lend(t.Context(), map[string]*contract.Stream{"image": blob}, nil)
			defer loan.Close()
			result, end, err := c.Invoke(t.Context(), &contract.Invocation{
				ID: "i", Function: "hash", Inputs: []contract.Input{{Name: "image", Binding: "blobTrigger", Value: text(loan.URL("image"))}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			if want := fmt.Sprintf("%x", sha256.Sum256(body)); result.Return == nil || result.Return.Text != want {
				t.Errorf("the handler says %+v, want %s", result.Return, want)
			}
			if n := opened.Load(); n != 2 {
				t.Errorf("the blob was opened %d times, want once more after it broke", n)
			}
		})
	}
}

// handler starts an example, and returns the way to it.
func handler(t *testing.T, program, file, code string) func(context.Context) (net.Conn, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	cmd := exec.Command(program, path)
	cmd.Env = append(os.Environ(), "FUNCTIONS_CUSTOMHANDLER_PORT="+address[strings.LastIndex(address, ":")+1:])
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("the handler said:\n%s", &said)
		}
	})
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
}

// ready asks until the handler answers, as stanch does.
func ready(t *testing.T, c *customhandler.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := c.Ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("the handler does not answer: %v", err)
		}
	}
}
