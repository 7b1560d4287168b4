package gauge

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

var pageSize = int64(os.Getpagesize())

// errGone is a process that is no more.
var errGone = errors.New("the process is gone")

// A file is one file of /proc, opened at the first read and kept open. The
// kernel ties an open file below /proc/<pid> to the process, not to the pid, so
// that it never answers for another process that got the same pid later.
type file struct {
	path string
	fd   int // below 0 while it is not open
}

// read fills buf from the file's beginning and returns what it got. What does
// not fit is cut off.
func (f *file) read(buf []byte) ([]byte, error) {
	if f.fd < 0 {
		fd, err := syscall.Open(f.path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", f.path, err)
		}
		f.fd = fd
	}
	for {
		n, err := syscall.Pread(f.fd, buf, 0)
		switch err {
		case nil:
			return buf[:n], nil
		case syscall.EINTR:
		case syscall.ESRCH:
			f.close()
			return nil, errGone
		default:
			f.close()
			return nil, fmt.Errorf("read %s: %w", f.path, err)
		}
	}
}

// close is safe to call twice.
func (f *file) close() {
	if f.fd >= 0 {
		syscall.Close(f.fd)
		f.fd = -1
	}
}

// slurp reads a file of /proc once, into buf if it fits. It spares what os.ReadFile
// does for files that may be more than that, which a walk over many processes
// would feel.
func slurp(path string, buf []byte) ([]byte, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer syscall.Close(fd)
	for n := 0; ; {
		if n == len(buf) {
			buf = append(buf, make([]byte, max(n, 512))...)
		}
		m, err := syscall.Read(fd, buf[n:])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", path, err)
		case m == 0:
			return buf[:n], nil
		default:
			n += m
		}
	}
}
