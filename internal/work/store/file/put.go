package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// private is the directory in a container for what is not yet a blob, and for
// the lock. No blob has a name within it.
const private = blob.Reserved

// Put writes a file of its own, and renames it when it is whole and on disk.
func (b *Blobs) Put(ctx context.Context, name blob.Name, head blob.Head, body io.Reader, want blob.Want) (blob.Info, error) {
	info, err := b.put(ctx, name, head, body, want)
	if err != nil {
		return blob.Info{}, fmt.Errorf("put blob %s: %w", name, err)
	}
	return info, nil
}

func (b *Blobs) put(ctx context.Context, name blob.Name, head blob.Head, body io.Reader, want blob.Want) (_ blob.Info, err error) {
	if err := name.Check(); err != nil {
		return blob.Info{}, err
	}
	// Told early, so that nothing is streamed for nothing; it is asked again.
	if err := b.matches(name, want); err != nil {
		return blob.Info{}, err
	}
	if err := b.mkdir(name.Container + "/" + private); err != nil {
		return blob.Info{}, err
	}
	temp := b.temp(name.Container)
	st, err := b.write(ctx, temp, body)
	if err == nil {
		err = b.exclusive(name.Container, true, func() error {
			if err := b.matches(name, want); err != nil {
				return err
			}
			if err := b.mkdir(path.Dir(place(name))); err != nil {
				return err
			}
			if err := b.putHead(name, etag(st), head); err != nil {
				return err
			}
			return b.root.Rename(temp, place(name))
		})
	}
	if err == nil {
		err = b.sync(path.Dir(place(name)))
	}
	if err != nil {
		if gone := b.root.Remove(temp); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return blob.Info{}, obstructed(err)
	}
	kept := kept{Type: head.ContentType, Metadata: lower(head.Metadata)}
	return blob.Info{Name: name, Size: st.Size(), ETag: etag(st), Modified: modified(st), ContentType: kept.contentType(), Metadata: kept.Metadata}, nil
}

// temp is a name for what is not yet a blob. It bears its maker's number, so that
// what a killed host has left can be told and removed.
func (b *Blobs) temp(container string) string {
	return fmt.Sprintf("%s/%s/%s%016x", container, private, tempPrefix(b.owner), rand.Uint64())
}

func tempPrefix(owner int64) string { return fmt.Sprintf("%016x-", owner) }

// removeTemps removes what a host has not finished.
func (b *Blobs) removeTemps(owner int64) error {
	containers, err := b.Containers(context.Background())
	if err != nil {
		return err
	}
	for _, c := range containers {
		entries, err := fs.ReadDir(b.root.FS(), c+"/"+private)
		if err != nil {
			continue // nothing was put there
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), tempPrefix(owner)) {
				continue
			}
			if err := b.root.Remove(c + "/" + private + "/" + e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// obstructed explains that a path can't be a file and a directory.
func obstructed(err error) error {
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) || errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w\nhint: in a store of files no blob's path can be the beginning of another's, as a and a/b", err)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &work.Unavailable{Err: err}
	}
	return err
}

func (b *Blobs) write(ctx context.Context, temp string, body io.Reader) (st fs.FileInfo, err error) {
	f, err := b.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, bounded{ctx, body}, make([]byte, 256<<10)); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	return f.Stat()
}

// bounded ends a reader with its context.
type bounded struct {
	ctx context.Context
	r   io.Reader
}

func (b bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.r.Read(p)
}

// exclusive runs do with the container locked against all other changes, those
// of other processes too. create says whether the container may be made.
func (b *Blobs) exclusive(container string, create bool, do func() error) error {
	if _, err := b.root.Stat(container); err != nil && !create {
		return absent(err)
	}
	if err := b.mkdir(container + "/" + private); err != nil {
		return err
	}
	lock, err := b.root.OpenFile(container+"/"+private+"/lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and unlocks
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
		if err == nil {
			return do()
		}
		if !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("lock container %s: %w", container, err)
		}
	}
}

// mkdir makes a directory and those above it, each on disk before it is used.
func (b *Blobs) mkdir(dir string) error {
	if _, err := b.root.Stat(dir); err == nil {
		return nil
	}
	at := "."
	for part := range strings.SplitSeq(dir, "/") {
		above := at
		at = path.Join(at, part)
		err := b.root.Mkdir(at, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = b.sync(above)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sync puts a directory's names on disk.
func (b *Blobs) sync(dir string) error {
	f, err := b.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
