package cgroup_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// A test binary that is started with this variable plays the worker: it touches
// so many MiB, says so, and goes on when its standard input has a line.
const workerVar = "STANCH_TEST_WORKER_MIB"

func TestMain(m *testing.M) {
	if text := os.Getenv(workerVar); text != "" {
		work(text)
		return
	}
	os.Exit(m.Run())
}

func work(text string) {
	in := bufio.NewScanner(os.Stdin)
	var held [][]byte
	for word := range strings.SplitSeq(text, " ") {
		n, _ := strconv.Atoi(word)
		// Not the heap, where the race detector keeps a shadow of every page.
		b, err := syscall.Mmap(-1, 0, n*mib, syscall.PROT_READ|syscall.PROT_WRITE,
			syscall.MAP_PRIVATE|syscall.MAP_ANONYMOUS|syscall.MAP_POPULATE)
		if err != nil {
			fmt.Println(err)
			return
		}
		held = append(held, b)
		fmt.Println("ready", len(held))
		in.Scan()
	}
	runtime.KeepAlive(held)
}

// worker is the command for a worker that touches so many MiB, step by step.
func worker(t *testing.T, steps string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workerVar+"="+steps, "GOGC=off", "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// started is a worker born in a group.
type started struct {
	*exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func startIn(t *testing.T, g *cgroup.Group, cmd *exec.Cmd) *started {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Fork(cmd.SysProcAttr, cmd.Start); err != nil {
		t.Fatalf("Fork() = %v", err)
	}
	return &started{Cmd: cmd, in: in, out: bufio.NewScanner(out)}
}

// ready waits for the worker to have touched its next step.
func (s *started) ready(t *testing.T) {
	t.Helper()
	if !s.out.Scan() {
		t.Fatalf("the worker ended before it was ready: %v", s.Wait())
	}
}

func (s *started) next() { fmt.Fprintln(s.in) }

// own is this process's group where groups can be made below it.
func own(t testing.TB) *cgroup.Group {
	t.Helper()
	g, err := cgroup.System().Own()
	t.Cleanup(g.Close)
	if err != nil {
		t.Skipf("this machine shows no memory controller: %v", err)
	}
	if err := g.Writable(); err != nil {
		t.Skipf("no group can be made here: %v", err)
	}
	return g
}

func child(t testing.TB, g *cgroup.Group, name string) *cgroup.Group {
	t.Helper()
	c, err := g.Child(fmt.Sprintf("stanch-test-%d-%s", os.Getpid(), name))
	if err != nil {
		t.Fatalf("Child() = %v", err)
	}
	t.Cleanup(func() {
		if err := c.Kill(); err != nil {
			t.Errorf("Kill() = %v", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.Remove(ctx); err != nil {
			t.Errorf("Remove() = %v", err)
		}
	})
	return c
}

func read(t testing.TB, g *cgroup.Group) memory.Charge {
	t.Helper()
	var c memory.Charge
	if err := g.Read(&c); err != nil {
		t.Fatalf("Read() = %v", err)
	}
	return c
}

func TestLiveOwnGroupIsRead(t *testing.T) {
	g, err := cgroup.System().Own()
	t.Cleanup(g.Close)
	if err != nil {
		t.Skipf("this machine shows no memory controller: %v", err)
	}
	c := read(t, g)
	if !c.Known {
		t.Skip("this process is in the machine's root group, which keeps no account")
	}
	if c.Usage <= 0 || c.Anon <= 0 || c.WorkingSet() > c.Usage || c.Limit <= 0 {
		t.Errorf("Read() = %+v, want usage, anonymous memory and a limit above 0", c)
	}
	t.Logf("version %d, %s, bound by %s: %+v", g.Version(), g.Path(), g.LimitSource(), c)
}

func TestLiveWorkerIsBornInItsGroupAndChargedThere(t *testing.T) {
	g := own(t)
	c := child(t, g, "born")
	before := read(t, c)
	if before.Anon != 0 {
		t.Errorf("a new group holds %d anonymous bytes, want 0", before.Anon)
	}
	w := startIn(t, c, worker(t, "48 32"))
	w.ready(t)
	if pids, err := c.Procs(); err != nil || !slices.Equal(pids, []int{w.Process.Pid}) {
		t.Errorf("Procs() = %v, %v; want only the worker, %d", pids, err, w.Process.Pid)
	}
	first := read(t, c)
	if first.Anon < 48*mib || first.Anon > 64*mib {
		t.Errorf("the worker touched 48 MiB and the group is charged %d MiB of anonymous memory", first.Anon/mib)
	}
	w.next()
	w.ready(t)
	if grown := read(t, c).Anon - first.Anon; grown < 31*mib || grown > 36*mib {
		t.Errorf("the worker touched 32 MiB more and the charge rose by %d KiB", grown>>10)
	}
	if err := c.Kill(); err != nil {
		t.Errorf("Kill() = %v", err)
	}
	if err := w.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the worker ended with %v after Kill(), want killed", err)
	}
	if after := read(t, c); after.OOMKills != 0 || after.Anon > mib {
		t.Errorf("after our own kill the group has %d OOM kills and %d anonymous bytes; want 0, and next to none", after.OOMKills, after.Anon)
	}
}

// Several workers start at once while the rest of the process goes on; every
// one is in its group, and no thread of ours stays behind in one.
func TestLiveForksAtOnceEachEndUpInTheirOwnGroup(t *testing.T) {
	g := own(t)
	const n = 4
	groups, workers := make([]*cgroup.Group, n), make([]*started, n)
	var wg sync.WaitGroup
	for i := range n {
		groups[i] = child(t, g, fmt.Sprint("many", i))
	}
	cmds := make([]*exec.Cmd, n)
	for i := range n {
		cmds[i] = worker(t, "1")
	}
	for i := range n {
		wg.Go(func() { workers[i] = startIn(t, groups[i], cmds[i]) })
	}
	wg.Wait()
	for i, w := range workers {
		w.ready(t)
		if pids, err := groups[i].Procs(); err != nil || !slices.Equal(pids, []int{w.Process.Pid}) {
			t.Errorf("group %d: Procs() = %v, %v; want only %d", i, pids, err, w.Process.Pid)
		}
		w.next()
		if err := w.Wait(); err != nil {
			t.Errorf("worker %d: %v", i, err)
		}
	}
}

// The limit of a worker's group is its own: the kernel kills the worker, counts
// it in that group, and this process lives on.
func TestLiveKernelKillsAtTheGroupsLimitAndCountsIt(t *testing.T) {
	g := own(t)
	c := child(t, g, "oom")
	if err := c.SetLimit(64 * mib); err != nil {
		t.Fatalf("SetLimit() = %v", err)
	}
	before := read(t, c)
	if before.Limit != 64*mib || before.OOMKills != 0 {
		t.Fatalf("a new group with a limit of 64 MiB reads %+v", before)
	}
	if !strings.HasSuffix(c.LimitSource(), "of "+c.Path()) {
		t.Errorf("LimitSource() = %q, want the group's own", c.LimitSource())
	}
	w := startIn(t, c, worker(t, "16 256"))
	w.ready(t)
	w.next()
	err := w.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("a worker that touches 272 MiB under a limit of 64 ended with %v, want SIGKILL", err)
	}
	after := read(t, c)
	if after.OOMKills != before.OOMKills+1 {
		t.Errorf("OOMKills went from %d to %d, want one more", before.OOMKills, after.OOMKills)
	}
	if after.Peak < 60*mib || after.Peak > 64*mib {
		t.Errorf("Peak = %d KiB, want just below the limit", after.Peak>>10)
	}
	for _, limit := range []int64{128 * mib, 32 * mib, memory.Unlimited} {
		if err := c.SetLimit(limit); err != nil {
			t.Errorf("SetLimit(%d) = %v", limit, err)
		}
		// Without a limit of its own an ancestor's may still bound it.
		if got := read(t, c).Limit; got != limit && limit != memory.Unlimited {
			t.Errorf("after SetLimit(%d) the limit reads %d", limit, got)
		}
	}
}

func TestLiveTmpfsAndDirtyPagesAreNotReclaimable(t *testing.T) {
	g := own(t)
	if _, err := os.Stat("/dev/shm"); err != nil {
		t.Skipf("no tmpfs to write to: %v", err)
	}
	c := child(t, g, "shm")
	path := filepath.Join("/dev/shm", filepath.Base(c.Path()))
	t.Cleanup(func() { os.Remove(path) })
	cmd := exec.Command("dd", "if=/dev/zero", "of="+path, "bs=1M", "count=24")
	if err := c.Fork(&syscall.SysProcAttr{}, cmd.Run); err != nil {
		t.Skipf("dd does not run here: %v", err)
	}
	got := read(t, c)
	if got.Shmem < 24*mib || got.WorkingSet() < 24*mib {
		t.Errorf("24 MiB in tmpfs are charged as %d shmem and a working set of %d; want both at least that", got.Shmem, got.WorkingSet())
	}
}

func TestLiveGroupThatIsRemovedIsAnErrorAndItsReturnIsRead(t *testing.T) {
	g := own(t)
	c := child(t, g, "gone")
	other, err := g.Child(filepath.Base(c.Path()))
	if err != nil {
		t.Fatalf("Child() anew over an empty group = %v", err)
	}
	defer other.Close()
	read(t, other)
	if err := other.Remove(t.Context()); err != nil {
		t.Fatalf("Remove() = %v", err)
	}
	var charge memory.Charge
	if err := c.Read(&charge); !errors.Is(err, fs.ErrNotExist) || charge.Known {
		t.Errorf("Read() of a removed group = %+v, %v; want fs.ErrNotExist", charge, err)
	}
	if _, err := g.Child(filepath.Base(c.Path())); err != nil {
		t.Fatalf("Child() = %v", err)
	}
	read(t, c)
}

func TestLiveFilesKeptOpenOfARemovedGroupAreLookedForAnew(t *testing.T) {
	g := own(t)
	c := child(t, g, "reopen")
	read(t, c) // opens the files
	// Somebody else removes the group, and makes it again.
	dup, err := g.Child(filepath.Base(c.Path()))
	if err != nil {
		t.Fatalf("Child() = %v", err)
	}
	defer dup.Close()
	var charge memory.Charge
	if err := c.Read(&charge); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("Read() through the old files = %v, want ENODEV", err)
	}
	read(t, c)
}

func TestLiveRemoveOfAGroupInUseWaitsAndThenSaysSo(t *testing.T) {
	g := own(t)
	c := child(t, g, "busy")
	w := startIn(t, c, worker(t, "1"))
	w.ready(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Remove(ctx); !errors.Is(err, syscall.EBUSY) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Remove() with a worker inside = %v, want EBUSY and the deadline", err)
	}
	if _, err := g.Child(filepath.Base(c.Path())); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("Child() over a group with a worker inside = %v, want EBUSY", err)
	}
	w.next()
	if err := w.Wait(); err != nil {
		t.Error(err)
	}
}

