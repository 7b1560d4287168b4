// Package blob is the seam to stores of payloads: what a container of blobs can do, whoever keeps it.
//
// Payloads pass as streams and are never held whole. A blob's version is its
// ETag: a reader that names it gets the bytes of that version or work.ErrChanged,
// never half of one and half of another. Every store passes the conformance
// suite in work/store/storetest.
package blob

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
)

// Name is where a blob is.
type Name struct {
	Container string // as queue names: 3 to 63 lower-case letters, digits and hyphens
	Path      string // within it; slashes are part of it
}

// String is container/path, as Azure's blobTrigger metadata has it.
func (n Name) String() string { return n.Container + "/" + n.Path }

// Info describes one version of a blob.
type Info struct {
	Name        Name
	Size        int64 // bytes
	ETag        string
	Modified    time.Time         // by the store's clock
	Created     time.Time         // zero where the store doesn't keep it
	ContentType string            // application/octet-stream where none was given
	Metadata    map[string]string // given with Put; keys in lower case
}

// Range is a part of a blob, in bytes.
type Range struct {
	From  int64
	Count int64 // 0: up to the end
}

// Want says what a reader or writer expects to find. The zero value expects
// nothing.
type Want struct {
	ETag   string // this version, else work.ErrChanged (work.ErrAbsent if there is none)
	Absent bool   // nothing, else work.ErrExists
}

// Head is what a writer says about a blob.
type Head struct {
	ContentType string
	Metadata    map[string]string // keys are letters, digits and underscores; they are kept in lower case
}

// Store keeps blobs. All of it is safe for concurrent use, and by several
// processes on the same store.
//
// Errors are work.ErrAbsent where the blob or container is not there,
// work.ErrChanged and work.ErrExists as Want says, *work.Unavailable where the
// store can't answer.
type Store interface {
	// Open streams a part of a blob. The Info is of the version that is read. A
	// range that begins past the end is empty. If the blob is replaced or deleted
	// while it is read, the reader gets the version that it began with or an
	// error, never a shortened payload that ends in io.EOF. Close may be called
	// before the end. ctx bounds the reading too.
	Open(ctx context.Context, name Name, part Range, want Want) (io.ReadCloser, Info, error)
	// Put streams a blob in. Nobody sees it before it is whole, and nothing of it
	// stays if it fails. The container is made if it isn't there.
	Put(ctx context.Context, name Name, head Head, body io.Reader, want Want) (Info, error)
	Stat(ctx context.Context, name Name) (Info, error)
	Delete(ctx context.Context, name Name, want Want) error
	// List are the blobs of a container whose path begins with prefix, in the
	// store's order, without holding them all. After an error there is nothing more.
	List(ctx context.Context, container, prefix string) iter.Seq2[Info, error]
	// Containers are the names of all containers, sorted.
	Containers(ctx context.Context) ([]string, error)
}

// Watcher is a store that can tell of new versions of blobs as they come.
type Watcher interface {
	// Watch calls see for every version that is put into a container from now on,
	// from one goroutine, until ctx ends or the watch breaks; it returns why. It
	// may tell of one version twice, and, where the store's buffer overflows, it
	// returns an error: what was put meanwhile is found by listing.
	Watch(ctx context.Context, container string, see func(Info)) error
}

// ParseName reads container/path.
func ParseName(s string) (Name, error) {
	container, path, found := strings.Cut(strings.TrimPrefix(s, "/"), "/")
	if !found || container == "" || path == "" {
		return Name{}, fmt.Errorf("blob name %q has no path\nhint: CONTAINER/PATH, as in images/2026/cat.jpg", s)
	}
	n := Name{Container: container, Path: path}
	return n, n.Check()
}

// MaxPath is the longest path of a blob, in bytes: Azure's bound.
const MaxPath = 1024

// Check reports what is wrong with a name. Paths that a file system can't hold
// are refused for all stores, so that work can move between them.
func (n Name) Check() error {
	if err := CheckContainer(n.Container); err != nil {
		return err
	}
	if len(n.Path) == 0 || len(n.Path) > MaxPath {
		return fmt.Errorf("path of blob %q has %d bytes\nhint: 1 to %d", n, len(n.Path), MaxPath)
	}
	for part := range strings.SplitSeq(n.Path, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("path of blob %q has a part %q\nhint: no empty parts, no . and no .. as a whole part", n, part)
		}
		if len(part) > 255-len(Reserved)-1 {
			return fmt.Errorf("path of blob %q has a part of %d bytes\nhint: at most %d between two slashes", n, len(part), 255-len(Reserved)-1)
		}
		if strings.HasPrefix(part, Reserved) {
			return fmt.Errorf("path of blob %q has a part that begins with %s, which stanch keeps for itself", n, Reserved)
		}
	}
	if i := strings.IndexFunc(n.Path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }); i >= 0 {
		return fmt.Errorf("path of blob %q has %q at %d\nhint: no control characters and no backslashes", n, n.Path[i], i+1)
	}
	return nil
}

// Reserved is what no part of a blob's path begins with.
const Reserved = ".stanch-"

// CheckContainer reports what is wrong with a container's name.
func CheckContainer(name string) error { return work.CheckName("container", name) }
