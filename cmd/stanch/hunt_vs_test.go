package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stanch-dev/stanch/internal/hunt"
)

func TestAHuntComparesTwoWorkersUnderTheSameLoad(t *testing.T) {
	// The bench's worker can be asked to collect, which makes this one short.
	worker := filepath.Join(t.TempDir(), "hunted")
	if out, err := exec.Command("go", "build", "-o", worker, "../../bench/hunt/worker").CombinedOutput(); err != nil {
		t.Fatalf("build the worker: %v\n%s", err, out)
	}
	code, r, stderr := huntRun(t, []string{"LEAK_AT=/health", "LEAK_BYTES=65536"}, "--smallest", "8KiB", "/health", "--vs", "LEAK_AT= exec "+worker, "--", worker)
	if len(r.Comparisons) != 1 {
		t.Fatalf("hunt --vs: exit code %d, %d comparisons, want one\n%s", code, len(r.Comparisons), stderr)
	}
	if c := r.Comparisons[0]; c.Change != hunt.Improved || c.Leak.Hi > -32<<10 {
		t.Errorf("the fixed worker against the leaking one: %s by %+v (%s), want improved by about 64 KiB", c.Change, c.Leak, c.Why)
	}
	if f := finding(t, r, hunt.SideB, "GET /health"); f.Verdict == hunt.Leaks {
		t.Errorf("the fixed worker: %+v, want no leak", f)
	}
}
