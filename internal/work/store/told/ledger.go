package told

import (
	"context"
	"iter"
	"time"

	"github.com/stanch-dev/stanch/internal/work/ledger"
)

// Ledger is s, told of. store names it: Azure, file, nats.
func Ledger(s ledger.Store, store string, tell Tell) ledger.Store {
	return &entries{inner: s, teller: teller{store, "ledger", tell}}
}

type entries struct {
	teller
	inner ledger.Store
}

func (e *entries) Get(ctx context.Context, key string) (ledger.Entry, error) {
	c := e.begin(ctx, "Get", key)
	entry, err := e.inner.Get(ctx, key)
	c.In = int64(len(entry.Value))
	e.end(c, err)
	return entry, err
}

func (e *entries) Put(ctx context.Context, key string, value []byte, version string) (string, error) {
	c := e.begin(ctx, "Put", key)
	version, err := e.inner.Put(ctx, key, value, version)
	c.Out = int64(len(value))
	e.end(c, err)
	return version, err
}

func (e *entries) Delete(ctx context.Context, key, version string) error {
	c := e.begin(ctx, "Delete", key)
	err := e.inner.Delete(ctx, key, version)
	e.end(c, err)
	return err
}

func (e *entries) Each(ctx context.Context, prefix string) iter.Seq2[ledger.Entry, error] {
	return each(ctx, &e.teller, "Each", prefix, e.inner.Each(ctx, prefix), func(entry ledger.Entry) int64 { return int64(len(entry.Value)) })
}

// each is a list that is told of when it ends, or its reader has enough. What the
// reader does between two entries is not the store's time.
func each[T any](ctx context.Context, t *teller, op, name string, all iter.Seq2[T, error], size func(T) int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		c := t.begin(ctx, op, name)
		since := c.At
		for entry, err := range all {
			c.Duration += time.Since(since)
			c.In += size(entry)
			c.Err = err
			if !yield(entry, err) {
				t.tell(c)
				return
			}
			since = time.Now()
		}
		c.Duration += time.Since(since)
		t.tell(c)
	}
}
