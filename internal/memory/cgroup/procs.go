package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killPatience bounds Kill: a killed process whose memory is large, or that
// waits for a disk, takes its time to go.
const killPatience = 5 * time.Second

// Procs are the pids in the group itself, not in those below it, in ascending
// order. A process that this one's pid namespace does not show is left out.
func (g *Group) Procs() ([]int, error) {
	if g.version == 0 {
		return nil, fmt.Errorf("list processes: %w", ErrNoController)
	}
	b, err := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	if err != nil {
		return nil, fmt.Errorf("list processes of cgroup %s: %w", g.name, err)
	}
	var pids []int
	for word := range strings.FieldsSeq(string(b)) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids), nil
}

// Kill sends SIGKILL to every process of the group, again until none is left,
// so that a process which forks does not escape. This process itself is spared.
// It returns an error if some are left after 5 s. A group that is gone already
// has none.
func (g *Group) Kill() error {
	g.mu.Lock()
	g.release()
	g.mu.Unlock()
	deadline := time.Now().Add(killPatience)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		pids, err := g.victims()
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("kill: %w", err)
		}
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("kill cgroup %s: processes %v are still there after %v", g.name, pids, killPatience)
		}
		g.signal(pids)
		time.Sleep(wait)
	}
}

func (g *Group) victims() ([]int, error) {
	pids, err := g.Procs()
	self := os.Getpid()
	return slices.DeleteFunc(pids, func(pid int) bool { return pid == self }), err
}

// signal kills by version 2's cgroup.kill, which came with Linux 5.14 and takes
// the groups below along, else one by one.
func (g *Group) signal(pids []int) {
	if g.version == 2 && !g.holdsSelf() && write(filepath.Join(g.dir, "cgroup.kill"), "1") == nil {
		return
	}
	for _, pid := range pids {
		// One that is gone by now is what is wanted.
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// holdsSelf reports whether this process is in the group or below it, where
// cgroup.kill would take it along.
func (g *Group) holdsSelf() bool {
	return g.home == g.dir || strings.HasPrefix(g.home, g.dir+"/") || g.dir == filepath.Join(g.home, leaf)
}

// Remove removes the group and those below it, waiting while the kernel says
// that they are in use, until ctx ends. The processes have to be gone: Kill
// first. It closes the group; one that is gone already is no error.
func (g *Group) Remove(ctx context.Context) error {
	g.Close()
	if g.version == 0 {
		return nil
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := removeTree(g.dir)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("remove cgroup %s: %w", g.name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("remove cgroup %s: %w: %w", g.name, err, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
}

// removeTree removes the group at dir and those below. The files in a group are
// no obstacle, and can't be removed one by one.
func removeTree(dir string) error {
	err := syscall.Rmdir(dir)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	entries, readErr := os.ReadDir(dir)
	if readErr != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err = syscall.Rmdir(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
