package process_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// The test binary is its own worker: what it does is said by ROLE.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == process.SentinelName {
		process.SentinelMain()
		return
	}
	switch role := os.Getenv("ROLE"); role {
	case "":
		os.Exit(m.Run())
	default:
		play(role)
	}
}

// forever blocks until a signal ends the process.
func forever() { select {} }

func play(role string) {
	name, arg, _ := strings.Cut(role, ":")
	switch name {
	case "exit":
		code, _ := strconv.Atoi(arg)
		fmt.Println("about to exit")
		os.Exit(code)
	case "sleep":
		fmt.Println("sleeping")
		time.Sleep(time.Hour)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "segv":
		_ = syscall.Exec("/bin/sh", []string{"sh", "-c", "kill -SEGV $$"}, nil)
	case "print":
		fmt.Print("one\ntwo\r\n")
		fmt.Fprintln(os.Stderr, "err")
		fmt.Print("unfinished")
	case "flood": // 200 MB without an end of line
		block := bytes.Repeat([]byte("x"), 1<<20)
		for range 200 {
			os.Stdout.Write(block)
		}
	case "family": // a child in the group, and one that left group, session and parent
		child("sleep", nil)
		child("daemon", nil)
		fmt.Println("family complete")
		if arg == "gone" {
			os.Exit(0)
		}
		time.Sleep(time.Hour)
	case "daemon": // the middle of a double fork: its child is an orphan at once
		child("sleep", &syscall.SysProcAttr{Setsid: true})
		os.Exit(0)
	case "holder": // ends, while a child holds its stdout
		child("sleep", nil)
		fmt.Println("last words")
		os.Exit(0)
	case "host": // a host with a family, to be killed from outside
		h, err := process.NewHost(process.HostConfig{Sentinel: true})
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		p, err := h.Start(process.Spec{
			Name: "w1", Args: []string{os.Args[0]}, Env: append(os.Environ(), "ROLE=family"),
			Output: func(_ process.Stream, line []byte) { fmt.Println(string(line)) },
		})
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("worker", p.PID())
		forever()
	}
}

func child(role string, attr *syscall.SysProcAttr) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ROLE="+role)
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("child", role, cmd.Process.Pid)
	if role == "daemon" {
		_ = cmd.Wait() // its orphan is somebody else's from here on
	}
}

// voice collects what a process prints, and lets the test wait for a text.
type voice struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{}
}

func newVoice() *voice { return &voice{more: make(chan struct{}, 1)} }

func (v *voice) hear(stream process.Stream, line []byte) {
	v.mu.Lock()
	v.lines = append(v.lines, stream.String()+" "+string(line))
	v.mu.Unlock()
	select {
	case v.more <- struct{}{}:
	default:
	}
}

func (v *voice) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.lines...)
}

func (v *voice) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		for _, line := range v.all() {
			if strings.Contains(line, text) {
				return
			}
		}
		select {
		case <-v.more:
		case <-late:
			t.Fatalf("no line with %q in 30s; heard %q", text, v.all())
		}
	}
}

func newHost(t *testing.T) *process.Host {
	t.Helper()
	h, err := process.NewHost(process.HostConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func start(t *testing.T, h *process.Host, role string) (*process.Process, *voice) {
	t.Helper()
	v := newVoice()
	p, err := h.Start(process.Spec{Name: t.Name(), Args: []string{os.Args[0]}, Env: append(os.Environ(), "ROLE="+role), Output: v.hear, OOMScoreAdj: 500})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill("the test is over"); <-p.Done() })
	return p, v
}

func await(t *testing.T, p *process.Process) process.Exit {
	t.Helper()
	select {
	case <-p.Done():
		return p.Exit()
	case <-time.After(30 * time.Second):
		t.Fatalf("process %d has not ended in 30s", p.PID())
		panic("unreachable")
	}
}

// awaitEnd waits until a process has ended; a zombie has.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	handle, err := unix.PidfdOpen(pid, 0)
	if err == nil {
		defer unix.Close(handle)
		fds := []unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}
		for {
			n, err := unix.Poll(fds, 30000)
			if err == unix.EINTR {
				continue
			}
			if n == 0 {
				t.Fatalf("process %d is still alive after 30s", pid)
			}
			break
		}
	}
}