func TestLiveProcessIsMovedIntoAGroup(t *testing.T) {
	g := own(t)
	c := child(t, g, "add")
	// Born in this process's own group, as where ErrNotBorn leaves one.
	w := startIn(t, child(t, g, "before"), worker(t, "1"))
	w.ready(t)
	if err := c.Add(w.Process.Pid); err != nil {
		t.Fatalf("Add() = %v", err)
	}
	if pids, err := c.Procs(); err != nil || !slices.Equal(pids, []int{w.Process.Pid}) {
		t.Errorf("Procs() = %v, %v; want %d", pids, err, w.Process.Pid)
	}
	w.next()
	if err := w.Wait(); err != nil {
		t.Error(err)
	}
	if err := c.Add(w.Process.Pid); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Add() of a process that ended = %v, want os.ErrProcessDone", err)
	}
}

func TestLiveForkReportsWhatStartReports(t *testing.T) {
	g := own(t)
	c := child(t, g, "fails")
	want := errors.New("no such program")
	if err := c.Fork(&syscall.SysProcAttr{}, func() error { return want }); !errors.Is(err, want) {
		t.Errorf("Fork() = %v, want %v", err, want)
	}
	if pids, err := c.Procs(); err != nil || len(pids) != 0 {
		t.Errorf("Procs() after it = %v, %v; want none", pids, err)
	}
}

func BenchmarkRead(b *testing.B) {
	g, err := cgroup.System().Own()
	b.Cleanup(g.Close)
	if err != nil {
		b.Skipf("this machine shows no memory controller: %v", err)
	}
	var c memory.Charge
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Read(&c); err != nil {
			b.Fatal(err)
		}
	}
}
