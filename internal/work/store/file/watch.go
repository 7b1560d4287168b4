package file

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

var _ blob.Watcher = (*Blobs)(nil)

// Watch has the kernel tell (inotify) of files that are closed after writing, or
// moved in. The container is made if it isn't there.
func (b *Blobs) Watch(ctx context.Context, container string, see func(blob.Info)) error {
	err := blob.CheckContainer(container)
	if err == nil {
		err = b.mkdir(container + "/" + private)
	}
	if err == nil {
		err = b.watch(ctx, container, see)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("watch container %s: %w", container, err)
}

// watch is one inotify and the directories that it looks at.
type watch struct {
	blobs     *Blobs
	container string
	see       func(blob.Info)
	fd        int
	dirs      map[int32]string // by watch: the path in the container, with a slash at the end, or empty
}

func (b *Blobs) watch(ctx context.Context, container string, see func(blob.Info)) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("inotify: %w", err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer events.Close()
	w := &watch{blobs: b, container: container, see: see, fd: fd, dirs: map[int32]string{}}
	if err := w.add("", false); err != nil {
		return err
	}
	// The poller wakes the read when the file is closed under it.
	defer context.AfterFunc(ctx, func() { _ = events.Close() })()
	buf := make([]byte, 64<<10)
	for {
		n, err := events.Read(buf)
		if err != nil {
			return err
		}
		for at := 0; at+unix.SizeofInotifyEvent <= n; {
			wd := int32(binary.NativeEndian.Uint32(buf[at:]))
			mask := binary.NativeEndian.Uint32(buf[at+4:])
			length := int(binary.NativeEndian.Uint32(buf[at+12:]))
			at += unix.SizeofInotifyEvent
			name, _, _ := strings.Cut(string(buf[at:at+length]), "\x00")
			at += length
			if err := w.event(wd, mask, name); err != nil {
				return err
			}
		}
	}
}

var errOverflow = errors.New("the kernel had more to tell than it keeps")

func (w *watch) event(wd int32, mask uint32, name string) error {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		return errOverflow
	}
	dir, ok := w.dirs[wd]
	switch {
	case mask&unix.IN_IGNORED != 0: // it was removed
		delete(w.dirs, wd)
		if ok && dir == "" {
			return work.ErrAbsent
		}
		return nil
	case !ok:
		return nil
	case mask&unix.IN_ISDIR != 0:
		// What came into it before it was watched is looked for.
		return w.add(dir+name+"/", true)
	case mask&(unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO) != 0:
		w.tell(dir + name)
	}
	return nil
}

func (w *watch) tell(at string) {
	name := blob.Name{Container: w.container, Path: at}
	if name.Check() != nil {
		return
	}
	// One that is gone again is nothing to tell of.
	if info, err := w.blobs.stat(name); err == nil {
		w.see(info)
	}
}

// add watches a directory and those below it; told says whether their files are
// to be told of.
func (w *watch) add(dir string, told bool) error {
	if dir != "" && (blob.Name{Container: w.container, Path: dir + "x"}).Check() != nil {
		return nil
	}
	full := filepath.Join(w.blobs.root.Name(), w.container, filepath.FromSlash(dir))
	wd, err := unix.InotifyAddWatch(w.fd, full, unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO|unix.IN_CREATE|unix.IN_ONLYDIR|unix.IN_DONT_FOLLOW|unix.IN_EXCL_UNLINK)
	if err != nil {
		if dir != "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR)) {
			return nil // gone again, or a link
		}
		if errors.Is(err, unix.ENOSPC) {
			return fmt.Errorf("watch %s: %w\nhint: the kernel allows no more watches: raise fs.inotify.max_user_watches", full, err)
		}
		return fmt.Errorf("watch %s: %w", full, err)
	}
	w.dirs[int32(wd)] = dir
	entries, err := fs.ReadDir(w.blobs.root.FS(), path.Join(w.container, dir))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		switch {
		case e.IsDir():
			if err := w.add(dir+e.Name()+"/", told); err != nil {
				return err
			}
		case told:
			w.tell(dir + e.Name())
		}
	}
	return nil
}
