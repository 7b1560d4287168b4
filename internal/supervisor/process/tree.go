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
