package gauge

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// descriptors counts a process's open file descriptors; 0 for one that is gone.
// Since Linux 6.2 the size of its directory fd is their number; before, the
// names in it are counted.
func (g *Gauge) descriptors(pid int) (n int, err error) {
	dir, err := os.Open(g.path(pid, "fd"))
	switch {
	case isGone(err):
		return 0, nil
	case errors.Is(err, os.ErrPermission):
		return 0, fmt.Errorf("count open files: %w\nhint: the worker has to run as stanch's own user, and be dumpable, or stanch needs CAP_SYS_PTRACE", err)
	case err != nil:
		return 0, fmt.Errorf("count open files: %w", err)
	}
	defer dir.Close()
	if n := sizeInProc(dir); n > 0 {
		return n, nil
	}
	for {
		names, err := dir.Readdirnames(1024)
		n += len(names)
		switch {
		case errors.Is(err, io.EOF), isGone(err):
			return n, nil
		case err != nil:
			return 0, fmt.Errorf("count open files: %w", err)
		}
	}
}

// sizeInProc is the size of a directory of a proc file system, 0 on others,
// where it is no count.
func sizeInProc(dir *os.File) int {
	var of unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &of); err != nil || of.Type != unix.PROC_SUPER_MAGIC {
		return 0
	}
	info, err := dir.Stat()
	if err != nil {
		return 0
	}
	return int(info.Size())
}
