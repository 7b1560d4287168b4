package trend_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

const mib = 1 << 20

// feed gives a detector one sample a second for some minutes.
func feed(d *trend.Detector, from, minutes int, sample func(second int) trend.Sample) {
	for second := from * 60; second < (from+minutes)*60; second++ {
		s := sample(second)
		s.At = time.Duration(second) * time.Second
		d.Observe(s)
	}
}

// rough is noise that is the same in every run.
func rough(second int) float64 {
	x := uint64(second)*0x9e3779b97f4a7c15 + 1
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	return float64(x>>40)/(1<<24) - 0.5
}

func TestWhatGrowsToNoEndIsALeakAndWhatEndsIsNone(t *testing.T) {
	for _, row := range []struct {
		name   string
		size   func(second float64) float64 // MiB
		limit  int64
		leaks  bool
		states []trend.State
	}{
		{"a level", func(float64) float64 { return 100 }, 1024, false, []trend.State{trend.OK}},
		{"a straight line for four hours", func(s float64) float64 { return 100 + 20*s/3600 }, 1024, true, []trend.State{trend.Confirmed}},
		{"a line without a limit", func(s float64) float64 { return 100 + 20*s/3600 }, 0, true, []trend.State{trend.Confirmed}},
		{"a line that is slower than what counts", func(s float64) float64 { return 100 + 0.5*s/3600 }, 1024, false, []trend.State{trend.OK}},
		{"a cache that fills with a time constant of an hour", func(s float64) float64 { return 100 - 200*math.Expm1(-s/3600) }, 1024, false, []trend.State{trend.Filling}},
		{"a cache that was full after an hour", func(s float64) float64 { return 100 + 100*min(s/3600, 1) }, 1024, false, []trend.State{trend.OK, trend.Filling}},
		{"a cache that begins to fill after an hour", func(s float64) float64 { return 100 - 300*math.Expm1(-max(s-3600, 0)/4500) }, 1024, false, []trend.State{trend.OK, trend.Filling}},
		{"a cache that fills straight from the second hour on, for 100 minutes", func(s float64) float64 { return 100 + 150*min(max(s-3600, 0)/6000, 1) }, 1024, false, []trend.State{trend.OK, trend.Filling}},
		{"an arena that fragments", func(s float64) float64 { return 100 + 60*math.Log1p(s/600) }, 1024, false, []trend.State{trend.OK, trend.Filling, trend.Suspect}},
		{"one step", func(s float64) float64 {
			if s > 7200 {
				return 200
			}
			return 100
		}, 1024, false, []trend.State{trend.OK}},
		{"memory that is given back", func(s float64) float64 { return 400 - 20*s/3600 }, 1024, false, []trend.State{trend.OK}},
	} {
		d := trend.New(trend.Config{})
		leaked := false
		feed(d, 0, 240, func(second int) trend.Sample {
			leaked = leaked || d.State().Leaks()
			return trend.Sample{Bytes: int64((row.size(float64(second)) + rough(second)) * mib), Limit: row.limit * mib, Generation: 1}
		})
		if leaked = leaked || d.State().Leaks(); leaked != row.leaks {
			t.Errorf("%s: called a leak %t, want %t; %s", row.name, leaked, row.leaks, d.Report().Why)
		}
		named := false
		for _, state := range row.states {
			named = named || d.State() == state
		}
		if !named {
			t.Errorf("%s: State() = %s, want one of %v; %s", row.name, d.State(), row.states, d.Report().Why)
		}
	}
}

func TestALoadThatRisesForHoursIsNoLeak(t *testing.T) {
	for _, row := range []struct {
		why   string
		leak  float64 // MiB an hour
		leaks bool
	}{
		{"memory follows the requests", 0, false},
		{"a leak goes on after the load has turned", 60, true},
	} {
		d := trend.New(trend.Config{})
		requests, leaked := 0.0, false
		feed(d, 0, 14*60, func(second int) trend.Sample {
			hours := float64(second) / 3600
			rate := 10 * (1 - 0.6*math.Cos(math.Pi*hours/7)) // the least at the start, the most after seven hours
			requests += rate * (1 + rough(second+1))
			leaked = leaked || d.State().Leaks()
			return trend.Sample{Bytes: int64((100 + 12*rate + row.leak*hours + 4*rough(second)) * mib), Limit: 2048 * mib, Generation: 1, Requests: int64(requests)}
		})
		if leaked = leaked || d.State().Leaks(); leaked != row.leaks {
			t.Errorf("%s: called a leak %t, want %t; %s", row.why, leaked, row.leaks, d.Report().Why)
		}
	}
}

func TestAReportSaysRateClassCauseAndTimeLeft(t *testing.T) {
	d := trend.New(trend.Config{})
	feed(d, 0, 240, func(second int) trend.Sample {
		leaked := 36 * float64(second) / 3600
		return trend.Sample{
			Bytes: int64((100 + leaked + rough(second)) * mib), Limit: 512 * mib, Generation: 1,
			Heap: 50 * mib, Committed: 60 * mib, Threads: 10 + int64(second/60), Requests: int64(10 * second),
		}
	})
	r := d.Report()
	if r.State != trend.Confirmed || r.Class != trend.Native || r.Cause != "threads" {
		t.Errorf("Report() = %s, %s, %q; want confirmed, native, threads", r.State, r.Class, r.Cause)
	}
	near := func(name string, got *trend.Interval, want, within float64) {
		t.Helper()
		if got == nil || math.Abs(got.Mid-want) > within*want || got.Lo > got.Mid || got.Mid > got.Hi {
			t.Errorf("Report().%s = %v, want about %.0f", name, got, want)
		}
	}
	near("PerSecond", r.PerSecond, 36.0*mib/3600, 0.02)
	near("PerRequest", r.PerRequest, 3.6*mib/3600, 0.02)
	near("TimeToLimit", r.TimeToLimit, (512-100-4*36)*3600/36, 0.05)
	if r.Driver != trend.Undetermined {
		t.Errorf("Report().Driver = %s, want undetermined: time and requests went along", r.Driver)
	}
}

