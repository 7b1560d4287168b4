package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

var _ blob.Store = (*Blobs)(nil)

// Blobs are the blobs of a store: the file blobs/CONTAINER/PATH is the blob of
// that name, so that a file which is moved there is one too. Its ETag is made of
// its time, size and inode. Content type and metadata, where there are any, stand
// in a file beside it, and everything of stanch's own begins with .stanch-.
type Blobs struct {
	root  *os.Root
	owner int64
}

// Blobs are kept beside the database.
func (s *Store) Blobs() *Blobs { return &Blobs{s.root, s.self.owner} }

// etag tells versions apart. A version that stanch wrote is a file of its own.
func etag(info fs.FileInfo) string {
	inode := uint64(0)
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	return fmt.Sprintf("%x-%x-%x", info.ModTime().UnixNano(), info.Size(), inode)
}

// modified is when a version came to be here: a file that is moved in keeps the
// time of its writing, and who looks for what is new has to see it.
func modified(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		if changed := time.Unix(st.Ctim.Unix()); changed.After(info.ModTime()) {
			return changed
		}
	}
	return info.ModTime()
}

func place(n blob.Name) string { return n.Container + "/" + n.Path }

// absent translates what the file system says of a blob that is not there.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return work.ErrAbsent
	}
	return err
}

// Open streams from the file. One that was replaced meanwhile is read to its end.
func (b *Blobs) Open(ctx context.Context, name blob.Name, part blob.Range, want blob.Want) (io.ReadCloser, blob.Info, error) {
	body, info, err := b.open(ctx, name, part, want)
	if err != nil {
		return nil, blob.Info{}, fmt.Errorf("open blob %s: %w", name, err)
	}
	return body, info, nil
}

func (b *Blobs) open(ctx context.Context, name blob.Name, part blob.Range, want blob.Want) (_ io.ReadCloser, _ blob.Info, err error) {
	if err := name.Check(); err != nil {
		return nil, blob.Info{}, err
	}
	f, err := b.root.OpenFile(place(name), os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would block for ever
	if err != nil {
		return nil, blob.Info{}, absent(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return nil, blob.Info{}, err
	}
	info, err := b.info(name, st)
	if err != nil {
		return nil, blob.Info{}, err
	}
	if want.ETag != "" && want.ETag != info.ETag {
		return nil, blob.Info{}, work.ErrChanged
	}
	from := min(max(part.From, 0), info.Size)
	left := info.Size - from
	if part.Count > 0 {
		left = min(left, part.Count)
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, blob.Info{}, err
	}
	return &reader{ctx: ctx, name: name, file: f, left: left}, info, nil
}

// info describes a file; a directory or a device is no blob.
func (b *Blobs) info(name blob.Name, st fs.FileInfo) (blob.Info, error) {
	if !st.Mode().IsRegular() {
		return blob.Info{}, work.ErrAbsent
	}
	info := blob.Info{Name: name, Size: st.Size(), ETag: etag(st), Modified: modified(st)}
	h, err := b.head(name, info.ETag)
	if err != nil {
		return blob.Info{}, err
	}
	info.ContentType, info.Metadata = h.contentType(), h.Metadata
	return info, nil
}

// Stat looks at the file.
func (b *Blobs) Stat(_ context.Context, name blob.Name) (blob.Info, error) {
	info, err := b.stat(name)
	if err != nil {
		return blob.Info{}, fmt.Errorf("look at blob %s: %w", name, err)
	}
	return info, nil
}

func (b *Blobs) stat(name blob.Name) (blob.Info, error) {
	if err := name.Check(); err != nil {
		return blob.Info{}, err
	}
	st, err := b.root.Stat(place(name))
	if err != nil {
		return blob.Info{}, absent(err)
	}
	return b.info(name, st)
}

// Delete removes the file, and the directories that it leaves empty.
func (b *Blobs) Delete(_ context.Context, name blob.Name, want blob.Want) error {
	err := name.Check()
	if err == nil {
		err = b.exclusive(name.Container, false, func() error {
			if err := b.matches(name, want); err != nil {
				return err
			}
			if err := b.root.Remove(place(name)); err != nil {
				return absent(err)
			}
			if err := b.root.Remove(headPlace(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			for dir := path.Dir(name.Path); dir != "."; dir = path.Dir(dir) {
				if b.root.Remove(name.Container+"/"+dir) != nil {
					break // it holds other blobs
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("delete blob %s: %w", name, err)
	}
	return nil
}

// matches holds a blob to what the caller wants to find. It is called with the
// container locked.
func (b *Blobs) matches(name blob.Name, want blob.Want) error {
	if want == (blob.Want{}) {
		return nil
	}
	info, err := b.stat(name)
	switch {
	case want.Absent && err == nil:
		return work.ErrExists
	case want.Absent && errors.Is(err, work.ErrAbsent):
		return nil
	case err != nil:
		return err
	case want.ETag != "" && want.ETag != info.ETag:
		return work.ErrChanged
	}
	return nil
}

// Containers are the directories that can be one.
func (b *Blobs) Containers(context.Context) ([]string, error) {
	all, err := fs.ReadDir(b.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list the containers: %w", err)
	}
	all = slices.DeleteFunc(all, func(e fs.DirEntry) bool { return !e.IsDir() || blob.CheckContainer(e.Name()) != nil })
	names := make([]string, 0, len(all))
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names, nil
}

// page is how many entries of a directory are held at once.
const page = 512

// List walks the directories. What can't be the name of a blob is passed over.
func (b *Blobs) List(ctx context.Context, container, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		w := walk{blobs: b, ctx: ctx, container: container, prefix: prefix, yield: yield}
		err := blob.CheckContainer(container)
		if err == nil {
			err = w.dir("")
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(blob.Info{}, fmt.Errorf("list container %s: %w", container, err))
		}
	}
}

var errEnough = errors.New("the caller has enough")

type walk struct {
	blobs             *Blobs
	ctx               context.Context
	container, prefix string
	yield             func(blob.Info, error) bool
}

// dir walks one directory; at is its path with a slash at the end, or empty.
func (w *walk) dir(at string) error {
	f, err := w.blobs.root.Open(strings.TrimSuffix(w.container+"/"+at, "/"))
	if err != nil {
		if at != "" && errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile
		}
		return absent(err)
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(page)
		for _, e := range entries {
			if err := w.entry(at + e.Name()); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (w *walk) entry(at string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	name := blob.Name{Container: w.container, Path: at}
	if name.Check() != nil {
		return nil
	}
	// A symbolic link is followed within the store; the root lets none out.
	st, err := w.blobs.root.Stat(place(name))
	if err != nil {
		return nil // deleted meanwhile, or a link to nowhere
	}
	if st.IsDir() {
		if strings.HasPrefix(at+"/", w.prefix) || strings.HasPrefix(w.prefix, at+"/") {
			return w.dir(at + "/")
		}
		return nil
	}
	if !strings.HasPrefix(at, w.prefix) {
		return nil
	}
	info, err := w.blobs.info(name, st)
	if errors.Is(err, work.ErrAbsent) {
		return nil
	}
	if err != nil {
		return err
	}
	if !w.yield(info, nil) {
		return errEnough
	}
	return nil
}
