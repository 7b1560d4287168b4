package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

var _ queue.Store = (*Store)(nil)

// longest is how long Azure hides a message at most.
const longest = 7 * 24 * time.Hour

// queue is a client of one queue.
func (s *Store) queue(name string) (*azqueue.QueueClient, error) {
	if err := queue.CheckName(name); err != nil {
		return nil, err
	}
	if s.queues == nil {
		return nil, errors.New("the account has no endpoint of queues\nhint: add QueueEndpoint to the connection string, or set queueServiceUri")
	}
	return s.queues.NewQueueClient(name), nil
}

// Put appends a message. It never expires: Azure's own default would drop it
// after seven days.
func (s *Store) Put(ctx context.Context, name string, body []byte) (string, error) {
	text, err := s.encoding.encode(body)
	var id string
	if err == nil {
		id, err = s.append(ctx, name, text)
	}
	if err != nil {
		return "", fmt.Errorf("put into queue %s: %w", name, err)
	}
	return id, nil
}

// append puts a text as it stands into a queue, and makes the queue if the first
// try finds none.
func (s *Store) append(ctx context.Context, name, text string) (string, error) {
	q, err := s.queue(name)
	if err != nil {
		return "", err
	}
	put := func() (string, error) {
		r, err := q.EnqueueMessage(once(ctx), text, &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1))})
		if err == nil && (len(r.Messages) == 0 || r.Messages[0] == nil) {
			err = errors.New("the answer names no message")
		}
		if err != nil {
			return "", told(err)
		}
		return of(r.Messages[0].MessageID), nil
	}
	id, err := put()
	if !errors.Is(err, work.ErrAbsent) {
		return id, err
	}
	if _, err := q.Create(ctx, nil); err != nil && !queueerror.HasCode(err, queueerror.QueueAlreadyExists) {
		return "", told(err)
	}
	return put()
}

// Lease takes messages. It answers at once, whatever ask.Wait says: Azure's
// queues can't wait.
func (s *Store) Lease(ctx context.Context, name string, ask queue.Ask) ([]queue.Lease, error) {
	all, err := s.lease(ctx, name, ask)
	if err != nil {
		return nil, fmt.Errorf("lease from queue %s: %w", name, err)
	}
	return all, nil
}

func (s *Store) lease(ctx context.Context, name string, ask queue.Ask) ([]queue.Lease, error) {
	q, err := s.queue(name)
	if err != nil {
		return nil, err
	}
	hold, err := seconds(ask.Hold, 1)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	// Once: if an answer gets lost, its messages are on loan to nobody, and a
	// second try would take as many again. (net/http itself repeats a GET on a kept
	// connection that turns out to be closed; nobody can forbid it.)
	r, err := q.DequeueMessages(once(ctx), &azqueue.DequeueMessagesOptions{
		NumberOfMessages:  to.Ptr(int32(min(max(ask.Max, 1), queue.MaxLease))),
		VisibilityTimeout: to.Ptr(hold),
	})
	if err != nil {
		return nil, told(err)
	}
	all := make([]queue.Lease, 0, len(r.Messages))
	for _, m := range r.Messages {
		text := of(m.MessageText)
		l := &lease{store: s, queue: q, name: name, text: text, until: begun.Add(time.Duration(hold) * time.Second)}
		l.message = queue.Message{
			ID: of(m.MessageID), Deliveries: of(m.DequeueCount), Inserted: of(m.InsertionTime), Expires: expiry(m.ExpirationTime),
			Visible: of(m.TimeNextVisible), Receipt: of(m.PopReceipt),
		}
		l.message.Body, l.message.Fault = s.encoding.decode(text)
		all = append(all, l)
	}
	return all, nil
}

// seconds is a time as Azure counts it, rounded up: a lease is never shorter than
// was asked for.
func seconds(d time.Duration, least int32) (int32, error) {
	if d < 0 || d > longest {
		return 0, fmt.Errorf("a message can't be hidden for %v\nhint: 0 to %v", d, longest)
	}
	return max(least, int32((d+time.Second-1)/time.Second)), nil
}

// expiry is zero for a message that never expires: Azure says the year 9999.
func expiry(at *time.Time) time.Time {
	if t := of(at); t.Year() < 9999 {
		return t
	}
	return time.Time{}
}

// Peek looks at messages that are visible.
func (s *Store) Peek(ctx context.Context, name string, most int) ([]queue.Message, error) {
	r, err := s.peek(ctx, name, most)
	if err != nil {
		return nil, fmt.Errorf("look into queue %s: %w", name, err)
	}
	all := make([]queue.Message, 0, len(r.Messages))
	for _, m := range r.Messages {
		seen := queue.Message{ID: of(m.MessageID), Deliveries: of(m.DequeueCount), Inserted: of(m.InsertionTime), Expires: expiry(m.ExpirationTime)}
		seen.Body, seen.Fault = s.encoding.decode(of(m.MessageText))
		all = append(all, seen)
	}
	return all, nil
}

func (s *Store) peek(ctx context.Context, name string, most int) (azqueue.PeekMessagesResponse, error) {
	q, err := s.queue(name)
	if err != nil {
		return azqueue.PeekMessagesResponse{}, err
	}
	r, err := q.PeekMessages(ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(min(max(most, 1), queue.MaxLease)))})
	return r, told(err)
}

// Depth is Azure's estimate of all messages. What is leased is the rest of what
// can be seen, which Azure shows 32 of: where there are as many, it can't tell.
func (s *Store) Depth(ctx context.Context, name string) (queue.Depth, error) {
	d, err := s.depth(ctx, name)
	if err != nil {
		return queue.Depth{}, fmt.Errorf("depth of queue %s: %w", name, err)
	}
	return d, nil
}

func (s *Store) depth(ctx context.Context, name string) (queue.Depth, error) {
	q, err := s.queue(name)
	if err != nil {
		return queue.Depth{}, err
	}
	about, err := q.GetProperties(ctx, nil)
	if err != nil {
		return queue.Depth{}, told(err)
	}
	seen, err := s.peek(ctx, name, queue.MaxLease)
	if err != nil {
		return queue.Depth{}, err
	}
	d := queue.Depth{Total: int64(of(about.ApproximateMessagesCount)), Leased: -1}
	visible := int64(len(seen.Messages))
	d.Total = max(d.Total, visible)
	if visible < queue.MaxLease || d.Total == visible {
		d.Leased = d.Total - visible
	}
	for _, m := range seen.Messages {
		if put := of(m.InsertionTime); !put.IsZero() && seen.Date != nil {
			d.Oldest = max(d.Oldest, seen.Date.Sub(put))
		}
	}
	return d, nil
}

// Clear deletes all messages of a queue.
func (s *Store) Clear(ctx context.Context, name string) error {
	q, err := s.queue(name)
	if err == nil {
		_, err = q.ClearMessages(ctx, nil)
		err = told(err)
	}
	if err != nil {
		return fmt.Errorf("clear queue %s: %w", name, err)
	}
	return nil
}

// Queues are the names of all queues.
func (s *Store) Queues(ctx context.Context) ([]string, error) {
	names := []string{}
	if s.queues == nil {
		return names, nil
	}
	for pages := s.queues.NewListQueuesPager(nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the queues: %w", told(err))
		}
		for _, q := range page.Queues {
			names = append(names, of(q.Name))
		}
	}
	slices.Sort(names)
	return names, nil
}
