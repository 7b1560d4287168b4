package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// errNone says that no process was there to be signalled.
var errNone = errors.New("no process")

// stray signals every process that carries this process's mark and has left
// its group. It returns errNone where there was none.
func (p *Process) stray(sig syscall.Signal) error {
	found := errNone
	for _, pid := range marked(HostMark+"="+p.host.mark, WorkerMark+"="+p.name) {
		if pid == os.Getpid() {
			continue
		}
		if group, err := syscall.Getpgid(pid); err != nil || group == p.pid && sig != syscall.SIGKILL {
			continue
		}
		if err := signalPID(pid, sig, HostMark+"="+p.host.mark); err == nil {
			found = nil
		}
	}
	if found == errNone && sig != syscall.SIGKILL {
		return nil
	}
	return found
}

// endOrphans kills what came to us as an orphan without a mark: a daemon that
// left its session and was given another environment. What it forked comes to
// us in its turn. Children of our own session are none of these.
func (h *Host) endOrphans() {
	for range 10 {
		killed := false
		for _, pid := range children() {
			h.mu.Lock()
			_, own := h.own[pid]
			own = own || pid == h.sentinel.process()
			h.mu.Unlock()
			if own || exited(pid) || carries(pid, HostMark+"="+h.mark) {
				continue
			}
			if session, err := unix.Getsid(pid); err != nil || session == h.session {
				continue
			}
			// Nobody else reaps it, so that the pid is still its own.
			killed = syscall.Kill(pid, syscall.SIGKILL) == nil || killed
		}
		if !killed {
			return
		}
	}
}

// alone says whether no process other than p runs: an orphan without a mark
// can only be p's then.
func (h *Host) alone(p *Process) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, other := range h.own {
		if other != p {
			return false
		}
	}
	return true
}

// children are our direct children, orphans included.
func children() (pids []int) {
	names, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	self := strconv.Itoa(os.Getpid())
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err != nil {
			continue
		}
		if fields, err := stat(pid); err == nil && fields[1] == self {
			pids = append(pids, pid)
		}
	}
	return pids
}

// signalPID signals a process that still carries the mark. The handle is
// opened before the mark is read again, so that a pid that was given to
// somebody else in between is not hit.
func signalPID(pid int, sig syscall.Signal, mark string) error {
	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(handle)
	if !carries(pid, mark) {
		return syscall.ESRCH
	}
	return unix.PidfdSendSignal(handle, unix.Signal(sig), nil, 0)
}

// marked finds the processes whose environment holds all marks.
func marked(marks ...string) (pids []int) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && carries(pid, marks...) && !exited(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// carries says whether a process's environment holds all marks. The kernel
// shows it to processes of the same user only, which a worker's are.
func carries(pid int, marks ...string) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	env = append([]byte{0}, env...)
	for _, mark := range marks {
		if !bytes.Contains(env, append(append([]byte{0}, mark...), 0)) {
			return false
		}
	}
	return true
}

// exited says whether a process is a zombie or gone.
func exited(pid int) bool {
	fields, err := stat(pid)
	return err != nil || fields[0] == "Z" || fields[0] == "X"
}

// startTime is when a process was started, in clock ticks since boot: with its
// pid it names a process for good.
func startTime(pid int) (uint64, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// stat returns the fields of /proc/pid/stat from the state on: the name before
// it may hold anything, brackets and spaces included.
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[end+1:]))
	if end < 0 || len(fields) < 20 {
		return nil, fmt.Errorf("/proc/%d/stat has an unknown form", pid)
	}
	return fields, nil
}

func unixSignalName(sig syscall.Signal) string { return unix.SignalName(sig) }
