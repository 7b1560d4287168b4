package told

import (
	"context"
	"io"
	"iter"

	"github.com/stanch-dev/stanch/internal/work/blob"
)

// Blobs is s, told of; it is a blob.Watcher if s is one. store names it: Azure,
// file, nats. A blob that is read is one call, from Open until its reader is
// closed.
func Blobs(s blob.Store, store string, tell Tell) blob.Store {
	b := &blobs{inner: s, teller: teller{store, "blob", tell}}
	if w, ok := s.(blob.Watcher); ok {
		return &watched{b, w}
	}
	return b
}

type blobs struct {
	teller
	inner blob.Store
}

func (b *blobs) Open(ctx context.Context, name blob.Name, part blob.Range, want blob.Want) (io.ReadCloser, blob.Info, error) {
	c := b.begin(ctx, "Open", name.String())
	r, info, err := b.inner.Open(ctx, name, part, want)
	if err != nil {
		b.end(c, err)
		return r, info, err
	}
	return read(r, c, &b.teller), info, nil
}

func (b *blobs) Put(ctx context.Context, name blob.Name, head blob.Head, body io.Reader, want blob.Want) (blob.Info, error) {
	c := b.begin(ctx, "Put", name.String())
	// body is handed on as it is: stores look for what else it can do.
	info, err := b.inner.Put(ctx, name, head, body, want)
	if err == nil {
		c.Out = info.Size
	}
	b.end(c, err)
	return info, err
}

func (b *blobs) Stat(ctx context.Context, name blob.Name) (blob.Info, error) {
	c := b.begin(ctx, "Stat", name.String())
	info, err := b.inner.Stat(ctx, name)
	b.end(c, err)
	return info, err
}

func (b *blobs) Delete(ctx context.Context, name blob.Name, want blob.Want) error {
	c := b.begin(ctx, "Delete", name.String())
	err := b.inner.Delete(ctx, name, want)
	b.end(c, err)
	return err
}

func (b *blobs) List(ctx context.Context, container, prefix string) iter.Seq2[blob.Info, error] {
	return each(ctx, &b.teller, "List", container, b.inner.List(ctx, container, prefix), func(blob.Info) int64 { return 0 })
}

func (b *blobs) Containers(ctx context.Context) ([]string, error) {
	c := b.begin(ctx, "Containers", "")
	names, err := b.inner.Containers(ctx)
	b.end(c, err)
	return names, err
}

// watched is a store that can tell of new blobs.
type watched struct {
	*blobs
	watcher blob.Watcher
}

// Watch is told of only where it breaks: as long as it lasts there is no call to
// wait for.
func (w *watched) Watch(ctx context.Context, container string, see func(blob.Info)) error {
	c := w.begin(ctx, "Watch", container)
	err := w.watcher.Watch(ctx, container, see)
	if ctx.Err() == nil {
		w.end(c, err)
	}
	return err
}
