package band_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
)

// situation is a calm worker in a 1000 MiB container that may be replaced
// side by side within 200 ms; each test changes what it is about.
func situation(change func(*band.Situation)) band.Situation {
	s := band.Situation{
		Sample:  band.Sample{At: epoch, Used: 100 * mib, Limit: 1000 * mib, Next: 100 * time.Millisecond},
		Levels:  band.Default().For(1000 * mib),
		Swap:    200 * time.Millisecond,
		Serving: true,
		Present: true,
		Fits:    true,
	}
	change(&s)
	s.Band, s.Steady = s.Levels.Band(s.Projected()), s.Slope
	return s
}

func TestTheLadderAnswersEachSituation(t *testing.T) {
	mbps := float64(mib)
	for _, row := range []struct {
		name    string
		cfg     func(*band.LadderConfig)
		change  func(*band.Situation)
		gate    band.GateOrder
		replace band.ReplaceOrder
		cleanup bool
		freeze  bool
	}{
		{name: "healthy: nothing", change: func(s *band.Situation) {}},
		{
			name:   "only watched, at the brink: nothing",
			cfg:    func(c *band.LadderConfig) { c.Mode, c.Hooks = band.Watch, true },
			change: func(s *band.Situation) { s.Used, s.Slope = 985*mib, 2000*mbps },
		},
		{
			name:    "degraded and flat: a cache, not a leak; nothing but cleanup",
			cfg:     func(c *band.LadderConfig) { c.Hooks = true },
			change:  func(s *band.Situation) { s.Used = 800 * mib },
			cleanup: true,
		},
		{
			name:   "degraded without a hook: no cleanup to order",
			change: func(s *band.Situation) { s.Used = 800 * mib },
		},
		{
			name:    "critical, growing slowly, room for both: replaced while it goes on serving",
			change:  func(s *band.Situation) { s.Used, s.Trend = 905*mib, mbps },
			replace: band.Overlap,
		},
		{
			name:    "critical and no room for both: held, drained, swapped",
			change:  func(s *band.Situation) { s.Used, s.Trend, s.Slope, s.Fits = 905*mib, 150*mbps, 150*mbps, false },
			gate:    band.Hold,
			replace: band.Swap,
		},
		{
			name:    "critical and gone before a successor is ready: refusal comes first",
			change:  func(s *band.Situation) { s.Used, s.Slope, s.Next = 880*mib, 800*mbps, 40*time.Millisecond },
			gate:    band.Shut,
			replace: band.Overlap,
		},
		{
			name:   "critical with a replacement under way: no second one",
			change: func(s *band.Situation) { s.Used, s.Trend, s.Busy = 905*mib, mbps, true },
		},
		{
			name:   "critical where the orchestrator restarts: refused",
			cfg:    func(c *band.LadderConfig) { c.Mode = band.Signal },
			change: func(s *band.Situation) { s.Used = 905 * mib },
			gate:   band.Shut,
		},
		{
			name:    "emergency, flat: held and replaced",
			change:  func(s *band.Situation) { s.Used = 955 * mib },
			gate:    band.Hold,
			replace: band.Overlap,
		},
		{
			name:   "the brink: frozen",
			change: func(s *band.Situation) { s.Used = 985 * mib },
			gate:   band.Hold, freeze: true,
		},
		{
			name:   "a gibibyte a second, 60 MiB before the limit: the next look is too late",
			change: func(s *band.Situation) { s.Used, s.Slope, s.Next = 940*mib, 1024*mbps, 25*time.Millisecond },
			gate:   band.Hold, freeze: true,
		},
		{
			name:   "a gibibyte a second, half way: not frozen yet",
			change: func(s *band.Situation) { s.Used, s.Slope, s.Next = 500*mib, 1024*mbps, 25*time.Millisecond },
		},
		{
			name:   "the brink where the orchestrator restarts: frozen all the same",
			cfg:    func(c *band.LadderConfig) { c.Mode = band.Signal },
			change: func(s *band.Situation) { s.Used = 985 * mib },
			gate:   band.Hold, freeze: true,
		},
		{
			name:   "no worker yet: nothing to act on, and what comes in waits for the one to come",
			change: func(s *band.Situation) { s.Used, s.Serving = 955*mib, false },
			gate:   band.Hold,
		},
		{
			name:    "healthy by the bands, over the operator's threshold: replaced",
			change:  func(s *band.Situation) { s.Unhealthy = true },
			replace: band.Overlap,
		},
		{
			name: "no limit: nothing is too full",
			change: func(s *band.Situation) {
				s.Used, s.Limit, s.Slope = 1<<50, memory.Unlimited, 1e12
				s.Levels = band.Default().For(memory.Unlimited)
			},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := band.DefaultLadder()
			if row.cfg != nil {
				row.cfg(&cfg)
			}
			s := situation(row.change)
			got := band.NewLadder(cfg).Step(s)
			if got.Gate != row.gate || got.Replace != row.replace || got.Cleanup != row.cleanup || got.Freeze != row.freeze {
				t.Errorf("Step in %v = gate %v, replace %d, cleanup %v, freeze %v (%s)\nwant gate %v, replace %d, cleanup %v, freeze %v",
					s.Band, got.Gate, got.Replace, got.Cleanup, got.Freeze, got.Why, row.gate, row.replace, row.cleanup, row.freeze)
			}
			if (got.Freeze || got.Replace != band.Keep || got.Gate != band.Open) && got.Why == "" {
				t.Error("an order has no reason")
			}
		})
	}
}

