package sharedmap

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const header = 9 // bytes before the content

// MaxSize is the largest content, in bytes: what the workers accept.
const MaxSize = 2 << 30

// NoRoom says that none of the directories can hold a payload.
type NoRoom struct {
	Size int64    // bytes of the payload; -1 if nobody knows
	Left []string // what each directory has left
}

// Error names each directory with what it has left.
func (e *NoRoom) Error() string {
	size := fmt.Sprintf("%d bytes", e.Size)
	if e.Size < 0 {
		size = "a payload of unknown size"
	}
	return fmt.Sprintf("no directory has room for %s: %s\nhint: name a directory on disk with more room for shared payloads, or a larger --shm-size for the container", size, strings.Join(e.Left, ", "))
}

// Write streams from into a new map, which the worker finds by name, and returns
// how many bytes there are. size is how many will come, so that room is made for
// them; -1 stands for nobody knows. Whatever goes wrong leaves nothing behind. The
// caller removes the map.
func (r *Room) Write(from io.Reader, size int64) (name string, count int64, err error) {
	if size > MaxSize {
		return "", 0, fmt.Errorf("%d bytes are more than the %d that a worker maps", size, int64(MaxSize))
	}
	name = rand.Text()
	full := &NoRoom{Size: size}
	for _, p := range r.places {
		left := r.left(p)
		full.Left = append(full.Left, fmt.Sprintf("%s has %d", p.base, left))
		if left < max(size, 1)+header {
			continue
		}
		path := filepath.Join(p.dir, inner, name)
		file, err := reserve(path, size)
		if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
			continue // others were faster
		}
		if err != nil {
			return "", 0, err
		}
		count, err = fill(file, from)
		if err = errors.Join(err, file.Close()); err != nil {
			return "", 0, errors.Join(err, os.Remove(path))
		}
		if r.watch != nil {
			_ = r.watch.add(path, name) // of one that can't be watched, nobody says that it was not opened
		}
		return name, count, nil
	}
	return "", 0, full
}

// reserve makes a file that has its blocks already, so that a lack of room shows
// before anything is read.
func reserve(path string, size int64) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if size > 0 {
		err = unix.Fallocate(int(file.Fd()), 0, 0, size+header)
	}
	if err == nil || errors.Is(err, unix.EOPNOTSUPP) {
		return file, nil
	}
	return nil, errors.Join(fmt.Errorf("reserve %d bytes: %w", size+header, err), file.Close(), os.Remove(path))
}

// fill writes the content first and the header last: its length may be known by
// then only.
func fill(file *os.File, from io.Reader) (int64, error) {
	if _, err := file.Seek(header, io.SeekStart); err != nil {
		return 0, err
	}
	count, err := io.Copy(file, io.LimitReader(from, MaxSize+1))
	if err != nil {
		return 0, err
	}
	if count > MaxSize {
		return 0, fmt.Errorf("payload goes on after the %d bytes that a worker maps", int64(MaxSize))
	}
	var head [header]byte
	head[0] = 1
	binary.LittleEndian.PutUint64(head[1:], uint64(count))
	_, err = file.WriteAt(head[:], 0)
	return count, err
}

// Remove takes a map away. One that is not there is no error: the worker may
// have been faster.
func (r *Room) Remove(name string) error {
	r.Unopened(name)
	for _, p := range r.places {
		err := os.Remove(filepath.Join(p.dir, inner, name))
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
