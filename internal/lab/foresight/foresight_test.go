package foresight_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/foresight"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

const text = `version: 1
name: x
hypothesis: {claim: x, smallest-effect: EFFECT}
subject: {variants: {a: {command: [a]}}, memory: 1GiB}
load: {streams: {s: {arrivals: even, http: [{get: /}]}, other: {arrivals: even, http: [{get: /o}]}}}
phases:
  - {name: quiet, for: 8m}
  - {name: load, for: FOR, cycles: 8, rest: 10s, load: {s: RATE, other: 1/s}}
  - {name: end, for: 8m, load: {s: 10/s}}
controls:
  planted: {variant: a, size: 64KiB, window: load}
  same: {variant: a, window: load}
proof:
  - {id: grows, test: growth, window: load, series: used, per: request, above: EFFECT}
  - {id: hourly, test: slope, window: quiet, series: used, per: hour, below: 1GiB}
  - {id: calm, test: level, window: end, series: used, quantile: 95%, below: 100MB}
  - {id: answers, test: query, window: end, kql: requests | count, above: 0}
  - {id: handles, test: slope, window: load, series: fds, per: request, below: 1}
disproof:
  - {id: flat, test: equivalence, window: [load, end], series: used, per: request, within: EFFECT}
  - {id: nobody, test: slope, window: quiet, series: used, per: request, above: 1KiB}
  - {id: share, test: ratio, window: quiet, series: used, per: minute, of: load, above: 80%}
`

func read(t *testing.T, effect, duration, rate string, speed float64) *lab.Experiment {
	t.Helper()
	s, err := folder.Parse("e.yaml", []byte(strings.NewReplacer("EFFECT", effect, "FOR", duration, "RATE", rate).Replace(text)))
	if err != nil {
		t.Fatal(err)
	}
	e, mistakes := experiment.Read(s, experiment.Options{Speed: speed})
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	return e
}

func look(t *testing.T, e *lab.Experiment, noise foresight.Source) map[string]foresight.Sight {
	t.Helper()
	all, err := foresight.Look(e, noise)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]foresight.Sight{}
	for _, s := range all {
		by[s.ID] = s
	}
	return by
}

func TestEachCriterionIsLookedAtInItsPart(t *testing.T) {
	all, err := foresight.Look(read(t, "4KiB", "8m", "20/s", 0), foresight.Assumed(bytesize.MiB))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		got = append(got, fmt.Sprintf("%s %s: %s, %.0f s, %d requests, %d samples, %s%s", s.Part, s.ID, s.Window, s.Seconds, s.Requests, s.Samples, s.Grade, s.Why))
	}
	want := []string{
		"control planted: load, 560 s, 10080 requests, 1120 samples, fine",
		"control same: load, 560 s, 10080 requests, 1120 samples, fine",
		"proof grows: load, 560 s, 10080 requests, 1120 samples, fine",
		"proof hourly: quiet, 480 s, 0 requests, 960 samples, fine",
		"proof calm: end, 480 s, 4800 requests, 960 samples, unknownhow wide it is depends on what comes",
		"proof answers: end, 480 s, 4800 requests, 960 samples, unknownit is read, as it is",
		"proof handles: load, 560 s, 10080 requests, 1120 samples, unknownhow far fds moves by itself is not known",
		"disproof flat: load+end, 1040 s, 14880 requests, 2080 samples, fine",
		"disproof nobody: quiet, 480 s, 0 requests, 960 samples, unknownhow many calls there will be is not known before",
		"disproof share: quiet, 480 s, 0 requests, 960 samples, unknownhow wide a quotient is depends on its size",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Look (-want +got):\n%s", diff)
	}
}

