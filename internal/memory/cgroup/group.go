package cgroup

import (
	"path/filepath"
	"strings"
	"sync"
)

// A Group is one memory cgroup. Its methods may be called from several
// goroutines; each Read waits for the other.
type Group struct {
	fs       FS
	version  int
	name     string
	dir      string
	point    string // the mount point: the highest group that can be seen
	root     string // the name of the group at the mount point
	home     string // the directory of the group that this process's threads belong to
	memTotal int64

	// unaccounted is set for the machine's root group of version 2, which has
	// no figures and no limit.
	unaccounted bool

	mu     sync.Mutex
	closed bool
	files  files
	buf    []byte
	binds  binding
	parked []*parked
}

// files are kept open from one Read to the next.
type files struct {
	usage, stat, events, limit, peak, kernel, oomGroup, pressure file
	above                                                        []ancestor // nearest first
}

// An ancestor is a group above, whose limit bounds this one too.
type ancestor struct {
	name  string
	limit file
}

func newGroup(f FS, version int, m mount, dir string) *Group {
	g := &Group{
		fs:      f,
		version: version,
		dir:     dir,
		point:   m.point,
		root:    m.root,
		buf:     make([]byte, 8<<10),
	}
	g.name = g.nameOf(dir)
	g.files = g.layout()
	return g
}

// layout names the files of this group's version.
func (g *Group) layout() files {
	at := func(name string) file { return file{path: filepath.Join(g.dir, name)} }
	maybe := func(name string) file { return file{path: filepath.Join(g.dir, name), optional: true} }
	if g.version == 1 {
		// memory.stat's hierarchical_memory_limit speaks for all ancestors, also
		// for those that can't be seen from inside a container.
		return files{
			usage:  at("memory.usage_in_bytes"),
			stat:   at("memory.stat"),
			events: at("memory.oom_control"),
			limit:  at("memory.limit_in_bytes"),
			peak:   maybe("memory.max_usage_in_bytes"),
			kernel: maybe("memory.kmem.usage_in_bytes"),
		}
	}
	f := files{
		usage: at("memory.current"),
		stat:  at("memory.stat"),
		// memory.events counts the groups below too, and so includes all that
		// memory.events.local counts.
		events:   at("memory.events"),
		limit:    at("memory.max"),
		peak:     maybe("memory.peak"),
		oomGroup: maybe("memory.oom.group"),
		pressure: at("memory.pressure"),
	}
	for d := g.dir; d != g.point && len(d) > len(g.point); {
		d = filepath.Dir(d)
		f.above = append(f.above, ancestor{
			name:  g.nameOf(d),
			limit: file{path: filepath.Join(d, "memory.max"), optional: true},
		})
	}
	return f
}

// nameOf is the path of the group at dir, as far as it can be known from inside
// a container.
func (g *Group) nameOf(dir string) string {
	rel := strings.TrimPrefix(strings.TrimPrefix(dir, g.point), "/")
	return filepath.Join("/", g.root, rel)
}

// Version is 1 or 2, or 0 where there is no memory controller.
func (g *Group) Version() int { return g.version }

// Path is the group's path below its hierarchy, for humans: inside a container
// it may begin at the container's own group.
func (g *Group) Path() string { return g.name }

// Close gives back the open files. The group in the kernel stays. It is safe
// to call twice; a Read after it is an error.
func (g *Group) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.release()
	g.forget()
}

// forget closes every file, so that the next Read opens them anew.
func (g *Group) forget() {
	f := &g.files
	for _, x := range []*file{&f.usage, &f.stat, &f.events, &f.limit, &f.peak, &f.kernel, &f.oomGroup, &f.pressure} {
		x.close()
	}
	for i := range f.above {
		f.above[i].limit.close()
	}
}
