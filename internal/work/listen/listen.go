// Package listen takes messages from one queue, hands each to a handler, and settles it by what the handler says.
//
// Its rules are those of Azure's queue listener: a batch is leased, all of it is
// worked on at once, and the next is leased when no more than a threshold are
// left; a lease is renewed at half its time; an idle queue is asked more and more
// seldom. Two differ: leases are short, so that the messages of a host that was
// killed are back soon, and a store that can wait for a message is left to. What
// becomes of a message is work/settle's to decide. Begin with [New] and
// [Listener.Run].
package listen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// Policy says how a queue is listened to.
type Policy struct {
	Batch         int           // messages leased at once, 1 to 32
	Refill        int           // lease again when so many or fewer are in hand (Azure's newBatchThreshold)
	Hold          time.Duration // a lease; it is renewed at half of it
	MaxDeliveries int64         // at this many a failing message is poison; 0: never
	MaxKills      int           // at this many workers that died with it, too; 0: never
	RetryDelay    time.Duration // before a failed message is tried again
	IdleMax       time.Duration // longest pause between two looks at an empty queue
	// Excused are the deliveries of a message that are not held against it. It is
	// asked of one that has come more often than MaxDeliveries, before its handler
	// would be. An error is a reason to look again later; nil excuses nothing.
	Excused func(ctx context.Context, m *queue.Message) (int64, error)
}

// Default are Azure's figures, for so many processors, with a lease of a minute
// instead of ten.
func Default(processors int) Policy {
	return Policy{Batch: 16, Refill: 8 * max(processors, 1), Hold: time.Minute, MaxDeliveries: 5, MaxKills: 2, IdleMax: time.Minute}
}

// Check reports every mistake at once.
func (p Policy) Check() error {
	var errs []error
	if p.Batch < 1 || p.Batch > queue.MaxLease {
		errs = append(errs, fmt.Errorf("batch %d: 1 to %d messages can be leased at once", p.Batch, queue.MaxLease))
	}
	if p.Refill < 0 {
		errs = append(errs, fmt.Errorf("refill %d is negative", p.Refill))
	}
	if p.Hold < time.Second {
		errs = append(errs, fmt.Errorf("hold %v: a lease takes a second at least", p.Hold))
	}
	if p.MaxDeliveries < 0 || p.MaxKills < 0 || p.RetryDelay < 0 || p.IdleMax < idleMin {
		errs = append(errs, fmt.Errorf("deliveries %d, kills %d and delay %v must not be negative, the idle pause %v at least %v", p.MaxDeliveries, p.MaxKills, p.RetryDelay, p.IdleMax, idleMin))
	}
	return errors.Join(errs...)
}

// idleMin is the first pause after an empty answer.
const idleMin = 100 * time.Millisecond

// Verdict is what a handler says of a delivery.
type Verdict struct {
	Ending      settle.Ending
	Reason      string   // one sentence, without secrets
	Kills       int      // workers that died with it so far, this time included
	Excused     int64    // deliveries so far that are not held against the message
	Postmortems []string // theirs
}

// Handler works on one message. ctx ends when the listener is stopped and its
// grace is over; its cause is then context.Canceled. It is called by many
// goroutines at once.
type Handler func(ctx context.Context, m *queue.Message) Verdict

// News is what a listener tells of.
type News struct {
	Kind    NewsKind
	Message *queue.Message  // nil where it concerns none
	Settled settle.Decision // of Settled
	MovedTo string          // the new message's id, of a message that was moved
	Err     error           // why it could not be done
}

// NewsKind is what News are about.
type NewsKind uint8

// The kinds of news.
const (
	Settled   NewsKind = iota // a message was settled
	LeaseLost                 // a lease lapsed while its message was worked on: somebody else may have it
	Unsettled                 // the store did not take what was decided before the lease lapsed
	StoreDown                 // leasing failed
	StoreBack                 // and works again
)

// Listener listens to one queue.
type Listener struct {
	store  queue.Store
	queue  string
	policy Policy
	handle Handler
	may    func(context.Context) error
	tell   func(News)
	done   doneList

	mu    sync.Mutex
	hand  int
	fewer chan struct{} // has one item when hand has fallen
	woken chan struct{} // has one item when there is something to lease
	down  bool
}

// New makes a listener. may blocks as long as nothing is to be leased (a gate
// that is shut), and returns an error only if ctx ends; tell is called from many
// goroutines.
func New(store queue.Store, name string, p Policy, handle Handler, may func(context.Context) error, tell func(News)) (*Listener, error) {
	if err := errors.Join(queue.CheckName(name), p.Check()); err != nil {
		return nil, fmt.Errorf("listen to queue %s: %w", name, err)
	}
	return &Listener{store: store, queue: name, policy: p, handle: handle, may: may, tell: tell, fewer: make(chan struct{}, 1), woken: make(chan struct{}, 1)}, nil
}

// Wake ends the pause of an idle listener: somebody knows of a message.
func (l *Listener) Wake() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// InHand is how many messages are worked on.
func (l *Listener) InHand() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hand
}

// Run listens until ctx ends, then leases no more, waits for the handlers, whose
// context ends with grace, and returns when every message is settled or lost.
func (l *Listener) Run(ctx, grace context.Context) {
	var busy sync.WaitGroup
	defer busy.Wait()
	for pause := time.Duration(0); ; {
		if !l.ready(ctx, pause) {
			return
		}
		asked := time.Now()
		all, err := l.store.Lease(ctx, l.queue, queue.Ask{Max: l.policy.Batch, Hold: l.policy.Hold, Wait: min(20*time.Second, l.policy.IdleMax)})
		l.health(ctx, err)
		for _, lease := range all {
			l.count(1)
			busy.Go(func() {
				defer l.count(-1)
				l.serve(grace, lease)
			})
		}
		pause = l.pause(pause, len(all), err, time.Since(asked))
	}
}

// ready waits for the pause, for hands that are free, and for the gate.
func (l *Listener) ready(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.woken:
	case <-ctx.Done():
		return false
	}
	for l.InHand() > l.policy.Refill {
		select {
		case <-l.fewer:
		case <-ctx.Done():
			return false
		}
	}
	return l.may(ctx) == nil && ctx.Err() == nil
}

// pause is how long an answer lets the queue rest: not at all after a message,
// nor after a store that has waited itself.
func (l *Listener) pause(last time.Duration, got int, err error, took time.Duration) time.Duration {
	if got > 0 {
		return 0
	}
	if err == nil && took >= idleMin {
		return 0
	}
	next := min(max(2*last, idleMin), l.policy.IdleMax)
	next = next - rand.N(next/4+1) // hosts that began together part
	if down, ok := errors.AsType[*work.Unavailable](err); ok {
		next = max(next, down.After)
	}
	return next
}

// health tells when the store goes, and when it is back. A queue that isn't there
// yet is an empty one.
func (l *Listener) health(ctx context.Context, err error) {
	bad := err != nil && !errors.Is(err, work.ErrAbsent) && ctx.Err() == nil
	if bad == l.down || ctx.Err() != nil {
		return
	}
	l.down = bad
	if bad {
		l.tell(News{Kind: StoreDown, Err: err})
	} else {
		l.tell(News{Kind: StoreBack})
	}
}

func (l *Listener) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hand += n
	if n < 0 {
		select {
		case l.fewer <- struct{}{}:
		default:
		}
	}
}
