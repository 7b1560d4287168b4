package tick_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/schedule"
	"github.com/stanch-dev/stanch/internal/work/tick"
)

// shelf is a ledger in memory that can be away.
type shelf struct {
	mu      sync.Mutex
	entries map[string]ledger.Entry
	version int
	away    error
	deaf    bool // writes are done, and nobody is told
	puts    int
}

func (s *shelf) Get(_ context.Context, key string) (ledger.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return ledger.Entry{}, s.away
	}
	e, ok := s.entries[key]
	if !ok {
		return e, work.ErrAbsent
	}
	return e, nil
}

func (s *shelf) Put(_ context.Context, key string, value []byte, version string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil && !s.deaf {
		return "", s.away
	}
	if e, ok := s.entries[key]; ok != (version != "") || ok && e.Version != version {
		return "", work.ErrChanged
	}
	s.version++
	s.puts++
	e := ledger.Entry{Key: key, Value: value, Version: fmt.Sprint(s.version), At: time.Now()}
	if s.entries == nil {
		s.entries = map[string]ledger.Entry{}
	}
	s.entries[key] = e
	if s.deaf {
		s.deaf = false
		return "", &work.Unavailable{Err: errors.New("the answer was lost")}
	}
	return e.Version, nil
}

func (s *shelf) Delete(context.Context, string, string) error { return nil }

func (s *shelf) Each(context.Context, string) iter.Seq2[ledger.Entry, error] {
	return func(func(ledger.Entry, error) bool) {}
}

func (s *shelf) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

var gone = &work.Unavailable{Err: errors.New("no route")}

// diary is what was run, and what was told.
type diary struct {
	mu     sync.Mutex
	runs   []tick.Tick
	by     []string
	begun  []string // by the bubble's clock
	inside int
	most   int
	news   []string
}

func (d *diary) begin(by string, at tick.Tick) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.runs, d.by = append(d.runs, at), append(d.by, by)
	d.begun = append(d.begun, time.Now().UTC().Format("15:04:05"))
	d.inside++
	d.most = max(d.most, d.inside)
}

func (d *diary) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
}

func (d *diary) tell(n tick.News) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.news = append(d.news, n.String())
}

// times are when the runs were due, as 15:04:05, with a ! for past due.
func (d *diary) times() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, r := range d.runs {
		s := r.Scheduled.Format("15:04:05")
		if r.PastDue {
			s += "!"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func (d *diary) told(part string) (count int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.news {
		if strings.Contains(n, part) {
			count++
		}
	}
	return count
}

// host is one that runs a timer in a bubble. Stop and kill end it.
type host struct {
	stop context.CancelFunc // nothing new
	kill context.CancelFunc // and break off what runs
	done chan struct{}
}

func (h *host) end() {
	h.stop()
	h.kill()
	<-h.done
}

func (d *diary) host(t *testing.T, name string, cfg tick.Config, store ledger.Store, run func(ctx context.Context, at tick.Tick) error) *host {
	t.Helper()
	cfg.Key, cfg.Holder = "timers/app/t", name
	timer, err := tick.New(cfg, store, func(ctx context.Context, at tick.Tick) error {
		d.begin(name, at)
		defer d.end()
		if run == nil {
			return nil
		}
		return run(ctx, at)
	}, d.tell)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	grace, kill := context.WithCancel(context.Background())
	h := &host{stop: stop, kill: kill, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		timer.Run(ctx, grace)
	}()
	return h
}

func every(t *testing.T, text string) tick.Config {
	t.Helper()
	s, err := schedule.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return tick.Config{Schedule: s, UseMonitor: true}
}

// takes is a run that lasts so long.
func takes(d time.Duration) func(context.Context, tick.Tick) error {
	return func(ctx context.Context, _ tick.Tick) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// The bubble's clock begins at midnight UTC of 2000-01-01.

func TestOneOfThreeHostsRunsEachTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		var hosts []*host
		for _, name := range []string{"a", "b", "c"} {
			hosts = append(hosts, d.host(t, name, every(t, "0 */5 * * * *"), s, takes(90*time.Second)))
		}
		time.Sleep(17 * time.Minute)
		for _, h := range hosts {
			h.end()
		}
		if got, want := d.times(), "00:05:00 00:10:00 00:15:00"; got != want {
			t.Errorf("runs %s, want %s", got, want)
		}
		if last := d.runs[1]; last.Last.Format("15:04:05") != "00:05:00" || last.LastUpdated.Format("15:04:05") != "00:06:30" || last.Next.Format("15:04:05") != "00:15:00" {
			t.Errorf("the second run was told %+v", last)
		}
		if !d.runs[0].Last.IsZero() {
			t.Errorf("the first run was told of one before it: %v", d.runs[0].Last)
		}
	})
}

