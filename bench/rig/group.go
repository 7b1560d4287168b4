package rig

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Unlimited is the limit of a group without one.
const Unlimited int64 = 0

// ErrNoGroup is a machine on which the bench may make no memory cgroup.
var ErrNoGroup = errors.New("no memory cgroup can be made here\nhint: run as root on a machine (or in a virtual machine) with a writable cgroup hierarchy")

// Group is a memory cgroup that the bench made. Its methods are safe for
// concurrent use.
type Group struct {
	dir   string
	v2    bool
	usage *os.File // kept open, for a thousand reads a second

	mu    sync.Mutex
	kills map[string]int64 // the last count of each group, the removed ones too
}

// MakeGroup makes a group with a limit in bytes, Unlimited for none, beside or
// below the bench's own group. It returns ErrNoGroup where that can't be.
func MakeGroup(limit int64) (*Group, error) {
	for _, parent := range parents() {
		dir, err := os.MkdirTemp(parent.dir, "stanch-bench-")
		if err != nil {
			continue
		}
		g := &Group{dir: dir, v2: parent.v2, kills: map[string]int64{}}
		if g.limit(limit) == nil {
			if g.usage, err = os.Open(filepath.Join(dir, g.name("memory.current", "memory.usage_in_bytes"))); err == nil {
				os.Chmod(dir, 0o755) // MkdirTemp's 0700 would hide it from its own processes
				return g, nil
			}
		}
		os.Remove(dir)
	}
	return nil, ErrNoGroup
}

type parent struct {
	dir string
	v2  bool
}

// parents lists the groups in which one may be made, the bench's own first and
// then those above it. In v2 a group with processes gives its children no
// controller, so there it is usually one above.
func parents() []parent {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var found []parent
	for line := range strings.Lines(string(mounts)) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		v2 := kind[0] == "cgroup2"
		if !v2 && !(kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "memory")) {
			continue
		}
		mount, root := fields[4], fields[3]
		path := strings.TrimPrefix(controllerPath(string(own), v2), strings.TrimSuffix(root, "/"))
		for dir := filepath.Join(mount, path); ; dir = filepath.Dir(dir) {
			found = append(found, parent{dir, v2})
			if dir == mount || len(dir) <= len(mount) {
				break
			}
		}
	}
	return found
}

// controllerPath is the bench's own group, from /proc/self/cgroup.
func controllerPath(text string, v2 bool) string {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) == 3 && (v2 && parts[0] == "0" || !v2 && slices.Contains(strings.Split(parts[1], ","), "memory")) {
			return parts[2]
		}
	}
	return "/"
}

func (g *Group) name(v2, v1 string) string {
	if g.v2 {
		return v2
	}
	return v1
}

func (g *Group) write(name, value string) error {
	return os.WriteFile(filepath.Join(g.dir, name), []byte(value), 0)
}

func (g *Group) limit(bytes int64) error {
	value := g.name("max", "-1")
	if bytes != Unlimited {
		value = strconv.FormatInt(bytes, 10)
	}
	if err := g.write(g.name("memory.max", "memory.limit_in_bytes"), value); err != nil {
		return fmt.Errorf("set the memory limit: %w", err)
	}
	// Swap would turn a limit into a slowdown. Not every kernel counts it.
	if bytes != Unlimited && g.v2 {
		g.write("memory.swap.max", "0")
	} else if bytes != Unlimited {
		g.write("memory.memsw.limit_in_bytes", value)
	}
	return nil
}

// Version is v1 or v2.
func (g *Group) Version() string { return g.name("v2", "v1") }

// Procs is the file that takes a process in.
func (g *Group) Procs() string { return filepath.Join(g.dir, "cgroup.procs") }

// Delegate allows the group's own processes to make groups below it, where that
// takes more than being root: in v2 the controller has to be passed on.
func (g *Group) Delegate() error {
	if !g.v2 {
		return nil
	}
	if err := g.write("cgroup.subtree_control", "+memory"); err != nil {
		return fmt.Errorf("pass the memory controller on: %w", err)
	}
	return nil
}

// Usage is what the kernel charges to the group and those below it, in bytes.
func (g *Group) Usage() (int64, error) {
	var buffer [32]byte
	n, err := g.usage.ReadAt(buffer[:], 0)
	if n == 0 {
		return 0, fmt.Errorf("read the group's usage: %w", err)
	}
	return strconv.ParseInt(string(bytes.TrimSpace(buffer[:n])), 10, 64)
}

// WorkingSet is the usage less the page cache that the kernel can drop.
func (g *Group) WorkingSet() (int64, error) {
	usage, err := g.Usage()
	if err != nil {
		return 0, err
	}
	stat, err := os.ReadFile(filepath.Join(g.dir, "memory.stat"))
	if err != nil {
		return 0, fmt.Errorf("read the group's parts: %w", err)
	}
	for line := range bytes.Lines(stat) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		switch string(name) {
		case g.name("inactive_file", "total_inactive_file"), g.name("active_file", "total_active_file"):
			n, _ := strconv.ParseInt(string(value), 10, 64)
			usage -= n
		}
	}
	return max(usage, 0), nil
}

// Kills is how many processes of the group, or of one below it, the kernel has
// killed for a limit. A group that was removed keeps the count of its last
// look, so one who expects groups to come and go looks often.
func (g *Group) Kills() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, dir := range g.below() {
		// In v2 the counts of those below are contained; v1 counts each apart.
		if g.v2 && dir != g.dir {
			continue
		}
		file, err := os.Open(filepath.Join(dir, g.name("memory.events", "memory.oom_control")))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if count, ok := strings.CutPrefix(lines.Text(), "oom_kill "); ok {
				n, _ := strconv.ParseInt(count, 10, 64)
				g.kills[dir] = max(g.kills[dir], n)
			}
		}
		file.Close()
	}
	var sum int64
	for _, n := range g.kills {
		sum += n
	}
	return sum
}

// below lists the group and all below it, the deepest last.
func (g *Group) below() []string {
	var dirs []string
	filepath.WalkDir(g.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil // a group that goes while we look is no error
	})
	return dirs
}

// Remove kills what is still inside and removes the group with those below it.
// It is safe twice.
func (g *Group) Remove() error {
	g.Kills()
	g.usage.Close()
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		dirs := g.below()
		slices.Reverse(dirs)
		for _, dir := range dirs {
			g.killAll(dir)
			err = os.Remove(dir)
		}
		if len(dirs) == 0 || err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return fmt.Errorf("remove the memory group: %w", err)
}

func (g *Group) killAll(dir string) {
	procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for line := range strings.Lines(string(procs)) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid > 1 && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// MachineKills is the kernel's count of kills for want of memory on the whole
// machine, -1 where it does not tell: a check on what groups tell, which others
// on the machine can disturb.
func MachineKills() int64 {
	stat, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(stat)) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
			return n
		}
	}
	return -1
}
