package file

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

var _ queue.Store = (*Store)(nil)

// MaxBody is the largest message, in bytes. What is larger belongs in a blob.
const MaxBody = 16 << 20

// Put appends a message.
func (s *Store) Put(ctx context.Context, name string, body []byte) (string, error) {
	if err := queue.CheckName(name); err != nil {
		return "", err
	}
	if len(body) > MaxBody {
		return "", fmt.Errorf("put into queue %s: %w", name, &work.TooLarge{Size: int64(len(body)), Limit: MaxBody})
	}
	if body == nil {
		body = []byte{} // NULL otherwise
	}
	var seq int64
	err := s.writer.change(ctx, func(_ *session, st *statements) (err error) {
		if _, err := st.addQueue.Exec(name); err != nil {
			return err
		}
		seq, err = inserted(st.put.Exec(name, now(), body))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("put into queue %s: %w", name, err)
	}
	s.bells.ring(name)
	return strconv.FormatInt(seq, 10), nil
}

func inserted(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// lookEvery is how often one who waits looks for what another process has put, or
// what has lapsed.
const lookEvery = 100 * time.Millisecond

// Lease takes messages, the one that is visible longest first.
func (s *Store) Lease(ctx context.Context, name string, ask queue.Ask) ([]queue.Lease, error) {
	var all []queue.Lease
	var err error
	for late := time.Now().Add(ask.Wait); ; {
		bell := s.bells.hear(name)
		_, more := s.more.LoadAndDelete(name)
		if !more {
			more, err = s.due(ctx, name)
		}
		if more {
			all, err = s.take(ctx, name, ask)
		}
		left := time.Until(late)
		if err != nil || len(all) > 0 || left <= 0 {
			break
		}
		next := time.NewTimer(min(lookEvery, left))
		select {
		case <-bell:
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
			return nil, fmt.Errorf("lease from queue %s: %w", name, ctx.Err())
		}
		next.Stop()
	}
	if err != nil {
		return nil, fmt.Errorf("lease from queue %s: %w", name, err)
	}
	return all, nil
}

// due says whether there is anything to lease, without a lock. It answers
// work.ErrAbsent for a queue that is not there.
func (s *Store) due(ctx context.Context, name string) (found bool, err error) {
	err = s.look.QueryRowContext(ctx, now(), name).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return false, work.ErrAbsent
	}
	return found, told(err)
}

func (s *Store) take(ctx context.Context, name string, ask queue.Ask) ([]queue.Lease, error) {
	var all []queue.Lease
	err := s.writer.change(ctx, func(_ *session, st *statements) error {
		all = nil // of a transaction that was undone
		begun := now()
		until := begun + ask.Hold.Microseconds()
		receipt := rand.Int64N(1<<62) + 1
		rows, err := st.due.Query(name, begun, min(max(ask.Max, 1), queue.MaxLease))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			l := &lease{store: s, queue: name, receipt: receipt}
			var put int64
			if err := rows.Scan(&l.seq, &l.message.Deliveries, &put, &l.message.Body); err != nil {
				return err
			}
			l.message.ID = strconv.FormatInt(l.seq, 10)
			l.message.Deliveries++
			l.message.Inserted = time.UnixMicro(put)
			l.message.Visible = time.UnixMicro(until)
			l.message.Receipt = fmt.Sprintf("%s.%x", l.message.ID, receipt)
			all = append(all, l)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, l := range all {
			if _, err := st.lease.Exec(until, receipt, s.self.owner, l.(*lease).seq); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(all) == ask.Max {
		s.more.Store(name, nil)
	}
	return all, nil
}

// present answers work.ErrAbsent for a queue that is not there.
func (s *Store) present(ctx context.Context, name string) error {
	var found bool
	err := s.readers.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM queue WHERE name = ?)", name).Scan(&found)
	if err == nil && !found {
		return work.ErrAbsent
	}
	return told(err)
}

// Peek looks at the messages that are visible.
func (s *Store) Peek(ctx context.Context, name string, most int) ([]queue.Message, error) {
	all, err := s.peek(ctx, name, most)
	if err != nil {
		return nil, fmt.Errorf("look into queue %s: %w", name, err)
	}
	return all, nil
}

func (s *Store) peek(ctx context.Context, name string, most int) (all []queue.Message, err error) {
	if err := s.present(ctx, name); err != nil {
		return nil, err
	}
	rows, err := s.readers.QueryContext(ctx, "SELECT seq, deliveries, inserted, visible, body FROM message WHERE queue = (SELECT id FROM queue WHERE name = ?) AND visible <= ? ORDER BY visible, seq LIMIT ?", name, now(), min(max(most, 1), queue.MaxLease))
	if err != nil {
		return nil, told(err)
	}
	defer rows.Close()
	for rows.Next() {
		var m queue.Message
		var put, visible int64
		if err := rows.Scan(&m.ID, &m.Deliveries, &put, &visible, &m.Body); err != nil {
			return nil, told(err)
		}
		m.Inserted, m.Visible = time.UnixMicro(put), time.UnixMicro(visible)
		all = append(all, m)
	}
	return all, told(rows.Err())
}

// countQueue finds all in the index message_due, so that no body is read: the oldest
// message is the one with the lowest seq.
const countQueue = `
WITH d AS (
	SELECT count(*) AS total, coalesce(sum(visible > ?1), 0) AS leased, min(CASE WHEN visible <= ?1 THEN seq END) AS oldest
	FROM message WHERE queue = (SELECT id FROM queue WHERE name = ?2))
SELECT total, leased, (SELECT inserted FROM message WHERE seq = oldest) FROM d`

// Depth counts.
func (s *Store) Depth(ctx context.Context, name string) (queue.Depth, error) {
	var d queue.Depth
	err := s.present(ctx, name)
	if err == nil {
		var oldest sql.NullInt64
		t := now()
		err = told(s.readers.QueryRowContext(ctx, countQueue, t, name).Scan(&d.Total, &d.Leased, &oldest))
		if oldest.Valid {
			d.Oldest = max(0, time.Duration(t-oldest.Int64)*time.Microsecond)
		}
	}
	if err != nil {
		return queue.Depth{}, fmt.Errorf("count queue %s: %w", name, err)
	}
	return d, nil
}

// Clear deletes what the queue holds.
func (s *Store) Clear(ctx context.Context, name string) error {
	err := s.present(ctx, name)
	if err == nil {
		err = s.writer.change(ctx, func(tx *session, _ *statements) error {
			_, err := tx.Exec("DELETE FROM message WHERE queue = (SELECT id FROM queue WHERE name = ?)", name)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("clear queue %s: %w", name, err)
	}
	return nil
}

// Queues are the names.
func (s *Store) Queues(ctx context.Context) (names []string, err error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT name FROM queue ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list the queues: %w", told(err))
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list the queues: %w", told(err))
		}
		names = append(names, name)
	}
	return names, told(rows.Err())
}
