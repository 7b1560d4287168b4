package gauge_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
)

// A test binary that is started with this variable plays a worker: it obeys
// the lines on its standard input and answers each with one.
const playVar = "STANCH_TEST_PLAY"

func TestMain(m *testing.M) {
	if role := os.Getenv(playVar); role != "" {
		play(role)
		return
	}
	os.Exit(m.Run())
}

// play obeys: "grow N" holds N MiB more, "child N" starts a process that holds
// N MiB, "orphan N" does so through a process that ends at once, "kill" kills
// the child, "exit" exits.
func play(role string) {
	var held [][]byte
	grow := func(text string) {
		n, _ := strconv.Atoi(text)
		// Not the heap, where the race detector keeps a shadow of every page.
		b, err := syscall.Mmap(-1, 0, n*mib, syscall.PROT_READ|syscall.PROT_WRITE,
			syscall.MAP_PRIVATE|syscall.MAP_ANONYMOUS|syscall.MAP_POPULATE)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		held = append(held, b)
	}
	spawn := func(role string) *exec.Cmd {
		cmd := player(role)
		cmd.Stdout, cmd.SysProcAttr = os.Stdout, nil
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return cmd
	}
	verb, n, _ := strings.Cut(role, " ")
	switch verb {
	case "hold": // as a child: until whoever started the test has ended
		grow(n)
		fmt.Println(os.Getpid())
		for os.Getppid() != 0 {
			time.Sleep(time.Minute)
		}
	case "beget": // the one in between
		spawn("hold " + n)
		return
	}
	fmt.Println("up")
	var child *exec.Cmd
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		verb, n, _ := strings.Cut(in.Text(), " ")
		switch verb {
		case "grow":
			grow(n)
			fmt.Println("grown")
		case "child":
			child = spawn("hold " + n) // it answers
		case "orphan":
			if err := spawn("beget " + n).Wait(); err != nil {
				fmt.Println(err)
			}
		case "kill":
			_ = child.Process.Kill()
			_ = child.Wait()
			fmt.Println("killed")
		}
	}
	runtime.KeepAlive(held)
}

func player(role string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), playVar+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// A played is a worker that is played by this test binary.
type played struct {
	t *testing.T
	*exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	kids []int
}