// awaitGone waits until a process has ended and was reaped.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	awaitEnd(t, pid)
	for deadline := time.Now().Add(30 * time.Second); syscall.Kill(pid, 0) == nil; {
		if time.Now().After(deadline) {
			t.Fatalf("process %d was not reaped in 30s", pid)
		}
		syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
	}
}

func children(t *testing.T, v *voice) (pids []int) {
	t.Helper()
	for _, line := range v.all() {
		fields := strings.Fields(line)
		if len(fields) == 4 && fields[1] == "child" && fields[2] == "sleep" {
			pid, err := strconv.Atoi(fields[3])
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestAnExitIsToldAsItWas(t *testing.T) {
	h := newHost(t)
	for _, row := range []struct {
		role string
		end  func(*process.Process)
		want process.Exit
	}{
		{"exit:0", nil, process.Exit{Status: "exited with code 0"}},
		{"exit:3", nil, process.Exit{Code: 3, Status: "exited with code 3"}},
		{"segv", nil, process.Exit{Signal: syscall.SIGSEGV, Status: "killed by SIGSEGV"}},
		{"sleep", func(p *process.Process) { _ = p.Signal(syscall.SIGTERM) }, process.Exit{Signal: syscall.SIGTERM, Status: "killed by SIGTERM"}},
		{"sleep", func(p *process.Process) { p.Kill("for the test") }, process.Exit{Signal: syscall.SIGKILL, Status: "killed by SIGKILL", OwnKill: "for the test"}},
		{"sleep", func(p *process.Process) { _ = syscall.Kill(p.PID(), syscall.SIGKILL) }, process.Exit{Signal: syscall.SIGKILL, Status: "killed by SIGKILL"}},
	} {
		p, v := start(t, h, row.role)
		if row.end != nil {
			v.await(t, "sleeping")
			row.end(p)
		}
		got := await(t, p)
		if got.At.IsZero() || got.MaxRSS <= 0 {
			t.Errorf("%s: At %v, MaxRSS %d; want both set", row.role, got.At, got.MaxRSS)
		}
		got.At, got.MaxRSS = time.Time{}, 0
		if got != row.want {
			t.Errorf("%s: Exit = %+v, want %+v", row.role, got, row.want)
		}
		if err := p.Signal(syscall.SIGTERM); err != syscall.ESRCH {
			t.Errorf("%s: Signal after the end = %v, want ESRCH: the pid may be anybody's", row.role, err)
		}
	}
}

func TestAKillAfterTheEndIsNotOurs(t *testing.T) {
	h := newHost(t)
	p, _ := start(t, h, "exit:7")
	await(t, p)
	p.Kill("too late")
	if got := p.Exit(); got.OwnKill != "" || got.Code != 7 {
		t.Errorf("Exit = %+v, want code 7 and no kill of ours", got)
	}
}

func TestLinesComeWholeAndInOrder(t *testing.T) {
	h := newHost(t)
	p, v := start(t, h, "print")
	await(t, p)
	var out []string
	errs := 0
	for _, line := range v.all() {
		if line == "stderr err" {
			errs++
			continue
		}
		out = append(out, line)
	}
	if got := strings.Join(out, "|"); got != "stdout one|stdout two|stdout unfinished" || errs != 1 {
		t.Errorf("heard %q and %d lines on stderr", got, errs)
	}
}

func TestAFloodWithoutALineEndTakesNoMemory(t *testing.T) {
	h := newHost(t)
	var mu sync.Mutex
	total, longest := 0, 0
	p, err := h.Start(process.Spec{Name: t.Name(), Args: []string{os.Args[0]}, Env: append(os.Environ(), "ROLE=flood"), Output: func(_ process.Stream, line []byte) {
		mu.Lock()
		defer mu.Unlock()
		total, longest = total+len(line), max(longest, len(line))
	}})
	if err != nil {
		t.Fatal(err)
	}
	await(t, p)
	mu.Lock()
	defer mu.Unlock()
	if total != 200<<20 || longest > 64<<10 {
		t.Errorf("heard %d bytes, the longest line %d; want %d and at most %d", total, longest, 200<<20, 64<<10)
	}
}

func TestALastLineIsHeardThoughAChildHoldsTheOutput(t *testing.T) {
	h := newHost(t)
	p, v := start(t, h, "holder")
	await(t, p)
	v.await(t, "last words")
	pids := children(t, v)
	p.Kill("the first has ended")
	for _, pid := range pids {
		awaitGone(t, pid)
	}
}

func TestKillEndsTheWholeFamily(t *testing.T) {
	for _, when := range []string{"here", "gone"} {
		h := newHost(t)
		p, v := start(t, h, "family:"+when)
		v.await(t, "family complete")
		if when == "gone" {
			await(t, p)
		}
		// Only the sleeper in the group prints through us with our pipe; the
		// one that left prints its pid too.
		for deadline := time.Now().Add(30 * time.Second); len(children(t, v)) < 2; {
			if time.Now().After(deadline) {
				t.Fatalf("heard of %v, want two sleepers", v.all())
			}
			<-v.more
		}
		p.Kill("for the test")
		await(t, p)
		for _, pid := range children(t, v) {
			awaitGone(t, pid)
		}
	}
}

func TestFreezeStopsTheWholeFamilyAndThawLetsItGoOn(t *testing.T) {
	h := newHost(t)
	p, v := start(t, h, "family:here")
	v.await(t, "family complete")
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	pids := append(children(t, v), p.PID())
	if len(pids) != 3 {
		t.Fatalf("family of %v, want three", pids)
	}
	state := func(pid int) string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))[0]
	}
	awaitState := func(pid int, want func(string) bool, what string) {
		for deadline := time.Now().Add(30 * time.Second); !want(state(pid)); {
			if time.Now().After(deadline) {
				t.Fatalf("process %d is in state %s, want %s", pid, state(pid), what)
			}
			syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
		}
	}
	for _, pid := range pids {
		awaitState(pid, func(s string) bool { return s == "T" }, "stopped")
	}
	if err := p.Thaw(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		awaitState(pid, func(s string) bool { return s != "T" }, "running")
	}
}

