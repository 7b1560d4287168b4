package main

import (
	"encoding/json"
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
)

// ask asks the tables of a stanch in KQL, as an operator would.
func (s *stanch) ask(kql string) (rows [][]any) {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self, "query", "--from", filepath.Join(s.data, "telemetry"), "--format", "json", kql)
	cmd.Args[0] = "stanch"
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("query %q: %v\n%s", kql, err, complaint.String())
	}
	var answer struct {
		Tables []struct{ Rows [][]any }
	}
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Tables) == 0 {
		s.t.Fatalf("query %q printed %q: %v", kql, out, err)
	}
	return answer.Tables[0].Rows
}

// callOut is a worker that serves, and calls out once for each request for
// /out, through whatever proxy its environment names.
const callOut = `
import os, sys, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        text = urllib.request.urlopen(sys.argv[2] + "/v1/items/7?sig=hush").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
HTTPServer(("127.0.0.1", int(sys.argv[1])), H).serve_forever()
`

// What happens to a worker is found in the tables where operators look for it.
func TestEveryTableGetsWhatHappened(t *testing.T) {
	// A traceback on stderr, then the worker proper in the same process.
	script := `python3 -c 'import logging
logging.basicConfig(format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
logging.getLogger("shop").warning("password=hunter2 is low on stock")
held = {}
held["cart"]["items"]'; exec "$0" --port "$PORT"`
	s := beginWith(t, t.TempDir(), nil, "--memory-limit", "256MiB", "--role-name", "shop", "--", "sh", "-c", script, workerProgram)
	s.await("worker_ready", "")
	for range 20 {
		s.get("/work?code=hush")
	}
	s.get("/nope/42")
	if status, body, _, err := request(http.MethodPost, s.admin+"/replace", nil); err != nil || status != 200 {
		t.Fatalf("POST /replace = %d %s %v", status, body, err)
	}
	if status, body, _, err := request(http.MethodPost, s.admin+"/telemetry", strings.NewReader(`{"table":"dependencies","name":"SELECT","target":"db","type":"SQL","duration":3,"success":"True"}`)); err != nil || status != 200 || !strings.Contains(body, `"rows": 1`) {
		t.Errorf("POST /telemetry = %d %s %v, want 200 and one row", status, body, err)
	}
	if status, body, _, _ := request(http.MethodPost, s.admin+"/telemetry", strings.NewReader(`{"table":"nope"}`)); status != 400 || !strings.Contains(body, "hint") {
		t.Errorf("POST /telemetry of a table that is none = %d %s, want 400 and a hint", status, body)
	}
	status, _, _, err := request(http.MethodPost, s.clients+"/spike?mb=2000&mbps=1024", strings.NewReader("body"))
	if err != nil || status != http.StatusBadGateway {
		t.Errorf("POST /spike = %d, %v; want 502", status, err)
	}
	s.await("frozen", "")
	s.await("postmortem_saved", "")
	s.get("/work")
	status, _, _, err = request(http.MethodPost, s.clients+"/exit?code=3", strings.NewReader("x"))
	if err != nil || status != http.StatusBadGateway {
		t.Errorf("POST /exit = %d, %v; want 502", status, err)
	}
	s.await("worker_died", "code 3")
	s.get("/work")
	// Counters are written once a second: wait for two looks by what they bring.
	late := time.Now().Add(patience)
	for started := time.Now(); time.Since(started) < 2500*time.Millisecond && time.Now().Before(late); {
		s.get("/work")
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}

	for _, test := range []struct{ what, kql, want string }{
		{"requests, each counted", `requests | where name == "GET /nope/{id}" | project success, resultCode, itemCount, cloud_RoleName`, `[[False 404 1 shop]]`},
		{"requests without secrets", `requests | where url has "hush" | count`, `[[0]]`},
		{"requests by result", `requests | where name startswith "POST" | summarize n = sum(itemCount) by name, resultCode | order by name asc`, `[[POST /exit 502 1] [POST /spike 502 1]]`},
		{"why a request failed", `requests | where name == "POST /spike" | project tostring(customDimensions.reason) has "memory limit"`, `[[true]]`},
		{"which worker had it", `requests | where name == "GET /work" | summarize dcount(cloud_RoleInstance) > 1`, `[[true]]`},
		{"the start", `traces | where message startswith "Host started" | project severityLevel`, `[[1]]`},
		{"workers' starts", `traces | where message startswith "Worker process started" | summarize count() >= 4, dcount(tostring(customDimensions.pid)) >= 4`, `[[true true]]`},
		{"an exit", `traces | where message has "exited with code 3" | project severityLevel, tostring(customDimensions.cause)`, `[[3 exited]]`},
		{"a kill", `traces | where message has "exited with code 137" | count | project Count >= 1`, `[[true]]`},
		{"restarts", `traces | where message has "Restarting worker process" | count | project Count >= 1`, `[[true]]`},
		{"the end", `traces | where message startswith "Host is shutting down" | count`, `[[1]]`},
		{"bands", `customEvents | where name == "band_changed" and tostring(customDimensions.from) == "healthy" | summarize count() >= 1, max(todouble(customMeasurements.usedBytes)) > 20e6, max(todouble(customMeasurements.limitBytes))`, `[[true true 2.68435456e+08]]`},
		{"a replacement", `customEvents | where name == "replace_done" | take 1 | project tostring(customDimensions.how), todouble(customMeasurements.tookSeconds) > 0`, `[[overlap true]]`},
		{"a freeze", `customEvents | where name == "frozen" | project todouble(customMeasurements.limitBytes)`, `[[2.68435456e+08]]`},
		{"deaths as exceptions", `exceptions | where type == "WorkerProcessDied" | project innermostType | order by innermostType asc`, `[[exited] [frozen-at-limit]]`},
		{"a traceback as one exception", `exceptions | where type == "KeyError" | summarize dcount(cloud_RoleInstance) == count(), any(problemId)`, `[[true KeyError at <module>]]`},
		{"a traceback as one log record", `FunctionAppLogs | where Level == "Error" and Message has "Traceback" | summarize n = count() by RoleInstance | summarize max(n)`, `[[1]]`},
		{"all of it", `FunctionAppLogs | where Level == "Error" and Message has "Traceback" | take 1 | project Message has "cart" and Message has "KeyError", AppName`, `[[true shop]]`},
		{"a warning, with its logger, without its secret", `FunctionAppLogs | where Level == "Warning" | take 1 | project Message, Category`, `[[password=*** is low on stock shop]]`},
		{"private bytes", `performanceCounters | where counter == "Private Bytes" | summarize count() >= 2, max(value) > 1000000, any(category)`, `[[true true Process]]`},
		{"the processor", `performanceCounters | where category == "Process" and counter == "% Processor Time" | summarize count() >= 1, max(value) < 300`, `[[true true]]`},
		{"metrics", `customMetrics | where name == "process_memory_mb" | summarize max(value) > 1`, `[[true]]`},
		{"what a worker reports", `dependencies | project name, target, type, duration, success, cloud_RoleName`, `[[SELECT db SQL 3 True shop]]`},
	} {
		if got := fmt.Sprint(s.ask(test.kql)); got != test.want {
			t.Errorf("%s: query %s\n got %s\nwant %s", test.what, test.kql, got, test.want)
		}
	}
}

