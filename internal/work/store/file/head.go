package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/blob"
)

// kept is what the file beside a blob says of one version.
type kept struct {
	Type     string            `json:"type,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

func (k kept) contentType() string {
	if k.Type == "" {
		return "application/octet-stream"
	}
	return k.Type
}

// headPlace is where the file beside a blob is.
func headPlace(n blob.Name) string {
	dir, base := path.Split(place(n))
	return dir + blob.Reserved + base
}

// maxHead bounds what is read of the file beside a blob.
const maxHead = 256 << 10

// heads reads what is said of a blob's versions; nothing, where nobody says
// anything.
func (b *Blobs) heads(name blob.Name) (map[string]kept, error) {
	f, err := b.root.Open(headPlace(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHead))
	if err != nil {
		return nil, err
	}
	var all map[string]kept
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w\nhint: the file says what type the blob beside it has; without it the blob is application/octet-stream", f.Name(), err)
	}
	return all, nil
}

func (b *Blobs) head(name blob.Name, etag string) (kept, error) {
	all, err := b.heads(name)
	return all[etag], err
}

// putHead writes what is said of the version that is about to be put, and keeps
// what is said of the present one: whichever of the two the next rename or crash
// leaves, its own words stand beside it. The container is locked.
func (b *Blobs) putHead(name blob.Name, etag string, h blob.Head) error {
	all := map[string]kept{}
	if present, err := b.stat(name); err == nil {
		if old, err := b.head(name, present.ETag); err == nil && (old.Type != "" || len(old.Metadata) > 0) {
			all[present.ETag] = old
		}
	}
	if h.ContentType != "" || len(h.Metadata) > 0 {
		all[etag] = kept{Type: h.ContentType, Metadata: lower(h.Metadata)}
	}
	if len(all) == 0 {
		if err := b.root.Remove(headPlace(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	temp := b.temp(name.Container)
	f, err := b.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return b.root.Rename(temp, headPlace(name))
}

// lower has a copy's keys in lower case.
func lower(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}
