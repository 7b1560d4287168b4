package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// accessWrite is access(2)'s W_OK.
const accessWrite = 2

// Writable is nil if a Child with a limit can be made here, and otherwise says
// why not and what would change that. It makes a group and removes it again,
// since mount options, ownership and security modules each have a say.
func (g *Group) Writable() error {
	if err := g.writable(); err != nil {
		return fmt.Errorf("make groups below cgroup %s: %w", g.name, err)
	}
	return nil
}

func (g *Group) writable() error {
	if g.version == 0 {
		return fmt.Errorf("%w\nhint: workers are guarded without a cgroup of their own", ErrNoController)
	}
	if err := syscall.Access(g.dir, accessWrite); err != nil {
		return refused(g.dir, err)
	}
	if g.version == 2 {
		if err := g.delegated(); err != nil {
			return err
		}
	}
	probe := filepath.Join(g.dir, "stanch-probe-"+strconv.Itoa(os.Getpid()))
	if err := syscall.Mkdir(probe, 0o755); err != nil {
		return refused(probe, err)
	}
	if err := syscall.Rmdir(probe); err != nil {
		return fmt.Errorf("remove %s: %w", probe, err)
	}
	return nil
}

// delegated checks what version 2 demands before the controller may be handed
// to groups below.
func (g *Group) delegated() error {
	if !hasWord(filepath.Join(g.dir, "cgroup.controllers"), "memory") {
		return fmt.Errorf("%w is handed down to it\nhint: with systemd set Delegate=memory on the unit; in a container the runtime has to mount cgroups writable", ErrNoController)
	}
	for _, name := range []string{"cgroup.subtree_control", "cgroup.procs"} {
		if err := syscall.Access(filepath.Join(g.dir, name), accessWrite); err != nil {
			return refused(filepath.Join(g.dir, name), err)
		}
	}
	if g.open("memory") {
		return nil
	}
	pids, err := g.Procs()
	if err != nil {
		return err
	}
	if others := g.strangers(pids); len(others) > 0 {
		return internalProcesses(others)
	}
	return nil
}

// open reports whether groups below this one have the controller: it is handed
// down already, or this is the machine's root, which may hold processes.
func (g *Group) open(controller string) bool {
	return hasWord(filepath.Join(g.dir, "cgroup.subtree_control"), controller)
}

// strangers are the processes that are neither this one nor one that it
// descends from, such as an init that was put in front of it.
func (g *Group) strangers(pids []int) []int {
	if !exists(filepath.Join(g.dir, "cgroup.type")) {
		return nil
	}
	ours := g.fs.lineage()
	return slices.DeleteFunc(slices.Clone(pids), func(pid int) bool { return slices.Contains(ours, pid) })
}

// lineage is this process and its ancestors as far as they can be seen.
func (f FS) lineage() []int {
	all := []int{os.Getpid()}
	for pid := os.Getppid(); pid > 0 && !slices.Contains(all, pid); {
		all = append(all, pid)
		b, err := os.ReadFile(filepath.Join(f.Proc, strconv.Itoa(pid), "stat"))
		if err != nil {
			break
		}
		// The second field is the command in brackets, and may hold any byte.
		text := string(b)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) < 2 {
			break
		}
		if pid, err = strconv.Atoi(fields[1]); err != nil {
			break
		}
	}
	return all
}

func internalProcesses(others []int) error {
	return fmt.Errorf("processes %v are in the group itself, and version 2 hands no controller down past processes: %w\n%s",
		others, syscall.EBUSY,
		"hint: start stanch alone in its container or unit, with exec where a shell starts it")
}

// refused adds to a refusal by the kernel what usually is behind it.
func refused(path string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EROFS):
		hint = "\nhint: the cgroup file system is mounted read-only, as containers usually have it; workers are guarded without a cgroup of their own"
	case errors.Is(err, os.ErrPermission):
		hint = "\nhint: the group belongs to another user; with systemd set Delegate=memory on the unit, else workers are guarded without a cgroup of their own"
	case errors.Is(err, os.ErrNotExist):
		hint = "\nhint: the group is gone, or is outside of what this container can see"
	}
	return fmt.Errorf("write %s: %w%s", path, err, hint)
}
