package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// group is the cgroup of a trial, with the limit that the kernel enforces.
type group struct {
	own, group *cgroup.Group
	allocation bytesize.Size // of each process but stanch itself; 0 is none
}

const groupPrefix = "stanch-lab-"

func newGroup(run int, limit lab.Limit) (*group, error) {
	own, err := cgroup.System().Own()
	if err == nil {
		err = own.Writable()
	}
	if err != nil {
		own.Close()
		return nil, fmt.Errorf("make a memory cgroup for the worker: %w\nhint: a lab needs a limit that the kernel enforces: run it as root, in a container with a writable cgroup, or as systemd-run --user --scope -p Delegate=yes stanch lab run …", err)
	}
	own.Sweep(groupPrefix, func(rest string) bool {
		pid, _, _ := cut(rest)
		return pid == os.Getpid() || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	})
	child, err := own.Child(fmt.Sprintf("%s%d-%d", groupPrefix, os.Getpid(), run))
	if err != nil {
		own.Close()
		return nil, fmt.Errorf("make a memory cgroup for the worker: %w", err)
	}
	g := &group{own: own, group: child, allocation: limit.Allocation}
	if err := child.SetLimit(int64(limit.Memory)); err != nil {
		_ = g.close()
		return nil, fmt.Errorf("limit the worker to %v: %w", limit.Memory, err)
	}
	return g, nil
}

// cut reads PID-RUN.
func cut(rest string) (pid, run int, ok bool) {
	n, err := fmt.Sscanf(rest, "%d-%d", &pid, &run)
	return pid, run, n == 2 && err == nil
}

// kills is how many processes the kernel has killed for the limit.
func (g *group) kills() int64 {
	var c memory.Charge
	if g.group.Read(&c) != nil || !c.Known {
		return 0
	}
	return c.OOMKills
}

// confine bounds the data of processes that are not bounded yet, but for the stanch in
// front of the worker. Only the soft limit is set, so that it can be raised again.
func (g *group) confine(pids []int) error {
	if g.allocation == 0 {
		return nil
	}
	limit := unix.Rlimit{Cur: uint64(g.allocation), Max: unix.RLIM_INFINITY}
	var wrong []error
	for _, pid := range pids {
		var now unix.Rlimit
		err := unix.Prlimit(pid, unix.RLIMIT_DATA, nil, &now)
		if err == nil && now.Cur != limit.Cur {
			limit.Max = now.Max
			err = unix.Prlimit(pid, unix.RLIMIT_DATA, &limit, nil)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) {
			wrong = append(wrong, fmt.Errorf("limit the allocations of process %d: %w", pid, err))
		}
	}
	return errors.Join(wrong...)
}

// processes are those of the group, and some roots that a guard has moved into groups
// below it, without the stanch in front of them. What a process forks has its limits.
func (g *group) processes(roots []int, stanch int) []int {
	pids, _ := g.group.Procs()
	pids = append(pids, roots...)
	slices.Sort(pids)
	return slices.DeleteFunc(slices.Compact(pids), func(pid int) bool { return pid == stanch })
}

func (g *group) close() error {
	if g.group == nil {
		return nil
	}
	err := g.group.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = errors.Join(err, g.group.Remove(ctx))
	g.own.Close()
	g.group = nil
	return err
}
