package cgroup_test

import (
	"errors"
	"io/fs"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// A worker that runs into a braked limit stands still there, and the kernel
// kills nobody.
func TestABrakeHoldsWhatReachesTheLimit(t *testing.T) {
	own, err := cgroup.System().Own()
	if err != nil || own.Writable() != nil {
		t.Skipf("no groups can be made here: %v, %v", err, own.Writable())
	}
	defer own.Close()
	g, err := own.Child("brake-test")
	if err != nil {
		t.Fatal(err)
	}
	const limit = 64 << 20
	if err := g.SetLimit(limit); err != nil {
		t.Fatal(err)
	}
	if err := g.Brake(limit - limit/50); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", "a=[]\nwhile True: a.append(bytearray(1<<20))")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if err := g.Fork(cmd.SysProcAttr, cmd.Start); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = g.Kill(); <-ended; _ = g.Remove(t.Context()); g.Close() })
	var c memory.Charge
	for deadline := time.Now().Add(30 * time.Second); c.Usage < limit-limit/20; {
		if err := g.Read(&c); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the worker holds %d of %d after 30s", c.Usage, limit)
		}
	}
	select {
	case <-ended:
		t.Errorf("the worker was killed: %v", cmd.ProcessState)
	case <-time.After(300 * time.Millisecond): // as long as several kills would take
	}
	if err := g.Read(&c); err != nil || c.OOMKills != 0 {
		t.Errorf("the kernel has killed %d (%v), want none", c.OOMKills, err)
	}
}

// Without its brake a group's limit kills again; and whoever did not make a group finds
// it by its name.
func TestABrakeThatIsTakenAwayHoldsNobody(t *testing.T) {
	own, err := cgroup.System().Own()
	if err != nil || own.Writable() != nil {
		t.Skipf("no groups can be made here: %v, %v", err, own.Writable())
	}
	defer own.Close()
	const name = "unbraked-test"
	if _, err := own.Below(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Below of no group: %v, want fs.ErrNotExist", err)
	}
	made, err := own.Child(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Kill(); _ = made.Remove(t.Context()); made.Close() })
	if err := made.Brake(32 << 20); err != nil {
		t.Fatal(err)
	}
	g, err := own.Below(name)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.SetLimit(48 << 20); err != nil {
		t.Fatal(err)
	}
	if err := g.Brake(memory.Unlimited); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-c", "a=[]\nwhile True: a.append(bytearray(1<<20))")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if err := g.Fork(cmd.SysProcAttr, cmd.Start); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the test's own time is the bound
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("what ran into the limit ended with %v, want the kernel's SIGKILL", cmd.ProcessState)
	}
}
