package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// consumerName is the one consumer of every queue's stream, which all hosts share.
const consumerName = "stanch"

// taker is where messages of one queue are asked for.
type taker struct {
	subject string
	held    time.Duration // how long the server holds what it delivers, if it isn't told otherwise
}

// taker makes the queue's consumer if it isn't there. What it holds by itself is
// the hold that the first of all hosts asked for, which is mostly everybody's;
// whoever asks for another pays one message more for each lease. It is never
// changed, since the leases that are out would change with it.
func (s *Store) taker(ctx context.Context, name string, hold time.Duration) (taker, error) {
	s.mu.Lock()
	t, known := s.takers[name]
	s.mu.Unlock()
	if known {
		return t, nil
	}
	err := s.insist(ctx, true, func(ctx context.Context) error {
		consumer, err := s.js.Consumer(ctx, queuePrefix+name, consumerName)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			consumer, err = s.js.CreateConsumer(ctx, queuePrefix+name, jetstream.ConsumerConfig{
				Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: hold,
				MaxDeliver: -1, MaxAckPending: -1,
			})
		}
		if errors.Is(err, jetstream.ErrConsumerExists) { // another host was faster, with another hold
			consumer, err = s.js.Consumer(ctx, queuePrefix+name, consumerName)
		}
		if err == nil {
			t = taker{"$JS.API.CONSUMER.MSG.NEXT." + queuePrefix + name + "." + consumerName, consumer.CachedInfo().Config.AckWait}
		}
		return err
	})
	if err != nil {
		return t, err
	}
	s.mu.Lock()
	s.takers[name] = t
	s.mu.Unlock()
	return t, nil
}

// dismiss forgets a consumer that doesn't answer.
func (s *Store) dismiss(name string) {
	s.mu.Lock()
	delete(s.takers, name)
	s.mu.Unlock()
}

// pull asks once: for what is there, and if there is nothing, for what comes
// within wait. What comes after it gave up goes back to the queue.
func (s *Store) pull(ctx context.Context, t taker, most int, wait time.Duration) (all []*nats.Msg, err error) {
	request, err := json.Marshal(struct {
		Batch   int           `json:"batch"`
		NoWait  bool          `json:"no_wait"`
		Expires time.Duration `json:"expires,omitempty"`
	}{most, true, max(0, wait)})
	if err != nil {
		return nil, err
	}
	box, err := s.rent()
	if err != nil {
		return nil, err
	}
	since := s.conn.Stats().Reconnects
	if err = s.conn.PublishRequest(t.subject, box.subject, request); err != nil {
		s.release(box)
		return nil, err
	}
	late := time.Now().Add(max(0, wait) + answer)
	for len(all) < most && err == nil {
		var m *nats.Msg
		m, err = s.next(ctx, box, late, since)
		switch {
		case err == nil && m.Reply != "":
			all = append(all, m)
		case err == nil:
			err = ended(m.Header.Get("Status"), m.Header.Get("Description"))
		}
	}
	switch {
	case err == nil, errors.Is(err, errNone):
		s.release(box)
		return all, nil
	case errors.Is(err, nats.ErrNoResponders):
		s.release(box)
	case ctx.Err() != nil: // the caller gave up
		s.breakOff(box, all)
		return nil, err
	default: // the server that was asked is gone, and what it was asked with it
		s.breakOff(box, nil)
		err = nats.ErrNoResponders
	}
	if len(all) > 0 {
		err = nil
	}
	return all, err
}

// next is the next answer, unless the server that was asked is gone meanwhile.
func (s *Store) next(ctx context.Context, box mailbox, late time.Time, since uint64) (*nats.Msg, error) {
	for {
		second, done := context.WithTimeout(ctx, time.Second)
		m, err := box.answers.NextMsgWithContext(second)
		done()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || s.conn.Stats().Reconnects != since || time.Now().After(late) {
			return m, err
		}
	}
}

// errNone says that the server has no message.
var errNone = errors.New("no messages")

// ended is what a status that ends a pull means.
func ended(status, description string) error {
	switch status {
	case "404", "408":
		return errNone
	case "503":
		return nats.ErrNoResponders
	}
	// The consumer's leader changed, the consumer was deleted, or the server goes
	// down: whoever asks next will find out.
	return fmt.Errorf("%w: the server says %s %s", nats.ErrNoResponders, status, description)
}
