package nats

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/ledger"
)

var _ ledger.Store = (*Ledger)(nil)

// Ledger is the ledger of a store: the key-value bucket stanch-ledger. A version
// is the sequence of the message that holds it.
//
// A key's slashes are a subject's dots, so that the server finds a prefix by
// itself; dots and equals signs of the key are written =2E and =3D.
type Ledger struct{ store *Store }

// Ledger is kept in one bucket.
func (s *Store) Ledger() *Ledger { return &Ledger{s} }

const (
	ledgerStream  = "KV_stanch-ledger"
	ledgerPrefix  = "$KV.stanch-ledger."
	operation     = "KV-Operation" // of an entry's message: what was done, if it was no put
	operationGone = "PURGE"
)

// ledgerConfig is how a key-value bucket is made: one message for each key.
func ledgerConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: ledgerStream, Subjects: []string{ledgerPrefix + ">"}, MaxMsgsPerSubject: 1,
		Discard: jetstream.DiscardNew, AllowRollup: true, AllowDirect: true, DenyDelete: true, Duplicates: duplicates,
	}
}

// subjectOf maps a key, or the begin of one, one to one.
func subjectOf(key string) string {
	return ledgerPrefix + strings.NewReplacer("/", ".", ".", "=2E", "=", "=3D").Replace(key)
}

func keyOf(subject string) string {
	key := strings.ReplaceAll(strings.TrimPrefix(subject, ledgerPrefix), ".", "/")
	return strings.NewReplacer("=2E", ".", "=3D", "=").Replace(key)
}

// newest is the entry's message. One that marks a deletion is returned too, gone
// then.
func (l *Ledger) newest(ctx context.Context, key string) (m stored, gone bool, err error) {
	m, err = l.store.get(ctx, ledgerStream, wanted{Last: subjectOf(key)})
	if errors.Is(err, work.ErrAbsent) {
		return stored{}, true, nil
	}
	return m, deleted(m), err
}

func deleted(m stored) bool { return len(m.Headers) > 0 && m.header(operation) != "" }

func entry(m stored) ledger.Entry {
	return ledger.Entry{Key: keyOf(m.Subject), Value: m.Data, Version: strconv.FormatUint(m.Seq, 10), At: m.Time}
}

// Get asks the bucket's leader.
func (l *Ledger) Get(ctx context.Context, key string) (ledger.Entry, error) {
	if err := ledger.CheckKey(key); err != nil {
		return ledger.Entry{}, err
	}
	m, gone, err := l.newest(ctx, key)
	if err == nil && gone {
		err = work.ErrAbsent
	}
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("read ledger entry %s: %w", key, err)
	}
	return entry(m), nil
}

// Put has the server compare the version.
func (l *Ledger) Put(ctx context.Context, key string, value []byte, version string) (string, error) {
	if err := ledger.CheckKey(key); err != nil {
		return "", err
	}
	if len(value) > ledger.MaxValue {
		return "", fmt.Errorf("write ledger entry %s: %w", key, &work.TooLarge{Size: int64(len(value)), Limit: ledger.MaxValue})
	}
	seq, err := l.write(ctx, key, version, &nats.Msg{Subject: subjectOf(key), Data: value, Header: nats.Header{}})
	if err != nil {
		return "", fmt.Errorf("write ledger entry %s: %w", key, err)
	}
	return strconv.FormatUint(seq, 10), nil
}

// write puts m in the place of a version; the empty one stands for none.
func (l *Ledger) write(ctx context.Context, key, version string, m *nats.Msg) (uint64, error) {
	last := uint64(0)
	if version != "" {
		var err error
		if last, err = strconv.ParseUint(version, 10, 64); err != nil || last == 0 {
			return 0, work.ErrChanged // no version of ours
		}
	}
	for {
		seq, err := l.store.publish(ctx, ledgerConfig(), expect(m, last), nuid.Next())
		if !is(err, codeWrongLast, codeWrongLastR) {
			return seq, err
		}
		now, gone, err := l.newest(ctx, key)
		switch {
		case err != nil:
			return 0, err
		case version == "" && !gone:
			return 0, work.ErrExists
		case version != "" && gone:
			return 0, work.ErrAbsent
		case version != "":
			return 0, work.ErrChanged
		}
		last = now.Seq // of the mark of a deletion, or none any more
	}
}

// Delete puts a mark in the version's place, and then takes the mark away.
func (l *Ledger) Delete(ctx context.Context, key, version string) error {
	if err := ledger.CheckKey(key); err != nil {
		return err
	}
	m := &nats.Msg{Subject: subjectOf(key), Header: nats.Header{operation: {operationGone}}}
	err := error(work.ErrChanged)
	if version != "" {
		var seq uint64
		if seq, err = l.write(ctx, key, version, alone(m)); err == nil {
			_ = l.store.purge(ctx, ledgerStream, m.Subject, seq+1) // if it stays, only its room is lost
		}
	}
	if err != nil {
		return fmt.Errorf("delete ledger entry %s: %w", key, err)
	}
	return nil
}

// Each walks the bucket in the order of its writes. An entry that is written
// meanwhile may come twice.
func (l *Ledger) Each(ctx context.Context, prefix string) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		filter := ledgerPrefix + ">"
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			filter = subjectOf(prefix[:i]) + ".>"
		}
		for m, err := range l.store.each(ctx, ledgerStream, filter) {
			if errors.Is(err, work.ErrAbsent) {
				return // nothing was ever written
			}
			if err != nil {
				yield(ledger.Entry{}, fmt.Errorf("list ledger entries %s: %w", prefix, err))
				return
			}
			if deleted(m) || !strings.HasPrefix(keyOf(m.Subject), prefix) {
				continue
			}
			if !yield(entry(m), nil) {
				return
			}
		}
	}
}
