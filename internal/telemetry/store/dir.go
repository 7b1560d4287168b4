package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Dir reads a store. It is safe for concurrent use, and beside writers.
type Dir struct {
	path     string
	decoders sync.Pool

	mu     sync.Mutex
	damage []Damage
	more   Damage // beyond maxDamage
}

// OpenDir opens a directory for reading.
func OpenDir(path string) (*Dir, error) {
	if ok, err := checkMarker(path); err != nil {
		return nil, err
	} else if !ok {
		return nil, fmt.Errorf("%s: %w", path, ErrForeign)
	}
	return &Dir{path: path}, nil
}

// IsStore says whether a directory bears the mark of a store, of whatever format.
func IsStore(path string) bool {
	_, err := os.Stat(filepath.Join(path, markerName))
	return err == nil
}

// Tables are the names of the tables that have segments, sorted.
func (d *Dir) Tables() ([]string, error) {
	all, err := list(d.path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range all {
		names = append(names, l.table)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Scan finds the frames of a table that may have rows between two times, both
// included, oldest segment first.
func (d *Dir) Scan(table string, from, to int64) (runs []*Run, err error) {
	all, err := list(d.path)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if l.table != table {
			continue
		}
		frames, err := d.frames(l.path)
		if errors.Is(err, os.ErrNotExist) {
			continue // retention took it meanwhile
		}
		if err != nil {
			d.damaged(l.path, 0, l.size, err.Error()) // what was found before is read
		}
		run, raw := &Run{dir: d, path: l.path}, int64(0)
		for _, f := range frames {
			if f.To < from || f.From > to {
				continue
			}
			run.frames = append(run.frames, f)
			if raw += f.Raw; raw >= runBytes {
				runs = append(runs, run)
				run, raw = &Run{dir: d, path: l.path}, 0
			}
		}
		if len(run.frames) > 0 {
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// frames finds a segment's frames: by its index, and by walking what that does
// not cover.
func (d *Dir) frames(path string) (frames []Frame, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	at := int64(0)
	indexed := false
	if text, err := readSmall(path + indexSuffix); err == nil {
		if known, covers, err := readIndex(text, size); err == nil && belongs(f, known) {
			frames, at, indexed = known, covers, true
		}
	}
	for at < size {
		more, end, err := walk(f, at, size)
		frames = append(frames, more...)
		if err == nil {
			break
		}
		if !errors.Is(err, errNotWhole) {
			return frames, err
		}
		next, ok := resume(f, end+1, size)
		if !ok {
			// A segment without an index is being written, or its writer was killed:
			// its end may be torn, and nothing that was acknowledged is lost with it.
			if indexed || !isTorn(f, end, size) {
				d.damaged(path, end, size-end, "no frames")
			}
			break
		}
		d.damaged(path, end, next-end, "no frame")
		at = next
	}
	return frames, nil
}