// The kernel's own kill, for real: stanch is stopped so that it cannot act, and
// the worker, asked at its own port, fills the cgroup that it was given.
func TestAKillByTheKernelIsToldAsOne(t *testing.T) {
	s := begin(t, nil, "--memory-limit", "128MiB", "--role-name", "shop")
	s.await("worker_ready", "")
	var pid int
	if started := s.await("worker_started", ""); true {
		if _, err := fmt.Sscanf(started.Text, "Worker process started (pid %d", &pid); err != nil {
			t.Fatal(err)
		}
	}
	letTheKernelKill(t, pid)
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
	direct := "http://127.0.0.1:" + words[len(words)-1]
	s.get("/work")
	if err := syscall.Kill(s.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if status, _, _, err := request(http.MethodPost, direct+"/spike?mb=2000&mbps=1024", strings.NewReader("body")); err == nil {
		t.Errorf("POST /spike = %d to a worker that the kernel should have killed", status)
	}
	if err := syscall.Kill(s.pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	died := s.await("worker_died", "exited with code 137")
	if !strings.Contains(died.Text, "certain") {
		t.Errorf("the death is told as %q, want it certain", died.Text)
	}
	s.await("postmortem_saved", "")
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work after it = %d, want 200: a successor serves", status)
	}
	if list := s.reports(); len(list) != 1 || list[0].Cause != "kernel-oom" {
		t.Errorf("post-mortems: %v, want one with cause kernel-oom", list)
	}
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, test := range []struct{ what, kql, want string }{
		{"the exit", `traces | where message has "exited with code 137" | project severityLevel, tostring(customDimensions.cause), tostring(customDimensions.confidence)`, `[[3 kernel-oom certain]]`},
		{"the death as an exception", `exceptions | where type == "WorkerProcessDied" | project innermostType`, `[[kernel-oom]]`},
		{"the restart", `traces | where message has "Restarting worker process" | count`, `[[1]]`},
		{"two workers", `traces | where message startswith "Worker process started" | count`, `[[2]]`},
	} {
		if got := fmt.Sprint(s.ask(test.kql)); got != test.want {
			t.Errorf("%s: query %s\n got %s\nwant %s", test.what, test.kql, got, test.want)
		}
	}
}

// letTheKernelKill undoes the brake of the workers' groups: that at their limit
// they wait (cgroup v1) or are slowed down below it (v2) for stanch to act.
func letTheKernelKill(t *testing.T, pid int) {
	t.Helper()
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(groups)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) < 3 || part[1] != "memory" && part[1] != "" {
			continue
		}
		root, brake, off := "/sys/fs/cgroup/memory", "memory.oom_control", "0"
		if part[1] == "" {
			root, brake, off = "/sys/fs/cgroup", "memory.high", "max"
		}
		released := false
		for at := part[2]; strings.Contains(at, "stanch-workers-"); at = filepath.Dir(at) {
			if err := os.WriteFile(filepath.Join(root, at, brake), []byte(off), 0); err != nil {
				t.Fatal(err)
			}
			released = true
		}
		if released {
			return
		}
	}
	t.Skip("no cgroup can be given to a worker here, so that the kernel has no limit of its own to kill it at")
}

