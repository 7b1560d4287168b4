package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// handlerProgram is a custom handler as people write them: it does what messages
// tell it to, and dies of some.
const handlerProgram = `
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer({})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = asked["Data"]
        function = self.path.strip("/")
        outputs, logs, value = {}, [], None
        if function == "work":
            word, _, rest = data["msg"].partition(" ")
            if word == "die":
                os.kill(os.getpid(), 9)
            if word == "wait":
                time.sleep(float(rest))
            if word == "fail":
                self.send_error(500, "as asked")
                return
            logs.append("worked on " + data["msg"])
            outputs["done"] = json.dumps({"msg": data["msg"], "count": asked["Metadata"]["DequeueCount"]})
        elif function == "arrived":
            outputs["copy"] = data["file"].upper()
        elif function == "tick":
            outputs["ticks"] = "past due" if data["timer"]["IsPastDue"] else "in time"
        elif function == "hello":
            outputs["res"] = {"statusCode": 202, "body": "Hello, " + data["req"]["Params"]["name"], "headers": {"X-From": "python"}}
        self.answer({"Outputs": outputs, "Logs": logs, "ReturnValue": value})
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

// functionApp writes an app, and returns its folder.
func functionApp(t *testing.T) string {
	t.Helper()
	app := t.TempDir()
	for name, text := range map[string]string{
		"handler.py": handlerProgram,
		"host.json": `{"version":"2.0","extensions":{"queues":{"maxPollingInterval":"00:00:01","maxDequeueCount":4}},
			"customHandler":{"description":{"defaultExecutablePath":"python3","arguments":["-u","handler.py"]}}}`,
		"local.settings.json": `{"IsEncrypted":false,"Values":{"FUNCTIONS_WORKER_RUNTIME":"custom","QUEUE":"jobs","SECRET":"hush"}}`,
		"work/function.json": `{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg","queueName":"%QUEUE%"},
			{"type":"queue","direction":"out","name":"done","queueName":"done"}]}`,
		"arrived/function.json": `{"bindings":[{"type":"blobTrigger","direction":"in","name":"file","path":"incoming/{name}.txt"},
			{"type":"blob","direction":"out","name":"copy","path":"copies/{name}"}]}`,
		"tick/function.json": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"* * * * * *"},
			{"type":"queue","direction":"out","name":"ticks","queueName":"ticks"}]}`,
		"hello/function.json": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"function","route":"hello/{name}"},
			{"type":"http","direction":"out","name":"res"}]}`,
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

// feed is the store of an app that a stanch runs, as another process sees it.
type feed struct {
	*file.Store
	t *testing.T
}

func openFeed(t *testing.T, data string) *feed {
	t.Helper()
	s, err := file.Open(filepath.Join(data, "work"), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &feed{s, t}
}

func (f *feed) put(queue string, bodies ...string) {
	f.t.Helper()
	for _, body := range bodies {
		if _, err := f.Put(f.t.Context(), queue, []byte(body)); err != nil {
			f.t.Fatal(err)
		}
	}
}

// await waits until a queue holds n messages that can be seen.
func (f *feed) await(queue string, n int) (bodies []string) {
	f.t.Helper()
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(20 * time.Millisecond) {
		all, err := f.Peek(f.t.Context(), queue, 32)
		if err != nil || len(all) < n {
			continue
		}
		for _, m := range all {
			bodies = append(bodies, string(m.Body))
		}
		return bodies
	}
	f.t.Fatalf("queue %s holds fewer than %d messages after %v", queue, n, patience)
	return nil
}

func TestAFunctionAppIsRunAsItIs(t *testing.T) {
	app, data := functionApp(t), t.TempDir()
	f := openFeed(t, data)
	s := beginWith(t, data, nil, "--app", app, "--function-key", "sesame", "--role-name", "shop")
	s.await("worker_ready", "")

	f.put("jobs", "one", "fail always")
	if got := f.await("done", 1); got[0] != `{"msg": "one", "count": 1}` {
		t.Errorf("queue done holds %q, want the function's output", got)
	}
	if got := f.await("jobs-poison", 1); got[0] != "fail always" {
		t.Errorf("the poison is %q, want the message that always fails", got)
	}
	f.await("ticks", 2)

	if _, err := f.Blobs().Put(t.Context(), blob.Name{Container: "incoming", Path: "cat.txt"}, blob.Head{}, strings.NewReader("meow"), blob.Want{}); err != nil {
		t.Fatal(err)
	}
	copied := blob.Name{Container: "copies", Path: "cat"}
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		body, _, err := f.Blobs().Open(t.Context(), copied, blob.Range{}, blob.Want{})
		if err == nil {
			text, err := io.ReadAll(body)
			body.Close()
			if string(text) != "MEOW" || err != nil {
				t.Errorf("blob %s = %q, %v; want MEOW", copied, text, err)
			}
			break
		}
		if time.Now().After(late) {
			t.Fatalf("blob %s: %v", copied, err)
		}
	}

	for _, row := range []struct {
		path, key string
		status    int
		body      string
	}{
		{"/api/hello/bob", "sesame", 202, "Hello, bob"},
		{"/api/hello/bob", "wrong", 401, ""},
		{"/api/nope", "sesame", 404, ""},
	} {
		status, body, header, err := request(http.MethodGet, s.clients+row.path+"?code="+row.key, nil)
		if err != nil || status != row.status || !strings.Contains(body, row.body) || row.status == 202 && header.Get("X-From") != "python" {
			t.Errorf("GET %s with key %s = %d %q, %v; want %d %q", row.path, row.key, status, body, err, row.status, row.body)
		}
	}

	var look struct {
		Work struct {
			Functions []struct {
				Name              string
				Succeeded, Failed int
				Poisoned          int
			}
		}
	}
	_, status, _, err := request(http.MethodGet, s.admin+"/status", nil)
	if err == nil {
		err = json.Unmarshal([]byte(status), &look)
	}
	if err != nil || len(look.Work.Functions) != 4 {
		t.Fatalf("GET /status = %s, %v; want four functions", status, err)
	}
	if w := look.Work.Functions[3]; w.Name != "work" || w.Succeeded != 1 || w.Failed != 4 || w.Poisoned != 1 {
		t.Errorf("GET /status tells of %+v, want work with 1 success, 4 failures and 1 that is poison", w)
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, test := range []struct{ what, kql, want string }{
		{"invocations", `requests | where name == "work" | summarize n = count() by success | order by success asc`, `[[False 4] [True 1]]`},
		{"why one failed", `requests | where name == "work" and success == "False" | take 1 | project tostring(customDimensions.reason) has "500"`, `[[true]]`},
		{"what an HTTP function answered", `requests | where name == "hello" | project resultCode, success, toint(customDimensions.bytesOut) > 0`, `[[202 True true]]`},
		{"calls to stores, of their invocation", `dependencies | where type == "file queue" and name startswith "Put" | join kind=inner (requests | where name == "work") on operation_Id | count`, `[[1]]`},
		{"lines of functions", `FunctionAppLogs | where FunctionName == "work" and Message startswith "worked on" | project Message, Category`, `[[worked on one Function.work.User]]`},
		{"no secrets", `union * | where tostring(pack_all()) has "sesame" or tostring(pack_all()) has "hush" | count`, `[[0]]`},
	} {
		if got := fmt.Sprint(s.ask(test.kql)); got != test.want {
			t.Errorf("%s: query %s\n got %s\nwant %s", test.what, test.kql, got, test.want)
		}
	}
}

// One message that kills every worker that it is given to takes nobody with it.
func TestAMessageThatKillsIsQuarantinedWithItsPostmortem(t *testing.T) {
	app, data := functionApp(t), t.TempDir()
	f := openFeed(t, data)
	var want []string
	f.put("jobs", "die")
	for i := range 12 {
		f.put("jobs", fmt.Sprintf("wait 0.%d", i%3+1))
	}
	s := beginWith(t, data, nil, "--app", app)
	if got := f.await("jobs-poison", 1); got[0] != "die" {
		t.Errorf("the poison is %q, want the message that kills", got)
	}
	s.await("host", "2 workers died with it (post-mortems ")
	done := f.await("done", 12)
	for i, text := range done {
		var d struct{ Msg string }
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		done[i] = d.Msg
	}
	for i := range 12 {
		want = append(want, fmt.Sprintf("wait 0.%d", i%3+1))
	}
	slices.Sort(done)
	slices.Sort(want)
	if !slices.Equal(done, want) {
		t.Errorf("done are %q, want each of the others once", done)
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Work in hand is finished before stanch goes, and nothing new is begun.
func TestAStopFinishesTheWorkInHand(t *testing.T) {
	app, data := functionApp(t), t.TempDir()
	f := openFeed(t, data)
	s := beginWith(t, data, nil, "--app", app, "--shutdown-delay", "0s")
	f.put("jobs", "wait 2")
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if d, err := f.Depth(t.Context(), "jobs"); err == nil && d.Leased == 1 {
			break
		}
		if time.Now().After(late) {
			t.Fatal("the message is not leased")
		}
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if got := f.await("done", 1); got[0] != `{"msg": "wait 2", "count": 1}` {
		t.Errorf("queue done holds %q, want the work that was in hand", got)
	}
}
