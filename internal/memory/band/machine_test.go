package band_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
)

const mib = int64(bytesize.MiB)

var epoch = time.Date(2026, 4, 5, 1, 30, 0, 0, time.UTC)

func TestLevelsLeaveRoomOnAnyLimit(t *testing.T) {
	for _, row := range []struct {
		limit                         int64
		degraded, critical, emergency int64 // in MiB
		why                           string
	}{
		{1024 * mib, 768, 921, 972, "on a common limit the percentages hold"},
		{128 * mib, 96, 128 - 16, 128 - 8, "on a small one the least room is kept, up to 1.6 times its share"},
		{64 << 30, 60 << 10, 62 << 10, 63 << 10, "on a large one a percentage would waste gigabytes"},
	} {
		l := band.Default().For(row.limit)
		got := []int64{l.Enter[band.Degraded] / mib, l.Enter[band.Critical] / mib, l.Enter[band.Emergency] / mib}
		want := []int64{row.degraded, row.critical, row.emergency}
		for i := range want {
			if diff := got[i] - want[i]; diff < -4 || diff > 4 {
				t.Errorf("Default().For(%v) = %v MiB, want about %v: %s", bytesize.Size(row.limit), got, want, row.why)
				break
			}
		}
		if !(l.Enter[band.Emergency] < l.Brink() && l.Brink() < row.limit) {
			t.Errorf("Default().For(%v): emergency %d, brink %d, limit %d do not ascend", bytesize.Size(row.limit), l.Enter[band.Emergency], l.Brink(), row.limit)
		}
	}
}

func TestPresetsMeanTheirPlans(t *testing.T) {
	gib := float64(bytesize.GiB)
	for _, row := range []struct {
		name  string
		limit float64
		want  [3]float64
		why   string
	}{
		{"container-apps-2gi", 2, [3]float64{1.5, 1.8, 1.9}, "the plan it is made for"},
		{"ep1", 3.5, [3]float64{1.2, 2.5, 3.2}, "the plan it is made for"},
		{"ep1", 1, [3]float64{0.75, 0.9, 0.95}, "in a smaller container the bands must still lie below the limit"},
	} {
		l := band.Presets()[row.name].For(int64(row.limit * gib))
		for i, want := range row.want {
			got := float64(l.Enter[i+1]) / gib
			if got < want-0.01 || got > want+0.01 {
				t.Errorf("preset %s at %v GiB: %v begins at %.3f GiB, want %v: %s", row.name, row.limit, band.Band(i+1), got, want, row.why)
			}
		}
	}
}

func TestWithoutALimitNothingIsEverTooFull(t *testing.T) {
	m := band.NewMachine(band.Default())
	c := m.Step(band.Sample{At: epoch, Used: 1 << 50, Limit: memory.Unlimited, Slope: 1e12, Next: time.Second})
	if c.To != band.Healthy {
		t.Errorf("Step without a limit = %v, want healthy", c.To)
	}
}

func TestABandIsEnteredAtOnceAndLeftAfterItsDwell(t *testing.T) {
	const limit = 1000 * 1 << 20
	type look struct {
		at    time.Duration
		used  int64 // MiB
		slope float64
		next  time.Duration
		limit int64
		want  band.Band
		why   string
	}
	for name, looks := range map[string][]look{
		"enter and leave": {
			{0, 100, 0, 0, limit, band.Healthy, "far below"},
			{1 * time.Second, 751, 0, 0, limit, band.Degraded, "over 75 %"},
			{2 * time.Second, 740, 0, 0, limit, band.Degraded, "below the level, above the gap"},
			{3 * time.Second, 690, 0, 0, limit, band.Degraded, "below the gap, the dwell begins"},
			{4 * time.Second, 690, 0, 0, limit, band.Degraded, "one second of it is gone"},
			{5 * time.Second, 690, 0, 0, limit, band.Healthy, "two seconds are"},
		},
		"a relapse restarts the dwell": {
			{0, 910, 0, 0, limit, band.Critical, "over 90 %"},
			{1 * time.Second, 840, 0, 0, limit, band.Critical, "the dwell begins"},
			{2 * time.Second, 860, 0, 0, limit, band.Critical, "above the gap again"},
			{3 * time.Second, 840, 0, 0, limit, band.Critical, "it begins anew"},
			{4 * time.Second, 840, 0, 0, limit, band.Critical, "one second"},
			{5 * time.Second, 840, 0, 0, limit, band.Degraded, "two; and 840 keeps degraded"},
		},
		"a slope enters the band that it reaches before the next look": {
			{0, 500, 0, 0, limit, band.Healthy, "calm"},
			{100 * time.Millisecond, 600, 1000 << 20, 200 * time.Millisecond, limit, band.Degraded, "800 MiB at the next look"},
			{200 * time.Millisecond, 700, 1000 << 20, 300 * time.Millisecond, limit, band.Emergency, "1000 MiB at the next look: two bands in one step"},
		},
		"a falling slope keeps the reading": {
			{0, 760, -1e9, time.Second, limit, band.Degraded, "what is freed counts when it is freed"},
		},
		"a raised limit is relief at once": {
			{0, 910, 0, 0, limit, band.Critical, "over 90 %"},
			{time.Millisecond, 910, 0, 0, 2 * limit, band.Healthy, "45 % of the new limit"},
		},
		"a lowered limit is alarm at once": {
			{0, 500, 0, 0, limit, band.Healthy, "half"},
			{time.Millisecond, 500, 0, 0, 520 << 20, band.Emergency, "96 % of the new limit"},
		},
		"a clock that jumps back does not end a dwell early": {
			{10 * time.Second, 910, 0, 0, limit, band.Critical, "over 90 %"},
			{11 * time.Second, 100, 0, 0, limit, band.Critical, "the dwell begins"},
			{1 * time.Second, 100, 0, 0, limit, band.Critical, "time ran backwards: not two seconds"},
			{13 * time.Second, 100, 0, 0, limit, band.Healthy, "two seconds after the beginning"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := band.Default()
			m := band.NewMachine(cfg)
			for _, l := range looks {
				s := band.Sample{At: epoch.Add(l.at), Used: l.used << 20, Limit: l.limit, Slope: l.slope, Next: l.next}
				if got := m.Step(s); got.To != l.want {
					t.Fatalf("at %v: Step(%d MiB, slope %.0f) = %v, want %v: %s", l.at, l.used, l.slope, got.To, l.want, l.why)
				} else if got.Changed() && got.Why == "" {
					t.Errorf("at %v: the change to %v has no reason", l.at, got.To)
				}
			}
		})
	}
}

