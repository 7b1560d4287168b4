package cgroup

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A mount is one place where groups that may have a memory controller can be
// seen.
type mount struct {
	version int
	root    string // which group is at the mount point, as the reader's cgroup namespace names it
	point   string // the mount point, below FS.Root
}

// paths are the lines of /proc/self/cgroup that matter: the group in the v1
// hierarchy that has the memory controller, and the group in the v2 hierarchy.
type paths struct{ v1, v2 string }

// mounts are the cgroup mounts of this process's mount namespace, in the order
// in which they were made. See proc_pid_mountinfo(5).
func (f FS) mounts() ([]mount, error) {
	name := filepath.Join(f.Proc, "self/mountinfo")
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("find the cgroup mounts: %w", err)
	}
	var all []mount
	for line := range strings.Lines(string(b)) {
		m, ok := parseMount(line)
		if !ok {
			continue
		}
		m.point = f.place(m.point)
		all = append(all, m)
	}
	return all, nil
}

// place puts a mount point of the machine below Root.
func (f FS) place(point string) string {
	rest, ok := strings.CutPrefix(point, "/sys/fs/cgroup")
	if ok && (rest == "" || rest[0] == '/') {
		return filepath.Join(f.Root, rest)
	}
	return filepath.Clean(point)
}

// parseMount reads one line of mountinfo; ok is false for what is no cgroup
// mount, or a v1 mount without the memory controller.
func parseMount(line string) (m mount, ok bool) {
	before, after, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
	if !ok {
		return mount{}, false
	}
	left, right := strings.Fields(before), strings.Fields(after)
	if len(left) < 5 || len(right) < 3 {
		return mount{}, false
	}
	m = mount{root: unescape(left[3]), point: unescape(left[4])}
	switch right[0] {
	case "cgroup2":
		m.version = 2
		return m, true
	case "cgroup":
		m.version = 1
		for option := range strings.SplitSeq(right[2], ",") {
			if option == "memory" {
				return m, true
			}
		}
	}
	return mount{}, false
}

// unescape undoes mountinfo's octal escapes of space, tab, newline and
// backslash.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// paths reads /proc/self/cgroup; see cgroups(7).
func (f FS) paths() (paths, error) {
	name := filepath.Join(f.Proc, "self/cgroup")
	b, err := os.ReadFile(name)
	if err != nil {
		return paths{}, fmt.Errorf("find this process's cgroup: %w", err)
	}
	var p paths
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if parts[0] == "0" && parts[1] == "" {
			p.v2 = parts[2]
			continue
		}
		for c := range strings.SplitSeq(parts[1], ",") {
			if c == "memory" {
				p.v1 = parts[2]
			}
		}
	}
	return p, nil
}

// find is the directory of the group with this path, which must hold the file
// named proof. Inside a container the path may be the machine's while the mount
// begins at the container's group, so that what comes before the mount's root
// is cut off; where the two do not match at all, the longest end of the path
// that can be seen is taken, and at last the mount point itself.
func (m mount) find(group, proof string) (dir string, ok bool) {
	group = path.Clean("/" + group)
	try := func(rel string) bool {
		dir = filepath.Join(m.point, rel)
		return exists(filepath.Join(dir, proof))
	}
	if rest, under := strings.CutPrefix(group, strings.TrimSuffix(m.root, "/")); under && (rest == "" || rest[0] == '/') && try(rest) {
		return dir, true
	}
	for rel := group; rel != ""; {
		if try(rel) {
			return dir, true
		}
		_, after, cut := strings.Cut(rel[1:], "/")
		if !cut {
			break
		}
		rel = "/" + after
	}
	return dir, try("/")
}