func TestWhatWasMissedIsRunOnce(t *testing.T) {
	for _, row := range []struct {
		name    string
		monitor bool
		startup bool
		want    string
	}{
		{"with a memory, as past due", true, false, "00:05:00 00:10:00! 00:35:00"},
		{"without a memory, not at all", false, false, "00:05:00 00:35:00"},
		{"what is past due is the run at the start", true, true, "00:00:00 00:05:00 00:10:00! 00:35:00"},
		{"without a memory, at each start", false, true, "00:00:00 00:05:00 00:32:00 00:35:00"},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, s := &diary{}, &shelf{}
			cfg := every(t, "0 */5 * * * *")
			cfg.UseMonitor, cfg.RunOnStartup = row.monitor, row.startup
			first := d.host(t, "a", cfg, s, nil)
			time.Sleep(7 * time.Minute)
			first.end()
			time.Sleep(25 * time.Minute)
			second := d.host(t, "b", cfg, s, nil)
			time.Sleep(4 * time.Minute)
			second.end()
			if got := d.times(); got != row.want {
				t.Errorf("%s: runs %s, want %s", row.name, got, row.want)
			}
		})
	}
}

func TestHostsThatStartTogetherRunOnceAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		cfg := every(t, "0 0 12 * * *")
		cfg.RunOnStartup = true
		a, b := d.host(t, "a", cfg, s, takes(time.Second)), d.host(t, "b", cfg, s, takes(time.Second))
		time.Sleep(5 * time.Minute)
		a.end()
		b.end()
		if got := d.times(); got != "00:00:00" {
			t.Errorf("runs %q, want one", got)
		}
	})
}

func TestALongRunDelaysTheNextAndMakesOneOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		once := false
		h := d.host(t, "a", every(t, "0 * * * * *"), s, func(ctx context.Context, at tick.Tick) error {
			if !once {
				once = true
				return takes(3*time.Minute+30*time.Second)(ctx, at)
			}
			return nil
		})
		time.Sleep(6*time.Minute + time.Second)
		h.end()
		if got, want := d.times(), "00:01:00 00:02:00! 00:05:00 00:06:00"; got != want {
			t.Errorf("runs %s, want %s", got, want)
		}
	})
}

// frozen is a store that a dead host can't reach any more, while others can.
type frozen struct {
	*shelf
	mu   sync.Mutex
	dead bool
}

func (f *frozen) Put(ctx context.Context, key string, value []byte, version string) (string, error) {
	f.mu.Lock()
	dead := f.dead
	f.mu.Unlock()
	if dead {
		return "", gone
	}
	return f.shelf.Put(ctx, key, value, version)
}

func TestATickOfAHostThatDiesIsTakenOverAndNeverRunTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		f := &frozen{shelf: s}
		a := d.host(t, "a", every(t, "0 0 * * * *"), f, takes(10*time.Minute))
		b := d.host(t, "b", every(t, "0 0 * * * *"), s, takes(10*time.Minute))
		time.Sleep(time.Hour - time.Nanosecond)
		b.end() // so that it is a that gets the tick
		time.Sleep(30*time.Second + time.Nanosecond)
		b = d.host(t, "b", every(t, "0 0 * * * *"), s, takes(10*time.Minute))
		time.Sleep(4 * time.Minute)
		if got := d.times(); got != "01:00:00" {
			t.Fatalf("runs %s while a renews, want one", got)
		}
		f.mu.Lock()
		f.dead = true
		f.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if got, want := d.times(), "01:00:00 01:00:00!"; got != want {
			t.Errorf("runs %s, want %s", got, want)
		}
		if d.most != 1 || d.told("taken over") != 1 || d.told("broken off") != 1 {
			t.Errorf("%d at once, told %q; want 1 and of both", d.most, d.news)
		}
		time.Sleep(10 * time.Minute)
		a.end()
		b.end()
		if got := d.times(); got != "01:00:00 01:00:00!" {
			t.Errorf("runs %s after all, want two", got)
		}
	})
}

