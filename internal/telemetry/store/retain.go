package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
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
		if isHeld(l, now) {
			continue
		}
		if os.Remove(l.path) == nil {
			total -= l.size
			_ = os.Remove(l.path + indexSuffix)
		}
	}
}

// isHeld says whether a living writer has a segment. Where the file system knows
// no locks, one that was written lately is.
func isHeld(l listed, now time.Time) bool {
	f, err := os.OpenFile(l.path, os.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	err = lock(f)
	return errors.Is(err, syscall.EWOULDBLOCK) || err != nil && now.Sub(l.mod).Abs() < quiet
}

// sweep removes what killed writers left half-made, and indexes without a
// segment.
func sweep(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // there is nothing to remove
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		segment, isIndex := strings.CutSuffix(path, indexSuffix)
		if _, ours := parseName(filepath.Base(segment)); isIndex && ours {
			if _, err := os.Lstat(segment); !errors.Is(err, os.ErrNotExist) {
				continue
			}
		} else if !strings.HasSuffix(path, suffix+indexSuffix+newSuffix) && !(strings.HasPrefix(e.Name(), markerName+".") && strings.HasSuffix(path, newSuffix)) {
			continue
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()).Abs() > quiet {
			_ = os.Remove(path) // it costs space, nothing else
		}
	}
}
