package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lock takes a segment for as long as the file is open; it fails at once, with
// EWOULDBLOCK, if somebody has it. Other errors are those of file systems that
// know no locks.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// quiet is how long nothing was written to a segment that is taken for left,
// where its lock may not be the whole truth: file systems of a network may keep
// locks within one machine, or know none. A living writer has ended it by then.
const quiet = rotateAfter + time.Minute

// repair looks at the segments without an index: whoever wrote one and no longer
// holds it was killed. Its torn end is cut off, and it gets its index. own is
// what the writer is called: its segments need not be quiet.
func repair(dir, own string, now time.Time) (messages []string) {
	all, err := list(dir)
	if err != nil {
		return []string{err.Error()}
	}
	for _, l := range all {
		if _, err := os.Stat(l.path + indexSuffix); err == nil {
			continue
		}
		if name := l.writer[:max(strings.LastIndexByte(l.writer, '.'), 0)]; name != own && now.Sub(l.mod).Abs() < quiet {
			continue
		}
		cut, err := repairOne(l.path)
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK):
		case err != nil:
			messages = append(messages, fmt.Sprintf("repair %s: %v", filepath.Base(l.path), err))
		case cut > 0:
			messages = append(messages, fmt.Sprintf("%s was torn when its writer ended: the last %d bytes make no frame, and were cut off", filepath.Base(l.path), cut))
		}
	}
	return messages
}

func repairOne(path string) (cut int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := lock(f); errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size := info.Size()
	frames, end, err := walk(f, 0, size)
	if err != nil && !errors.Is(err, errNotWhole) {
		return 0, err
	}
	if end < size {
		if _, more := resume(f, end+1, size); more {
			return 0, nil // damage in the middle: whole frames follow, and nothing is cut
		}
		if end == 0 && !isTorn(f, 0, size) {
			return 0, nil // a segment by its name alone: somebody else's, and not ours to cut
		}
		if err := f.Truncate(end); err != nil {
			return 0, err
		}
	}
	return size - end, writeIndex(path, frames, end)
}
