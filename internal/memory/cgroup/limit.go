package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/stanch-dev/stanch/internal/memory"
)

// A binding says which limit is the smallest.
type binding struct {
	by    binder
	above int   // which ancestor
	limit int64 // the group's limit, before the machine's memory is looked at
}

type binder int

const (
	byNone binder = iota
	byOwn
	byAncestor
	byHierarchy // version 1's hierarchical_memory_limit
)

// bound is the smallest of the group's own limit, those of its ancestors and,
// where any of them is set, the machine's memory: a limit above that is never
// reached.
func (g *Group) bound(hierarchical int64) (int64, error) {
	own, err := g.files.limit.number(&g.buf, parseLimit)
	if err != nil {
		return 0, err
	}
	b := binding{limit: memory.Unlimited}
	take := func(limit int64, by binder, above int) {
		if limit < b.limit {
			b = binding{by: by, above: above, limit: limit}
		}
	}
	take(own, byOwn, 0)
	take(hierarchical, byHierarchy, 0)
	for i := range g.files.above {
		n, err := g.files.above[i].limit.number(&g.buf, parseLimit)
		switch {
		case err == nil:
			take(n, byAncestor, i)
		case errors.Is(err, errVanished): // the root has no limit
		default:
			return 0, err
		}
	}
	g.binds = b
	if b.limit == memory.Unlimited {
		return b.limit, nil
	}
	return min(b.limit, g.memTotal), nil
}

// LimitSource says in words where the Limit of the last Read came from, such as
// "memory.max of /kubepods/pod1 (ancestor)"; "none" if nothing bounds the group.
func (g *Group) LimitSource() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	source := g.source()
	if g.binds.by != byNone && g.binds.limit > g.memTotal {
		return "MemTotal of this machine, since " + source + " is above it"
	}
	return source
}

func (g *Group) source() string {
	file := "memory.max"
	if g.version == 1 {
		file = "memory.limit_in_bytes"
	}
	switch g.binds.by {
	case byOwn:
		return fmt.Sprintf("%s of %s", file, g.name)
	case byAncestor:
		return fmt.Sprintf("%s of %s (ancestor)", file, g.files.above[g.binds.above].name)
	case byHierarchy:
		return g.hierarchySource(file)
	}
	return "none"
}

// hierarchySource looks for the ancestor whose limit version 1 reports without
// saying whose it is.
func (g *Group) hierarchySource(name string) string {
	for d := g.dir; d != g.point && len(d) > len(g.point); {
		d = filepath.Dir(d)
		f := file{path: filepath.Join(d, name), optional: true}
		n, err := f.number(&g.buf, parseLimit)
		f.close()
		if err == nil && n == g.binds.limit {
			return fmt.Sprintf("%s of %s (ancestor)", name, g.nameOf(d))
		}
	}
	return fmt.Sprintf("hierarchical_memory_limit of %s (an ancestor that can't be seen from here)", g.name)
}
