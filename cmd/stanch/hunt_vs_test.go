package main

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/hunt"
)

func TestAHuntComparesTwoWorkersUnderTheSameLoad(t *testing.T) {
	code, r, stderr := huntRun(t, []string{"LEAK_KB=64"}, "--smallest", "8KiB", "/work", "--vs", "LEAK_KB=0 exec "+workerProgram+" --port {port}", "--", workerProgram, "--port", "{port}")
	if len(r.Comparisons) != 1 {
		t.Fatalf("hunt --vs: exit code %d, %d comparisons, want one\n%s", code, len(r.Comparisons), stderr)
	}
	if c := r.Comparisons[0]; c.Change != hunt.Improved || c.Leak.Hi > -32<<10 {
		t.Errorf("the fixed worker against the leaking one: %s by %+v (%s), want improved by about 64 KiB", c.Change, c.Leak, c.Why)
	}
	if f := finding(t, r, hunt.SideB, "GET /work"); f.Verdict == hunt.Leaks {
		t.Errorf("the fixed worker: %+v, want no leak", f)
	}
}
