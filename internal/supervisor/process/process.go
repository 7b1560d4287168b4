package process

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// Process is one process that the host started, and what it forked. Safe for
// concurrent use.
type Process struct {
	Started time.Time

	host   *Host
	name   string
	pid    int
	output func(Stream, []byte)
	pipes  [2]*os.File
	done   chan struct{}
	quiet  chan struct{} // closed when its output has ended too

	mu     sync.Mutex
	reaped bool // its pid is no longer ours to signal
	killed string
	exit   Exit
}

// Exit is how a process ended.
type Exit struct {
	Code    int            // 0 where a signal ended it
	Signal  syscall.Signal // 0 where it ended by itself
	Status  string         // in words: "exited with code 3", "killed by SIGKILL"
	OwnKill string         // why we killed it; empty if we did not
	At      time.Time
	MaxRSS  int64 // bytes, of the first process alone, as the kernel counts
}

// outputGrace is how long the last lines of a process that has ended are
// waited for: something that it forked may hold its stdout open. Its death is
// told after that, so that it has to be short beside a replacement.
const outputGrace = 50 * time.Millisecond

// outputEnd is when nobody listens any more to what it forked.
const outputEnd = 2 * time.Second

func (p *Process) run() {
	var reading sync.WaitGroup
	for i, pipe := range p.pipes {
		reading.Go(func() { p.listen(Stream(i), pipe) })
	}
	p.host.running.Go(func() {
		reading.Wait()
		close(p.quiet)
	})
	p.host.running.Go(p.wait)
}

// wait reaps the process and tells.
func (p *Process) wait() {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	// WNOWAIT first, so that the pid stays ours until nobody signals it any
	// more: a pid that was reaped may be anybody's.
	waitGone(p.pid)
	p.mu.Lock()
	for {
		_, err := syscall.Wait4(p.pid, &status, 0, &usage)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	p.reaped = true
	p.exit = Exit{At: time.Now(), MaxRSS: usage.Maxrss << 10, OwnKill: p.killed}
	if status.Signaled() {
		p.exit.Signal = status.Signal()
		p.exit.Status = "killed by " + signalName(status.Signal())
	} else {
		p.exit.Code = status.ExitStatus()
		p.exit.Status = fmt.Sprintf("exited with code %d", p.exit.Code)
	}
	p.mu.Unlock()
	for _, pipe := range p.pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(outputEnd)) // closed: it was heard to its end
	}

	h := p.host
	h.mu.Lock()
	delete(h.own, p.pid)
	h.sentinel.tell("-", p.pid)
	h.mu.Unlock()
	select { // orphans may have waited behind it
	case h.poke <- struct{}{}:
	default:
	}
	timer := time.NewTimer(outputGrace)
	defer timer.Stop()
	select {
	case <-p.quiet:
	case <-timer.C:
	}
	close(p.done)
}

// PID is its process id, and that of its process group.
func (p *Process) PID() int { return p.pid }

// Done is closed when it has ended and its last lines are read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit is how it ended; valid once Done is closed.
func (p *Process) Exit() Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// Signal sends a signal to its process group. ESRCH says that it has ended.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return syscall.ESRCH
	}
	return syscall.Kill(-p.pid, sig)
}

// Freeze stops the process and everything that it forked where they stand.
func (p *Process) Freeze() error {
	// The group at once, since every millisecond counts; then what left it.
	err := p.Signal(syscall.SIGSTOP)
	if err == nil {
		err = p.stray(syscall.SIGSTOP)
	}
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// Thaw lets what was frozen go on.
func (p *Process) Thaw() error {
	err := p.stray(syscall.SIGCONT)
	if e := p.Signal(syscall.SIGCONT); e != nil && !errors.Is(e, syscall.ESRCH) {
		err = e
	}
	return err
}

// Kill ends the process and everything that it forked; cause is remembered as
// the reason if it had not ended before. It does not wait.
func (p *Process) Kill(cause string) {
	p.mu.Lock()
	if !p.reaped {
		if p.killed == "" && !exited(p.pid) {
			p.killed = cause
		}
		_ = syscall.Kill(-p.pid, syscall.SIGKILL) // ESRCH: it was faster
	}
	p.mu.Unlock()
	// What is killed first can't fork any more: a few rounds catch all.
	for range 10 {
		if p.stray(syscall.SIGKILL) == errNone {
			break
		}
	}
	if p.host.alone(p) {
		p.host.endOrphans()
	}
}

func signalName(sig syscall.Signal) string {
	if name := unixSignalName(sig); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", int(sig))
}
