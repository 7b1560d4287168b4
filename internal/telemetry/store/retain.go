package store

import (
	"os"
	"syscall"
)

// retain removes segments that are too old, and the oldest of too many. Those
// that a writer holds stay.
func retain(dir string, options Options) {
	if options.RetainAge <= 0 && options.RetainBytes <= 0 {
		return
	}
	all, err := list(dir)
	if err != nil {
		return // there is nothing to remove
	}
	total := int64(0)
	for _, l := range all {
		total += l.size
	}
	now := options.Now()
	for _, l := range all {
		old := options.RetainAge > 0 && now.Sub(l.mod) > options.RetainAge
		many := options.RetainBytes > 0 && total > options.RetainBytes
		if !old && !many {
			continue
		}
		if isHeld(l.path) {
			continue
		}
		if os.Remove(l.path) == nil {
			total -= l.size
			_ = os.Remove(l.path + indexSuffix)
		}
	}
}

// isHeld says whether a living writer has a segment.
func isHeld(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return lock(f) != nil
}
