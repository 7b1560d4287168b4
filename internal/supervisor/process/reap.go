package process

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reap takes in the orphans that became our children. Our own are left to those
// who wait for them: each look leaves the child a zombie until it is known
// whose it is.
func (h *Host) reap() {
	for {
		select {
		case <-h.children:
		case <-h.poke:
		case <-h.stop:
			return
		}
		for h.reapOne() {
		}
	}
}

// reapOne reaps one orphan, if the first child that has ended is one. An own
// child that stands before it is reaped soon, and pokes us then.
func (h *Host) reapOne() bool {
	pid := ended(unix.P_ALL, 0, unix.WNOHANG)
	if pid == 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, own := h.own[pid]; own {
		return false
	}
	_, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
	if err == nil && pid == h.sentinel.process() && !h.closing {
		h.renewSentinel()
	}
	return err == nil
}

// waitGone waits until a child has ended, and leaves it a zombie.
func waitGone(pid int) { ended(unix.P_PID, pid, 0) }

// ended returns the pid of a child that has ended, which it leaves a zombie; 0
// if there is none.
func ended(kind, id, options int) int {
	var info unix.Siginfo
	for {
		err := unix.Waitid(kind, id, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		if !errors.Is(err, unix.EINTR) {
			if err != nil {
				return 0
			}
			break
		}
	}
	// si_pid stands behind three ints, where the union of the siginfo begins:
	// after 12 bytes, or 16 where pointers have 8. See waitid(2) and
	// asm-generic/siginfo.h.
	offset := uintptr(12)
	if unsafe.Sizeof(offset) == 8 {
		offset = 16
	}
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), offset)))
}