func TestALeakIsReplacedEarlyWhileThereIsRoom(t *testing.T) {
	l := band.NewLadder(band.DefaultLadder())
	var replaced time.Duration
	for i := range 100 {
		at := time.Duration(i) * 100 * time.Millisecond
		s := situation(func(s *band.Situation) {
			s.At = epoch.Add(at)
			s.Used = 755*mib + int64(at.Seconds()*float64(mib))
			s.Trend = float64(mib)
		})
		o := l.Step(s)
		if o.Gate != band.Open {
			t.Fatalf("at %v the gate is %v; a leak of 1 MiB/s must not cost a request", at, o.Gate)
		}
		if o.Replace == band.Overlap {
			replaced = at
			break
		}
	}
	if replaced < time.Second || replaced > 3*time.Second {
		t.Errorf("replaced at %v, want about 2s after it became degraded", replaced)
	}
	for _, row := range []struct {
		why    string
		change func(*band.Situation)
	}{
		{"an hour away from critical is not early, it is rash", func(s *band.Situation) { s.Trend = float64(mib) / 60 }},
		{"where both don't fit, it waits for the critical band", func(s *band.Situation) { s.Fits, s.Trend = false, float64(mib) }},
		{"a shrinking worker is left alone", func(s *band.Situation) { s.Trend = -float64(mib) }},
	} {
		l := band.NewLadder(band.DefaultLadder())
		for i := range 100 {
			o := l.Step(situation(func(s *band.Situation) {
				s.At, s.Used = epoch.Add(time.Duration(i)*100*time.Millisecond), 760*mib
				row.change(s)
			}))
			if o.Replace != band.Keep {
				t.Fatalf("look %d orders a replacement (%s): %s", i, o.Why, row.why)
			}
		}
	}
}

func TestAUselessCleanupBacksOff(t *testing.T) {
	cfg := band.DefaultLadder()
	cfg.Hooks = true
	l := band.NewLadder(cfg)
	cleanups := func(from, to time.Duration, freed int64) (n int) {
		for at := from; at < to; at += time.Second {
			o := l.Step(situation(func(s *band.Situation) { s.At, s.Used = epoch.Add(at), 800*mib }))
			if o.Cleanup {
				n++
				l.Cleaned(freed, 800*mib)
			}
		}
		return n
	}
	if got := cleanups(0, 5*time.Minute, 0); got < 4 || got > 7 {
		t.Errorf("%d useless cleanups in 5 minutes, want 4 to 7: the pause doubles from 5s", got)
	}
	if got := cleanups(5*time.Minute, 30*time.Minute, 0); got < 4 || got > 6 {
		t.Errorf("%d useless cleanups in the next 25, want about 5: the pause is bounded", got)
	}
	if got := cleanups(35*time.Minute, 36*time.Minute, 400*mib); got < 10 {
		t.Errorf("%d useful cleanups in a minute, want at least 10: what helps is kept up", got)
	}
}

func TestACleanupGetsTheTimeToWorkBeforeAReplacement(t *testing.T) {
	cfg := band.DefaultLadder()
	cfg.Hooks = true
	l := band.NewLadder(cfg)
	at := func(d time.Duration) band.Orders {
		return l.Step(situation(func(s *band.Situation) { s.At, s.Used = epoch.Add(d), 905*mib }))
	}
	if o := at(0); !o.Cleanup || o.Replace != band.Keep {
		t.Errorf("on entering critical: cleanup %v, replace %d; want a cleanup first", o.Cleanup, o.Replace)
	}
	l.Cleaned(0, 905*mib)
	if o := at(500 * time.Millisecond); o.Replace != band.Overlap {
		t.Errorf("after a useless cleanup: replace %d, want an overlap", o.Replace)
	}
}

func TestTheCarouselStops(t *testing.T) {
	useless := band.Outcome{Lived: time.Hour, Swap: time.Second, Before: 900 * mib, After: 880 * mib}
	hasty := band.Outcome{Lived: 2 * time.Second, Swap: time.Second, Before: 900 * mib, After: 100 * mib}
	good := band.Outcome{Lived: time.Minute, Swap: time.Second, Before: 900 * mib, After: 100 * mib}
	critical := func(l *band.Ladder, at time.Time) band.Orders {
		return l.Step(situation(func(s *band.Situation) { s.At, s.Used = at, 905*mib }))
	}

	l := band.NewLadder(band.DefaultLadder())
	for i, out := range []band.Outcome{useless, useless, good, hasty, useless} {
		if alert := l.Replaced(epoch, out); alert != "" {
			t.Fatalf("outcome %d stops the carousel (%s): one that helps starts the count anew", i, alert)
		}
	}
	alert := l.Replaced(epoch, useless)
	if !strings.Contains(alert, "3 replacements in a row did not help") {
		t.Errorf("the third in a row says %q", alert)
	}
	if o := critical(l, epoch.Add(time.Minute)); o.Replace != band.Keep || o.Gate != band.Shut {
		t.Errorf("while it rests: replace %d, gate %v; want none, and shut", o.Replace, o.Gate)
	}
	if o := critical(l, epoch.Add(11*time.Minute)); o.Replace != band.Overlap {
		t.Errorf("after the rest: replace %d, want an overlap", o.Replace)
	}
}