func TestOutgoingCallsAreDependencies(t *testing.T) {
	// NO_PROXY leaves calls to 127.0.0.1 out: another address of this machine.
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "brought by "+r.Host)
	}))
	other.Listener.Close()
	other.Listener = l
	other.Start()
	defer other.Close()
	host := l.Addr().String()
	s := beginWith(t, t.TempDir(), nil, "--egress", "on", "--", "python3", "-c", callOut, "{port}", other.URL)
	s.await("worker_ready", "")
	if status, body, _ := s.get("/out"); status != 200 || body != "brought by "+host {
		t.Errorf("GET /out = %d %q, want what the other server says", status, body)
	}
	s.end(syscall.SIGTERM)
	got := fmt.Sprint(s.ask(`dependencies | project name, target, type, success, resultCode, data, worker = tostring(customDimensions.worker)`))
	if want := fmt.Sprintf(`[[GET /v1/items/{id} %s HTTP True 200 %s/v1/items/7?sig=*** w1]]`, host, other.URL); got != want {
		t.Errorf("dependencies: got %s, want %s", got, want)
	}
}

func TestTelemetryCanBeOff(t *testing.T) {
	s := begin(t, nil, "--telemetry", "off")
	s.await("worker_ready", "")
	s.get("/work")
	if status, _, _, err := request(http.MethodPost, s.admin+"/telemetry", strings.NewReader(`{"table":"traces"}`)); err != nil || status != 404 {
		t.Errorf("POST /telemetry = %d, %v; want 404", status, err)
	}
	s.end(syscall.SIGTERM)
	if entries, err := os.ReadDir(filepath.Join(s.data, "telemetry")); err == nil {
		t.Errorf("the tables' directory holds %v, want none", entries)
	}
}
