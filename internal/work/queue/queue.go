// Package queue is the seam to stores of messages: what a queue can do, whoever keeps it.
//
// A message is taken by a lease: for a time nobody else gets it. The lease is
// settled by one of [Lease.Done], [Lease.Return] and [Lease.Move]; one that is
// never settled lapses, and the message is delivered again. So every message is
// delivered at least once. These are the semantics of Azure's Storage queues,
// which the other stores can keep too. Every store passes the conformance suite
// in work/store/storetest.
package queue

import (
	"context"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
)

// Message is what a queue holds.
type Message struct {
	ID         string
	Body       []byte
	Fault      string    // why Body is what the store holds, and not what was put: it can't be decoded. Empty for a sound one
	Deliveries int64     // how often it was leased, this time included (Azure's DequeueCount)
	Inserted   time.Time // by the store's clock
	Expires    time.Time // zero: never
	Visible    time.Time // when the lease lapses, or when a message that waits may be leased
	Receipt    string    // names this delivery (Azure's PopReceipt); empty for one that was only looked at
}

// Lease is a message on loan. Its methods must not be called at the same time.
// After the first of Done, Return and Move that returns nil or work.ErrLost it
// is settled, and no method may be called. Any other error leaves it as it was,
// as far as anybody knows: the call may be tried again.
type Lease interface {
	// Message is the same at every call, with Visible and Receipt as the last
	// Renew left them.
	Message() *Message
	// Renew keeps the message for hold from now on. It returns work.ErrLost if
	// the lease has lapsed and the store can tell.
	Renew(ctx context.Context, hold time.Duration) error
	// Done deletes the message. It returns work.ErrLost as Renew does: somebody
	// else may have the message, and this delivery may be the second.
	Done(ctx context.Context) error
	// Return gives the message back to its queue, visible after delay.
	Return(ctx context.Context, delay time.Duration) error
	// Move puts the body into another queue of the same store, which is made if it
	// isn't there, and deletes the message. It returns the new message's id. If
	// it is interrupted, the message may be in both, but never in none.
	Move(ctx context.Context, to string) (id string, err error)
}

// Ask is what a caller wants to lease.
type Ask struct {
	Max  int           // messages at most, 1 to 32
	Hold time.Duration // how long they stay leased, at least a second
	Wait time.Duration // how long a store that can wait does so for the first message; others answer at once
}

// Depth is how much a queue holds.
type Depth struct {
	Total  int64         // messages, leased ones included; where the store only estimates, its estimate
	Leased int64         // of them leased, or not yet visible; -1 if the store can't tell
	Oldest time.Duration // how long the oldest visible message has been there; 0 if there is none, or the store can't tell
}

// Store keeps queues. All of it is safe for concurrent use, and by several
// processes on the same store.
//
// Errors are work.ErrAbsent where the queue is not there, *work.Unavailable
// where the store can't answer, *work.TooLarge from Put.
type Store interface {
	// Put appends a message and returns its id. The queue is made if it isn't
	// there. When Put has returned, the message survives the store's crash, as far
	// as the store promises that at all.
	Put(ctx context.Context, queue string, body []byte) (id string, err error)
	// Lease takes up to ask.Max messages, none if there are none.
	Lease(ctx context.Context, queue string, ask Ask) ([]Lease, error)
	// Peek looks at up to max messages (32 at most) without taking them, the
	// oldest first.
	Peek(ctx context.Context, queue string, max int) ([]Message, error)
	Depth(ctx context.Context, queue string) (Depth, error)
	// Clear deletes all messages of a queue, leased ones included.
	Clear(ctx context.Context, queue string) error
	// Queues are the names of all queues, sorted.
	Queues(ctx context.Context) ([]string, error)
}

// MaxLease is how many messages one Lease gives at most: Azure's bound.
const MaxLease = 32

// PoisonSuffix is what the name of a queue ends in that keeps the messages which
// could not be worked on, of the queue with the name before it.
const PoisonSuffix = "-poison"

// CheckName reports what is wrong with a queue's name.
func CheckName(name string) error { return work.CheckName("queue", name) }
