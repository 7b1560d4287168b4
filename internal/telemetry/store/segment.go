package store

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// segment is a file that is being written.
type segment struct {
	file   *os.File
	path   string
	start  time.Time
	size   int64
	frames []Frame
	synced int // how many of the frames are safe
}

// unsafe is how many rows a crash of the machine would take.
func (s *segment) unsafe() (rows int64) {
	for _, f := range s.frames[s.synced:] {
		rows += f.Rows
	}
	return rows
}

// isGone says whether somebody removed the file: nobody would read it.
func (s *segment) isGone() bool {
	var stat syscall.Stat_t
	return syscall.Fstat(int(s.file.Fd()), &stat) != nil || stat.Nlink == 0
}

// close leaves an index beside the segment.
func (s *segment) close() error {
	err := writeIndex(s.path, s.frames, s.size)
	return errors.Join(err, s.file.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // there are file systems that can't
	}
	return errors.Join(err, d.Close())
}
