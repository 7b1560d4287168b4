package cgroup

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Sweep removes the groups below g whose name is prefix and something that is
// stale, with the empty groups below them: what a killed process left. A group
// that still holds a process is left alone. It returns how many it removed.
func (g *Group) Sweep(prefix string, stale func(rest string) bool) (removed int) {
	entries, err := os.ReadDir(g.dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), prefix)
		if !ours || !e.IsDir() || !stale(rest) {
			continue
		}
		dir := filepath.Join(g.dir, e.Name())
		below, _ := os.ReadDir(dir) // gone already: then so is the group
		for _, b := range below {
			if b.IsDir() {
				_ = syscall.Rmdir(filepath.Join(dir, b.Name())) // busy ones keep their parent
			}
		}
		if syscall.Rmdir(dir) == nil {
			removed++
		}
	}
	return removed
}
