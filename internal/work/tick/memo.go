package tick

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
)

// memo is a timer's entry in the ledger.
type memo struct {
	Schedule string    `json:"schedule"` // and location: another one begins anew
	Last     time.Time `json:"last,omitzero"`
	Updated  time.Time `json:"lastUpdated,omitzero"`
	Next     time.Time `json:"next,omitzero"` // the first tick that nobody has finished
	Running  *claim    `json:"running,omitempty"`
}

// claim says who runs the tick. Until is for people: nobody compares clocks.
type claim struct {
	ID      string    `json:"id"`
	Holder  string    `json:"holder"`
	Tick    time.Time `json:"tick"`
	Startup bool      `json:"startup,omitempty"`
	Until   time.Time `json:"until"`
}

// late is how much later than it is due a tick may run without being past due: what
// a busy machine takes.
const late = 2 * time.Second

// ahead is by how much a clock may be set back, or be behind another host's, without
// a tick being run twice. A clock that was off by more must not stop the timer until
// that time has come.
const ahead = 10 * time.Minute

// read gets the entry; one that can't be read begins anew.
func (t *Timer) read(ctx context.Context) (memo, string, error) {
	e, err := t.ledger.Get(ctx, t.cfg.Key)
	if errors.Is(err, work.ErrAbsent) {
		return memo{}, "", nil
	}
	if err != nil {
		return memo{}, "", fmt.Errorf("read timer %s: %w", t.cfg.Key, err)
	}
	var m memo
	if err := json.Unmarshal(e.Value, &m); err != nil {
		t.tell(News{What: Forgotten, Err: fmt.Errorf("read timer %s: %w", t.cfg.Key, err)})
		return memo{}, e.Version, nil
	}
	m.Last, m.Updated, m.Next = m.Last.In(t.cfg.Location), m.Updated.In(t.cfg.Location), m.Next.In(t.cfg.Location)
	return m, e.Version, nil
}

func (m memo) text() []byte {
	m.Last, m.Updated, m.Next = m.Last.UTC(), m.Updated.UTC(), m.Next.UTC()
	text, err := json.Marshal(m)
	if err != nil {
		// A time past the year 9999 has no text; no schedule reaches it.
		panic(err)
	}
	return text
}

// amend brings an entry up to date with the schedule and the clock.
func (t *Timer) amend(m memo, now time.Time) (amended memo, changed bool) {
	name := t.cfg.Schedule.Text() + " " + t.cfg.Location.String()
	switch {
	case m.Schedule != name:
		// While hosts are updated one by one, old and new write here in turn: each has
		// its own next tick at heart, and must not lose it to the other.
		m.Schedule, m.Next = name, t.own
		if t.own.IsZero() {
			m.Next = t.cfg.Schedule.Next(now)
		}
	case m.Running == nil && t.strayed(m.Next, now):
		t.tell(News{What: Forgotten, Err: fmt.Errorf("timer %s: by this host's clock it is due before %s, which was written down: a clock was set back", t.cfg.Key, m.Next.Format(time.RFC3339))})
		m.Next = t.cfg.Schedule.Next(now)
	case !t.settled && !t.cfg.UseMonitor && m.Running == nil && !m.Next.IsZero() && m.Next.Before(now.Add(-late)):
		m.Next = t.cfg.Schedule.Next(now)
	default:
		return m, false
	}
	return m, true
}

// strayed says whether ticks would be passed over until next, since a clock went
// wrong.
func (t *Timer) strayed(next, now time.Time) bool {
	sooner := t.cfg.Schedule.Next(now.Add(ahead))
	return !sooner.IsZero() && next.After(sooner)
}

// due says what is to be run now, if anything is. An entry whose Running is set is
// one whose lease has lapsed: its tick is run again.
func (m memo) due(now time.Time, startup bool, started time.Time) (tick time.Time, atStart, due bool) {
	if m.Running != nil {
		return m.Running.Tick.In(now.Location()), false, true
	}
	if !m.Next.IsZero() && !m.Next.After(now) {
		return m.Next, false, true
	}
	// Hosts that start together run it once.
	if startup && m.Last.Before(started) {
		return now, true, true
	}
	return time.Time{}, false, false
}

// after is the next tick when one that was due at tick begins at begun: on time, the
// one after it, so that intervals do not drift; late, the first that is not missed.
func (t *Timer) after(tick, begun time.Time) time.Time {
	next := t.cfg.Schedule.Next(tick)
	if next.IsZero() || next.After(begun) {
		return next
	}
	return t.cfg.Schedule.Next(begun)
}

// errRaced says that another host was faster: the entry is to be looked at again.
var errRaced = errors.New("another host was faster")

func raced(err error) error {
	if errors.Is(err, work.ErrChanged) || errors.Is(err, work.ErrExists) || errors.Is(err, work.ErrAbsent) {
		return errRaced
	}
	return err
}