func start(t *testing.T) *played {
	t.Helper()
	cmd := player("worker")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &played{t: t, Cmd: cmd, in: in, out: bufio.NewScanner(out)}
	t.Cleanup(func() {
		for _, pid := range p.kids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p.answer()
	return p
}

func (p *played) answer() string {
	p.t.Helper()
	if !p.out.Scan() {
		p.t.Fatalf("the worker has ended: %v", p.out.Err())
	}
	return p.out.Text()
}

func (p *played) do(line string) string {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		p.t.Fatal(err)
	}
	got := p.answer()
	if pid, err := strconv.Atoi(got); err == nil {
		p.kids = append(p.kids, pid)
	}
	return got
}

func live(t testing.TB, c gauge.Config) *gauge.Gauge {
	t.Helper()
	g, err := gauge.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func near(got, want int64) bool {
	return math.Abs(float64(got-want)) <= 0.1*float64(want)
}

func TestLiveTreeIsSummedAndFallsWhenAChildDies(t *testing.T) {
	w := start(t)
	g := live(t, gauge.Config{})
	g.Track("w", w.Process.Pid, nil)
	r := look(t, g)
	bare := r.Worker("w").Tree
	w.do("grow 100")
	// No walk is needed to see a known process grow.
	g.Read(time.Now(), &r)
	if grown := r.Worker("w").Tree.Anon - bare.Anon; !near(grown, 100*mib) {
		t.Errorf("the worker took 100 MiB and its tree grew by %d MiB", grown/mib)
	}
	w.do("child 60")
	r = look(t, g)
	tree := r.Worker("w").Tree
	// Each process has what the program itself takes.
	if !near(tree.Anon-2*bare.Anon, 160*mib) || tree.Processes != 2 {
		t.Errorf("worker and child took 160 MiB, and the tree grew by %d MiB, in %d processes", (tree.Anon-2*bare.Anon)/mib, tree.Processes)
	}
	if !near(tree.PSS, tree.Anon+bare.RSS-bare.Anon) || !near(tree.Private, tree.Anon+mib) || tree.Threads < 4 {
		t.Errorf("PSS %d MiB, private %d MiB, %d threads; want both near %d MiB, and a Go program's threads",
			tree.PSS/mib, tree.Private/mib, tree.Threads, tree.Anon/mib)
	}
	// Standard input, output and error, and what Go's poller opens.
	if tree.FDs < 2*3 || tree.FDs > 2*20 {
		t.Errorf("%d open file descriptors in 2 processes, want at least three each", tree.FDs)
	}
	w.do("kill")
	// Nor to see one go.
	g.Read(time.Now(), &r)
	if tree := r.Worker("w").Tree; !near(tree.Anon-bare.Anon, 100*mib) || tree.Processes != 1 || tree.Shared != 0 {
		t.Errorf("after the child's death the tree holds %d MiB more than at first in %d processes, %d shared; want 100 in 1, none",
			(tree.Anon-bare.Anon)/mib, tree.Processes, tree.Shared)
	}
	if got := g.Problems(); len(got) > 0 {
		t.Logf("problems on this machine: %q", got)
	}
}

func TestLiveDoubleForkedOrphanIsStillCounted(t *testing.T) {
	w := start(t)
	g := live(t, gauge.Config{})
	g.Track("w", w.Process.Pid, nil)
	r := look(t, g)
	bare := r.Worker("w").Tree.Anon
	// The process in between is gone before any walk could see it.
	w.do("orphan 60")
	r = look(t, g)
	// Each process has what the program itself takes.
	if tree := r.Worker("w").Tree; !near(tree.Anon-2*bare, 60*mib) || tree.Processes != 2 {
		t.Errorf("a daemon of 60 MiB left the tree with %d MiB more in %d processes", (tree.Anon-2*bare)/mib, tree.Processes)
	}
}

func TestLiveSharedPagesAreCountedOnce(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to fork without exec")
	}
	const script = `
import os, sys
held = bytearray(b"x" * (80 << 20))
pids = []
for i in range(3):
    pid = os.fork()
    if pid == 0:
        sys.stdin.read()
        os._exit(0)
print("forked", flush=True)
sys.stdin.read()
`
	cmd := exec.Command(python, "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	g := live(t, gauge.Config{})
	g.Track("w", cmd.Process.Pid, nil)
	r := look(t, g)
	tree := r.Worker("w").Tree
	if tree.Processes != 4 || tree.Anon < 4*80*mib {
		t.Fatalf("four processes that share 80 MiB sum up to %d MiB in %d processes", tree.Anon/mib, tree.Processes)
	}
	if used := tree.Used(); used < 80*mib || used > 120*mib {
		t.Errorf("Used() = %d MiB, want the 80 MiB once, and some for each process (anon %d, shared %d, pss %d)",
			used/mib, tree.Anon/mib, tree.Shared/mib, tree.PSS/mib)
	}
}

func TestLiveWorkerInACgroupOfItsOwn(t *testing.T) {
	own, err := cgroup.System().Own()
	t.Cleanup(own.Close)
	if err != nil {
		t.Skipf("this machine shows no memory controller: %v", err)
	}
	if err := own.Writable(); err != nil {
		t.Skipf("no group can be made here: %v", err)
	}
	grp, err := own.Child(fmt.Sprintf("stanch-test-%d-gauge", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = grp.Kill()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := grp.Remove(ctx); err != nil {
			t.Error(err)
		}
	}()
	if err := grp.SetLimit(200 * mib); err != nil {
		t.Fatal(err)
	}
	w := start(t)
	if err := grp.Add(w.Process.Pid); err != nil {
		t.Fatal(err)
	}
	w.do("grow 80")
	g := live(t, gauge.Config{Container: own})
	g.SetGroup(grp)
	g.Track("w", w.Process.Pid, grp)
	r := look(t, g)
	if c := r.Worker("w").Charge; !c.Known || c.Anon < 80*mib || c.Limit != 200*mib {
		t.Errorf("the worker's charge is %+v, want 80 MiB of anonymous memory under a limit of 200", c)
	}
	if r.Decided != memory.FromGroup || r.Limit != 200*mib || r.Used != r.Group.WorkingSet() || r.Used < 80*mib {
		t.Errorf("used %d of %d MiB by %s, want the workers' group", r.Used/mib, r.Limit/mib, r.Decided)
	}
	if !r.Container.Known || r.Container.Usage < r.Group.Usage {
		t.Errorf("container %+v, group %+v; want the first to include the second", r.Container, r.Group)
	}
	w.do("child 40")
	if _, n := anon(t, g, "w"); n != 2 {
		t.Errorf("a worker and its child in one cgroup are %d processes", n)
	}
	// A group that is gone is a problem, and the reading goes on without it.
	g.Track("x", w.Process.Pid, nil)
	g.Untrack("w")
	g.SetGroup(nil)
	r = look(t, g)
	if r.Group.Known || r.Worker("x").Charge.Known || r.Worker("x").Tree.Anon < 80*mib {
		t.Errorf("without its cgroup the worker reads %+v", r.Worker("x"))
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestLiveWorkersComeAndGoWithoutLeavingDescriptors(t *testing.T) {
	g := live(t, gauge.Config{})
	var r memory.Reading
	round := func() {
		w := start(t)
		g.Track("w", w.Process.Pid, nil)
		w.do("child 1")
		if _, n := anon(t, g, "w"); n != 2 {
			t.Fatalf("the tree has %d processes, want 2", n)
		}
		w.do("kill")
		g.Read(time.Now(), &r)
		w.in.Close()
		if err := w.Wait(); err != nil {
			t.Fatal(err)
		}
		if got, n := anon(t, g, "w"); got != 0 || n != 0 {
			t.Fatalf("a dead worker's tree holds %d MiB in %d processes", got, n)
		}
		g.Untrack("w")
	}
	round()
	before := descriptors(t)
	for range 5 {
		round()
	}
	if after := descriptors(t); after != before {
		t.Errorf("five workers later %d descriptors are open, %d before", after, before)
	}
	g.Close()
	g.Close()
}

// A dead worker that nobody has reaped holds nothing.
func TestLiveZombieHoldsNothing(t *testing.T) {
	w := start(t)
	g := live(t, gauge.Config{})
	g.Track("w", w.Process.Pid, nil)
	look(t, g)
	if err := w.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for w.out.Scan() { // until it has closed its end
	}
	// The memory goes before the descriptors do.
	var r memory.Reading
	g.Read(time.Now(), &r)
	if tree := r.Worker("w").Tree; tree.Anon != 0 || tree.Processes != 0 {
		t.Errorf("a zombie's tree holds %d bytes in %d processes", tree.Anon, tree.Processes)
	}
	if got, n := anon(t, g, "w"); got != 0 || n != 0 {
		t.Errorf("after a walk a zombie's tree holds %d MiB in %d processes", got, n)
	}
}

// In the background the gauge finds a new child, and an orphan, by itself.
func TestLiveBackgroundWalksFindAChildAndAnOrphan(t *testing.T) {
	g := live(t, gauge.Config{TreeEvery: 5 * time.Millisecond})
	g.Start(t.Context())
	g.Start(t.Context())
	defer g.Stop()
	w := start(t)
	g.Track("w", w.Process.Pid, nil)
	var r memory.Reading
	for i, line := range []string{"child 20", "orphan 20"} {
		w.do(line)
		for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
			g.Read(time.Now(), &r)
			if r.Worker("w").Tree.Processes == i+2 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("no walk has found what %q made: %+v", line, r.Workers)
			}
		}
	}
	g.Stop()
	g.Stop()
}

// Everything at once from several goroutines, for the race detector.
func TestLiveGaugeIsSafeFromManyGoroutines(t *testing.T) {
	g := live(t, gauge.Config{TreeEvery: time.Millisecond, HeapEvery: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- g.Run(ctx) }()
	w := start(t)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			id := fmt.Sprint("w", i)
			for n := range 30 {
				g.Track(id, w.Process.Pid, nil)
				g.SetHeap(id, memory.Heap{Runtime: "python", Live: int64(n), Known: true})
				g.TrackHeap(id, "http://127.0.0.1:1/metrics")
				g.SetLimit(int64(n))
				g.Look(ctx)
				g.Problems()
				g.Untrack(id)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var r memory.Reading
	for reading := true; reading; {
		g.Read(time.Now(), &r)
		select {
		case <-done:
			reading = false
		default:
		}
	}
	cancel()
	if err := <-ran; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v", err)
	}
	g.Read(time.Now(), &r)
	if len(r.Workers) != 0 {
		t.Errorf("after the last Untrack there are %d workers", len(r.Workers))
	}
}

func tracked(t testing.TB) (*gauge.Gauge, *memory.Reading) {
	own, err := cgroup.System().Own()
	t.Cleanup(own.Close)
	if err != nil {
		t.Logf("without a cgroup: %v", err)
	}
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	g := live(t, gauge.Config{Container: own})
	g.Track("w", cmd.Process.Pid, nil)
	g.Look(t.Context())
	r := new(memory.Reading)
	g.Read(time.Now(), r)
	return g, r
}

func TestLiveReadDoesNotAllocate(t *testing.T) {
	g, r := tracked(t)
	now := time.Now()
	if n := testing.AllocsPerRun(200, func() { g.Read(now, r) }); n != 0 {
		t.Errorf("Read() allocates %v times, want 0", n)
	}
	// Nor while something stays wrong.
	g.Track("gone", math.MaxInt32, nil)
	g.Read(now, r)
	if n := testing.AllocsPerRun(200, func() { g.Read(now, r) }); n != 0 {
		t.Errorf("Read() with a problem allocates %v times, want 0", n)
	}
}

func BenchmarkRead(b *testing.B) {
	g, r := tracked(b)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		g.Read(now, r)
	}
}

// BenchmarkLook is a whole walk, slow look included.
func BenchmarkLook(b *testing.B) {
	g, _ := tracked(b)
	b.ReportAllocs()
	for b.Loop() {
		g.Look(b.Context())
	}
}
