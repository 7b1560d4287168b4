// Package store keeps rows of telemetry in a directory of small files that a
// crash does not hurt: it owns those files.
//
// A segment holds rows of one table for a slice of time, written by one writer:
//
//	requests-20260405T013000Z-web1.4f2a9c.ndjson.zst
//
// It is a row of independent zstd frames, each of at most 256 KiB of NDJSON or a
// second of time, appended, and synced once a second; zstdcat and jq read it. A
// skippable frame before each tells its rows and its time, so that a reader
// walks from frame to frame without unpacking them; when a segment is closed,
// what was walked is kept beside it in an index, which can always be made anew.
//
// Several writers work side by side, each in files of its own, which it holds by
// a lock for as long as it lives. Readers take no lock: they read as far as
// frames are whole. What a reader has to leave out (a torn end, a flipped bit, a
// foreign file) it counts, in Damage. Begin with Open to write and OpenDir to read.
package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Limits of the format.
const (
	// MaxFrame is how many bytes of NDJSON a frame holds at most; a row that is
	// longer has a frame to itself.
	MaxFrame = 256 << 10
	// MaxRow is how long a row may be.
	MaxRow = 8 << 20
	// rotateBytes and rotateAfter end a segment.
	rotateBytes = 16 << 20
	rotateAfter = 15 * time.Minute
)

const (
	suffix      = ".ndjson.zst"
	indexSuffix = ".idx"
	newSuffix   = ".new" // of files that get their names when they are whole
	markerName  = "stanch-telemetry"
	marker      = "stanch telemetry, format 1\n"
	timeFormat  = "20060102T150405Z"
)

// ErrForeign is a directory that another release wrote, or something else.
var ErrForeign = errors.New("the directory is not one of stanch's telemetry, format 1")

// checkMarker looks whether the directory is a store of this format; ok is false
// if it bears no mark.
func checkMarker(dir string) (ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, markerName))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read the store's mark: %w", err)
	case string(text) != marker:
		return false, fmt.Errorf("%s: %w; it says %.60q", dir, ErrForeign, text)
	}
	return true, nil
}

// writeMarker marks a directory, at once and whole: several writers may begin at
// the same moment, and be killed in it.
func writeMarker(dir string) error {
	if ok, err := checkMarker(dir); ok || err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, markerName+".*"+newSuffix)
	if err != nil {
		return fmt.Errorf("mark the store: %w\nhint: the directory of telemetry has to be one that stanch may write to", err)
	}
	_, err = f.WriteString(marker)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, markerName))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("mark the store: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// segmentName is what a segment's file name says.
type segmentName struct {
	table  string
	start  time.Time
	writer string
}

func (n segmentName) String() string {
	return n.table + "-" + n.start.UTC().Format(timeFormat) + "-" + n.writer + suffix
}

// parseName reads a segment's file name; ok is false for other files.
func parseName(name string) (n segmentName, ok bool) {
	base, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return n, false
	}
	parts := strings.SplitN(base, "-", 3)
	if len(parts) != 3 || !isTableName(parts[0]) {
		return n, false
	}
	start, err := time.Parse(timeFormat, parts[1])
	return segmentName{parts[0], start, parts[2]}, err == nil
}

// isTableName keeps names to letters, digits and _, so that they are harmless in
// a path.
func isTableName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}

// plainWriter makes a name harmless in a path.
func plainWriter(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, s)
	s = strings.TrimLeft(s[:min(len(s), 48)], ".")
	if s == "" {
		return "writer"
	}
	return s
}

// listed is a segment's file.
type listed struct {
	segmentName
	path string
	size int64
	mod  time.Time
}

// list finds the segments of a directory, oldest first.
func list(dir string) (all []listed, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the store: %w", err)
	}
	for _, e := range entries {
		n, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // it went away meanwhile
		}
		all = append(all, listed{n, filepath.Join(dir, e.Name()), info.Size(), info.ModTime()})
	}
	sortListed(all)
	return all, nil
}

func sortListed(all []listed) {
	slices.SortFunc(all, func(a, b listed) int {
		return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.table, b.table), cmp.Compare(a.writer, b.writer))
	})
}
