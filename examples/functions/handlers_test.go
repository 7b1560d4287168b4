package functions_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/customhandler"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// patience is how long a program may take to start before the test calls it stuck.
const patience = 30 * time.Second

// handler starts an app's custom handler as its host.json says, and returns a
// client of it.
func handler(t *testing.T, app *funcapp.App, folder string, compat bool, line func(contract.Line)) *customhandler.Client {
	t.Helper()
	h := app.Host.Handler
	program := h.Executable
	if program == "handler" {
		program = filepath.Join(t.TempDir(), "handler")
		build := exec.Command("go", "build", "-o", program, ".")
		build.Dir = folder
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build in %s: %v\n%s", folder, err, out)
		}
	} else if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
	args := h.Arguments
	if h.Script != "" {
		args = append(args, h.Script)
	}
	address := free(t)
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(program, append(args, h.ScriptArguments...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), append(app.Settings.Environ(), "FUNCTIONS_CUSTOMHANDLER_PORT="+port, "PYTHONDONTWRITEBYTECODE=1")...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	client := customhandler.New(customhandler.Config{
		Dial:   func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) },
		Compat: compat, Spool: t.TempDir(), HostName: "4.0.0", Log: line,
		Forward: func(function string) bool { return h.Forward && function == "hello" },
	})
	t.Cleanup(client.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		err := client.Ready(ctx)
		if err == nil {
			return client
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the handler of %s does not answer: %v", folder, err)
		}
	}
}

// free is an address that was free a moment ago.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestEveryHandlerDoesWhatTheTableSays(t *testing.T) {
	for _, name := range []string{"go", "node", "python"} {
		for encoding, compat := range map[string]bool{"clean": false, "as Azure encodes": true} {
			t.Run(name+", "+encoding, func(t *testing.T) {
				folder := name + "-handler"
				var lines []string
				client := handler(t, read(t, folder), folder, compat, func(line contract.Line) { lines = append(lines, line.Text) })
				for _, invocation := range invocations() {
					result, end, err := client.Invoke(t.Context(), invocation)
					if err != nil {
						t.Errorf("Invoke %s: %v", invocation.Function, err)
						continue
					}
					check(t, invocation.Function, name, result)
					end()
				}
				if diff := cmp.Diff([]string{"cat.jpg has 26 bytes"}, lines); diff != "" {
					t.Errorf("lines of the log -want +got:\n%s", diff)
				}
			})
		}
	}
}

func TestEveryHandlerSaysThatAnInvocationFailed(t *testing.T) {
	for _, name := range []string{"go", "node", "python"} {
		t.Run(name, func(t *testing.T) {
			folder := name + "-handler"
			client := handler(t, read(t, folder), folder, false, func(contract.Line) {})
			broken := &contract.Invocation{ID: id, Function: "resize"}
			if _, _, err := client.Invoke(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "500") {
				t.Errorf("Invoke resize without an image: got %v, want a failure with status 500", err)
			}
		})
	}
}

// checkAnswer holds what hello answered to the table, whether it came as an output or
// as the answer to a request that was forwarded.
func checkAnswer(t *testing.T, handler string, result *contract.Result) {
	t.Helper()
	answer := result.Response
	for _, output := range result.Outputs {
		if output.Name == "res" {
			var err error
			if answer, err = customhandler.Response(output.Value); err != nil {
				t.Fatalf("read the output res: %v", err)
			}
		}
	}
	if answer == nil {
		t.Fatalf("hello: got %+v, want an answer", result)
	}
	text := answer.Body.Text + string(answer.Body.Bytes)
	if answer.Body.Kind == contract.Large {
		r, err := answer.Body.Stream.Open(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		text = string(body)
	}
	if want := "Hello, Ada! You sent 5 bytes.\n"; answer.Status != 200 || text != want {
		t.Errorf("hello: got %d %q, want 200 %q", answer.Status, text, want)
	}
	who := ""
	for name, values := range answer.Header {
		if strings.EqualFold(name, "X-Handler") {
			who = strings.Join(values, ", ")
		}
	}
	if who != handler {
		t.Errorf("hello: X-Handler is %q, want %q", who, handler)
	}
}

// ordered writes a JSON object with its members in order; other texts stay.
func ordered(text string) string {
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return text
	}
	again, _ := json.Marshal(object)
	return string(again)
}
