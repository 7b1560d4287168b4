package band_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
)

// busy is an hour with twenty requests in flight, and then so many minutes with
// some.
func busy(minutes, inFlight int) *band.Load {
	var l band.Load
	at, given := epoch, int64(0)
	add := func(seconds, inFlight int) {
		for range seconds {
			given += int64(inFlight)
			l.Add(at, inFlight, given)
			at = at.Add(time.Second)
		}
	}
	add(3600, 20)
	add(60*minutes+1, inFlight)
	return &l
}

func TestALeakIsRelievedWhenItIsWorthItAndCalm(t *testing.T) {
	const perHour = float64(mib) / 3600
	quiet, rush, nobody := busy(5, 2), busy(5, 20), busy(5, 0)
	rush.Add(epoch.Add(2*time.Hour), 21, 1<<40)
	for _, row := range []struct {
		name   string
		cfg    func(*band.LadderConfig)
		change func(*band.Situation)
		leak   band.Leak
		load   *band.Load
		want   band.ReplaceOrder
		says   string
	}{
		{
			name: "a quarter of the limit leaked, few requests: side by side",
			leak: band.Leak{Confirmed: true, Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour},
			want: band.Overlap, says: "it leaks, by 260MiB since its warm-up, and few requests are in flight",
		},
		{
			name: "the same at the height of the load: a calm moment will come",
			leak: band.Leak{Confirmed: true, Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour}, load: rush,
		},
		{
			name:   "the same, no room side by side and few requests: they would have to wait",
			change: func(s *band.Situation) { s.Fits = false },
			leak:   band.Leak{Confirmed: true, Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour},
		},
		{
			name:   "no room side by side, and nobody there to wait: swapped",
			change: func(s *band.Situation) { s.Fits = false },
			leak:   band.Leak{Confirmed: true, Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour}, load: nobody,
			want: band.Swap, says: "no request is in flight",
		},
		{
			name: "not confirmed: it may be a cache",
			leak: band.Leak{Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour},
		},
		{
			name: "1 MiB an hour, seen for three hours: not worth it",
			leak: band.Leak{Confirmed: true, Used: 100 * mib, Grown: 3 * mib, Rate: 1.2 * perHour},
		},
		{
			name:   "1 MiB an hour just below the degraded band: what a replacement gives back, it has again at once",
			change: func(s *band.Situation) { s.Used = 749 * mib },
			leak:   band.Leak{Confirmed: true, Used: 740 * mib, Grown: 3 * mib, Rate: 1.2 * perHour},
		},
		{
			name:   "the degraded band within the hour, and a good part of it leaked",
			change: func(s *band.Situation) { s.Used = 700 * mib },
			leak:   band.Leak{Confirmed: true, Used: 690 * mib, Grown: 150 * mib, Rate: 60 * perHour},
			want:   band.Overlap, says: "may be in the degraded band within 50m0s",
		},
		{
			name:   "in the degraded band already, with hours to the critical one",
			change: func(s *band.Situation) { s.Used = 760 * mib },
			leak:   band.Leak{Confirmed: true, Used: 750 * mib, Grown: 150 * mib, Rate: 20 * perHour},
			want:   band.Overlap, says: "is in the degraded band",
		},
		{
			name: "critical: waits for nothing",
			leak: band.Leak{Confirmed: true, Critical: true, Used: 400 * mib, Grown: 200 * mib, Rate: 1200 * perHour}, load: rush,
			want: band.Overlap, says: "its limit is near",
		},
		{
			name:   "critical without room side by side: swapped all the same",
			change: func(s *band.Situation) { s.Fits = false },
			leak:   band.Leak{Confirmed: true, Critical: true, Used: 400 * mib, Grown: 200 * mib, Rate: 1200 * perHour}, load: rush,
			want: band.Swap,
		},
		{
			name: "critical, and next to nothing would be given back",
			leak: band.Leak{Confirmed: true, Critical: true, Used: 400 * mib, Grown: 20 * mib, Rate: 1200 * perHour},
		},
		{
			name: "turned off",
			cfg:  func(c *band.LadderConfig) { c.Leaks = false },
			leak: band.Leak{Confirmed: true, Critical: true, Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour},
		},
		{
			name: "the orchestrator restarts",
			cfg:  func(c *band.LadderConfig) { c.Mode = band.Signal },
			leak: band.Leak{Confirmed: true, Critical: true, Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour},
		},
		{
			name:   "another replacement is under way",
			change: func(s *band.Situation) { s.Busy = true },
			leak:   band.Leak{Confirmed: true, Critical: true, Used: 400 * mib, Grown: 260 * mib, Rate: 20 * perHour},
		},
		{
			name: "no limit: nothing to be afraid of",
			leak: band.Leak{Confirmed: true, Used: 400 * mib, Grown: 260 * mib, Share: memory.Unlimited, Rate: 20 * perHour},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := band.DefaultLadder()
			if row.cfg != nil {
				row.cfg(&cfg)
			}
			if row.change == nil {
				row.change = func(*band.Situation) {}
			}
			if row.leak.Share == 0 {
				row.leak.Share = 1000 * mib
			}
			if row.load == nil {
				row.load = quiet
			}
			s := situation(func(s *band.Situation) {
				s.Used = row.leak.Used
				row.change(s)
			})
			how, why := band.NewLadder(cfg).Relieve(s, row.leak, row.load)
			if how != row.want || !strings.Contains(why, row.says) || (how == band.Keep) != (why == "") {
				t.Errorf("Relieve(%+v) = %v %q, want %v and %q", row.leak, how, why, row.want, row.says)
			}
		})
	}
}

