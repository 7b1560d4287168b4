package trial

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// group is the cgroup of a trial, with the limit that the kernel enforces.
//
// A guarded worker is in it together with the stanch that guards it, as in a pod, and
// both have to do with the limit. Where the worker is only watched, the limit is the
// worker's alone, on the group that stanch makes for its workers below this one: the
// recorder of an incident must not be killed by it.
type group struct {
	own, group *cgroup.Group
	alone      bool // the limit is the workers' alone

	mu         sync.Mutex
	workers    *cgroup.Group // where alone; nil while there is none
	limit      lab.Limit
	allocation bytesize.Size // of each process but stanch itself; 0 is none
}

const groupPrefix = "stanch-lab-"

// Possible says why no trial can be run here: a lab needs a limit that the kernel
// enforces. Nil is that it can.
func Possible() error {
	own, err := home()
	if err == nil {
		own.Close()
	}
	return err
}

// home is this process's own group, below which those of trials are made.
func home() (*cgroup.Group, error) {
	own, err := cgroup.System().Own()
	if err == nil {
		err = own.Writable()
	}
	if err != nil {
		own.Close()
		return nil, fmt.Errorf("make a memory cgroup for the worker: %w\nhint: a lab needs a limit that the kernel enforces: run it as root, in a container with a writable cgroup, or as systemd-run --user --scope -p Delegate=yes stanch lab run …", err)
	}
	return own, nil
}

func newGroup(run int, limit lab.Limit, alone bool) (*group, error) {
	own, err := home()
	if err != nil {
		return nil, err
	}
	own.Sweep(groupPrefix, func(rest string) bool {
		pid, err := strconv.Atoi(rest[:max(strings.IndexByte(rest, '-'), 0)])
		return err == nil && (pid == os.Getpid() || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH))
	})
	child, err := own.Child(fmt.Sprintf("%s%d-%d", groupPrefix, os.Getpid(), run))
	if err != nil {
		own.Close()
		return nil, fmt.Errorf("make a memory cgroup for the worker: %w", err)
	}
	g := &group{own: own, group: child, alone: alone}
	if err := g.set(limit); err != nil {
		_ = g.close()
		return nil, err
	}
	return g, nil
}

// set makes a limit hold from here on.
func (g *group) set(limit lab.Limit) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit, g.allocation = limit, limit.Allocation
	on := g.limited()
	if on == nil {
		return nil // adopt will
	}
	err := on.SetLimit(int64(limit.Memory))
	if errors.Is(err, syscall.EBUSY) {
		return broken("limit the worker to %v: it holds more, and this kernel (cgroup v1) lowers no limit below what is held", limit.Memory)
	}
	if err != nil {
		return fmt.Errorf("limit the worker to %v: %w", limit.Memory, err)
	}
	return nil
}

// limited is the group that has the limit; nil while there is none. The caller holds mu.
func (g *group) limited() *cgroup.Group {
	if g.alone {
		return g.workers
	}
	return g.group
}

// adopt finds the group that a stanch has made for its workers, and limits it. It is
// asked for with each line of stanch's until it is there, and finds it before its first
// worker takes work.
func (g *group) adopt(stanch int) error {
	g.mu.Lock()
	if !g.alone || g.workers != nil {
		g.mu.Unlock()
		return nil
	}
	found, err := g.group.Below(workersGroup(stanch))
	if err != nil {
		g.mu.Unlock()
		return nil
	}
	g.workers = found
	limit := g.limit
	g.mu.Unlock()
	return g.set(limit)
}

// workersGroup is the name that `stanch run` gives the group of its workers.
func workersGroup(stanch int) string { return fmt.Sprintf("stanch-workers-%d", stanch) }

// forget lets go of the workers' group, which is removed with its stanch.
func (g *group) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.workers != nil {
		g.workers.Close()
		g.workers = nil
	}
}

// read looks at the group that has the limit; false if nothing can be said.
func (g *group) read(c *memory.Charge) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	on := g.limited()
	if on == nil {
		return false, nil
	}
	err := on.Read(c)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // it has just gone
	}
	return err == nil && c.Known, err
}

// beside makes a group for what is looked at with the worker. It goes with this one.
func (g *group) beside(name string) (*cgroup.Group, error) {
	made, err := g.group.Child(name)
	if err != nil {
		return nil, fmt.Errorf("make a memory cgroup for %s: %w", name, err)
	}
	return made, nil
}

// kills is how many processes the kernel has killed for the limit, as far as this group
// is told: version 1 counts in the group of the one that was killed.
func (g *group) kills() int64 {
	var c memory.Charge
	if ok, _ := g.read(&c); !ok {
		return 0
	}
	return c.OOMKills
}

// confine bounds the data of processes that are not bounded yet, but for the stanch in
// front of the worker. Only the soft limit is set, so that it can be raised again.
func (g *group) confine(pids []int) error {
	g.mu.Lock()
	allocation := g.allocation
	g.mu.Unlock()
	if allocation == 0 {
		return nil
	}
	limit := unix.Rlimit{Cur: uint64(allocation), Max: unix.RLIM_INFINITY}
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
	g.forget()
	err := g.group.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = errors.Join(err, g.group.Remove(ctx))
	g.own.Close()
	g.group = nil
	return err
}
