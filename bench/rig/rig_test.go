package rig_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

func group(t *testing.T, limit int64) *rig.Group {
	t.Helper()
	g, err := rig.MakeGroup(limit)
	if errors.Is(err, rig.ErrNoGroup) {
		t.Skip("this machine lets us make no memory cgroup")
	}
	if err != nil {
		t.Fatalf("MakeGroup: %v", err)
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Errorf("Remove: %v", err)
		}
	})
	return g
}

func wait(t *testing.T, p *rig.Process) {
	t.Helper()
	select {
	case <-p.Done:
	case <-time.After(30 * time.Second):
		t.Fatal("the process still runs after 30 s")
	}
}

// fill is a shell's way to take memory: a variable of so many MiB.
func fill(mib string) []string {
	return []string{"sh", "-c", "x=$(head -c " + mib + "m /dev/zero | tr '\\0' x); echo ${#x}"}
}

func TestAGroupChargesAndLimitsWhatRunsInIt(t *testing.T) {
	const mib = 1 << 20
	g := group(t, 64*mib)
	var out bytes.Buffer
	p, err := rig.Start(rig.Command{Args: fill("5"), Group: g, Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, p)
	if got := strings.TrimSpace(out.String()); got != "5242880" {
		t.Errorf("a process that fits printed %q, want 5242880", got)
	}
	if g.Kills() != 0 {
		t.Errorf("Kills() = %d after a process that fits, want 0", g.Kills())
	}
	p, err = rig.Start(rig.Command{Args: fill("200"), Group: g})
	if err != nil {
		t.Fatal(err)
	}
	usage := rig.Sampling(time.Millisecond, g.Usage)
	wait(t, p)
	samples := usage.Stop()
	if g.Kills() < 1 {
		t.Errorf("Kills() = %d after 200 MiB in 64, want at least 1 (%s)", g.Kills(), p.Exit())
	}
	if usage.Peak() < 32*mib || usage.Peak() > 66*mib {
		t.Errorf("peak of %d samples = %d MiB, want between 32 and the limit of 64", len(samples), usage.Peak()/mib)
	}
	if at, ok := rig.Crossing(samples, 32*mib); !ok || at.Bytes < 32*mib {
		t.Errorf("Crossing(32 MiB) = %v, %v; want a sample", at, ok)
	}
}

func TestNobodyMayNotWriteItsGroup(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	g := group(t, rig.Unlimited)
	var out bytes.Buffer
	p, err := rig.Start(rig.Command{Args: []string{"sh", "-c", `id -u; f=$(find /sys/fs/cgroup -path '*/stanch-bench-*' -name cgroup.procs | head -1); cat "$f" >/dev/null && echo read; echo 0 >"$f" && echo wrote`}, Group: g, Nobody: true, Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, p)
	if got := out.String(); !strings.HasPrefix(got, "65534\nread\n") || strings.Contains(got, "wrote") {
		t.Errorf("as nobody: %q, want to read the group and not to write it", got)
	}
}

func TestStopEndsWhatIgnoresItAndItsChildren(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ready")
	p, err := rig.Start(rig.Command{Args: []string{"sh", "-c", `trap '' TERM; sleep 600 & touch "$0"; wait; wait`, mark}})
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(mark); err == nil {
			break
		}
	}
	p.Stop(10 * time.Millisecond)
	p.Stop(10 * time.Millisecond)
	if got := p.Exit(); got != "signal: killed" {
		t.Errorf("Exit() = %q, want signal: killed", got)
	}
}

func TestProcessorTimeAndResidentMemoryAreOurs(t *testing.T) {
	before, err := rig.CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// Until the kernel says so, however little of the machine is ours.
	began, took := time.Now(), time.Duration(0)
	for ; took < 50*time.Millisecond && time.Since(began) < time.Minute; took -= before {
		if took, err = rig.CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if passed := time.Since(began); took < 50*time.Millisecond || took > time.Duration(runtime.NumCPU()+1)*passed+100*time.Millisecond {
		t.Errorf("CPU of %v of work = %v", passed, took)
	}
	if rss, err := rig.Resident(os.Getpid()); err != nil || rss < 1<<20 || rss > 1<<30 {
		t.Errorf("Resident = %d, %v; want some MiB", rss, err)
	}
	if _, err := rig.Resident(1 << 30); err == nil {
		t.Error("Resident of no process gave no error")
	}
}
