package file

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// lease is a row that this delivery's receipt stands in. Who has another receipt
// finds nothing to change.
type lease struct {
	store   *Store
	queue   string
	seq     int64
	receipt int64
	message queue.Message
}

func (l *lease) Message() *queue.Message { return &l.message }

func (l *lease) Renew(ctx context.Context, hold time.Duration) error {
	var until int64
	err := l.settle(ctx, func(st *statements) (sql.Result, error) {
		until = now() + hold.Microseconds()
		return st.renew.Exec(until, l.seq, l.receipt)
	})
	if err != nil {
		return fmt.Errorf("renew the lease of message %s of queue %s: %w", l.message.ID, l.queue, err)
	}
	l.message.Visible = time.UnixMicro(until)
	return nil
}

func (l *lease) Done(ctx context.Context) error {
	err := l.settle(ctx, func(st *statements) (sql.Result, error) { return st.done.Exec(l.seq, l.receipt) })
	if err != nil {
		return fmt.Errorf("delete message %s of queue %s: %w", l.message.ID, l.queue, err)
	}
	return nil
}

func (l *lease) Return(ctx context.Context, delay time.Duration) error {
	err := l.settle(ctx, func(st *statements) (sql.Result, error) {
		return st.back.Exec(now()+delay.Microseconds(), l.seq, l.receipt)
	})
	if err != nil {
		return fmt.Errorf("return message %s to queue %s: %w", l.message.ID, l.queue, err)
	}
	if delay <= 0 {
		l.store.bells.ring(l.queue)
	}
	return nil
}

// Move does both in one transaction: the message is never in both.
func (l *lease) Move(ctx context.Context, to string) (string, error) {
	var seq int64
	err := queue.CheckName(to)
	if err == nil {
		err = l.store.writer.change(ctx, func(_ *session, st *statements) error {
			if _, err := st.addQueue.Exec(to); err != nil {
				return err
			}
			made, err := st.move.Exec(to, now(), l.seq, l.receipt)
			if err := held(made, err); err != nil {
				return err
			}
			if seq, err = made.LastInsertId(); err != nil {
				return err
			}
			return held(st.done.Exec(l.seq, l.receipt))
		})
	}
	if err != nil {
		return "", fmt.Errorf("move message %s of queue %s to %s: %w", l.message.ID, l.queue, to, err)
	}
	l.store.bells.ring(to)
	return strconv.FormatInt(seq, 10), nil
}

func (l *lease) settle(ctx context.Context, do func(*statements) (sql.Result, error)) error {
	return l.store.writer.change(ctx, func(_ *session, st *statements) error { return held(do(st)) })
}

// held refuses if the receipt was not found.
func held(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		return refusal{work.ErrLost}
	}
	return err
}