func TestCheckNamesEveryMistakeAtOnce(t *testing.T) {
	c := band.Config{Degraded: band.Level{Percent: 95}, Critical: band.Level{Percent: 90}, Gap: 60, Dwell: -1}
	err := c.Check()
	if err == nil {
		t.Fatal("Check of a wrong config = nil")
	}
	for _, want := range []string{"critical begins at 90%, below degraded at 95%", "emergency: give either", "band-gap 60", "band-dwell"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Check = %q, want it to say %q", err, want)
		}
	}
}

func TestSlopeFollowsFastAndSlowGrowth(t *testing.T) {
	var s band.Slope
	for i := range 200 {
		at := epoch.Add(time.Duration(i) * 100 * time.Millisecond)
		saw := int64(i%5) * mib // garbage that is collected
		s.Add(at, 100*mib+int64(i)*mib/10+saw)
	}
	if got, want := s.Slow(), float64(mib); got < 0.9*want || got > 1.1*want {
		t.Errorf("Slow = %.0f B/s, want about %.0f: the saw-tooth must not count", got, want)
	}
	for i := range 60 {
		s.Add(epoch.Add(20*time.Second+time.Duration(i)*100*time.Millisecond), 120*mib)
	}
	if got := s.Slow(); got > 0 {
		t.Errorf("Slow = %.0f B/s six seconds after the growth has ended, want at most 0", got)
	}
	s.Reset()
	for i := range 50 { // one jump in the first second, then nothing
		s.Add(epoch.Add(time.Minute+time.Duration(i)*100*time.Millisecond), min(int64(i), 9)*25*mib)
	}
	if got := s.Slow(); got > 0 {
		t.Errorf("Slow = %.0f B/s four seconds after a jump, want at most 0: it is a cache", got)
	}
	s.Reset()
	if got := s.Fast(0) + s.Slow(); got != 0 {
		t.Errorf("after Reset the slopes are %v, want 0", got)
	}
	s.Add(epoch, 0)
	s.Add(epoch.Add(5*time.Millisecond), 5*mib)
	s.Add(epoch.Add(5*time.Millisecond), 500*mib) // not later: ignored
	if got, want := s.Fast(5*time.Millisecond), float64(1000*mib); got != want {
		t.Errorf("Fast = %.0f, want %.0f", got, want)
	}
}

func TestCadenceLooksOftenerAsTheNextLevelComesNearer(t *testing.T) {
	gib := band.Default().For(1 << 30)
	for _, row := range []struct {
		used  int64
		slope float64
		want  time.Duration
		why   string
	}{
		{0, 0, 237 * time.Millisecond, "a burst of 1 GiB/s out of the blue may use a quarter of the room"},
		{700 * mib, 68 * float64(mib), 68 * time.Millisecond, "room for a burst decides, not the second until the next level"},
		{760 * mib, 64 * float64(mib), 15625 * time.Microsecond, "an eighth of the time to the next level"},
		{972 * mib, 0, 5 * time.Millisecond, "in emergency the fastest"},
		{767 * mib, 1e9, 5 * time.Millisecond, "never faster than the fastest"},
	} {
		got := band.Cadence(gib, row.used, row.slope)
		if d := got - row.want; d < -row.want/10 || d > row.want/10 {
			t.Errorf("Cadence(%d MiB, %.0f B/s) = %v, want about %v: %s", row.used/mib, row.slope, got, row.want, row.why)
		}
	}
	if got := band.Cadence(band.Default().For(memory.Unlimited), 1<<40, 1e12); got != band.Slowest {
		t.Errorf("Cadence without a limit = %v, want %v", got, band.Slowest)
	}
}

func TestParseLevelReadsWhatItPrints(t *testing.T) {
	for _, text := range []string{"75%", "0.5%", "1.5GiB", "512MiB"} {
		l, err := band.ParseLevel(text)
		if err != nil || l.String() != text {
			t.Errorf("ParseLevel(%q) = %v, %v", text, l, err)
		}
	}
	for _, text := range []string{"", "%", "101%", "0%", "-5%", "NaN%", "0", "lots", "12 parsecs"} {
		if l, err := band.ParseLevel(text); err == nil {
			t.Errorf("ParseLevel(%q) = %v, want an error", text, l)
		}
	}
}