func TestARunAtTheStartOfAHostThatDiesIsNotTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		f := &frozen{shelf: s}
		cfg := every(t, "0 */5 * * * *")
		cfg.RunOnStartup = true
		a := d.host(t, "a", cfg, f, takes(10*time.Minute))
		time.Sleep(time.Second)
		f.mu.Lock()
		f.dead = true
		f.mu.Unlock()
		a.end()
		cfg.RunOnStartup = false
		b := d.host(t, "b", cfg, s, nil)
		time.Sleep(6 * time.Minute)
		b.end()
		if got, want := d.times(), "00:00:00 00:05:00"; got != want || d.told("taken over") != 0 {
			t.Errorf("runs %s, told %q; want %s", got, d.news, want)
		}
	})
}

func TestARunThatIsBrokenOffIsGivenBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		a := d.host(t, "a", every(t, "0 0 * * * *"), s, takes(10*time.Minute))
		time.Sleep(time.Hour + time.Minute)
		a.stop()
		time.Sleep(20 * time.Second)
		select {
		case <-a.done:
			t.Fatal("it did not wait for the grace")
		default:
		}
		a.end()
		b := d.host(t, "b", every(t, "0 0 * * * *"), s, nil)
		time.Sleep(time.Second)
		b.end()
		if got, want := d.times(), "01:00:00 01:00:00!"; got != want {
			t.Errorf("runs %s, want %s", got, want)
		}
	})
}

func TestAFailureIsOverUnlessAPolicySaysOtherwise(t *testing.T) {
	for name, row := range map[string]struct {
		retry func(int) (time.Duration, bool)
		want  int
	}{
		"without a policy":  {nil, 1},
		"with three tries":  {func(failed int) (time.Duration, bool) { return time.Minute, failed < 3 }, 3},
		"with one that won": {func(int) (time.Duration, bool) { return 45 * time.Second, true }, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, s := &diary{}, &shelf{}
			cfg := every(t, "0 0 * * * *")
			cfg.Retry = row.retry
			tries := 0
			h := d.host(t, "a", cfg, s, func(context.Context, tick.Tick) error {
				if tries++; tries == 4 {
					return nil
				}
				return errors.New("no disk")
			})
			time.Sleep(time.Hour + 30*time.Minute)
			h.end()
			failures := 1
			if row.want == 4 {
				failures = 0
			}
			if tries != row.want || d.told("no disk") != failures {
				t.Errorf("%s: %d tries, told %q; want %d and %d", name, tries, d.news, row.want, failures)
			}
		})
	}
}

func TestAStoreThatIsAwayDelaysATickAndSaysSoOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		a, b := d.host(t, "a", every(t, "0 */5 * * * *"), s, nil), d.host(t, "b", every(t, "0 */5 * * * *"), s, nil)
		time.Sleep(4 * time.Minute)
		s.set(func() { s.away = gone })
		time.Sleep(4 * time.Minute)
		if got := d.times(); got != "" {
			t.Errorf("runs %s without a store", got)
		}
		s.set(func() { s.away = nil })
		time.Sleep(time.Minute)
		if got := d.times(); got != "00:05:00!" {
			t.Errorf("runs %s a minute after it came back", got)
		}
		time.Sleep(time.Minute - 2*time.Second)
		s.set(func() { s.away = gone })
		time.Sleep(4 * time.Second)
		s.set(func() { s.away = nil })
		time.Sleep(2 * time.Minute)
		a.end()
		b.end()
		if got := d.times(); got != "00:05:00! 00:10:00" && got != "00:05:00! 00:10:00!" || d.begun[1] > "00:10:04" {
			t.Errorf("runs %s, the second at %s; want that of 00:10:00, and soon: the pauses begin anew", got, d.begun[1])
		}
		if d.told("delayed: ") != 4 || d.told("not delayed") != 4 {
			t.Errorf("told %q, want both hosts to say twice that it is away, and that it is back", d.news)
		}
	})
}

func TestAStoreThatIsAwayAtTheEndOfARunDoesNotRunItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		h := d.host(t, "a", every(t, "0 */5 * * * *"), s, takes(10*time.Second))
		time.Sleep(5*time.Minute + 5*time.Second)
		s.set(func() { s.away = gone })
		time.Sleep(20 * time.Second)
		s.set(func() { s.away = nil })
		time.Sleep(5 * time.Minute)
		h.end()
		if got, want := d.times(), "00:05:00 00:10:00"; got != want {
			t.Errorf("runs %s, want %s", got, want)
		}
	})
}

