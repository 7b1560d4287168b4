package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/blob"
)

// plainProgram is a web server as people have it, with a few paths more. It knows
// nothing of functions but the headers of a delivery.
const plainProgram = `
import hashlib, os, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

tries, lock, asked = {}, threading.Lock(), 0

def lent(url, method="GET", body=None, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)) as answer:
        return answer.status, answer.read()

class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        global asked
        if self.path == "/ready":
            asked += 1
            return self.answer("warming up" if asked < 3 else "warm", 503 if asked < 3 else 200)
        self.answer("asked %d times" % asked if self.path == "/asked" else "served " + self.path)
    def do_POST(self):
        body, url = self.rfile.read(int(self.headers["Content-Length"])), lambda name: self.headers["Stanch-Url-" + name]
        path = self.path
        if path == "/work":
            word, _, rest = body.decode().partition(" ")
            with lock:
                tries[body] = tries.get(body, 0) + 1
                count = tries[body]
            if word == "fail":
                return self.answer("as asked", 500)
            if word == "busy" and count <= 3:
                return self.answer("not now", 503, **{"Retry-After": "1" if count == 1 else "0"})
            if word == "wait":
                time.sleep(float(rest))
            self.answer("%s, delivery %s" % (body.decode(), self.headers["Stanch-Meta-DequeueCount"]))
        elif path == "/crop":
            status, part = lent(url("image"), Range="bytes=2-4")
            whole = lent(url("image"))[1]
            put, _ = lent(url("thumb"), "PUT", part.upper(), **{"Content-Type": "image/test"})
            lent(url("note"), "PUT", b"%d %d of %d" % (status, put, len(whole)))
            self.answer("")
        elif path == "/arrived":
            self.answer(body.decode().upper())
        elif path == "/big":
            digest, at = hashlib.sha256(), 0
            while True:
                status, part = lent(url("trigger"), Range="bytes=%d-%d" % (at, at + 99999))
                digest.update(part)
                at += len(part)
                if len(part) < 100000:
                    break
            self.answer("%s: %d bytes %s, body of %d" % (self.headers["Stanch-Meta-BlobTrigger"], at, digest.hexdigest()[:8], len(body)))
        elif path == "/shop":
            self.answer("bought")
        elif path == "/tick":
            self.answer("tick")
        else:
            self.answer("no such path", 404)
    def answer(self, text, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *args):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
`

const plainFunctions = `
functions:
  work:
    queue: "%JOBS%"
    tries: 2
    poll: 500ms
    answer: queue done
  crop:
    queue: crops
    poll: 500ms
    in: { image: "blob images/{name}" }
    out:
      thumb: "blob thumbs/{name}"
      note: queue notes
  arrived:
    blob: incoming/{name}.txt
    answer: { blob: "copies/{name}" }
  big:
    blob: large/{name}
    payload: url
    answer: queue sums
  tick:
    timer: "* * * * * *"
    answer: queue ticks
`

// plainWorker writes the worker and its stanch.yaml, and returns the flags that run it.
func plainWorker(t *testing.T, functions string) (args []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"app.py": plainProgram, "stanch.yaml": functions} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"--config", filepath.Join(dir, "stanch.yaml"), "--role-name", "shop", "--scan-interval", "1s", "--", "python3", "-u", filepath.Join(dir, "app.py")}
}

func (f *feed) upload(container, path, text string) {
	f.t.Helper()
	if _, err := f.Blobs().Put(f.t.Context(), blob.Name{Container: container, Path: path}, blob.Head{}, strings.NewReader(text), blob.Want{}); err != nil {
		f.t.Fatal(err)
	}
}

// download waits for a blob, and returns what it holds and is.
func (f *feed) download(container, path string) (text, kind string) {
	f.t.Helper()
	name := blob.Name{Container: container, Path: path}
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		body, info, err := f.Blobs().Open(f.t.Context(), name, blob.Range{}, blob.Want{})
		if err == nil {
			all, err := io.ReadAll(body)
			body.Close()
			if err != nil {
				f.t.Fatal(err)
			}
			return string(all), info.ContentType
		}
		if time.Now().After(late) {
			f.t.Fatalf("blob %s: %v", name, err)
		}
	}
}

