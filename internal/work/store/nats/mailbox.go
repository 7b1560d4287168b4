package nats

import (
	"time"

	"github.com/nats-io/nats.go"
)

// mailbox is a subscription on which one pull after the other is answered. A
// subscription for each pull would make the server forget, each time, whom it
// routes what to.
type mailbox struct {
	subject string
	answers *nats.Subscription
}

// spare is how many mailboxes are kept for the next pulls.
const spare = 64

// rent is a mailbox that nothing comes to.
func (s *Store) rent() (mailbox, error) {
	s.mu.Lock()
	if n := len(s.spares); n > 0 {
		box := s.spares[n-1]
		s.spares = s.spares[:n-1]
		s.mu.Unlock()
		return box, nil
	}
	s.mu.Unlock()
	subject := s.conn.NewInbox()
	answers, err := s.conn.SubscribeSync(subject)
	return mailbox{subject, answers}, err
}

// release takes back a mailbox whose pull the server has ended.
func (s *Store) release(box mailbox) {
	s.mu.Lock()
	keep := len(s.spares) < spare
	if keep {
		s.spares = append(s.spares, box)
	}
	s.mu.Unlock()
	if !keep {
		_ = box.answers.Unsubscribe() // it fails if the connection is gone, and the subscription with it
	}
}

// breakOff ends a pull that the server has not ended. What came, and what is on
// its way, goes back to the queue, without waiting for the server's word: if that
// is lost, the leases lapse.
func (s *Store) breakOff(box mailbox, all []*nats.Msg) {
	if box.answers.Drain() == nil { // the server sends no more; what it sent comes before the end
		for late := time.Now().Add(time.Second); ; {
			m, err := box.answers.NextMsg(time.Until(late))
			if err != nil {
				break
			}
			if m.Reply != "" {
				all = append(all, m)
			}
		}
	}
	_ = box.answers.Unsubscribe()
	for _, m := range all {
		_ = s.conn.Publish(m.Reply, []byte("-NAK"))
	}
}
