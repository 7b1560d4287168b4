package tick

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// errLost ends a run whose lease could not be renewed.
var errLost = errors.New("the timer's lease is lost: another host may run it")

// errStopping ends the wait for another try, since the host stops.
var errStopping = errors.New("the host stops")

// hold is a tick that this host runs.
type hold struct {
	m       memo
	version string
	since   time.Time // of the last renewal that is certain
	tick    Tick
	begun   time.Time // by Now
	startup bool
}

// take claims a tick and runs it. An error is the store's, and nothing was run then.
func (t *Timer) take(ctx, grace context.Context, m memo, version string, tick time.Time, startup, lapsed bool, now time.Time) error {
	h := &hold{m: m, begun: now, startup: startup, since: time.Now()}
	h.tick = Tick{
		Scheduled: tick, Last: m.Last, LastUpdated: m.Updated, Next: t.after(tick, now),
		PastDue: !startup && (lapsed || now.Sub(tick) > late),
	}
	if startup {
		h.tick.Next = m.Next
	}
	// A claim is written anew though it may be this host's own, of a write that nobody
	// knows the end of: only what is written now is certain to last a lease.
	t.attempt = rand.Text()
	h.m.Running = &claim{ID: t.attempt, Holder: t.cfg.Holder, Tick: tick.UTC(), Startup: startup, Until: now.Add(t.cfg.Lease).UTC()}
	version, err := t.ledger.Put(ctx, t.cfg.Key, h.m.text(), version)
	if err != nil {
		return raced(err)
	}
	h.version = version
	t.back()
	t.startup, t.settled, t.seen = false, true, sighting{}
	if lapsed {
		t.tell(News{What: TakenOver, Tick: tick})
	}
	return t.perform(ctx, grace, h)
}

// perform runs a tick that is claimed, renews the claim meanwhile, and writes down
// how it ended.
func (t *Timer) perform(ctx, grace context.Context, h *hold) error {
	running, stop := context.WithCancelCause(grace)
	defer stop(nil)
	done := make(chan error, 1)
	go func() { done <- t.try(ctx, running, h.tick) }()
	renew := time.NewTimer(t.cfg.Lease / 2)
	defer renew.Stop()
	lapse := time.NewTimer(t.cfg.Lease)
	defer lapse.Stop()
	for {
		select {
		case err := <-done:
			return t.finish(ctx, h, err, running)
		case <-lapse.C:
			stop(errLost)
		case <-renew.C:
			begun := time.Now()
			switch held, err := t.renew(ctx, h); {
			case err != nil:
				_ = t.away(err)
				renew.Reset(t.cfg.Lease / 16)
			case !held:
				stop(errLost)
			default:
				t.back()
				h.since = begun
				lapse.Reset(t.cfg.Lease - time.Since(begun))
				renew.Reset(t.cfg.Lease / 2)
			}
		}
	}
}

// try runs a tick as often as the retry policy has it.
func (t *Timer) try(ctx, running context.Context, tick Tick) error {
	for failed := 1; ; failed++ {
		err := t.run(running, tick)
		if err == nil || t.cfg.Retry == nil || running.Err() != nil {
			return err
		}
		wait, again := t.cfg.Retry(failed)
		if !again {
			return err
		}
		both, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(running, cancel)
		sleep(both, wait)
		stop()
		cancel()
		if ctx.Err() != nil || running.Err() != nil {
			return errStopping
		}
	}
}

// renew writes the claim again. held is false if it is another host's by now.
func (t *Timer) renew(ctx context.Context, h *hold) (held bool, err error) {
	h.m.Running.Until = t.now().Add(t.cfg.Lease).UTC()
	// The host's end does not end its claims: a run may go on until the grace ends.
	patience := min(t.cfg.Lease/4, max(t.cfg.Lease-time.Since(h.since), time.Millisecond))
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return t.write(bounded, h)
}

// write puts the entry of a hold. If it is not as it was, it is asked whether that
// was this host's own write, of which the answer was lost.
func (t *Timer) write(ctx context.Context, h *hold) (held bool, err error) {
	version, err := t.ledger.Put(ctx, t.cfg.Key, h.m.text(), h.version)
	if err == nil {
		h.version = version
		return true, nil
	}
	if err := raced(err); !errors.Is(err, errRaced) {
		return false, err
	}
	m, version, err := t.read(ctx)
	if err != nil || m.Running == nil || m.Running.ID != t.attempt {
		return false, err
	}
	if version, err = t.ledger.Put(ctx, t.cfg.Key, h.m.text(), version); err != nil {
		if errors.Is(raced(err), errRaced) {
			return false, nil
		}
		return false, err
	}
	h.version = version
	return true, nil
}

// finish writes down that a tick was run, or gives it back if it was broken off. It
// tries until the store takes it or the host stops.
func (t *Timer) finish(ctx context.Context, h *hold, err error, running context.Context) error {
	broken := err != nil && (running.Err() != nil || errors.Is(err, errStopping))
	switch {
	case broken:
		if running.Err() != nil {
			err = context.Cause(running)
		}
		t.tell(News{What: Broken, Tick: h.tick.Scheduled, Err: err})
	case err != nil:
		t.tell(News{What: Failed, Tick: h.tick.Scheduled, Err: err})
	}
	h.m.Running = nil
	if !broken {
		now := t.now()
		h.m.Last, h.m.Updated, h.m.Next = h.begun, now, h.tick.Next
		if !h.startup && h.m.Last.Before(h.tick.Scheduled) {
			h.m.Last = h.tick.Scheduled
		}
	}
	t.own = h.m.Next
	for {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		_, err := t.write(bounded, h)
		cancel()
		if err == nil {
			return nil
		}
		err = fmt.Errorf("write the end of the run of %s: %w", h.tick.Scheduled.Format(time.RFC3339), err)
		wait := t.away(err)
		if ctx.Err() != nil {
			return nil // told; another host will run it once more
		}
		sleep(ctx, wait)
	}
}