func TestAWriteWhoseAnswerIsLostIsKnownAgain(t *testing.T) {
	for name, at := range map[string]time.Duration{
		"the claim":   5*time.Minute - time.Second,
		"the renewal": 5*time.Minute + 10*time.Second,
		"the end":     5*time.Minute + 80*time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			d, s := &diary{}, &shelf{}
			a := d.host(t, "a", every(t, "0 */5 * * * *"), s, takes(85*time.Second))
			time.Sleep(at)
			s.set(func() { s.deaf = true })
			time.Sleep(11*time.Minute - at)
			a.end()
			if s.deaf {
				t.Errorf("%s: nothing was written", name)
			}
			if got := strings.ReplaceAll(d.times(), "!", ""); got != "00:05:00 00:10:00" || d.most != 1 {
				t.Errorf("%s: runs %s, %d at once, told %q; want each tick once", name, got, d.most, d.news)
			}
			if first := d.begun[0]; first > "00:05:05" {
				t.Errorf("%s: the first run began at %s: it waited for its own lease to lapse", name, first)
			}
		})
	}
}

func TestTheClockMayBeSet(t *testing.T) {
	for _, row := range []struct {
		name string
		by   time.Duration
		want string
	}{
		{"forward over a tick: it is past due", 6 * time.Minute, "00:05:00 00:10:00! 00:15:00"},
		{"back a little: no tick twice", -3 * time.Minute, "00:05:00 00:10:00"},
		{"back a day: it begins anew", -24 * time.Hour, "00:05:00 00:10:00 00:15:00"},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, s := &diary{}, &shelf{}
			var mu sync.Mutex
			var by time.Duration
			cfg := every(t, "0 */5 * * * *")
			cfg.Now = func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return time.Now().Add(by)
			}
			h := d.host(t, "a", cfg, s, nil)
			time.Sleep(6 * time.Minute)
			mu.Lock()
			by = row.by
			mu.Unlock()
			time.Sleep(9*time.Minute + 30*time.Second)
			h.end()
			if got := d.times(); got != row.want && !(row.by > 0 && got == row.want+" 00:20:00") {
				t.Errorf("%s: runs %s, want %s", row.name, got, row.want)
			}
		})
	}
}

func TestAnEntryThatMakesNoSenseBeginsAnew(t *testing.T) {
	for _, text := range []string{"", "{", "[1]", `{"next":"soon"}`, `{"schedule":"x","next":"9999-12-31T23:59:59Z"}`} {
		synctest.Test(t, func(t *testing.T) {
			d, s := &diary{}, &shelf{}
			if _, err := s.Put(t.Context(), "timers/app/t", []byte(text), ""); err != nil {
				t.Fatal(err)
			}
			cfg := every(t, "0 */5 * * * *")
			cfg.Location = time.FixedZone("", 3600)
			h := d.host(t, "a", cfg, s, nil)
			time.Sleep(6 * time.Minute)
			h.end()
			if got := d.times(); got != "01:05:00" {
				t.Errorf("%s: runs %q, want that of 01:05 there", text, got)
			}
		})
	}
}

func TestHostsWithOldAndNewSchedulesBothRunTheirTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		a := d.host(t, "a", every(t, "0 1/10 * * * *"), s, nil)
		b := d.host(t, "b", every(t, "0 6/10 * * * *"), s, nil)
		time.Sleep(20 * time.Minute)
		a.end()
		b.end()
		if got, want := d.times(), "00:01:00 00:06:00 00:11:00 00:16:00"; got != want {
			t.Errorf("runs %s, want %s", got, want)
		}
	})
}

func TestATimerThatIsNeverDueWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := &diary{}, &shelf{}
		h := d.host(t, "a", every(t, "0 0 0 31 2 *"), s, nil)
		time.Sleep(24 * time.Hour)
		h.end()
		if got := d.times(); got != "" {
			t.Errorf("runs %s", got)
		}
	})
}

func TestMistakesAreToldTogether(t *testing.T) {
	_, err := tick.New(tick.Config{Key: "a//b", Lease: time.Millisecond}, &shelf{}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "a//b") || !strings.Contains(err.Error(), "1ms") {
		t.Errorf("New = %v, want both mistakes", err)
	}
}
