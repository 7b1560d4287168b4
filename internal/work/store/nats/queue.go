package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

var _ queue.Store = (*Store)(nil)

const (
	queuePrefix   = "stanch-queue-" // of a queue's stream; its consumer is called consumerName
	subjectPrefix = "stanch.queue."
	// headroom is what a body leaves of the largest message, for the headers of a
	// Move or of a gathered Put.
	headroom = 512
	// duplicates is how long the server knows a mark.
	duplicates = 2 * time.Minute
)

// queueStream is how a queue's stream is made: what is acknowledged leaves it.
func (s *Store) queueStream(name string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: queuePrefix + name, Subjects: []string{subjectPrefix + name},
		Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew, Duplicates: duplicates,
		AllowAtomicPublish: s.gathers,
	}
}

// Put returns the message's sequence in its stream as the id. A body may be
// smaller by 512 bytes than the server's max_payload.
func (s *Store) Put(ctx context.Context, name string, body []byte) (string, error) {
	if err := queue.CheckName(name); err != nil {
		return "", err
	}
	seq, err := s.put(ctx, name, body, "")
	if err != nil {
		return "", fmt.Errorf("put into queue %s: %w", name, err)
	}
	return strconv.FormatUint(seq, 10), nil
}

// put gives a mark on to publish. Others than a Move's have none: a server that
// takes 20,000 messages a second would have millions of marks to know.
func (s *Store) put(ctx context.Context, name string, body []byte, mark string) (uint64, error) {
	limit := s.conn.MaxPayload() - headroom // below 0 before the first connection
	if limit > 0 && int64(len(body)) > limit {
		return 0, &work.TooLarge{Size: int64(len(body)), Limit: limit}
	}
	if mark == "" && s.gathers {
		return s.gatherer(name).put(ctx, body)
	}
	return s.publish(ctx, s.queueStream(name), &nats.Msg{Subject: subjectPrefix + name, Data: body}, mark)
}

// Peek shows leased messages too, and can't tell how often one was delivered:
// JetStream keeps that to the consumer.
func (s *Store) Peek(ctx context.Context, name string, most int) ([]queue.Message, error) {
	if err := queue.CheckName(name); err != nil {
		return nil, err
	}
	var all []queue.Message
	for m, err := range s.each(ctx, queuePrefix+name, subjectPrefix+name) {
		if err != nil {
			return nil, fmt.Errorf("peek into queue %s: %w", name, err)
		}
		all = append(all, queue.Message{ID: strconv.FormatUint(m.Seq, 10), Body: m.Data, Inserted: m.Time})
		if len(all) >= min(max(1, most), queue.MaxLease) {
			break
		}
	}
	return all, nil
}

// Depth is what the consumer's leader counts. A message that was returned counts
// as leased until it is delivered again.
func (s *Store) Depth(ctx context.Context, name string) (queue.Depth, error) {
	if err := queue.CheckName(name); err != nil {
		return queue.Depth{}, err
	}
	d, err := s.depth(ctx, name)
	if err != nil {
		return queue.Depth{}, fmt.Errorf("depth of queue %s: %w", name, err)
	}
	return d, nil
}

func (s *Store) depth(ctx context.Context, name string) (queue.Depth, error) {
	var d queue.Depth
	next := uint64(1) // the first that was never delivered
	err := s.insist(ctx, true, func(ctx context.Context) error {
		consumer, err := s.js.Consumer(ctx, queuePrefix+name, consumerName)
		if err == nil {
			info := consumer.CachedInfo()
			d.Leased = int64(info.NumAckPending)
			d.Total = int64(info.NumPending) + d.Leased
			next = info.Delivered.Stream + 1
			return nil
		}
		if !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return err
		}
		stream, err := s.js.Stream(ctx, queuePrefix+name) // nobody has leased yet
		if err == nil {
			d.Total = int64(stream.CachedInfo().State.Msgs)
		}
		return err
	})
	if err != nil || d.Total == d.Leased {
		return d, err
	}
	first, err := s.get(ctx, queuePrefix+name, wanted{Seq: next, Next: subjectPrefix + name})
	if errors.Is(err, work.ErrAbsent) {
		return d, nil // taken meanwhile
	}
	d.Oldest = max(0, time.Since(first.Time))
	return d, err
}

// Clear purges the stream.
func (s *Store) Clear(ctx context.Context, name string) error {
	if err := queue.CheckName(name); err != nil {
		return err
	}
	if err := s.purge(ctx, queuePrefix+name, "", 0); err != nil {
		return fmt.Errorf("clear queue %s: %w", name, err)
	}
	// The consumer's leader may be another server than the stream's, which has not
	// heard of it yet, and would still hand out what is gone.
	late, cancel := context.WithTimeout(ctx, clearTime)
	defer cancel()
	for {
		if d, err := s.depth(late, name); err == nil && d.Total == 0 {
			return nil
		}
		select {
		case <-late.Done():
			return nil // somebody puts, or it is told late: what was there is gone
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// clearTime bounds how long Clear waits until the consumer knows.
const clearTime = 3 * time.Second

// Queues are the streams whose names begin with stanch-queue-.
func (s *Store) Queues(ctx context.Context) ([]string, error) {
	names, err := s.named(ctx, queuePrefix, queue.CheckName)
	if err != nil {
		return nil, fmt.Errorf("list queues: %w", err)
	}
	return names, nil
}
