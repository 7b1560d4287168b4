package told

import (
	"context"
	"errors"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// Queues is s, told of. store names it: Azure, file, nats.
func Queues(s queue.Store, store string, tell Tell) queue.Store {
	return &queues{inner: s, teller: teller{store, "queue", tell}}
}

type queues struct {
	teller
	inner queue.Store
}

func (q *queues) Put(ctx context.Context, name string, body []byte) (string, error) {
	c := q.begin(ctx, "Put", name)
	id, err := q.inner.Put(ctx, name, body)
	c.Out = int64(len(body))
	q.end(c, err)
	return id, err
}

func (q *queues) Lease(ctx context.Context, name string, ask queue.Ask) ([]queue.Lease, error) {
	c := q.begin(ctx, "Lease", name)
	all, err := q.inner.Lease(ctx, name, ask)
	if len(all) == 0 && (err == nil || ctx.Err() != nil || errors.Is(err, work.ErrAbsent)) {
		return all, err
	}
	wrapped := make([]lease, len(all)) // one allocation, however many there are
	for i, l := range all {
		c.In += int64(len(l.Message().Body))
		wrapped[i] = lease{l, q, name}
		all[i] = &wrapped[i]
	}
	q.end(c, err)
	return all, err
}

func (q *queues) Peek(ctx context.Context, name string, most int) ([]queue.Message, error) {
	c := q.begin(ctx, "Peek", name)
	all, err := q.inner.Peek(ctx, name, most)
	for i := range all {
		c.In += int64(len(all[i].Body))
	}
	q.end(c, err)
	return all, err
}

func (q *queues) Depth(ctx context.Context, name string) (queue.Depth, error) {
	c := q.begin(ctx, "Depth", name)
	depth, err := q.inner.Depth(ctx, name)
	q.end(c, err)
	return depth, err
}

func (q *queues) Clear(ctx context.Context, name string) error {
	c := q.begin(ctx, "Clear", name)
	err := q.inner.Clear(ctx, name)
	q.end(c, err)
	return err
}

func (q *queues) Queues(ctx context.Context) ([]string, error) {
	c := q.begin(ctx, "Queues", "")
	names, err := q.inner.Queues(ctx)
	q.end(c, err)
	return names, err
}

// lease is a message of a queue that is told of.
type lease struct {
	inner queue.Lease
	of    *queues
	queue string
}

func (l *lease) Message() *queue.Message { return l.inner.Message() }

func (l *lease) Renew(ctx context.Context, hold time.Duration) error {
	c := l.of.begin(ctx, "Renew", l.queue)
	err := l.inner.Renew(ctx, hold)
	l.of.end(c, err)
	return err
}

func (l *lease) Done(ctx context.Context) error {
	c := l.of.begin(ctx, "Done", l.queue)
	err := l.inner.Done(ctx)
	l.of.end(c, err)
	return err
}

func (l *lease) Return(ctx context.Context, delay time.Duration) error {
	c := l.of.begin(ctx, "Return", l.queue)
	err := l.inner.Return(ctx, delay)
	l.of.end(c, err)
	return err
}

func (l *lease) Move(ctx context.Context, to string) (string, error) {
	c := l.of.begin(ctx, "Move", l.queue)
	id, err := l.inner.Move(ctx, to)
	l.of.end(c, err)
	return id, err
}
