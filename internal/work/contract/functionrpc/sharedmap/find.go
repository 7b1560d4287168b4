package sharedmap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Map is a payload that a worker made.
type Map struct {
	path        string
	begin, size int64 // within the file, bytes
}

// Find looks for a map of the worker's, of which count bytes from offset on are
// meant. What the worker says is checked: the name against paths that lead
// elsewhere, the part against what is there.
func (r *Room) Find(name string, offset, count int64) (*Map, error) {
	if name == "" || name == "." || name == ".." || filepath.Base(name) != name {
		return nil, fmt.Errorf("worker names a shared payload %q, which is no name of a file", name)
	}
	if offset < 0 || count < 0 || offset > MaxSize || count > MaxSize {
		return nil, fmt.Errorf("worker means %d bytes at %d of a shared payload", count, offset)
	}
	for _, p := range r.places {
		m := &Map{path: filepath.Join(p.dir, inner, name), begin: header + offset, size: count}
		file, err := m.open()
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open shared payload: %w", err)
		}
		err = m.check(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("shared payload %s: %w", name, err)
		}
		return m, nil
	}
	return nil, fmt.Errorf("shared payload %s is not there", name)
}

func (m *Map) open() (*os.File, error) {
	return os.OpenFile(m.path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

func (m *Map) check(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("is no regular file (%v)", info.Mode())
	}
	var head [header]byte
	if _, err := io.ReadFull(file, head[:]); err != nil {
		return fmt.Errorf("read header: %w", err)
	}
	length := int64(binary.LittleEndian.Uint64(head[1:]))
	if head[0] != 1 || length < 0 || m.begin+m.size > header+length || header+length > info.Size() {
		return fmt.Errorf("header %x of a file of %d bytes does not hold %d bytes at %d", head, info.Size(), m.size, m.begin-header)
	}
	return nil
}

// Size is the payload's, in bytes.
func (m *Map) Size() int64 { return m.size }

// Read begins reading at from. Every reader is one of its own.
func (m *Map) Read(from int64) (io.ReadCloser, error) {
	if from < 0 || from > m.size {
		return nil, fmt.Errorf("read shared payload of %d bytes from %d", m.size, from)
	}
	file, err := m.open()
	if err != nil {
		return nil, fmt.Errorf("read shared payload: %w", err)
	}
	return &section{io.NewSectionReader(file, m.begin+from, m.size-from), file}, nil
}

type section struct {
	*io.SectionReader
	file *os.File
}

func (s *section) Close() error { return s.file.Close() }
