package file

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/ledger"
)

var _ ledger.Store = (*Ledger)(nil)

// Ledger is the ledger of a store.
type Ledger struct{ store *Store }

// Ledger is kept in the same database as the queues.
func (s *Store) Ledger() *Ledger { return &Ledger{s} }

// Get reads an entry.
func (l *Ledger) Get(ctx context.Context, key string) (ledger.Entry, error) {
	e := ledger.Entry{Key: key}
	err := ledger.CheckKey(key)
	if err == nil {
		var version, written int64
		err = l.store.readers.QueryRowContext(ctx, "SELECT value, version, written FROM entry WHERE key = ?", key).Scan(&e.Value, &version, &written)
		e.Version, e.At = strconv.FormatInt(version, 10), time.UnixMicro(written)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = work.ErrAbsent
	}
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("read %s in the ledger: %w", key, told(err))
	}
	return e, nil
}

// Put writes an entry. Versions are numbers that the store never gives twice, so
// that an entry which was deleted and made anew is another.
func (l *Ledger) Put(ctx context.Context, key string, value []byte, version string) (string, error) {
	var next int64
	err := ledger.CheckKey(key)
	if err == nil && len(value) > ledger.MaxValue {
		err = &work.TooLarge{Size: int64(len(value)), Limit: ledger.MaxValue}
	}
	if value == nil {
		value = []byte{}
	}
	if err == nil {
		err = l.store.writer.change(ctx, func(tx *session, _ *statements) error {
			if err := check(tx, key, version); err != nil {
				return err
			}
			if err := tx.QueryRow("UPDATE counter SET last = last + 1 RETURNING last").Scan(&next); err != nil {
				return err
			}
			_, err := tx.Exec("INSERT OR REPLACE INTO entry(key, value, version, written) VALUES (?, ?, ?, ?)", key, value, next, now())
			return err
		})
	}
	if err != nil {
		return "", fmt.Errorf("write %s in the ledger: %w", key, err)
	}
	return strconv.FormatInt(next, 10), nil
}

// Delete takes an entry away.
func (l *Ledger) Delete(ctx context.Context, key, version string) error {
	err := l.store.writer.change(ctx, func(tx *session, _ *statements) error {
		if err := check(tx, key, version); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM entry WHERE key = ?", key)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete %s in the ledger: %w", key, err)
	}
	return nil
}

// check refuses if the key has another version.
func check(tx *session, key, version string) error {
	var present int64
	err := tx.QueryRow("SELECT version FROM entry WHERE key = ?", key).Scan(&present)
	switch {
	case errors.Is(err, sql.ErrNoRows) && version == "":
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return refusal{work.ErrAbsent}
	case err != nil:
		return err
	case version == "":
		return refusal{work.ErrExists}
	case version != strconv.FormatInt(present, 10):
		return refusal{work.ErrChanged}
	}
	return nil
}

// Each are the entries of a prefix, by key. They are read in pages, so that who
// looks through them holds nothing up.
func (l *Ledger) Each(ctx context.Context, prefix string) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for after := ""; ; {
			page, err := l.page(ctx, prefix, after)
			if err != nil {
				yield(ledger.Entry{}, fmt.Errorf("list %s* in the ledger: %w", prefix, told(err)))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				after = e.Key
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

func (l *Ledger) page(ctx context.Context, prefix, after string) (page []ledger.Entry, err error) {
	// Keys are ASCII: nothing of a prefix sorts behind it and a 0xff.
	rows, err := l.store.readers.QueryContext(ctx, "SELECT key, value, version, written FROM entry WHERE key >= ?1 AND key < ?1 || char(255) AND key > ?2 ORDER BY key LIMIT 64", prefix, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e ledger.Entry
		var version, written int64
		if err := rows.Scan(&e.Key, &e.Value, &version, &written); err != nil {
			return nil, err
		}
		e.Version, e.At = strconv.FormatInt(version, 10), time.UnixMicro(written)
		page = append(page, e)
	}
	return page, rows.Err()
}
