// Package told tells of each call to a store of work, so that telemetry sees what was asked of it, how long that took and what came of it.
//
// It wraps a store of queues, blobs or a ledger, and changes nothing of what the
// store answers. That something is absent, exists already or has changed is an
// answer, and no failure. A lease that got nothing is not told, whether the queue is
// empty or not there yet: an idle host asks several times a second, and how full a
// queue is is known from its depth.
// Begin with [Queues], [Blobs] and [Ledger].
package told

import (
	"context"
	"errors"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
)

// Call is one call to a store that has ended.
type Call struct {
	At       time.Time     // when it began
	Duration time.Duration // of a lease, the waiting for a first message included; of a list, without what its reader did between entries
	Store    string        // Azure, file, nats
	What     string        // queue, blob, ledger
	Op       string        // as the method is called: Put, Lease, Open, …
	Name     string        // queue, container or container/path, or key; empty where it is about all
	In, Out  int64         // bytes of payload from the store, and to it
	Err      error         // as the caller got it
	Trace    string        // of the context that it was made with
}

// Tell is told of each call, from whichever goroutine made it. It must not block.
type Tell func(Call)

// Failed says that the call came to nothing and the store is why, or nobody
// knows. What the store answers is no failure, and nor is a call that its caller
// gave up.
func (c *Call) Failed() bool { return c.Err != nil && c.Status() >= 413 }

// Status is what HTTP has for the outcome: 200; 404, 409, 412 and 410 for
// work.ErrAbsent, ErrExists, ErrChanged and ErrLost; 413 for what is too large;
// 503 for a store that can't answer, 504 for one that did not in time, 500 for
// everything else; and 0 where the caller gave up.
func (c *Call) Status() int {
	if c.Err == nil {
		return 200
	}
	for _, known := range [...]struct {
		err    error
		status int
	}{
		{work.ErrAbsent, 404},
		{work.ErrExists, 409},
		{work.ErrChanged, 412},
		{work.ErrLost, 410},
		{context.Canceled, 0},
		{context.DeadlineExceeded, 504},
	} {
		if errors.Is(c.Err, known.err) {
			return known.status
		}
	}
	if large := (*work.TooLarge)(nil); errors.As(c.Err, &large) {
		return 413
	}
	if away := (*work.Unavailable)(nil); errors.As(c.Err, &away) {
		return 503
	}
	return 500
}

// traceKey is what the traceparent of a context is kept by.
type traceKey struct{}

// WithTrace is a context whose calls belong to the trace of a traceparent.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// teller begins calls to one store.
type teller struct {
	store, what string
	tell        Tell
}

func (t *teller) begin(ctx context.Context, op, name string) Call {
	trace, _ := ctx.Value(traceKey{}).(string)
	return Call{At: time.Now(), Store: t.store, What: t.what, Op: op, Name: name, Trace: trace}
}

func (t *teller) end(c Call, err error) {
	c.Duration, c.Err = time.Since(c.At), err
	t.tell(c)
}
