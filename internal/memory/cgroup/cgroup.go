// Package cgroup is the one owner of cgroup files: it finds the memory cgroup of this process, reads it, and makes smaller ones below it for workers.
//
// A container's limit is a cgroup's limit, and a kernel OOM kill is a cgroup's
// event, so this is where the exact figures come from. The package keeps three
// rules. Reading is cheap: files stay open and are parsed in place, so that a
// look every 5 ms costs a few microseconds and no garbage. What the kernel or a
// container runtime shows is hostile: files vanish, mounts are partial, numbers
// overflow; each gives one clear error or no figure, never a panic and never a
// made-up number. And version 1, version 2 and the hybrid of both look the same
// from outside; what only one of them has is named so.
//
// Begin with FS.Own, then Group.Read; Group.Child and Group.Fork are the way to
// give a worker a limit of its own. The files are described in the kernel's
// Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst.
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/internal/memory"
)

// ErrNoController says that no memory controller can be seen from here, so
// that nothing but /proc tells how much memory is used.
var ErrNoController = errors.New("no memory controller")

// ErrNoHigh says that version 1 has no memory.high.
var ErrNoHigh = errors.New("cgroup v1 has no memory.high")

// FS says where the cgroup and proc file systems are. Root stands for
// /sys/fs/cgroup: a mount point below that is looked for below Root, so that a
// captured tree can take the machine's place.
type FS struct {
	Root string
	Proc string
}

// System is the machine's own FS.
func System() FS { return FS{Root: "/sys/fs/cgroup", Proc: "/proc"} }

// Own is the memory cgroup that this process is charged to. The group is never
// nil: where there is no controller it answers Known = false to every Read, its
// Version is 0, and the error is an ErrNoController that says what was looked
// for. The caller closes the group.
func (f FS) Own() (*Group, error) {
	none := &Group{fs: f, name: "none"}
	mounts, err := f.mounts()
	if err != nil {
		return none, err
	}
	paths, err := f.paths()
	if err != nil {
		return none, err
	}
	g, err := f.locate(mounts, paths)
	if err != nil {
		return none, err
	}
	g.memTotal = f.memTotal()
	g.home = g.dir
	return g, nil
}

// locate prefers version 1's memory hierarchy where it is mounted, since the
// kernel gives the controller to one hierarchy only, and a hybrid's version 2
// mount then has none.
func (f FS) locate(mounts []mount, paths paths) (*Group, error) {
	for _, m := range mounts {
		if m.version != 1 || paths.v1 == "" {
			continue
		}
		if dir, ok := m.find(paths.v1, "memory.usage_in_bytes"); ok {
			return newGroup(f, 1, m, dir), nil
		}
	}
	for _, m := range mounts {
		if m.version != 2 || paths.v2 == "" {
			continue
		}
		dir, ok := m.find(paths.v2, "cgroup.procs")
		if !ok {
			continue
		}
		// A group to which the controller is not handed down is charged to the
		// nearest ancestor that has it.
		for d := dir; ; d = filepath.Dir(d) {
			if exists(filepath.Join(d, "memory.current")) {
				return newGroup(f, 2, m, d), nil
			}
			if d == m.point {
				break
			}
		}
		// The machine's root group has no memory.current, and no cgroup.type.
		if hasWord(filepath.Join(m.point, "cgroup.controllers"), "memory") && !exists(filepath.Join(m.point, "cgroup.type")) {
			g := newGroup(f, 2, m, m.point)
			g.unaccounted = true
			return g, nil
		}
	}
	return nil, fmt.Errorf("find this process's memory cgroup: %w in %d cgroup mounts of %s\n%s",
		ErrNoController, len(mounts), filepath.Join(f.Proc, "self/mountinfo"),
		"hint: stanch guards by /proc alone here; give it --memory-limit, since no limit can be read")
}

// memTotal is the machine's memory in bytes, or Unlimited where meminfo does
// not tell.
func (f FS) memTotal() int64 {
	b, err := os.ReadFile(filepath.Join(f.Proc, "meminfo"))
	if err != nil {
		return memory.Unlimited
	}
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(line, "MemTotal:")
		if !ok {
			continue
		}
		if kb, ok := parseInt([]byte(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))); ok && kb > 0 && kb < 1<<50 {
			return kb << 10
		}
	}
	return memory.Unlimited
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// hasWord reports whether a file of words, such as cgroup.controllers, holds
// this one.
func hasWord(path, word string) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	for w := range strings.FieldsSeq(string(b)) {
		if w == word {
			return true
		}
	}
	return false
}
