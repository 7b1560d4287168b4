package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// huntRun runs stanch hunt with the example worker to its end.
func huntRun(t *testing.T, env []string, args ...string) (code int, result huntResult, stderr string) {
	t.Helper()
	cmd := huntStart(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("start stanch hunt: %v", err)
	}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &result); err != nil {
			t.Fatalf("stanch hunt --json printed %q: %v", out.String(), err)
		}
	}
	return cmd.ProcessState.ExitCode(), result, errs.String()
}

func huntStart(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("a hunt takes ten seconds and more")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Args = append([]string{"stanch", "hunt", "--json", "--for", "5m"}, args...)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func finding(t *testing.T, r huntResult, side hunt.Side, endpoint string) hunt.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Side == side && f.Endpoint == endpoint {
			return f
		}
	}
	t.Fatalf("there is no finding of %s on side %s among %d", endpoint, side, len(r.Findings))
	return hunt.Finding{}
}

func TestAHuntFindsTheEndpointThatLeaks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "hunt.html")
	code, r, stderr := huntRun(t, nil, "--smallest", "8KiB", "--report", page, "/healthz", "/leak?kb=64", "--", workerProgram, "--port", "{port}")
	if code != exitFinding || r.Verdict != hunt.Leaks || !r.Decided {
		t.Fatalf("hunt: exit code %d, verdict %q (%s), want %d and leaks\n%s", code, r.Verdict, r.Summary, exitFinding, stderr)
	}
	leaky := finding(t, r, hunt.SideA, "GET /leak?kb=64")
	if leaky.Verdict != hunt.Leaks || leaky.Class != hunt.Managed || leaky.PerRequest.Mid < 48<<10 || leaky.PerRequest.Mid > 80<<10 {
		t.Errorf("GET /leak?kb=64: %+v, want a managed leak of about 64 KiB", leaky)
	}
	if clean := finding(t, r, hunt.SideA, "GET /healthz"); clean.Verdict != hunt.Clean {
		t.Errorf("GET /healthz: %+v, want clean", clean)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>GET /leak?kb=64 leaks", "<svg", "The same of the managed heap"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(string(text), "<script") || strings.Contains(string(text), `src="http`) {
		t.Error("the report needs something from outside")
	}
}

func TestAHuntOfACleanWorkerSaysSo(t *testing.T) {
	code, r, stderr := huntRun(t, nil, "--smallest", "8KiB", "/work", "--", workerProgram, "--port", "{port}")
	if code != exitOK || r.Verdict != hunt.Clean {
		t.Errorf("hunt of a clean worker: exit code %d, %q (%s), want %d and clean\n%s", code, r.Verdict, r.Summary, exitOK, stderr)
	}
}

func TestAHuntTellsWhichEndpointKills(t *testing.T) {
	code, r, stderr := huntRun(t, nil, "--smallest", "8KiB", "/healthz", "/exit?code=3", "--", workerProgram, "--port", "{port}")
	if len(r.Findings) == 0 {
		t.Fatalf("hunt: exit code %d, and no findings\n%s", code, stderr)
	}
	f := finding(t, r, hunt.SideA, "GET /exit?code=3")
	if code != exitFinding || f.Deaths == 0 || !strings.Contains(f.Why, "exited with code 3") {
		t.Errorf("hunt: exit code %d, deaths %d, %q, want %d and that it exited with code 3\n%s", code, f.Deaths, f.Why, exitFinding, stderr)
	}
	if clean := finding(t, r, hunt.SideA, "GET /healthz"); clean.Deaths != 0 {
		t.Errorf("GET /healthz: %d deaths, want none", clean.Deaths)
	}
}

func TestAHuntThroughStanchReadsWhatStanchTells(t *testing.T) {
	port, err := freePortBelow()
	if err != nil {
		t.Fatal(err)
	}
	s := beginWith(t, t.TempDir(), nil, "--worker-port", strconv.Itoa(port), "--", workerProgram, "--port", strconv.Itoa(port))
	s.await("worker_ready", "")
	code, r, stderr := huntRun(t, nil, "--smallest", "32KiB", "--stanch", s.admin, s.clients+"/native?kb=256")
	if code != exitFinding || r.Verdict != hunt.Leaks {
		t.Errorf("hunt through stanch: exit code %d, %q (%s), want %d and leaks\n%s", code, r.Verdict, r.Summary, exitFinding, stderr)
	}
}

func TestTheFirstInterruptEndsAHuntWithWhatIsKnown(t *testing.T) {
	cmd := huntStart(t, nil, "--smallest", "1B", "/healthz", "/work", "--", workerProgram, "--port", "{port}")
	var out bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The first line of progress: it is under way.
	line := make([]byte, 256)
	if n, err := stderr.Read(line); err != nil || !bytes.Contains(line[:n], []byte("block")) {
		t.Errorf("hunt said %q, %v, want its progress", line[:n], err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	var r huntResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("an interrupted hunt printed %q: %v", out.String(), err)
	}
	if code := cmd.ProcessState.ExitCode(); code != exitUndecided || !strings.Contains(strings.Join(r.Notes, "\n"), "interrupted") {
		t.Errorf("an interrupted hunt: exit code %d, notes %q, want %d and that it was interrupted", code, r.Notes, exitUndecided)
	}
}
