package sharedmap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// watch notices that a map is opened, by inotify(7). It is safe for concurrent use.
type watch struct {
	mu     sync.Mutex
	fd     *os.File
	maps   map[int32]string // by the number of the watch
	closed map[string]bool  // watched, and not opened yet
	missed bool             // events were dropped: nothing is known of those before
}

// observe begins to watch files of these places. It is tried on each of them first,
// since not every kernel and file system tells.
func observe(places []*place) (*watch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watch shared payloads: %w", err)
	}
	w := &watch{fd: os.NewFile(uintptr(fd), "inotify"), maps: map[int32]string{}, closed: map[string]bool{}}
	for _, p := range places {
		if err := w.try(filepath.Join(p.dir, lock)); err != nil {
			return nil, fmt.Errorf("watch shared payloads in %s: %w", p.base, errors.Join(err, w.fd.Close()))
		}
	}
	return w, nil
}

func (w *watch) try(path string) error {
	if err := w.add(path, path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if w.unopened(path) {
		return errors.New("its file system does not tell who opens a file")
	}
	return nil
}

func (w *watch) add(path, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, err := w.fd.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		number, err := unix.InotifyAddWatch(int(fd), path, unix.IN_OPEN|unix.IN_ONESHOT)
		if err != nil {
			failed = os.NewSyscallError("inotify_add_watch", err)
			return
		}
		w.maps[int32(number)], w.closed[name] = name, true
	})
	return errors.Join(err, failed)
}

// unopened says that nobody has opened a map so far, for certain. It forgets it.
func (w *watch) unopened(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drain()
	never := w.closed[name] && !w.missed
	delete(w.closed, name)
	if len(w.closed) == 0 {
		w.missed = false
	}
	return never
}

// drain takes what the kernel has noted. It does not wait.
func (w *watch) drain() {
	raw, err := w.fd.SyscallConn()
	if err != nil {
		w.missed = true
		return
	}
	var events [64 * unix.SizeofInotifyEvent]byte // of files, they carry no names
	err = raw.Read(func(fd uintptr) bool {
		for {
			n, err := unix.Read(int(fd), events[:])
			if n <= 0 || err != nil {
				w.missed = w.missed || err != nil && !errors.Is(err, unix.EAGAIN)
				return true
			}
			for at := 0; at+unix.SizeofInotifyEvent <= n; at += unix.SizeofInotifyEvent {
				w.note(int32(binary.NativeEndian.Uint32(events[at:])), binary.NativeEndian.Uint32(events[at+4:]))
			}
		}
	})
	w.missed = w.missed || err != nil
}

func (w *watch) note(number int32, what uint32) {
	switch {
	case what&unix.IN_Q_OVERFLOW != 0:
		w.missed = true
	case what&unix.IN_OPEN != 0:
		delete(w.closed, w.maps[number])
	case what&unix.IN_IGNORED != 0: // the last of a watch
		delete(w.maps, number)
	}
}

// Blind is why it is not known whether the worker opens its maps; nil if it is.
func (r *Room) Blind() error { return r.blind }

// Unopened says that nobody has opened a map that Write made, for certain. It is
// asked once for each map, before Remove.
func (r *Room) Unopened(name string) bool { return r.watch != nil && r.watch.unopened(name) }
