package azure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// lease is a message on loan. Azure names the loan by the receipt, which every
// renewal changes.
type lease struct {
	store   *Store
	queue   *azqueue.QueueClient
	name    string
	text    string // as the queue holds it
	message queue.Message
	until   time.Time // by this machine's clock: before it nobody else can have the message

	copied, id string // where Move has put the body already, and its id there
}

// Message is what was leased.
func (l *lease) Message() *queue.Message { return &l.message }

// Renew sends the body along: the SDK has no way to leave it out, and an empty one
// would be stored.
func (l *lease) Renew(ctx context.Context, hold time.Duration) error {
	begun := time.Now()
	length, err := seconds(hold, 1)
	if err == nil {
		err = l.update(ctx, length)
	}
	if err != nil {
		return fmt.Errorf("renew the lease of message %s in queue %s: %w", l.message.ID, l.name, err)
	}
	l.until = begun.Add(time.Duration(length) * time.Second)
	return nil
}

// update hides the message for a time. An answer that gets lost takes the new
// receipt with it: the next call is told that the lease is lost, which it is.
func (l *lease) update(ctx context.Context, hidden int32) error {
	r, err := l.queue.UpdateMessage(ctx, l.message.ID, l.message.Receipt, l.text, &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(hidden)})
	if err != nil {
		return l.told(err)
	}
	l.message.Receipt, l.message.Visible = of(r.PopReceipt), of(r.TimeNextVisible)
	return nil
}

// Done deletes the message.
func (l *lease) Done(ctx context.Context) error {
	if err := l.delete(ctx); err != nil {
		return fmt.Errorf("delete message %s of queue %s: %w", l.message.ID, l.name, err)
	}
	return nil
}

// delete takes a message that is gone before the lease lapses for deleted: nobody
// else can have had it, so it was an earlier try whose answer got lost.
func (l *lease) delete(ctx context.Context) error {
	_, err := l.queue.DeleteMessage(ctx, l.message.ID, l.message.Receipt, nil)
	if queueerror.HasCode(err, queueerror.MessageNotFound) && time.Now().Before(l.until) {
		return nil
	}
	return l.told(err)
}

// Return makes the message visible again.
func (l *lease) Return(ctx context.Context, delay time.Duration) error {
	hidden, err := seconds(delay, 0)
	if err == nil {
		err = l.update(ctx, hidden)
	}
	if err != nil {
		return fmt.Errorf("return message %s to queue %s: %w", l.message.ID, l.name, err)
	}
	return nil
}

// Move puts the text into the other queue as it stands, and then deletes the
// message. If the lease is lost in between, it returns the new id and
// work.ErrLost: the copy is there, and the message may be too. A second try after
// another error makes no second copy.
func (l *lease) Move(ctx context.Context, into string) (string, error) {
	if l.copied != into {
		id, err := l.store.append(ctx, into, l.text)
		if err != nil {
			return "", fmt.Errorf("move message %s of queue %s to %s: %w", l.message.ID, l.name, into, err)
		}
		l.copied, l.id = into, id
	}
	if err := l.delete(ctx); err != nil {
		return l.id, fmt.Errorf("delete message %s of queue %s, which is in %s now: %w", l.message.ID, l.name, into, err)
	}
	return l.id, nil
}

// told takes a queue that is gone for a lease that is lost: there is nothing left
// to settle.
func (l *lease) told(err error) error {
	err = told(err)
	if errors.Is(err, work.ErrAbsent) {
		return fmt.Errorf("%w: %w", work.ErrLost, err)
	}
	return err
}
