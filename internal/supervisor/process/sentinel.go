package process

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// SentinelName is the name under which the program is started as the sentinel:
// its main calls SentinelMain then, and does nothing else.
const SentinelName = "stanch-sentinel"

// sentinel is a process that holds one end of a pipe. The kernel closes our end
// when we end, however that happens; then it kills what is left.
type sentinel struct {
	pid  int
	pipe *os.File
}

// startSentinel starts one. The caller holds Host.mu.
func (h *Host) startSentinel() (*sentinel, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		write.Close()
		return nil, err
	}
	defer null.Close()
	// The files are the pipe and nothing else; a session of its own keeps a
	// terminal's Ctrl-C away.
	started, err := os.StartProcess("/proc/self/exe", []string{SentinelName}, &os.ProcAttr{
		Env:   []string{"GOMAXPROCS=1", "GOGC=off", sentinelFor + "=" + h.mark},
		Files: []*os.File{read, null, null},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		write.Close()
		return nil, err
	}
	s := &sentinel{pid: started.Pid, pipe: write}
	return s, started.Release()
}

// mostSentinels bounds how often one that was killed is replaced: what ends
// ten in a row ends the eleventh too.
const mostSentinels = 10

// renewSentinel replaces a sentinel that somebody killed. The caller holds
// Host.mu.
func (h *Host) renewSentinel() {
	old := h.sentinel
	old.pid = -1
	if h.sentinels++; h.sentinels > mostSentinels {
		return
	}
	next, err := h.startSentinel()
	if err != nil {
		return // workers still die with us, what they forked may not
	}
	old.pipe.Close()
	h.sentinel = next
	for pid := range h.own {
		next.tell("+", pid)
	}
}

// sentinelFor tells the sentinel whose mark to look for. It is no HostMark,
// or the sentinel would find itself.
const sentinelFor = "STANCH_SENTINEL_FOR"

// tell says which process groups there are. The caller holds Host.mu.
func (s *sentinel) tell(what string, pid int) {
	if s == nil {
		return
	}
	_, _ = fmt.Fprintf(s.pipe, "%s%d\n", what, pid) // a sentinel that was killed can't be told
}

func (s *sentinel) process() int {
	if s == nil {
		return -1
	}
	return s.pid
}

// dismiss ends the sentinel in peace: nothing is left to end.
func (s *sentinel) dismiss() {
	if s == nil {
		return
	}
	_, _ = io.WriteString(s.pipe, "dismissed\n")
	s.pipe.Close()
	if s.pid > 0 {
		_, _ = syscall.Wait4(s.pid, nil, 0, nil) // ECHILD: the reaper was faster
	}
}

// SentinelMain waits for the end of its parent and kills what that left behind.
func SentinelMain() {
	debug.SetGCPercent(-1)
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGQUIT)
	groups := map[int]bool{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		line := lines.Text()
		if line == "dismissed" {
			return
		}
		if pid, err := strconv.Atoi(strings.TrimLeft(line, "+-")); err == nil {
			if line[0] == '+' {
				groups[pid] = true
			} else {
				delete(groups, pid)
			}
		}
	}
	mark := HostMark + "=" + os.Getenv(sentinelFor)
	for group := range groups {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
	for range 10 {
		left := marked(mark)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = signalPID(pid, syscall.SIGKILL, mark)
		}
	}
}
