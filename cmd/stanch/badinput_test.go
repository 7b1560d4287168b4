package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/queue"
)

// echoProgram is a custom handler that tells what it was given: the message's kind,
// length and digest, or that of the blob that it reads by URL.
const echoProgram = `
import hashlib, json, os, sys, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer({})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        msg = asked["Data"]["msg"]
        raw = msg.encode("utf-8", "surrogatepass") if isinstance(msg, str) else json.dumps(msg).encode()
        self.answer({"Outputs": {"done": json.dumps({"kind": type(msg).__name__, "sum": hashlib.sha256(raw).hexdigest()})}})
    def answer(self, what):
        text = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *args):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])), H).serve_forever()
`

// echoApp writes an app whose one function tells what it was given.
func echoApp(t *testing.T) string {
	t.Helper()
	app := t.TempDir()
	for name, text := range map[string]string{
		"handler.py": echoProgram,
		"host.json": `{"version":"2.0","extensions":{"queues":{"maxPollingInterval":"00:00:01"}},
			"customHandler":{"description":{"defaultExecutablePath":"python3","arguments":["-u","handler.py"]}}}`,
		"echo/function.json": `{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg","queueName":"jobs"},
			{"type":"queue","direction":"out","name":"done","queueName":"done"}]}`,
	} {
		path := filepath.Join(app, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return app
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// strange is a message as nobody expects it.
type strange struct {
	why  string
	body []byte
	text bool
}

func strangeMessages() []strange {
	garbage := make([]byte, 3000)
	for i := range garbage {
		garbage[i] = byte(i*i>>2 | 0x80)
	}
	return []strange{
		{"no JSON", []byte("{not: json, at all"), true},
		{"half of a JSON object", []byte(`{"a":[1,2,{"b":`), true},
		{"JSON", []byte(`{"Id":"mine","DequeueCount":99,"sys":1}`), true},
		{"a JSON array", []byte(`[1,"two"]`), true},
		{"blanks and line ends", []byte(" \r\n\t"), true},
		{"control characters and quotes", []byte("\x00\x01\x1f\"\\\u2028"), true},
		{"a lone NUL", []byte{0}, true},
		{"64 KiB", bytes.Repeat([]byte("0123456789abcdef"), 4096), true},
		{"a megabyte", bytes.Repeat([]byte("ü\""), 350_000), true},
		{"text that is base64 of garbage", []byte("gICAgIH/"), true},
		{"bytes that are no text", garbage, false},
		{"text that breaks off within a letter", []byte("ab\xc3"), false},
		{"nothing", nil, true},
	}
}

// strangely feeds an app whose function puts the digest of what it was given into
// done, and checks that given of each message came out, and nothing was left.
func strangely(t *testing.T, app string, given func(strange) string, args ...string) {
	t.Helper()
	data, rows := t.TempDir(), strangeMessages()
	f := openFeed(t, data)
	for _, row := range rows {
		if _, err := f.Put(t.Context(), "jobs", row.body); err != nil {
			t.Fatalf("put %s: %v", row.why, err)
		}
	}
	s := beginWith(t, data, nil, append([]string{"--app", app}, args...)...)
	got := f.await("done", len(rows))
	for i, text := range got {
		var told struct{ Kind, Sum string }
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			t.Fatal(err)
		}
		got[i] = told.Kind + " " + told.Sum
	}
	for _, row := range rows {
		if want := given(row); !slices.Contains(got, want) {
			t.Errorf("%s: no function was given these %d bytes (%s)", row.why, len(row.body), want)
		}
	}
	if len(got) != len(rows) {
		t.Errorf("%d messages came out, want %d", len(got), len(rows))
	}
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		d, err := f.Depth(t.Context(), "jobs")
		if err == nil && d == (queue.Depth{}) {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("Depth(jobs) = %+v, %v; want that nothing is left", d, err)
		}
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Whatever lies in a queue reaches the function as it is, as text or, where it is
// no text, in base64.
func TestAnyMessageReachesItsFunctionWhole(t *testing.T) {
	strangely(t, echoApp(t), func(m strange) string {
		if !m.text {
			return "str " + digest([]byte(base64.StdEncoding.EncodeToString(m.body)))
		}
		return "str " + digest(m.body)
	})
}

// The same in Azure's own worker, which is given bytes.
func TestRealWorkerGetsAnyMessageWhole(t *testing.T) {
	cache := os.Getenv("STANCH_PYWORKER")
	if cache == "" {
		t.Skip("needs Azure's Python worker: make test-azure-worker")
	}
	t.Setenv("STANCH_PYWORKER", "")    // is set again afterwards
	_ = os.Unsetenv("STANCH_PYWORKER") // stanch knows all variables with its name
	worker, err := filepath.Abs(filepath.Join(cache, "complete"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(worker); err != nil {
		t.Skipf("the complete worker is not installed: %v", err)
	}
	app := t.TempDir()
	for name, text := range map[string]string{
		"host.json":           `{"version":"2.0","extensions":{"queues":{"maxPollingInterval":"00:00:01"}}}`,
		"local.settings.json": `{"Values":{"FUNCTIONS_WORKER_RUNTIME":"python"}}`,
		"function_app.py": `
import hashlib, json
import azure.functions as func

app = func.FunctionApp()

@app.queue_trigger(arg_name="msg", queue_name="jobs", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="done", queue_name="done", connection="AzureWebJobsStorage")
def echo(msg: func.QueueMessage, done: func.Out[str]) -> None:
    done.set(json.dumps({"kind": "bytes", "sum": hashlib.sha256(msg.get_body()).hexdigest()}))
`,
	} {
		if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	strangely(t, app, func(m strange) string { return "bytes " + digest(m.body) }, "--language-worker", worker)
}

// A store that is not what it should be is named at the start, and its secrets are
// not.
func TestAStoreThatCannotBeOpenedIsSaidAtTheStart(t *testing.T) {
	app := echoApp(t)
	for why, store := range map[string]string{
		"a key that is no base64":     "DefaultEndpointsProtocol=http;AccountName=me;AccountKey=not*hush;QueueEndpoint=http://127.0.0.1:1/me;BlobEndpoint=http://127.0.0.1:1/me",
		"a file where a directory is": "file:" + filepath.Join(app, "host.json"),
		"a scheme that nobody knows":  "redis://hush@127.0.0.1:1",
	} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, self)
		cmd.Args = []string{"stanch", "run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--shutdown-delay", "0s", "--app", app, "--data", t.TempDir(), "--store", store}
		said, err := cmd.CombinedOutput()
		if code := (*exec.ExitError)(nil); !errors.As(err, &code) || ctx.Err() != nil {
			t.Errorf("%s: stanch ended with %v, want an exit code that is not 0", why, err)
		}
		if text := string(said); !strings.Contains(text, "AzureWebJobsStorage") || strings.Contains(text, "hush") {
			t.Errorf("%s: stanch said %s; want that the connection is named, and no secret", why, text)
		}
	}
}
