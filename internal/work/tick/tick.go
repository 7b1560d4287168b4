// Package tick runs what is due at certain times, once among all hosts that share a ledger.
//
// When a timer is due, every host tries to write its name into the timer's entry of
// the ledger, and the one that succeeds runs it. While it runs, the entry is a
// lease: it is renewed at half its time, and a host that sees it unchanged for a
// lease and a quarter, by its own stopwatch, takes the tick over. So clocks that
// differ between hosts do no harm. A host whose renewals fail for a whole lease
// breaks its own run off before another can begin.
//
// The entry also remembers when the timer is due next. What was missed while no
// host was there is run once when one comes back, however many ticks it was. A
// store that is away delays a tick, and never skips it.
//
// Begin with [New] and [Timer.Run]; what is decided from an entry is in memo.go.
package tick

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// Config says what is due when.
type Config struct {
	Key          string // of the entry, the same on all hosts; ledger.CheckKey has its rules
	Schedule     schedule.Schedule
	Location     *time.Location // that the schedule is read in; nil is UTC
	RunOnStartup bool           // run when a host starts, too
	UseMonitor   bool           // run what was missed while no host was there
	Holder       string         // names this host, for people
	Lease        time.Duration  // 0: a minute
	// Retry says, after so many failures of one tick, how long to wait before it is
	// run again, and whether it is. Without it a tick that fails is over.
	Retry func(failed int) (wait time.Duration, again bool)
	// Now is the clock that ticks are due by; nil is time.Now.
	Now func() time.Time
}

// Tick is what a run is told. Times are in the timer's location.
type Tick struct {
	Scheduled   time.Time // when it was due
	Last        time.Time // when the run before it began; zero if there was none
	LastUpdated time.Time // when the entry was last written at the end of a run
	Next        time.Time // the first tick after this one; zero if there is none
	PastDue     bool      // it runs later than it was due
}

// Timer runs one function when it is due.
type Timer struct {
	cfg    Config
	ledger ledger.Store
	run    func(context.Context, Tick) error
	tell   func(News)

	startup bool      // the run at the start is still to come
	started time.Time // by Now
	settled bool      // the entry was looked at once
	own     time.Time // the next tick as this host last saw it
	attempt string    // id of the claim that this host wrote last, perhaps in vain
	seen    sighting
	absent  bool // the store is away
	pause   time.Duration
}

// sighting is since when the entry is as it is, by this host's stopwatch.
type sighting struct {
	version string
	since   time.Time
}

// New makes a timer. run is called in a goroutine of its own, never twice at a time
// by one host; its context ends when the grace of Run ends, and when the lease is
// lost. tell is called from Run's goroutine and must not block. The error names
// everything that is wrong with the configuration.
func New(cfg Config, store ledger.Store, run func(context.Context, Tick) error, tell func(News)) (*Timer, error) {
	var errs []error
	if err := ledger.CheckKey(cfg.Key); err != nil {
		errs = append(errs, fmt.Errorf("timer: %w", err))
	}
	if cfg.Lease == 0 {
		cfg.Lease = time.Minute
	}
	if cfg.Lease < time.Second {
		errs = append(errs, fmt.Errorf("timer %s: a lease of %v is too short\nhint: a second or more", cfg.Key, cfg.Lease))
	}
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Timer{cfg: cfg, ledger: store, run: run, tell: tell, startup: cfg.RunOnStartup}, errors.Join(errs...)
}

// Run runs what is due until ctx ends. A run that is under way then goes on until
// grace ends; its tick is given back to the other hosts if it is broken off. Run
// returns when nothing is under way any more. It is called once.
func (t *Timer) Run(ctx, grace context.Context) {
	t.started = t.now()
	for ctx.Err() == nil {
		wait, err := t.step(ctx, grace)
		switch {
		case errors.Is(err, errRaced):
			wait = raceLost
		case err != nil && ctx.Err() == nil:
			wait = t.away(err)
		}
		sleep(ctx, wait)
	}
}

// look is how long a timer sleeps at most. The clock may be set meanwhile, and
// sleeping goes by the stopwatch.
const look = 5 * time.Second

// raceLost is how long a host waits that lost a race, before it looks who won.
const raceLost = 20 * time.Millisecond

// step looks at the entry, does what is to be done, and says how long nothing is.
func (t *Timer) step(ctx, grace context.Context) (time.Duration, error) {
	if now := t.now(); t.settled && !t.startup && t.own.After(now) && t.seen == (sighting{}) && !t.strayed(t.own, now) {
		return min(t.own.Sub(now), look), nil // nobody else changes when it is due
	}
	m, version, err := t.read(ctx)
	if err != nil {
		return 0, err
	}
	now := t.now()
	m, changed := t.amend(m, now)
	lapsed := false
	if m.Running != nil && m.Running.ID != t.attempt {
		if version != t.seen.version {
			t.seen = sighting{version, time.Now()}
		}
		left := t.cfg.Lease*5/4 - time.Since(t.seen.since)
		if left > 0 {
			return min(left, t.cfg.Lease/4), nil
		}
		lapsed = true
	}
	if m.Running != nil && m.Running.Startup {
		m.Running, changed = nil, true // the host that starts next has its own
	}
	tick, startup, due := m.due(now, t.startup, t.started)
	switch {
	case due:
		return 0, t.take(ctx, grace, m, version, tick, startup, lapsed, now)
	case changed:
		if _, err = t.ledger.Put(ctx, t.cfg.Key, m.text(), version); err != nil {
			return 0, raced(err)
		}
	}
	t.back()
	t.startup, t.settled, t.own, t.seen = false, true, m.Next, sighting{}
	if m.Next.IsZero() {
		return look, nil
	}
	return min(m.Next.Sub(now), look), nil
}

func (t *Timer) now() time.Time { return t.cfg.Now().Round(0).In(t.cfg.Location) }

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, wait time.Duration) {
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