func TestALeakThatIsRestartedAwayIsCalledFromItsGenerations(t *testing.T) {
	d := trend.New(trend.Config{})
	feed(d, 0, 6*90, func(second int) trend.Sample {
		age := second % (90 * 60)
		return trend.Sample{Bytes: int64((100 + 40*float64(age)/3600 + rough(second)) * mib), Limit: 1024 * mib, Generation: uint64(1 + second/(90*60))}
	})
	r := d.Report()
	if !r.State.Leaks() || r.PerSecond == nil || math.Abs(r.PerSecond.Mid*3600/mib-40) > 2 {
		t.Errorf("Report() = %s at %v bytes a second, want a leak of 40 MiB/h; %s", r.State, r.PerSecond, r.Why)
	}
	if len(r.Segments) != 6 {
		t.Errorf("Report().Segments: got %d, want 6", len(r.Segments))
	}
}

func TestALeakOfMinutesIsCalledBeforeTheLimit(t *testing.T) {
	d := trend.New(trend.Config{})
	called := -1
	for second := range 3600 {
		size := 100 + float64(max(second-1200, 0))*0.5 // 30 MiB a minute from the 20th minute
		if size >= 512 {
			break
		}
		d.Observe(trend.Sample{At: time.Duration(second) * time.Second, Bytes: int64((size + rough(second)) * mib), Limit: 512 * mib, Generation: 1})
		if called < 0 && d.State() == trend.Critical {
			called = second
		}
	}
	if called < 1200 || called > 1900 {
		t.Errorf("a leak that begins at 1200 s and is at the limit at 2024 s was called at %d s, want before 1900", called)
	}
}

func TestOnlyThePageCacheGrowingIsNoAlarm(t *testing.T) {
	d := trend.New(trend.Config{})
	feed(d, 0, 240, func(second int) trend.Sample {
		return trend.Sample{Bytes: int64((100 + rough(second)) * mib), File: int64(second) * mib / 60, Limit: 1024 * mib, Generation: 1}
	})
	if r := d.Report(); r.State != trend.OK || r.Class != trend.PageCache {
		t.Errorf("Report() = %s, %s; want ok, page-cache", r.State, r.Class)
	}
}

func TestSegmentsAreCutWhereSamplesCannotBeCompared(t *testing.T) {
	base := trend.Sample{Bytes: 100 * mib, Limit: 512 * mib, Generation: 1, Image: "a"}
	for _, row := range []struct {
		why    string
		change func(*trend.Sample)
	}{
		{"restart", func(s *trend.Sample) { s.Generation = 2 }},
		{"image", func(s *trend.Sample) { s.Image = "b" }},
		{"limit", func(s *trend.Sample) { s.Limit = 1024 * mib }},
		{"clock went back", func(s *trend.Sample) { s.At = 0 }},
	} {
		d := trend.New(trend.Config{})
		feed(d, 0, 10, func(int) trend.Sample { return base })
		s := base
		s.At = 10 * time.Minute
		row.change(&s)
		d.Observe(s)
		var ends []string
		for _, segment := range d.Report().Segments {
			ends = append(ends, segment.Ended)
		}
		if diff := cmp.Diff([]string{row.why, ""}, ends); diff != "" {
			t.Errorf("segments' ends (-want +got):\n%s", diff)
		}
	}
}

func TestTheSameSamplesGiveTheSameReportAndKeepTheSameMemory(t *testing.T) {
	kinds := synth.Kinds()
	for _, kind := range kinds[:3] {
		trace := synth.Make(kind, synth.Train)
		a, b := trend.New(trend.Config{}), trend.New(trend.Config{})
		before := a.Kept()
		for s := range trace.Each {
			a.Observe(s)
			b.Observe(s)
		}
		if diff := cmp.Diff(a.Report(), b.Report()); diff != "" {
			t.Errorf("%s: two detectors differ:\n%s", kind.Name, diff)
		}
		if after := a.Kept(); after != before {
			t.Errorf("%s: Kept() went from %d to %d", kind.Name, before, after)
		}
	}
}

func TestObservingAllocatesNothing(t *testing.T) {
	d := trend.New(trend.Config{})
	second := 0
	next := func() {
		d.Observe(trend.Sample{At: time.Duration(second) * time.Second, Bytes: int64((100 + rough(second)) * mib), Limit: 512 * mib, Requests: int64(second), Generation: 1})
		second++
	}
	for range 2 * 3600 {
		next()
	}
	if got := testing.AllocsPerRun(3600, next); got > 0.05 {
		t.Errorf("Observe allocates %.2f times a sample, want none on a level series", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	d := trend.New(trend.Config{})
	for second := range b.N {
		d.Observe(trend.Sample{At: time.Duration(second) * time.Second, Bytes: int64((100 + rough(second)) * mib), Limit: 512 * mib, Requests: int64(10 * second), InFlight: 2, Generation: 1})
	}
}
