// Package spool keeps what a worker answers, or is to get, until it has been read as often as it takes.
//
// What is small is held in memory. What is large goes to a file without a name,
// which is gone when it is closed, however stanch ends.
package spool

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"syscall"
)

// inMemory is up to how many bytes are held.
const inMemory = 1 << 20

// Kept is a text that is kept. Reading is safe for concurrent use until Close.
type Kept struct {
	at   io.ReaderAt
	size int64
	file *os.File
}

// Error is a file that could not be written: not the worker's fault.
type Error struct{ err error }

// Error says what went wrong, and what would help.
func (e *Error) Error() string {
	return fmt.Sprintf("keep a large payload: %v\nhint: there has to be room for it in the data directory", e.err)
}

// Unwrap is what went wrong.
func (e *Error) Unwrap() error { return e.err }

// Keep reads from to its end; dir is where a file may be made. Errors are those of
// from, and *Error.
func Keep(dir string, from io.Reader) (*Kept, error) {
	head, err := io.ReadAll(io.LimitReader(from, inMemory+1))
	if err != nil {
		return nil, err
	}
	if len(head) <= inMemory {
		return &Kept{at: bytes.NewReader(head), size: int64(len(head))}, nil
	}
	f, err := os.CreateTemp(dir, ".answer-*")
	if err != nil {
		return nil, &Error{err}
	}
	if err := syscall.Unlink(f.Name()); err != nil {
		_ = f.Close()
		return nil, &Error{err}
	}
	to := &recorded{w: f}
	n, err := io.Copy(to, io.MultiReader(bytes.NewReader(head), from))
	if err != nil {
		_ = f.Close()
		if to.err != nil {
			err = &Error{to.err}
		}
		return nil, err
	}
	return &Kept{at: f, size: n, file: f}, nil
}

// recorded remembers whether it was the writing that failed.
type recorded struct {
	w   io.Writer
	err error
}

func (r *recorded) Write(p []byte) (int, error) {
	n, err := r.w.Write(p)
	if err != nil {
		r.err = err
	}
	return n, err
}

// Size is how long it is, in bytes.
func (k *Kept) Size() int64 { return k.size }

// Part reads the bytes from from to to.
func (k *Kept) Part(from, to int64) *io.SectionReader {
	return io.NewSectionReader(k.at, from, to-from)
}

// Map is the bytes from from to to without a copy: of a file they are the kernel's
// cache of it, which it can drop. from is a multiple of the page size. release gives
// them back; it may be called once, also after Close.
func (k *Kept) Map(from, to int64) (part []byte, release func(), err error) {
	if k.file == nil {
		part = make([]byte, to-from)
		_, err = k.at.ReadAt(part, from)
		return part, func() {}, err
	}
	file, err := k.file.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	// Control holds the file open meanwhile.
	if outer := file.Control(func(fd uintptr) {
		part, err = syscall.Mmap(int(fd), from, int(to-from), syscall.PROT_READ, syscall.MAP_SHARED)
	}); outer != nil || err != nil {
		return nil, nil, &Error{cmp.Or(outer, err)}
	}
	return part, func() { _ = syscall.Munmap(part) }, nil
}

// Close lets it go.
func (k *Kept) Close() {
	if k.file != nil {
		_ = k.file.Close()
	}
}
