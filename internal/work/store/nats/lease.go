package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// lease is one delivery. The server counts its time for each message apart: a
// negative acknowledgement with a delay sets when it is delivered again, and an
// acknowledgement until then still settles it.
//
// The server itself takes an acknowledgement from anybody who ever had the
// message. So a lease keeps its own time, from a moment before the server's clock
// began: a lapsed one answers work.ErrLost here and never reaches the server.
type lease struct {
	store   *Store
	queue   string
	message queue.Message
	reply   string    // where the server takes what is said of this delivery
	until   time.Time // by this process's clock
}

func (l *lease) Message() *queue.Message { return &l.message }

// say sends one word on the delivery, and waits until the server has it.
func (l *lease) say(ctx context.Context, word string) error {
	if !time.Now().Before(l.until) {
		return work.ErrLost
	}
	return l.store.insist(ctx, true, func(ctx context.Context) error {
		if !time.Now().Before(l.until) {
			return work.ErrLost // it lapsed while nobody answered
		}
		_, err := l.store.conn.RequestWithContext(ctx, l.reply, []byte(word))
		return err
	})
}

// delayed asks for the next delivery after d.
func delayed(d time.Duration) string { return `-NAK {"delay":` + strconv.FormatInt(int64(d), 10) + "}" }

func (l *lease) Renew(ctx context.Context, hold time.Duration) error {
	from := time.Now()
	if err := l.say(ctx, delayed(hold)); err != nil {
		return fmt.Errorf("renew the lease on message %s of queue %s: %w", l.message.ID, l.queue, err)
	}
	l.hold(from, hold)
	return nil
}

func (l *lease) hold(from time.Time, hold time.Duration) {
	l.until = from.Add(hold)
	l.message.Visible = l.until.Round(0)
}

func (l *lease) Done(ctx context.Context) error {
	if err := l.say(ctx, "+ACK"); err != nil {
		return fmt.Errorf("delete message %s of queue %s: %w", l.message.ID, l.queue, err)
	}
	return nil
}

func (l *lease) Return(ctx context.Context, delay time.Duration) error {
	word := "-NAK"
	if delay > 0 {
		word = delayed(delay)
	}
	if err := l.say(ctx, word); err != nil {
		return fmt.Errorf("return message %s to queue %s: %w", l.message.ID, l.queue, err)
	}
	return nil
}

// Move marks what it puts, so that a Move which is tried again within two minutes
// does not put it twice.
func (l *lease) Move(ctx context.Context, to string) (string, error) {
	if err := queue.CheckName(to); err != nil {
		return "", err
	}
	seq, err := l.move(ctx, to)
	if err != nil {
		return "", fmt.Errorf("move message %s of queue %s to %s: %w", l.message.ID, l.queue, to, err)
	}
	return strconv.FormatUint(seq, 10), nil
}

func (l *lease) move(ctx context.Context, to string) (uint64, error) {
	if !time.Now().Before(l.until) {
		return 0, work.ErrLost
	}
	mark := l.queue + "." + l.message.ID + "." + strconv.FormatInt(l.message.Inserted.UnixNano(), 36)
	seq, err := l.store.put(ctx, to, l.message.Body, mark)
	if err != nil {
		return 0, err
	}
	return seq, l.say(ctx, "+ACK")
}

// lend makes leases of what came after it was asked for at asked; held is what
// the server holds by itself.
func (s *Store) lend(ctx context.Context, name string, all []*nats.Msg, asked time.Time, hold, held time.Duration) ([]queue.Lease, error) {
	leases := make([]queue.Lease, 0, len(all))
	var group sync.WaitGroup
	defer group.Wait()
	// What came at once is held from about when it was asked for. What was waited
	// for, and what is to be held for another time, is renewed at once.
	sure := hold == held && time.Since(asked) < hold/8
	for _, m := range all {
		meta, err := m.Metadata()
		if err != nil {
			return nil, fmt.Errorf("read what the server says of a delivery: %w", err)
		}
		l := &lease{store: s, queue: name, reply: m.Reply, message: queue.Message{
			ID: strconv.FormatUint(meta.Sequence.Stream, 10), Body: m.Data,
			Deliveries: int64(meta.NumDelivered), Inserted: meta.Timestamp,
			Receipt: strconv.FormatUint(meta.Sequence.Stream, 10) + "." + strconv.FormatUint(meta.Sequence.Consumer, 10),
		}}
		l.hold(asked, held)
		if !sure {
			l.until = time.Now().Add(held)              // it came just now
			group.Go(func() { _ = l.Renew(ctx, hold) }) // if that fails, the lease is as long as the server made it
		}
		leases = append(leases, l)
	}
	return leases, nil
}

// Lease asks the queue's consumer for messages. One that came as the caller gave
// up is returned at once.
func (s *Store) Lease(ctx context.Context, name string, ask queue.Ask) ([]queue.Lease, error) {
	if err := queue.CheckName(name); err != nil {
		return nil, err
	}
	hold := max(time.Second, ask.Hold)
	var leases []queue.Lease
	err := s.insist(ctx, true, func(context.Context) error { // its own bound: the wait may be longer than an answer
		taker, err := s.taker(ctx, name, hold)
		if err != nil {
			return err
		}
		asked := time.Now()
		all, err := s.pull(ctx, taker, min(max(1, ask.Max), queue.MaxLease), ask.Wait)
		if errors.Is(err, nats.ErrNoResponders) {
			s.dismiss(name) // it has no leader, or somebody deleted it
		}
		if err == nil {
			leases, err = s.lend(ctx, name, all, asked, hold, taker.held)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lease from queue %s: %w", name, err)
	}
	return leases, nil
}
