package cgroup_test

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

func TestSweepTakesWhatIsStaleAndNothingElse(t *testing.T) {
	own, err := cgroup.System().Own()
	if err != nil || own.Writable() != nil {
		t.Skipf("no groups can be made here: %v, %v", err, own.Writable())
	}
	defer own.Close()
	names := map[string]bool{"sweep-test-dead": true, "sweep-test-alive": false, "other-sweep-test": false}
	groups := map[string]*cgroup.Group{}
	for name := range names {
		g, err := own.Child(name)
		if err != nil {
			t.Fatal(err)
		}
		groups[name] = g
		t.Cleanup(func() { _ = g.Remove(t.Context()); g.Close() })
	}
	if _, err := groups["sweep-test-dead"].Child("w1"); err != nil {
		t.Fatal(err)
	}
	if got := own.Sweep("sweep-test-", func(rest string) bool { return rest == "dead" }); got != 1 {
		t.Errorf("Sweep removed %d groups, want 1", got)
	}
	for name, swept := range names {
		if _, err := groups[name].Procs(); (err != nil) != swept {
			t.Errorf("after Sweep: Procs of %s = %v; want it gone: %v", name, err, swept)
		}
	}
}