// Advice is kept to: what it says is enough, and less is not.
func TestAdviceIsEnoughAndNoMoreThanThat(t *testing.T) {
	noise := foresight.Assumed(bytesize.MiB)
	before := look(t, read(t, "256B", "8m", "20/s", 0), noise)["grows"]
	if before.Grade != foresight.Coarse || before.Longer < 2 || before.Higher < 2 || !(before.Tells > 256) {
		t.Fatalf("a growth of 256 B in 10,000 requests is %s, longer %d, higher %d: want it coarse, with advice", before.Grade, before.Longer, before.Higher)
	}
	for _, row := range []struct {
		why    string
		n      int
		coarse bool
	}{{"as told", before.Longer, false}, {"less", before.Longer - 1, true}} {
		// The rests are part of the window, and are as long as before.
		e := read(t, "256B", "8m", "20/s", 0)
		e.Phases[1].For *= time.Duration(row.n)
		e.Phases[1].Rest *= time.Duration(row.n)
		if got := look(t, e, noise)["grows"]; (got.Grade == foresight.Coarse) != row.coarse {
			t.Errorf("%s: %d times as long it is %s: %.0f of 256 B", row.why, row.n, got.Grade, got.Tells)
		}
	}
	for _, row := range []struct {
		why    string
		n      int
		coarse bool
	}{{"as told", before.Higher, false}, {"less", before.Higher - 1, true}} {
		e := read(t, "256B", "8m", "20/s", 0)
		for i := range e.Phases[1].Rates {
			e.Phases[1].Rates[i].PerSecond *= float64(row.n)
		}
		if got := look(t, e, noise)["grows"]; (got.Grade == foresight.Coarse) != row.coarse {
			t.Errorf("%s: %d times as many it is %s: %.0f of 256 B", row.why, row.n, got.Grade, got.Tells)
		}
	}
}

// A faster timeline has the same requests, and its hours are as they were written.
// A verdict takes seven cycles, whatever the noise.
func TestTooFewCyclesAreTold(t *testing.T) {
	e := read(t, "4KiB", "8m", "20/s", 0)
	e.Phases[1].Cycles = 6
	got := look(t, e, foresight.Assumed(1))
	if s := got["grows"]; s.Grade != foresight.Coarse || s.Why != "growth from rest to rest takes 7 cycles, and load has 6" {
		t.Errorf("growth over six cycles is %s: %s; want it coarse, and why", s.Grade, s.Why)
	}
	if s := got["same"]; s.Grade != foresight.Fine {
		t.Errorf("a control, which is a slope then, is %s; want it fine", s.Grade)
	}
	e.Phases[1].Cycles = 7
	if s := look(t, e, foresight.Assumed(1))["grows"]; s.Grade != foresight.Fine {
		t.Errorf("growth over seven cycles is %s; want it fine", s.Grade)
	}
}

// The counts are those of tables of order statistics: 0.95^90 is the first below 0.01.
func TestAPercentileTakesSoManyValues(t *testing.T) {
	for _, row := range []struct {
		bound string
		every time.Duration
		grade foresight.Grade
	}{
		{"below", 480 * time.Second / 89, foresight.Coarse},
		{"below", 480 * time.Second / 90, foresight.Unknown},
		{"above", 480 * time.Second / 2, foresight.Unknown}, // 0.05^2
		{"above", 480 * time.Second, foresight.Coarse},
	} {
		e := read(t, "4KiB", "8m", "20/s", 0)
		e.Collect.Every = row.every
		calm := &e.Proof[2]
		if row.bound == "above" {
			calm.Bound.Above, calm.Bound.Below = calm.Bound.Below, nil
		}
		s := look(t, e, foresight.Assumed(1))["calm"]
		if s.Grade != row.grade || s.Why == "" {
			t.Errorf("95 %% %s something, of %d samples, is %s: %s; want it %s", row.bound, s.Samples, s.Grade, s.Why, row.grade)
		}
	}
}

func TestASpeedLeavesTheUnitsAsTheyWereWritten(t *testing.T) {
	noise := foresight.Assumed(bytesize.MiB)
	plain, fast := look(t, read(t, "4KiB", "8m", "20/s", 0), noise), look(t, read(t, "4KiB", "8m", "20/s", 2), noise)
	for _, id := range []string{"grows", "hourly", "flat"} {
		if a, b := plain[id].Tells, fast[id].Tells; math.Abs(a-b) > 1e-9*a || a == 0 {
			t.Errorf("%s could tell %v, and %v at speed 2; want the same, since there are samples enough", id, a, b)
		}
	}
}

