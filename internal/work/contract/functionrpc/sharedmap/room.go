// Package sharedmap keeps payloads that stanch and one worker hand each other as files which the worker maps.
//
// A payload is streamed into a file through a small buffer, so that stanch holds
// none of it; the worker is told the file's name. The layout is that of Azure
// Functions: one byte 1, the length as a little-endian int64, the content
// (SharedMemoryManager.cs of the host, shared_memory_map.py of the Python
// worker). Every worker has a directory of its own, locked as long as stanch
// lives: the lock falls with the process, however it dies, and [Sweep] removes
// what is no longer locked. Begin with [Open] and [Room.Write].
package sharedmap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	prefix = "stanch-maps-"
	inner  = "AzureFunctions" // workers append it to the directory that they are given
	lock   = "lock"
)

// Room is the directories in which payloads are exchanged with one worker. It is
// safe for concurrent use.
type Room struct {
	memory func() int64
	places []*place
	watch  *watch // nil: it can't be told who opens a map
	blind  error  // and why
	close  sync.Once
	err    error // of Close
}

// place is one directory of a room.
type place struct {
	base   string // what the user named
	dir    string // ours within it
	lock   *os.File
	memory bool // a file system in memory: what lies there is charged to the container
}

// Open makes a directory for the worker in each of dirs, which stand in order of
// preference. Those with less than least bytes of room go last: a worker puts its
// own payloads into the first. memory says how many bytes the container has left
// for files in memory; nil stands for as many as the file system has.
func Open(worker string, dirs []string, least int64, memory func() int64) (*Room, error) {
	if worker == "" || strings.ContainsAny(worker, "/\x00") {
		return nil, fmt.Errorf("worker id %q can't be part of a file's name", worker)
	}
	room := &Room{memory: memory}
	var reasons []error
	for _, base := range dirs {
		p, err := enter(base, worker)
		if err != nil {
			reasons = append(reasons, fmt.Errorf("directory for shared payloads: %w", err))
			continue
		}
		room.places = append(room.places, p)
	}
	if len(room.places) == 0 {
		return nil, errors.Join(append(reasons, errors.New("no directory to share payloads in\nhint: name one that stanch and the worker may write to"))...)
	}
	slices.SortStableFunc(room.places, func(a, b *place) int {
		switch roomy := room.left(a) >= least; {
		case roomy == (room.left(b) >= least):
			return 0
		case roomy:
			return -1
		}
		return 1
	})
	room.watch, room.blind = observe(room.places)
	return room, nil
}

// enter makes the directory under another name first, and gives it the one that
// Sweep looks for when it is locked.
func enter(base, worker string) (*place, error) {
	made, final := filepath.Join(base, "."+prefix+worker), filepath.Join(base, prefix+worker)
	if err := os.Mkdir(made, 0o700); err != nil {
		return nil, err
	}
	held, err := seize(made, os.O_CREATE)
	if err == nil {
		err = os.Mkdir(filepath.Join(made, inner), 0o700)
	}
	if err == nil {
		err = os.Rename(made, final)
	}
	var stat unix.Statfs_t
	if err == nil {
		err = unix.Statfs(final, &stat)
	}
	if err != nil {
		if held != nil {
			held.Close()
		}
		return nil, errors.Join(err, os.RemoveAll(made))
	}
	const ramfs = 0x858458f6
	return &place{base: base, dir: final, lock: held, memory: stat.Type == unix.TMPFS_MAGIC || stat.Type == ramfs}, nil
}

// seize locks a worker's directory. It doesn't wait.
func seize(dir string, flags int) (*os.File, error) {
	held, err := os.OpenFile(filepath.Join(dir, lock), os.O_RDWR|unix.O_NOFOLLOW|flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(held.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		held.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return held, nil
}

// Directories are what the worker is to be told, in its order.
func (r *Room) Directories() []string {
	var dirs []string
	for _, p := range r.places {
		dirs = append(dirs, p.dir)
	}
	return dirs
}

// left is how many bytes fit into a place now.
func (r *Room) left(p *place) int64 {
	var stat unix.Statfs_t
	if err := unix.Statfs(p.dir, &stat); err != nil {
		return 0
	}
	free := int64(stat.Bavail) * stat.Bsize
	if p.memory && r.memory != nil {
		free = min(free, r.memory())
	}
	return max(free, 0)
}

// Close removes all of it, whoever made it. Maps that the worker holds stay
// readable for it. It is safe to call twice.
func (r *Room) Close() error {
	r.close.Do(func() {
		if r.watch != nil {
			r.err = r.watch.fd.Close()
		}
		for _, p := range r.places {
			r.err = errors.Join(r.err, os.RemoveAll(p.dir), p.lock.Close())
		}
	})
	return r.err
}

// Sweep removes what is left of rooms whose owner is dead, and returns their
// names. Rooms of the living, in this process or another, stay, and so does
// everything that is not stanch's.
func Sweep(dirs []string) (swept []string, err error) {
	for _, base := range dirs {
		found, globErr := filepath.Glob(filepath.Join(base, prefix+"*"))
		if globErr != nil {
			return swept, globErr
		}
		for _, dir := range found {
			held, lockErr := seize(dir, 0)
			if lockErr != nil && !errors.Is(lockErr, fs.ErrNotExist) {
				continue // somebody lives there, or it is another user's
			}
			rest := os.RemoveAll(dir)
			if held != nil {
				held.Close()
			}
			if rest != nil {
				err = errors.Join(err, fmt.Errorf("remove payloads of a dead worker: %w", rest))
				continue
			}
			swept = append(swept, filepath.Base(dir))
		}
	}
	return swept, err
}
