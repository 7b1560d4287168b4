package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/admin"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// echo is a host of two functions: one gives back what it got, one fails.
func echo(_ context.Context, name string, payload io.Reader, contentType string) (view.Answer, error) {
	body, err := io.ReadAll(payload)
	if err != nil {
		return view.Answer{}, fmt.Errorf("read the payload: %w", err)
	}
	a := view.Answer{
		Status: view.Succeeded, Invocation: "i-1", DurationMs: 12.5,
		Logs: []view.Line{{At: time.Date(2026, 4, 5, 1, 30, 0, 5e6, time.UTC), Level: "Warning", Text: "it is late"}},
	}
	switch name {
	case "echo":
		a.Output, err = json.Marshal(contentType + "|" + string(body))
	case "object":
		a.Output = json.RawMessage(`{"a":[1]}`)
	case "quiet":
		a.Logs = nil
	case "broken":
		a.Status, a.Error = view.Failed, "function failed: ValueError: no picture"
	case "closed":
		return a, &work.Unavailable{Err: errors.New("stanch drains")}
	default:
		return a, fmt.Errorf("function %q: %w\nhint: echo is there", name, work.ErrAbsent)
	}
	return a, err
}

func TestAFunctionIsInvokedFromTheCommandLine(t *testing.T) {
	running := httptest.NewServer(admin.New(admin.Config{Invoke: echo}))
	defer running.Close()
	socket := filepath.Join(t.TempDir(), "admin.sock")
	near, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	local := &httptest.Server{Listener: near, Config: &http.Server{Handler: admin.New(admin.Config{Invoke: echo})}}
	local.Start()
	defer local.Close()
	other := httptest.NewServer(nil)
	defer other.Close()
	address, foreign := running.Listener.Addr().String(), other.Listener.Addr().String()
	gone := httptest.NewServer(nil)
	free := gone.Listener.Addr().String()
	gone.Close()
	order := filepath.Join(t.TempDir(), "order.json")
	if err := os.WriteFile(order, []byte(`{"n":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		why            string
		args           []string
		environ        string
		code           int
		stdout, stderr string // what is in them
	}{
		{"a text", []string{"echo", "--data", "images/cat.jpg", "--admin", address}, "", 0, "text/plain; charset=utf-8|images/cat.jpg\n", "01:30:00.005 Warning     it is late\n"},
		{"JSON", []string{"echo", "-d", `{"n":1}`, "--admin", address}, "", 0, `application/json|{"n":1}` + "\n", "it is late"},
		{"a file", []string{"echo", "--file", order, "--admin", address}, "", 0, `application/json|{"n":1}` + "\n", "it is late"},
		{"stdin", []string{"echo", "--file", "-", "--admin", address}, "", 0, "application/octet-stream|from stdin\n", "it is late"},
		{"nothing", []string{"echo", "--admin", address}, "", 0, "|\n", "it is late"},
		{"an object is shown as JSON", []string{"object", "--admin", address}, "", 0, "{\n  \"a\": [\n    1\n  ]\n}\n", "it is late"},
		{"no output, no log", []string{"quiet", "--admin", address}, "", 0, "", ""},
		{"the variable names the address", []string{"echo", "-d", "x"}, "STANCH_ADMIN=" + address, 0, "|x", ""},
		{"all of it as JSON", []string{"echo", "-d", "x", "--json", "--admin", address}, "", 0, `"durationMs": 12.5`, ""},
		{"it fails", []string{"broken", "--admin", address}, "", 1, "", "stanch: function broken failed after 12.5 ms: ValueError: no picture\n"},
		{"it fails, as JSON", []string{"broken", "--json", "--admin", address}, "", 1, `"status": "failed"`, "ValueError"},
		{"there is none of that name", []string{"ecko", "--admin", address}, "", 1, "", "hint: echo is there"},
		{"nothing is let in", []string{"closed", "--admin", address}, "", 1, "", "stanch drains"},
		{"nobody listens", []string{"echo", "--admin", free}, "", 1, "", "hint: is stanch run at work"},
		{"somebody else listens", []string{"echo", "--admin", foreign}, "", 1, "", "404 Not Found\nhint: --admin"},
		{"no name", nil, "", 2, "", "not 0"},
		{"two names", []string{"a", "b"}, "", 2, "", "not 2"},
		{"no address", []string{"echo", "--admin", "nowhere"}, "", 2, "", "hint: HOST:PORT"},
		{"a file that is not there", []string{"echo", "--file", order + "x", "--admin", address}, "", 2, "", "hint: --file"},
		{"data twice", []string{"echo", "--file", order, "--data", "x", "--admin", address}, "", 2, "", "given both"},
		{"a socket", []string{"echo", "-d", "x", "--admin", "unix:" + socket}, "", 0, "|x\n", "it is late"},
	} {
		var stdout, stderr strings.Builder
		w := world{args: append([]string{"invoke"}, test.args...), environ: []string{test.environ}, stdin: strings.NewReader("from stdin"), stdout: &stdout, stderr: &stderr}
		code := run(t.Context(), w)
		if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) || test.stdout == "" && stdout.Len() > 0 || test.code == 0 && test.stderr == "" && !strings.Contains(test.why, "variable") && stderr.Len() > 0 {
			t.Errorf("stanch invoke %v, %s: code %d, want %d\nstdout %q, want %q\nstderr %q, want %q", test.args, test.why, code, test.code, stdout.String(), test.stdout, stderr.String(), test.stderr)
		}
	}
}

// What a function app does is in the answer of invoke, in /status and /metrics, and
// in the tables.
func TestWhatAFunctionDidIsAnsweredAndRecorded(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../examples/functions/python-handler")); err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf(`{"Values":{"FUNCTIONS_WORKER_RUNTIME":"custom","AzureWebJobsStorage":"file:%s","TICK":"0 0 0 1 1 *"}}`, t.TempDir())
	if err := os.WriteFile(filepath.Join(folder, "local.settings.json"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Dir = folder
	s := beginAs(t, cmd, []string{"stanch"}, t.TempDir(), nil, "--memory-limit", "256MiB", "--role-name", "shop")
	s.await("worker_ready", "")

	address := strings.TrimPrefix(s.admin, "http://")
	for _, test := range []struct {
		why            string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"a timer", []string{"tick"}, 0, `"ticks": "tick, past due: false"`, ""},
		{"a message without its blob", []string{"resize", "--data", "cat.jpg"}, 1, "", "function resize failed after"},
		{"no such function", []string{"resise"}, 1, "", "not there"},
	} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), world{args: append([]string{"invoke", "--admin", address}, test.args...), stdout: &stdout, stderr: &stderr})
		if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("stanch invoke %v, %s: code %d, want %d\nstdout %q, want %q\nstderr %q, want %q", test.args, test.why, code, test.code, stdout.String(), test.stdout, stderr.String(), test.stderr)
		}
	}
	for path, want := range map[string][]string{
		"/status":  {`"name": "resize"`, `"trigger": "timerTrigger"`, `"last_error"`},
		"/metrics": {`stanch_function_invocations_total{function="tick",outcome="succeeded"} 1`, `stanch_function_invocations_total{function="resize",outcome="failed"} 1`, "stanch_room_ceiling_bytes"},
	} {
		_, body, _, err := request(http.MethodGet, s.admin+path, nil)
		for _, text := range want {
			if err != nil || !strings.Contains(body, text) {
				t.Errorf("GET %s: %v, want %s in\n%s", path, err, text, body)
			}
		}
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, test := range []struct{ what, kql, want string }{
		{"invocations", `requests | project name, success, resultCode, isnotempty(tostring(customDimensions.InvocationId)) | order by name asc`, `[[resize False 1 true] [tick True 0 true]]`},
		{"what one failed with", `exceptions | where operation_Name == "resize" | count`, `[[1]]`},
		{"calls to stores, by invocation", `requests | join kind=inner (dependencies) on operation_Id | project name, name1, type1 = type | order by name asc`, `[[resize Stat images file blob] [tick Put ticks file queue]]`},
		{"no leases that got nothing", `dependencies | where name startswith "Lease" | count`, `[[0]]`},
		{"how full the queues are", `performanceCounters | where category == "Queue" and counter == "Messages" and instance == "jobs" | summarize max(value)`, `[[0]]`},
	} {
		if got := fmt.Sprint(s.ask(test.kql)); got != test.want {
			t.Errorf("%s: %s\ngot %s, want %s", test.what, test.kql, got, test.want)
		}
	}
}