func TestReplacementsThatDoNotHelpEndThoseOfLeaksToo(t *testing.T) {
	l := band.NewLadder(band.DefaultLadder())
	s := situation(func(s *band.Situation) { s.Used = 400 * mib })
	leak := band.Leak{Confirmed: true, Critical: true, Used: 400 * mib, Grown: 260 * mib, Share: 1000 * mib, Rate: 1e6}
	for range band.DefaultLadder().Strikes {
		if how, _ := l.Relieve(s, leak, &band.Load{}); how != band.Overlap {
			t.Fatalf("Relieve() = %v, want overlap", how)
		}
		l.Replaced(s.At, band.Outcome{Lived: time.Hour, Before: 400 * mib, After: 390 * mib})
	}
	if how, why := l.Relieve(s, leak, &band.Load{}); how != band.Keep {
		t.Errorf("Relieve() after useless replacements = %v %q, want none", how, why)
	}
}

func TestACalmMomentIsOneOfTheLastHour(t *testing.T) {
	for _, row := range []struct {
		name      string
		load      *band.Load
		low, none bool
	}{
		{"nothing is known yet", &band.Load{}, false, false},
		{"as busy as ever: no calmer moment is to be had", busy(0, 20), true, false},
		{"five quiet minutes after a busy hour", busy(5, 2), true, false},
		{"nobody for five minutes", busy(5, 0), true, true},
		{"a rush after a steady hour", busy(5, 30), false, false},
	} {
		if low, none := row.load.Low(), row.load.None(); low != row.low || none != row.none {
			t.Errorf("%s: low %v, none %v; want %v, %v", row.name, low, none, row.low, row.none)
		}
	}
	// Requests that come and go between two looks are seen by their count.
	var brief band.Load
	for i := range 600 {
		brief.Add(epoch.Add(time.Duration(i)*time.Second), 0, int64(i/10))
	}
	if brief.None() {
		t.Error("None() with a request every ten seconds = true, want false")
	}
	l := busy(5, 0)
	l.Add(epoch.Add(2*time.Hour), 1, 1<<40)
	if l.None() || !l.Low() {
		t.Errorf("a request after five quiet minutes: none %v, low %v; want few, and not none", l.None(), l.Low())
	}
}

func TestGrowthBeginsAfterTheWarmUp(t *testing.T) {
	var g band.Growth
	const never = 1e12
	used := func(age time.Duration) int64 {
		load := min(age, 10*time.Minute).Minutes() * 10 // MiB: a start that loads 100 MiB
		leak := age.Hours() * 30
		garbage := float64(age / time.Second % 30)
		return int64((50 + load + leak + garbage) * float64(mib))
	}
	check := func(age time.Duration, want int64, why string) {
		t.Helper()
		if got := g.Grown(never); got < want-2*mib || got > want+2*mib {
			t.Errorf("Grown() at %v = %d MiB, want %d: %s", age, got/mib, want/mib, why)
		}
	}
	for age := time.Duration(0); age <= 3*time.Hour; age += time.Second {
		g.Add(age, used(age))
		switch age {
		case 30 * time.Second:
			check(age, 0, "the first minute is not over")
		case 10*time.Minute + time.Second:
			check(age, 94*mib, "younger than the warm-up: all since the first minute")
		case 22 * time.Minute:
			check(age, 0, "the start's load is no leak")
		case 3 * time.Hour:
			check(age, 80*mib, "160 minutes at half a MiB, garbage left out")
		}
	}
	if got := g.Grown(float64(15*mib) / 3600); got < 38*mib || got > 42*mib {
		t.Errorf("Grown(15 MiB an hour) = %d MiB, want 40: the rest is something else's", got/mib)
	}
	if got := g.Grown(-1); got != 0 {
		t.Errorf("Grown(-1) = %d, want 0: what falls has leaked nothing", got)
	}
}