func TestTheKernelPrefersTheWorker(t *testing.T) {
	h := newHost(t)
	p, v := start(t, h, "sleep")
	v.await(t, "sleeping")
	score := func(pid string) int {
		text, err := os.ReadFile("/proc/" + pid + "/oom_score_adj")
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return n
	}
	if got, own := score(strconv.Itoa(p.PID())), score("self"); got != min(own+500, 1000) {
		t.Errorf("oom_score_adj of the worker is %d, ours %d; want 500 more", got, own)
	}
}

func TestNothingOutlivesAHostThatWasKilled(t *testing.T) {
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), "ROLE=host")
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	lines := bufio.NewScanner(out)
	complete := false
	for !(complete && len(pids) == 3) && lines.Scan() {
		fields := strings.Fields(lines.Text())
		complete = complete || strings.Contains(lines.Text(), "family complete")
		if fields[0] == "worker" || fields[0] == "child" && fields[1] == "sleep" {
			pid, err := strconv.Atoi(fields[len(fields)-1])
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	if len(pids) != 3 {
		t.Fatalf("the host told of %v, want a worker and two sleepers", pids)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	for _, pid := range pids {
		awaitEnd(t, pid) // who reaps them is not the host's business any more
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	h := newHost(t)
	notExecutable := filepath.Join(t.TempDir(), "app")
	if err := os.WriteFile(notExecutable, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{
		"no-such-program": `"no-such-program" was not found in PATH` + "\nhint: ",
		notExecutable:     "permission denied",
		"/nowhere/app":    "no such file or directory",
	} {
		if _, err := h.Start(process.Spec{Name: "w", Args: []string{program}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start(%q) = %v, want it to say %q", program, err, want)
		}
	}
}

func TestFreePortsAreFreeAndNotTheKernels(t *testing.T) {
	taken := map[int]bool{}
	for range 50 {
		port, err := process.FreePort(func(p int) bool { return taken[p] })
		if err != nil {
			t.Fatal(err)
		}
		if taken[port] || port >= 32768 || port < 1024 {
			t.Errorf("FreePort = %d: taken %v", port, taken[port])
		}
		taken[port] = true
	}
}
