package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/stanch-dev/stanch/internal/memory"
)

// leaf is the group into which this process moves on version 2, to leave its
// own group free of processes.
const leaf = "stanch"

// Child makes the group name below g and returns it. An empty group of that
// name, left over from an earlier run, is made anew, so that its counters begin
// at 0; one with processes in it is an error.
//
// On version 2 a group that has controllers below it may hold no processes. If
// g holds this process, then this process and those it descends from are moved
// into the group "stanch" below g first; any other process in g makes that
// impossible, and all is put back as it was.
func (g *Group) Child(name string) (*Group, error) {
	c, err := g.child(name)
	if err != nil {
		return nil, fmt.Errorf("make cgroup %s below %s: %w", name, g.name, err)
	}
	return c, nil
}

// Below is a group below g that is there already; somebody else made it, and removes it.
func (g *Group) Below(name string) (*Group, error) {
	if !filepath.IsLocal(name) || g.version == 0 {
		return nil, fmt.Errorf("find cgroup %s below %s: %w", name, g.name, os.ErrNotExist)
	}
	dir := filepath.Join(g.dir, name)
	if !exists(dir) {
		return nil, fmt.Errorf("find cgroup %s below %s: %w", name, g.name, os.ErrNotExist)
	}
	return g.at(dir), nil
}

func (g *Group) child(name string) (*Group, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\n\x00") {
		return nil, fmt.Errorf("%q is no name for a group", name)
	}
	if g.version == 0 {
		return nil, ErrNoController
	}
	if g.version == 2 {
		if err := g.handDown("memory"); err != nil {
			return nil, err
		}
	}
	dir := filepath.Join(g.dir, name)
	err := syscall.Mkdir(dir, 0o755)
	if errors.Is(err, os.ErrExist) {
		if err = syscall.Rmdir(dir); err == nil {
			err = syscall.Mkdir(dir, 0o755)
		}
	}
	if err != nil {
		return nil, refused(dir, err)
	}
	return g.at(dir), nil
}

func (g *Group) at(dir string) *Group {
	c := newGroup(g.fs, g.version, mount{version: g.version, root: g.root, point: g.point}, dir)
	c.home, c.memTotal = g.home, g.memTotal
	return c
}

// handDown lets the groups below have a controller.
func (g *Group) handDown(controller string) error {
	if g.open(controller) {
		return nil
	}
	control := filepath.Join(g.dir, "cgroup.subtree_control")
	err := write(control, "+"+controller)
	if !errors.Is(err, syscall.EBUSY) {
		return err
	}
	pids, err := g.Procs()
	if err != nil {
		return err
	}
	if others := g.strangers(pids); len(others) > 0 {
		return internalProcesses(others)
	}
	undo, err := g.moveDown(pids)
	if err == nil {
		err = write(control, "+"+controller)
	}
	if err != nil {
		return errors.Join(err, undo())
	}
	return nil
}

// moveDown moves processes into the leaf; undo moves them back, and removes the
// leaf if this made it.
func (g *Group) moveDown(pids []int) (undo func() error, err error) {
	dir := filepath.Join(g.dir, leaf)
	made := syscall.Mkdir(dir, 0o755)
	moved := pids[:0:0]
	undo = func() error {
		var all error
		for _, pid := range moved {
			all = errors.Join(all, write(filepath.Join(g.dir, "cgroup.procs"), strconv.Itoa(pid)))
		}
		if made == nil && all == nil {
			all = syscall.Rmdir(dir)
		}
		return all
	}
	if made != nil && !errors.Is(made, os.ErrExist) {
		return undo, refused(dir, made)
	}
	for _, pid := range pids {
		if err := write(filepath.Join(dir, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
			return undo, err
		}
		moved = append(moved, pid)
	}
	return undo, nil
}

// SetLimit sets the group's own limit in bytes; memory.Unlimited takes it away.
// A limit below what is in use makes the kernel reclaim at once, and on version
// 2 kill; version 1 answers EBUSY. On version 1 memory and swap together are
// bounded by the same number where the kernel counts them.
func (g *Group) SetLimit(bytes int64) error {
	if g.version != 1 {
		return g.setSize("memory.max", bytes)
	}
	err := g.setSize("memory.limit_in_bytes", bytes)
	swap := "memory.memsw.limit_in_bytes"
	if !exists(filepath.Join(g.dir, swap)) {
		return err
	}
	if errors.Is(err, syscall.EINVAL) {
		// Neither may be above the one with swap: a higher limit goes there first.
		if err = g.setSize(swap, bytes); err == nil {
			err = g.setSize("memory.limit_in_bytes", bytes)
		}
		return err
	}
	if err != nil {
		return err
	}
	return g.setSize(swap, bytes)
}

// Brake makes what reaches the limit wait instead of being killed, so that
// there is time to act: on version 2 everything in g is slowed down above bytes
// (memory.high), on version 1 it stands still at the limit itself
// (memory.oom_control). Whoever brakes has to watch and to end what waits: the
// kernel won't. memory.Unlimited takes the brake away.
func (g *Group) Brake(bytes int64) error {
	if g.version == 1 {
		on := "1"
		if bytes == memory.Unlimited {
			on = "0"
		}
		return g.set("memory.oom_control", on)
	}
	return g.SetHigh(bytes)
}

// SetHigh sets version 2's memory.high in bytes, above which the kernel slows
// the group's allocations down; memory.Unlimited takes it away. Version 1
// answers ErrNoHigh.
func (g *Group) SetHigh(bytes int64) error {
	if g.version == 1 {
		return fmt.Errorf("set memory.high of cgroup %s: %w", g.name, ErrNoHigh)
	}
	return g.setSize("memory.high", bytes)
}

// SetOOMGroup says whether a kernel OOM kill takes every process of the group
// with it. Version 1 can't, which is an error if it is asked to.
func (g *Group) SetOOMGroup(whole bool) error {
	if g.version == 1 && !whole {
		return nil
	}
	value := "0"
	if whole {
		value = "1"
	}
	return g.set("memory.oom.group", value)
}

func (g *Group) setSize(name string, bytes int64) error {
	if bytes < 0 {
		return fmt.Errorf("set %s of cgroup %s: %d bytes is below 0", name, g.name, bytes)
	}
	value := strconv.FormatInt(bytes, 10)
	if bytes >= 1<<62 {
		value = "max"
		if g.version == 1 {
			value = "-1"
		}
	}
	return g.set(name, value)
}

func (g *Group) set(name, value string) error {
	if g.version == 0 {
		return fmt.Errorf("set %s: %w", name, ErrNoController)
	}
	if err := write(filepath.Join(g.dir, name), value); err != nil {
		return fmt.Errorf("set %s of cgroup %s to %s: %w", name, g.name, value, err)
	}
	return nil
}

// write puts a value into a kernel file, in the one write that the kernel
// wants.
func write(path, value string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return refused(path, err)
	}
	defer syscall.Close(fd)
	for {
		_, err = syscall.Write(fd, []byte(value))
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
