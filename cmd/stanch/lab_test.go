package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// labFolder is a folder with an experiment about the example worker.
func labFolder(t *testing.T, text string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a lab takes ten seconds and more")
	}
	own, err := cgroup.System().Own()
	if err == nil {
		err = own.Writable()
	}
	own.Close()
	if err != nil {
		t.Skipf("needs a writable memory cgroup: %v", err)
	}
	dir := t.TempDir()
	text = strings.ReplaceAll(text, "WORKER", workerProgram)
	if err := os.WriteFile(filepath.Join(dir, "experiment.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// labProgram is this test binary under the name that makes it stanch: a lab starts its
// own program.
func labProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "stanch")
	if err := os.Link(self, program); err != nil {
		text, err := os.ReadFile(self)
		if err == nil {
			err = os.WriteFile(program, text, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return program
}

func labDo(t *testing.T, program string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append([]string{"lab"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatalf("start stanch lab: %v", err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

const leakLab = `version: 1
name: leak
hypothesis: {claim: A request of /leak keeps 64 KiB., smallest-effect: 4KiB}
subject:
  variants: {go: {command: [WORKER, --port, "{port}"]}}
  runtime: native
  memory: 256MiB
load:
  streams:
    leak: {http: [{get: "/leak?kb=64&n={n}"}]}
    quiet: {http: [{get: /healthz}]}
phases:
  - {name: warm-up, for: 1s, load: {leak: 20/s}, judge: false}
  - {name: idle, for: 2s, load: {quiet: 100/s}}
  - {name: load, for: 5s, load: {leak: 100/s}}
controls:
  planted: {variant: go, size: 64KiB, per: request, window: idle}
gates:
  - {id: landed, check: landed, at-least: 95%}
  - {id: samples, check: coverage, series: used, at-least: 70%}
proof:
  - {id: grows, test: slope, window: load, series: used, per: request, above: 16KiB}
  - {id: answered, test: query, window: load, kql: requests | where success == true | summarize n = count(), above: 400}
disproof:
  - {id: flat, test: equivalence, window: load, series: used, per: request, within: 4KiB}
collect: {every: 50ms}
`

func TestALabIsCarriedThroughAndCanBeRecomputed(t *testing.T) {
	t.Parallel()
	dir, program := labFolder(t, leakLab), labProgram(t)
	out := filepath.Join(dir, "bundle")
	code, stdout, stderr := labDo(t, program, "run", dir, "--out", out, "--json")
	var got labOutcome
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("stanch lab run --json printed %q and %q, exit code %d: %v", stdout, stderr, code, err)
	}
	if code != 0 || got.Outcome != verdict.Supported {
		t.Fatalf("stanch lab run: %q and exit code %d (%v), want supported and 0\n%s", got.Outcome, code, got.Why, stderr)
	}
	grows := got.Proof[0]
	if grows.ID != "grows" || grows.Estimate < 48<<10 || grows.Estimate > 84<<10 {
		t.Errorf("grows is %s with %v, want about 64 KiB", grows.ID, grows.Estimate)
	}
	code, stdout, stderr = labDo(t, program, "verify", out)
	if code != 0 || !strings.Contains(stdout, "7 of them recomputed to the byte; supported") {
		t.Errorf("stanch lab verify: exit code %d, %q %q, want 0 and all recomputed", code, stdout, stderr)
	}

	// A number of the raw evidence, and the verdict itself.
	for _, name := range []string{"runs/02/samples.csv", "verdict.json"} {
		path := filepath.Join(out, name)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := len(before) / 2
		for before[at] < '1' || before[at] > '8' {
			at++
		}
		edited := bytes.Clone(before)
		edited[at]++
		if err := os.WriteFile(path, edited, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, stdout, _ := labDo(t, program, "verify", out); code != 1 || !strings.Contains(stdout, name) {
			t.Errorf("with a digit of %s changed, stanch lab verify: exit code %d, %q; want 1 and the file's name", name, code, stdout)
		}
		if err := os.WriteFile(path, before, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, stdout, _ := labDo(t, program, "verify", out); code != 0 {
		t.Errorf("with all as it was again, stanch lab verify: exit code %d, %q; want 0", code, stdout)
	}
}

// labBegin starts the lab and returns when load has come to its worker.
func labBegin(t *testing.T, program, dir, out string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "lab", "run", dir, "--out", out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(out, "runs", "01", "sent.csv")); err == nil && bytes.Count(text, []byte("\n")) > 10 {
			return cmd
		}
		if time.Now().After(end) {
			t.Fatal("waited a minute for the load of the first run")
		}
	}
}

func TestAnInterruptedLabHasABundleAndNoVerdict(t *testing.T) {
	t.Parallel()
	dir, program := labFolder(t, leakLab), labProgram(t)
	out := filepath.Join(dir, "bundle")
	cmd := labBegin(t, program, dir, out)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitNoVerdict {
		t.Errorf("stanch lab run, interrupted: exit code %d, want %d", cmd.ProcessState.ExitCode(), exitNoVerdict)
	}
	code, stdout, _ := labDo(t, program, "verify", out)
	if code != 0 || !strings.Contains(stdout, "aborted, and has no verdict") {
		t.Errorf("stanch lab verify: exit code %d, %q; want 0 and that it was aborted", code, stdout)
	}
	if _, err := os.Stat(filepath.Join(out, "verdict.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an aborted bundle has a verdict.json (%v)", err)
	}
	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	if err != nil || !strings.Contains(string(page), "No verdict") {
		t.Errorf("the report of an aborted bundle (%v) does not say that there is no verdict", err)
	}
}

func TestAKilledLabCanBeInspectedAndLeavesNobodyBehind(t *testing.T) {
	t.Parallel()
	dir, program := labFolder(t, leakLab), labProgram(t)
	out := filepath.Join(dir, "bundle")
	cmd := labBegin(t, program, dir, out)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	code, stdout, _ := labDo(t, program, "verify", out)
	if code != 1 || !strings.Contains(stdout, "never ended") {
		t.Errorf("stanch lab verify: exit code %d, %q; want 1 and that it was never ended", code, stdout)
	}
	code, stdout, stderr := labDo(t, program, "report", out, "--markdown")
	if code != 0 || !strings.Contains(stdout, "No verdict") {
		t.Errorf("stanch lab report: exit code %d, %q %q; want 0 and no verdict", code, stdout, stderr)
	}
	// The bundle's path is in the arguments of whatever a lab has started.
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		left := processesWith(t, out)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a minute after the lab was killed there are still %v", left)
		}
	}
}

// processesWith are the command lines that hold a text.
func processesWith(t *testing.T, text string) (all []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(text)) {
			all = append(all, fmt.Sprintf("%s: %q", file, line))
		}
	}
	return all
}

const hungryWorker = `
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

kept = []

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status = 200
        if self.path.startswith("/take"):
            try:
                kept.append(b"x" * (8 << 20))
            except MemoryError:
                print("MemoryError: no room for 8 MiB", file=sys.stderr, flush=True)
                kept.clear()
                status = 500
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
`

// The limits are the kernel's: an allocation that fails, and a kill.
func TestALabsLimitsAreTheKernels(t *testing.T) {
	t.Parallel()
	dir, program := labFolder(t, `version: 1
name: limits
hypothesis: {claim: "First an allocation fails, then the kernel kills.", smallest-effect: 1MiB}
subject:
  variants: {python: {command: [python3, worker.py, "{port}"]}}
  runtime: native
  memory: 160MiB
  allocation: 100MiB
load:
  streams:
    take: {arrivals: even, http: [{get: /take}]}
phases:
  - {name: fails, for: 3s, load: {take: 10/s}}
  - {name: killed, for: 4s, do: [{limit: {allocation: 100GiB}}], load: {take: 10/s}}
proof:
  - {id: memory-error, test: query, window: fails, kql: FunctionAppLogs | where Message has "MemoryError" | summarize n = count(), above: 0}
  - {id: no-kill-yet, test: query, window: fails, kql: traces | where message has "code 137" | summarize n = count(), at-most: 0}
  - {id: killed, test: query, window: killed, kql: traces | where message has "exited with code 137" | summarize n = count(), above: 0}
  - {id: full, test: level, window: killed, series: charge, quantile: 80%, above: 64MiB, confidence: 0.9}
disproof:
  - {id: never-full, test: level, window: killed, series: charge, quantile: 90%, below: 32MiB, confidence: 0.9}
collect: {every: 20ms}
`), labProgram(t)
	if err := os.WriteFile(filepath.Join(dir, "worker.py"), []byte(hungryWorker), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "bundle")
	code, stdout, stderr := labDo(t, program, "run", dir, "--out", out)
	if code != 0 {
		t.Errorf("stanch lab run: exit code %d, want 0\n%s%s", code, stdout, stderr)
	}
	events, err := os.ReadFile(filepath.Join(out, "runs", "01", "events.csv"))
	if err != nil || !strings.Contains(string(events), "the kernel killed") {
		t.Errorf("the events (%v) do not say that the kernel killed:\n%s", err, events)
	}
}
