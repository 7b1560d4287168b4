package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// ErrNotBorn says that the kernel, or a seccomp filter, does not let a process
// be born in a group. Start it anew without Fork and call Add with its pid:
// only what it allocated before that is charged elsewhere.
var ErrNotBorn = errors.New("the kernel lets no process be born in another group")

// Fork calls start, which forks one process, in such a way that the process is
// in g from its first instruction, so that all it ever allocates is charged
// there. attr is the one that start uses. start runs on another goroutine, and
// has returned when Fork does.
//
// Version 2 has clone3 for that, through attr. On version 1 a child inherits
// the group of the thread that forks it, so one thread of this process visits
// g for the time of start. In case that thread can't be moved back, it is kept
// apart, doing nothing, until g is killed, removed or closed.
func (g *Group) Fork(attr *syscall.SysProcAttr, start func() error) error {
	switch g.version {
	case 1:
		return g.forkFromThread(start)
	case 2:
		return g.forkInto(attr, start)
	}
	return fmt.Errorf("fork into a cgroup: %w", ErrNoController)
}

func (g *Group) forkInto(attr *syscall.SysProcAttr, start func() error) error {
	fd, err := syscall.Open(g.dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("fork into cgroup %s: %w", g.name, refused(g.dir, err))
	}
	defer syscall.Close(fd)
	attr.UseCgroupFD, attr.CgroupFD = true, fd
	defer func() { attr.UseCgroupFD, attr.CgroupFD = false, 0 }()
	err = start()
	// clone3 came with Linux 5.3 and its CLONE_INTO_CGROUP with 5.7; filters
	// that don't know it answer ENOSYS or EPERM.
	for _, unknown := range []error{syscall.ENOSYS, syscall.EPERM, syscall.E2BIG, syscall.EINVAL, syscall.EOPNOTSUPP} {
		if errors.Is(err, unknown) {
			return fmt.Errorf("fork into cgroup %s: %w: %w", g.name, ErrNotBorn, err)
		}
	}
	return err
}

// A parked thread could not be moved out of a group.
type parked struct{ leave, left chan struct{} }

func (g *Group) forkFromThread(start func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if syscall.Gettid() == syscall.Getpid() {
			// Version 1 charges a whole process where its first thread is, and
			// Go never ends that thread. While it is held here, another
			// goroutine gets another one.
			done <- g.forkFromThread(start)
			runtime.UnlockOSThread()
			return
		}
		g.visit(start, done)
	}()
	return <-done
}

// visit takes this goroutine's thread, which is locked to it, into g and back.
// While it is locked the runtime clones no other thread from it, so that none
// is born in g by accident.
func (g *Group) visit(start func() error, done chan<- error) {
	tid := strconv.Itoa(syscall.Gettid())
	if err := write(filepath.Join(g.dir, "tasks"), tid); err != nil {
		runtime.UnlockOSThread()
		done <- fmt.Errorf("fork into cgroup %s: %w", g.name, err)
		return
	}
	err := start()
	if write(filepath.Join(g.home, "tasks"), tid) == nil {
		runtime.UnlockOSThread()
		done <- err
		return
	}
	// Left locked, the thread ends with this goroutine. Not before the group
	// does: the child may have asked for a signal at the death of the thread
	// that forked it (Pdeathsig).
	p := &parked{leave: make(chan struct{}), left: make(chan struct{})}
	defer close(p.left)
	g.park(p)
	done <- err
	<-p.leave
}

func (g *Group) park(p *parked) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parked = append(g.parked, p)
}

// release lets parked threads end, and waits for their goroutines. The caller
// holds g.mu.
func (g *Group) release() {
	for _, p := range g.parked {
		close(p.leave)
		<-p.left
	}
	g.parked = nil
}

// Add moves a running process, with all its threads, into g. What it has
// allocated before stays charged where it was.
func (g *Group) Add(pid int) error {
	if g.version == 0 {
		return fmt.Errorf("move process %d into a cgroup: %w", pid, ErrNoController)
	}
	if err := write(filepath.Join(g.dir, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
		if errors.Is(err, syscall.ESRCH) {
			err = os.ErrProcessDone
		}
		return fmt.Errorf("move process %d into cgroup %s: %w", pid, g.name, err)
	}
	return nil
}
