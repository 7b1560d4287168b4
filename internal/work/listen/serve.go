package listen

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// serve has one message worked on, keeps its lease meanwhile, and settles it.
func (l *Listener) serve(grace context.Context, lease queue.Lease) {
	m := lease.Message()
	if l.done.has(m) {
		l.settle(grace, lease, settle.Decision{Act: settle.Delete, Why: "an earlier delivery has done it, and the store had not taken its end"})
		return
	}
	c := settle.Case{
		Queue: l.queue, Deliveries: m.Deliveries, MaxDeliveries: l.policy.MaxDeliveries,
		MaxKills: l.policy.MaxKills, RetryDelay: l.policy.RetryDelay,
	}
	if _, often := settle.Hopeless(c); often && l.policy.Excused != nil {
		var err error
		if c.Excused, err = l.policy.Excused(grace, m); err != nil {
			c.Ending, c.Reason = settle.Interrupted, "its earlier deliveries can't be looked up: "+err.Error()
			l.settle(grace, lease, settle.Judge(c))
			return
		}
	}
	if d, hopeless := settle.Hopeless(c); hopeless {
		l.settle(grace, lease, d)
		return
	}
	if m.Fault != "" {
		c.Ending, c.Reason = settle.Unreadable, m.Fault
		l.settle(grace, lease, settle.Judge(c))
		return
	}
	// The handler has a copy: renewals change the lease's message.
	seen := *m
	k := l.keep(lease)
	v := l.handle(grace, &seen)
	if !k.end() {
		if v.Ending == settle.Succeeded {
			l.done.add(&seen)
		}
		return
	}
	c.Ending, c.Reason, c.Kills, c.Postmortems, c.Excused = v.Ending, v.Reason, v.Kills, v.Postmortems, v.Excused
	l.settle(grace, lease, settle.Judge(c))
}

// keeper renews a lease at half its time while its message is worked on; where a
// renewal fails, again at half of what is left. If the lease is lost it says so
// and rests: the message may be somebody else's then, and the verdict has nothing
// to decide.
type keeper struct {
	l     *Listener
	lease queue.Lease

	mu    sync.Mutex // of the lease, too: its methods must not be called at once
	timer *time.Timer
	lost  bool
	ended bool
}

func (l *Listener) keep(lease queue.Lease) *keeper {
	k := &keeper{l: l, lease: lease}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(l.policy.Hold/2, k.renew)
	return k
}

func (k *keeper) renew() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return
	}
	err := k.l.renew(k.lease)
	if err == nil {
		k.timer.Reset(k.l.policy.Hold / 2)
		return
	}
	left := time.Until(k.lease.Message().Visible)
	if errors.Is(err, work.ErrLost) || left <= 0 {
		k.lost = true
		k.l.tell(News{Kind: LeaseLost, Message: k.lease.Message(), Err: err})
		return
	}
	k.timer.Reset(max(left/2, min(left, time.Second/10)))
}

// end waits for a renewal that is under way, and says whether the lease is still
// held.
func (k *keeper) end() bool {
	k.timer.Stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	return !k.lost
}

func (l *Listener) renew(lease queue.Lease) error {
	ctx, cancel := context.WithDeadline(context.Background(), lease.Message().Visible)
	defer cancel()
	return lease.Renew(ctx, l.policy.Hold)
}

// lastTries is how long a listener that has no more time tries to settle a message.
const lastTries = 5 * time.Second

// settle does what was decided, and tries again until the lease lapses: then the
// message comes back of itself. When grace is over it tries for a few seconds
// more: a store that is away must not hold up the end.
func (l *Listener) settle(grace context.Context, lease queue.Lease, d settle.Decision) {
	ctx, cancel := context.WithDeadline(context.Background(), lease.Message().Visible)
	defer cancel()
	unhurried := context.AfterFunc(grace, func() { time.AfterFunc(lastTries, cancel) })
	defer unhurried()
	news := News{Kind: Settled, Message: lease.Message(), Settled: d}
	for pause := idleMin; ; pause = min(2*pause, time.Second) {
		var err error
		switch d.Act {
		case settle.Delete:
			err = lease.Done(ctx)
		case settle.Return:
			err = lease.Return(ctx, d.After)
		case settle.Poison:
			news.MovedTo, err = lease.Move(ctx, d.To)
		}
		if err == nil {
			l.done.forget(lease.Message())
			l.tell(news)
			return
		}
		if errors.Is(err, work.ErrLost) {
			l.unended(lease.Message(), d)
			l.tell(News{Kind: LeaseLost, Message: lease.Message(), Settled: d, Err: err})
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			l.unended(lease.Message(), d)
			l.tell(News{Kind: Unsettled, Message: lease.Message(), Settled: d, Err: err})
			return
		}
	}
}

// unended remembers a message that is done, for when it comes back.
func (l *Listener) unended(m *queue.Message, d settle.Decision) {
	if d.Act == settle.Delete {
		l.done.add(m)
	}
}
