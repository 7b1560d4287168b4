package cgroup

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// A file is one kernel file, opened at the first read and kept open, since a
// pread of an open one costs a tenth of open, read and close.
type file struct {
	path     string
	optional bool // older kernels don't have it
	fd       int
	open     bool
	absent   bool // optional, and not there
}

// errVanished is an optional file that is not there.
var errVanished = errors.New("not there")

// read fills buf from the file's beginning and returns what it got. The result
// is valid until buf is used again. When the group has been removed the kernel
// answers ENODEV for a file kept open; the file is then closed, so that the next
// read looks for it anew.
func (f *file) read(buf *[]byte) ([]byte, error) {
	if f.absent {
		return nil, errVanished
	}
	if !f.open {
		fd, err := syscall.Open(f.path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			if f.optional && errors.Is(err, os.ErrNotExist) {
				f.absent = true
				return nil, errVanished
			}
			return nil, fmt.Errorf("open %s: %w", f.path, err)
		}
		f.fd, f.open = fd, true
	}
	for {
		n, err := syscall.Pread(f.fd, *buf, 0)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			f.close()
			return nil, fmt.Errorf("read %s: %w", f.path, err)
		case n == len(*buf):
			*buf = make([]byte, 2*n)
			continue
		}
		return (*buf)[:n], nil
	}
}

// number reads a file that holds one number, or a limit.
func (f *file) number(buf *[]byte, parse func([]byte) (int64, bool)) (int64, error) {
	b, err := f.read(buf)
	if err != nil {
		return 0, err
	}
	n, ok := parse(b)
	if !ok {
		return 0, fmt.Errorf("read %s: %.40q is no size", f.path, b)
	}
	return n, nil
}

// close forgets what was found, an optional file's absence included.
func (f *file) close() {
	if f.open {
		syscall.Close(f.fd)
	}
	f.open, f.absent = false, false
}