func TestAPlainWorkerIsFedAndServesItsClients(t *testing.T) {
	data := t.TempDir()
	f := openFeed(t, data)
	s := beginWith(t, data, []string{"JOBS=jobs"}, plainWorker(t, plainFunctions)...)
	s.await("worker_ready", "")
	load := s.storm(2, "/shop")

	f.put("jobs", "one", "fail always", "busy thrice")
	done := strings.Join(f.await("done", 2), "; ")
	// What was refused with Retry-After was refused three times, which is more than
	// tries allows: it did not count.
	for _, want := range []string{"one, delivery 1", "busy thrice, delivery 1"} {
		if !strings.Contains(done, want) {
			t.Errorf("queue done holds %q, want %q among it", done, want)
		}
	}
	if got := f.await("jobs-poison", 1); got[0] != "fail always" {
		t.Errorf("the poison is %q, want the message that always fails", got)
	}

	f.upload("images", "cat.jpg", "0123456789")
	f.put("crops", `{"name":"cat.jpg"}`)
	if got := f.await("notes", 1); got[0] != "206 201 of 10" {
		t.Errorf("queue notes holds %q, want a part read, an output taken and the whole of 10 bytes read", got)
	}
	if text, kind := f.download("thumbs", "cat.jpg"); text != "234" || kind != "image/test" {
		t.Errorf("blob thumbs/cat.jpg is %q of type %q, want 234 of image/test", text, kind)
	}
	f.upload("incoming", "dog.txt", "woof")
	if text, kind := f.download("copies", "dog"); text != "WOOF" || kind != "text/plain" {
		t.Errorf("blob copies/dog is %q of type %q, want WOOF of text/plain", text, kind)
	}
	f.upload("large", "zeros", strings.Repeat("\x00", 1<<20))
	if got := f.await("sums", 1); got[0] != "large/zeros: 1048576 bytes 30e14955, body of 0" {
		t.Errorf("queue sums holds %q, want the blob read by its URL", got)
	}
	if got := f.await("ticks", 2); got[0] != "tick" {
		t.Errorf("queue ticks holds %q, want what the timer's function answers", got)
	}

	load.check(t, 20)
	if status, body, _ := s.get("/anything?a=b"); status != 200 || body != "served /anything?a=b" {
		t.Errorf("GET /anything = %d %q, want the worker's own answer", status, body)
	}
	if err := syscall.Kill(s.pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.await("host", "Configuration reloaded: nothing has changed")
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, test := range []struct{ what, kql, want string }{
		{"invocations", `requests | where name == "work" | summarize n = count() by success | order by success asc`, `[[False 2] [True 2]]`},
		{"why one failed", `requests | where name == "work" and success == "False" | take 1 | project tostring(customDimensions.reason) has "500"`, `[[true]]`},
		{"one of each of the others", `requests | where name in ("crop", "arrived", "big") and success == "True" | count`, `[[3]]`},
		{"ticks", `requests | where name == "tick" | summarize count() >= 2`, `[[true]]`},
		{"clients beside them", `requests | where url has "/shop" | summarize sum(itemCount) >= 20`, `[[true]]`},
		{"calls to stores, of their invocation", `dependencies | where type startswith "file" and (name startswith "Put" or name startswith "Open") | join kind=inner (requests | where name == "crop") on operation_Id | summarize n = count() by type | order by type asc`, `[[file blob 3] [file queue 1]]`},
	} {
		if got := fmt.Sprint(s.ask(test.kql)); got != test.want {
			t.Errorf("%s: query %s\n got %s\nwant %s", test.what, test.kql, got, test.want)
		}
	}
}

// A worker is replaced under work and clients: each message is done, no client
// notices, and a change of the functions is told to need a restart.
func TestAPlainWorkerIsReplacedUnderItsWork(t *testing.T) {
	data := t.TempDir()
	f := openFeed(t, data)
	args := plainWorker(t, "functions:\n  work: {queue: jobs, parallel: 4, answer: queue done}\n")
	s := beginWith(t, data, nil, append([]string{"--ready", "http:/ready"}, args...)...)
	s.await("worker_ready", "")
	if _, body, _ := s.get("/asked"); body != "asked 3 times" {
		t.Errorf("when the worker is ready it was %s, want 3: the probe that --ready names was asked until it said so", body)
	}
	load := s.storm(2, "/shop")
	for i := range 20 {
		f.put("jobs", fmt.Sprintf("wait 0.%d%d", i%3+1, i))
	}
	for range 2 {
		if status, body, _, err := request("POST", s.admin+"/replace", nil); err != nil || status != 200 {
			t.Fatalf("POST /replace = %d %s, %v", status, body, err)
		}
	}
	done := strings.Join(f.await("done", 20), "; ")
	for i := range 20 {
		if want := fmt.Sprintf("wait 0.%d%d, delivery 1", i%3+1, i); strings.Count(done, want) != 1 {
			t.Errorf("queue done holds %q, want %q in it once", done, want)
		}
	}
	load.check(t, 10)

	file := args[slices.Index(args, "--config")+1]
	if err := os.WriteFile(file, []byte("functions:\n  work: {queue: jobs, parallel: 5}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.await("host", "These changes need a restart: functions")
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