func TestWhereMemoryWandersNothingHelps(t *testing.T) {
	wandering := func(*verdict.Criterion) (foresight.Supposed, bool) {
		return foresight.Supposed{Noise: verdict.Noise{Every: 1, New: 1e9, Memory: 1}, From: "load"}, true
	}
	got := look(t, read(t, "64B", "8m", "20/s", 0), wandering)["hourly"]
	if got.Grade != foresight.Coarse || got.Longer != 0 || got.Higher != 0 {
		t.Errorf("an hour's growth in a walk of 1 GB a second is %s, longer %d, higher %d; want it coarse and without advice", got.Grade, got.Longer, got.Higher)
	}
}

// run is one with windows of its own, in which a series moves so far.
func run(variant string, moves float64, windows ...string) verdict.Run {
	r := verdict.Run{Repeat: 1, Variant: variant, Finished: true}
	s := verdict.Series{Name: "used"}
	rng := rand.New(rand.NewPCG(1, 1))
	for i, name := range windows {
		from := 1000 * float64(i)
		r.Windows = append(r.Windows, verdict.Window{Name: name, From: from, To: from + 400 + 100*float64(i)})
		for at := from; at < from+400+100*float64(i); at++ {
			s.At, s.Value = append(s.At, at), append(s.Value, 1e8+moves*rng.NormFloat64())
		}
	}
	r.Series = []verdict.Series{s}
	return r
}

func TestNoiseIsThatOfTheNearestKin(t *testing.T) {
	runs := []verdict.Run{run("a", 1000, "load", "end"), run("a", 3000, "load"), run("b", 9000, "load")}
	for _, row := range []struct {
		why             string
		variant, window string
		from            string
		least, most     float64
	}{
		{"the same variant, its noisier run", "a", "load", "load", 1200, 3000},
		{"another variant, the same window", "c", "load", "load", 3600, 9000},
		{"a window that only one has", "a", "end", "end", 400, 1000},
		{"a window that none has: the longest of each", "a", "recovery", "load", 3600, 9000},
	} {
		got, ok := foresight.Measured(runs)(&verdict.Criterion{Series: "used", Place: verdict.Place{Variant: row.variant, Window: row.window}})
		// Floors of several samples move less than the samples do.
		if !ok || got.From != row.from || got.New < row.least || got.New > row.most {
			t.Errorf("%s: noise is %+v, %v; want it from %s, between %v and %v", row.why, got, ok, row.from, row.least, row.most)
		}
	}
	if got, ok := foresight.Measured(runs)(&verdict.Criterion{Series: "heap"}); ok {
		t.Errorf("a series that nobody sampled has the noise %+v", got)
	}
}

// A leak's stairs, of load and rest in turns, are no noise.
func TestALeakIsNoNoise(t *testing.T) {
	plain, leaking := run("a", 1000, "load"), run("a", 1000, "load")
	requests := verdict.Series{Name: "requests"}
	count := 0.0
	for i, at := range leaking.Series[0].At {
		if int(at)%50 < 40 {
			count += 10
		}
		requests.At, requests.Value = append(requests.At, at), append(requests.Value, count)
		leaking.Series[0].Value[i] += 5000 * count
	}
	plain.Series, leaking.Series = append(plain.Series, requests), append(leaking.Series, requests)
	c := &verdict.Criterion{Series: "used", Per: "requests", Place: verdict.Place{Window: "load"}}
	want, _ := foresight.Measured([]verdict.Run{plain})(c)
	got, ok := foresight.Measured([]verdict.Run{leaking})(c)
	if !ok || math.Abs(got.New-want.New) > 0.01*want.New {
		t.Errorf("with a leak of 5,000 B a request the noise is %v, without it %v; want the same", got.New, want.New)
	}
	c.Per = ""
	if got, _ := foresight.Measured([]verdict.Run{leaking})(c); got.New < 10*want.New {
		t.Errorf("along time the stairs make a noise of %v; want it larger than %v", got.New, 10*want.New)
	}
}
