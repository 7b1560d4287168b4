package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// These tests hold the parts that version 2 alone has, and that a machine whose
// memory controller is version 1's can still show on its version 2 mount:
// birth in a group, cgroup.kill, and the rule on internal processes.

// v2 makes a group without processes on this machine's version 2 mount.
func v2(t *testing.T, name string) *Group {
	t.Helper()
	f := System()
	mounts, err := f.mounts()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mounts {
		if m.version != 2 {
			continue
		}
		// The test process's own group may not hold groups with controllers,
		// so that the new one begins at the mount.
		dir := filepath.Join(m.point, fmt.Sprintf("stanch-test-%d-%s", os.Getpid(), name))
		if err := syscall.Mkdir(dir, 0o755); err != nil {
			t.Skipf("no group of version 2 can be made here: %v", err)
		}
		g := newGroup(f, 2, m, dir)
		t.Cleanup(func() { remove(t, g) })
		return g
	}
	t.Skip("version 2 is not mounted here")
	return nil
}

func remove(t *testing.T, g *Group) {
	t.Helper()
	if err := g.Kill(); err != nil {
		t.Errorf("Kill() = %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := g.Remove(ctx); err != nil {
		t.Errorf("Remove() = %v", err)
	}
}

func TestKernelV2ProcessIsBornInItsGroupAndKilledWithIt(t *testing.T) {
	g := v2(t, "born")
	// The shell forks, so that there is a child of which only the group knows.
	cmd := exec.Command("sh", "-c", "sleep 1000 & echo up; wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Fork(cmd.SysProcAttr, cmd.Start); err != nil {
		if errors.Is(err, ErrNotBorn) {
			t.Skipf("this kernel does not know clone3's CLONE_INTO_CGROUP: %v", err)
		}
		t.Fatalf("Fork() = %v", err)
	}
	if cmd.SysProcAttr.UseCgroupFD {
		t.Error("after Fork() attr still names a file descriptor that is closed")
	}
	if _, err := out.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	pids, err := g.Procs()
	if err != nil || len(pids) != 2 || !slices.Contains(pids, cmd.Process.Pid) {
		t.Errorf("Procs() = %v, %v; want the shell, %d, and its child", pids, err, cmd.Process.Pid)
	}
	killed := make(chan error, 1)
	go func() { killed <- g.Kill() }()
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the shell ended with %v, want killed", err)
	}
	if err := <-killed; err != nil {
		t.Errorf("Kill() = %v", err)
	}
	if pids, err := g.Procs(); err != nil || len(pids) != 0 {
		t.Errorf("Procs() after Kill() = %v, %v; want none", pids, err)
	}
}

// handDownVar has the test binary play stanch in a group of its own: it moves
// itself there, hands a controller down and prints what became of it.
const handDownVar = "STANCH_TEST_HAND_DOWN"

func TestKernelV2HandsAControllerDownPastItself(t *testing.T) {
	if dir := os.Getenv(handDownVar); dir != "" {
		playHandDown(dir)
		return
	}
	for _, row := range []struct {
		reason   string
		stranger bool
		want     []string
	}{
		{"alone but for its parents: it moves into a leaf", false, []string{"error <nil>", "self " + leaf, "down true"}},
		{"beside a process that is not its own: all stays as it was", true, []string{"busy", "self .", "down false", "leaf false"}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := v2(t, "down")
			if b, err := os.ReadFile(filepath.Join(g.dir, "cgroup.controllers")); err != nil || len(strings.TrimSpace(string(b))) == 0 {
				t.Skipf("no controller of version 2 is handed down to new groups here: %q, %v", b, err)
			}
			if row.stranger {
				cmd := exec.Command("sleep", "1000")
				cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
				if err := g.Fork(cmd.SysProcAttr, cmd.Start); err != nil {
					t.Skipf("Fork() = %v", err)
				}
				defer cmd.Wait()
				defer cmd.Process.Kill()
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, "-test.run=^"+t.Name()[:strings.IndexByte(t.Name(), '/')]+"$")
			cmd.Env = append(os.Environ(), handDownVar+"="+g.dir)
			out, err := cmd.CombinedOutput()
			for _, want := range row.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("handDown says, with %v:\n%s\nwant %q in it", err, out, want)
				}
			}
		})
	}
}

func playHandDown(dir string) {
	g := newGroup(System(), 2, mount{version: 2, root: "/", point: filepath.Dir(dir)}, dir)
	g.home = dir
	if err := g.Add(os.Getpid()); err != nil {
		fmt.Println("move:", err)
		return
	}
	b, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	controller := strings.Fields(string(b))[0]
	err := g.handDown(controller)
	fmt.Println("error", err)
	if errors.Is(err, syscall.EBUSY) {
		fmt.Println("busy")
	}
	b, _ = os.ReadFile(filepath.Join(dir, leaf, "cgroup.procs"))
	if slices.Contains(strings.Fields(string(b)), strconv.Itoa(os.Getpid())) {
		fmt.Println("self", leaf)
	}
	b, _ = os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if slices.Contains(strings.Fields(string(b)), strconv.Itoa(os.Getpid())) {
		fmt.Println("self .")
	}
	fmt.Println("down", g.open(controller))
	fmt.Println("leaf", exists(filepath.Join(dir, leaf)))
}

// A thread that can't go home keeps out of the way, and lets the group be
// removed in the end.
func TestKernelV1ThreadThatCanNotGoHomeIsParkedUntilTheGroupEnds(t *testing.T) {
	g, err := System().Own()
	t.Cleanup(g.Close)
	if err != nil || g.version != 1 {
		t.Skipf("the memory controller here is not version 1's: version %d, %v", g.version, err)
	}
	if err := g.Writable(); err != nil {
		t.Skipf("no group can be made here: %v", err)
	}
	c, err := g.Child(fmt.Sprintf("stanch-test-%d-home", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer remove(t, c)
	c.home = filepath.Join(g.dir, "no such group")
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Fork(cmd.SysProcAttr, cmd.Start); err != nil {
		t.Fatalf("Fork() = %v, want none: the process is where it should be", err)
	}
	pids, err := c.Procs()
	want := []int{os.Getpid(), cmd.Process.Pid}
	slices.Sort(want)
	if err != nil || !slices.Equal(pids, want) {
		t.Errorf("Procs() = %v, %v; want our thread and the worker, %v", pids, err, want)
	}
	killed := make(chan error, 1)
	go func() { killed <- c.Kill() }()
	if err := cmd.Wait(); err == nil {
		t.Error("the worker ended well, want it killed")
	}
	if err := <-killed; err != nil {
		t.Errorf("Kill() = %v, want this process spared and no error", err)
	}
}
