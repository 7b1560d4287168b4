package azure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
)

var _ ledger.Store = (*Ledger)(nil)

// LedgerContainer is the container of the ledger's blobs.
const LedgerContainer = "stanch-ledger"

// Ledger is a blob for each key, of the key's name. An entry's version is its
// ETag.
type Ledger struct{ blobs *Blobs }

// Ledger is kept in the account's container LedgerContainer.
func (s *Store) Ledger() *Ledger { return &Ledger{s.Blobs()} }

func at(key string) blob.Name { return blob.Name{Container: LedgerContainer, Path: key} }

// Get reads an entry.
func (l *Ledger) Get(ctx context.Context, key string) (ledger.Entry, error) {
	err := ledger.CheckKey(key)
	var e ledger.Entry
	if err == nil {
		e, err = l.get(ctx, key)
	}
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("read %s of the ledger: %w", key, err)
	}
	return e, nil
}

func (l *Ledger) get(ctx context.Context, key string) (ledger.Entry, error) {
	body, info, err := l.blobs.open(ctx, at(key), blob.Range{}, blob.Want{})
	if err != nil {
		return ledger.Entry{}, err
	}
	defer body.Close()
	if info.Size > ledger.MaxValue {
		return ledger.Entry{}, &work.TooLarge{Size: info.Size, Limit: ledger.MaxValue}
	}
	value, err := io.ReadAll(body)
	return ledger.Entry{Key: key, Value: value, Version: info.ETag, At: info.Modified}, err
}

// Put writes an entry. If its answer gets lost, it returns work.Unavailable, and a
// second Put may be refused because of the first: Get says whose value it is.
func (l *Ledger) Put(ctx context.Context, key string, value []byte, version string) (string, error) {
	err := ledger.CheckKey(key)
	if err == nil && len(value) > ledger.MaxValue {
		err = &work.TooLarge{Size: int64(len(value)), Limit: ledger.MaxValue}
	}
	var info blob.Info
	if err == nil {
		info, err = l.put(ctx, at(key), value, blob.Want{ETag: version, Absent: version == ""})
	}
	if err != nil {
		return "", fmt.Errorf("write %s of the ledger: %w", key, err)
	}
	return info.ETag, nil
}

func (l *Ledger) put(ctx context.Context, name blob.Name, value []byte, want blob.Want) (blob.Info, error) {
	u, err := l.blobs.upload(name, blob.Head{}, want)
	if err != nil {
		return blob.Info{}, err
	}
	info, err := u.whole(ctx, value)
	return info, missed(ctx, u.blob.BlobClient(), want, err)
}

// Delete takes an entry away.
func (l *Ledger) Delete(ctx context.Context, key, version string) error {
	err := ledger.CheckKey(key)
	if err == nil && version == "" {
		err = errors.New("no version is named")
	}
	if err == nil {
		err = l.blobs.delete(ctx, at(key), blob.Want{ETag: version})
	}
	if err != nil {
		return fmt.Errorf("delete %s of the ledger: %w", key, err)
	}
	return nil
}

// Each lists, and reads each entry by a request of its own. One that is deleted
// meanwhile is left out. A ledger that nobody has written to is empty.
func (l *Ledger) Each(ctx context.Context, prefix string) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		var failed error
		err := l.blobs.list(ctx, LedgerContainer, prefix, func(info blob.Info) bool {
			e, err := l.get(ctx, info.Name.Path)
			if errors.Is(err, work.ErrAbsent) {
				return true
			}
			failed = err
			return err == nil && yield(e, nil)
		})
		if err = errors.Join(err, failed); err != nil && !errors.Is(err, work.ErrAbsent) {
			yield(ledger.Entry{}, fmt.Errorf("read the ledger from %q on: %w", prefix, err))
		}
	}
}
