// Package archive keeps post-mortems in a directory: the newest ones, each in one JSON file that is there whole or not at all.
//
// The directory may be shared with other files, and a file may have been cut
// short by whatever killed its writer: what is not a post-mortem is left alone,
// counted, and never in the way of the others. A full disk loses no verdict:
// what could not be written is kept in memory, in short. Begin with
// [Archive.Write] and [Archive.Load].
package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

// mostBytes bounds all files together; the newest is kept even if it is larger.
const mostBytes = 64 << 20

// mostUnwritten bounds the summaries kept in memory.
const mostUnwritten = 16

// Archive is one directory. It is safe for concurrent use; two stanches may
// share a directory, and keep what the one that allows less allows.
type Archive struct {
	dir string

	mu        sync.Mutex
	keep      int
	unwritten []string
}

// New makes the directory if it is not there. The newest keep post-mortems stay
// in it, at least one.
func New(dir string, keep int) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory for post-mortems: %w\nhint: name one that stanch may write to", err)
	}
	a := &Archive{dir: dir, keep: max(keep, 1)}
	a.sweep()
	return a, nil
}

// SetKeep changes how many stay, from the next Write on.
func (a *Archive) SetKeep(keep int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keep = max(keep, 1)
}

// Unwritten are the summaries of the latest reports that could not be written,
// the oldest first.
func (a *Archive) Unwritten() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.unwritten)
}

// name tells our files from others: a time in UTC, then the worker.
var name = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[A-Za-z0-9_.-]+\.json$`)

// newID names a report so that names sort by time.
func newID(r *postmortem.Report) string {
	worker := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' {
			return c
		}
		return '_'
	}, r.Worker)
	if worker == "" {
		worker = "worker"
	}
	return r.At.UTC().Format("20060102T150405.000Z") + "-" + worker[:min(len(worker), 64)]
}

func (a *Archive) path(id string) string { return filepath.Join(a.dir, id+".json") }

// ours are the names of our files, the newest first.
func (a *Archive) ours() (names []string, others int, err error) {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return nil, 0, fmt.Errorf("list post-mortems: %w", err)
	}
	for _, e := range entries {
		switch {
		case name.MatchString(e.Name()) && e.Type().IsRegular():
			names = append(names, e.Name())
		case !temporary(e.Name()):
			others++
		}
	}
	slices.Reverse(names) // ReadDir sorts
	return names, others, nil
}

// retain removes the oldest files beyond the count and the bytes allowed. The
// caller holds a.mu.
func (a *Archive) retain() error {
	names, _, err := a.ours()
	if err != nil {
		return err
	}
	var total int64
	var errs []error
	for i, n := range names {
		path := filepath.Join(a.dir, n)
		if info, err := os.Lstat(path); err == nil {
			total += info.Size()
		}
		if i > 0 && (i >= a.keep || total > mostBytes) {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, fmt.Errorf("remove an old post-mortem: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

const temporaryPrefix, temporarySuffix = ".stanch-", ".tmp"

func temporary(name string) bool {
	return strings.HasPrefix(name, temporaryPrefix) && strings.HasSuffix(name, temporarySuffix)
}

// sweep removes what a killed writer left half-written. Another stanch may be
// writing just now, which takes less than a minute.
func (a *Archive) sweep() {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return // the next Write tells
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && temporary(e.Name()) && time.Since(info.ModTime()) > time.Minute {
			_ = os.Remove(filepath.Join(a.dir, e.Name())) // it costs space, nothing else
		}
	}
}
