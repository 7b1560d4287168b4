package listen

import (
	"context"
	"errors"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// serve has one message worked on, keeps its lease meanwhile, and settles it.
func (l *Listener) serve(grace context.Context, lease queue.Lease) {
	m := lease.Message()
	c := settle.Case{
		Queue: l.queue, Deliveries: m.Deliveries, MaxDeliveries: l.policy.MaxDeliveries,
		MaxKills: l.policy.MaxKills, RetryDelay: l.policy.RetryDelay,
	}
	if d, hopeless := settle.Hopeless(c); hopeless {
		l.settle(lease, d)
		return
	}
	if m.Fault != "" {
		c.Ending, c.Reason = settle.Unreadable, m.Fault
		l.settle(lease, settle.Judge(c))
		return
	}
	// The handler has a copy: renewals change the lease's message.
	seen := *m
	verdict := make(chan Verdict, 1)
	go func() { verdict <- l.handle(grace, &seen) }()
	v, held := l.await(lease, verdict)
	if !held {
		return
	}
	c.Ending, c.Reason, c.Kills, c.Postmortems = v.Ending, v.Reason, v.Kills, v.Postmortems
	l.settle(lease, settle.Judge(c))
}

// await waits for the verdict and renews the lease at half its time; where a
// renewal fails, again at half of what is left. held is false if the lease was
// lost: then the message may be somebody else's, and the verdict has nothing to
// decide.
func (l *Listener) await(lease queue.Lease, verdict <-chan Verdict) (v Verdict, held bool) {
	held = true
	timer := time.NewTimer(l.policy.Hold / 2)
	defer timer.Stop()
	for {
		select {
		case v = <-verdict:
			return v, held
		case <-timer.C:
		}
		if !held {
			continue
		}
		err := l.renew(lease)
		if err == nil {
			timer.Reset(l.policy.Hold / 2)
			continue
		}
		left := time.Until(lease.Message().Visible)
		if errors.Is(err, work.ErrLost) || left <= 0 {
			held = false
			l.tell(News{Kind: LeaseLost, Message: lease.Message(), Err: err})
			continue
		}
		timer.Reset(max(left/2, min(left, time.Second/10)))
	}
}

func (l *Listener) renew(lease queue.Lease) error {
	ctx, cancel := context.WithDeadline(context.Background(), lease.Message().Visible)
	defer cancel()
	return lease.Renew(ctx, l.policy.Hold)
}

// settle does what was decided, and tries again until the lease lapses: then the
// message comes back of itself.
func (l *Listener) settle(lease queue.Lease, d settle.Decision) {
	ctx, cancel := context.WithDeadline(context.Background(), lease.Message().Visible)
	defer cancel()
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
			l.tell(news)
			return
		}
		if errors.Is(err, work.ErrLost) {
			l.tell(News{Kind: LeaseLost, Message: lease.Message(), Settled: d, Err: err})
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			l.tell(News{Kind: Unsettled, Message: lease.Message(), Settled: d, Err: err})
			return
		}
	}
}
