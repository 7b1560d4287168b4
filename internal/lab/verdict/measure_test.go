package verdict_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/stats"
)

func TestMeasuresReadWhatWasPlanted(t *testing.T) {
	leak := sampled("hard", 0, 600, noisy(1, 50, line(1e4, 7)))
	requests := sampled("requests", 0, 600, line(0, 10))
	still := sampled("still", 0, 600, noisy(2, 50, line(1e4, 0)))
	fill := sampled("cache", 0, 600, noisy(3, 50, func(at float64) float64 { return 1e4 * (1 - math.Exp(-at/120)) }))
	empties := sampled("emptying", 0, 600, noisy(3, 50, func(at float64) float64 { return 1e4 * math.Exp(-at/120) }))
	warm := sampled("warm", 0, 600, noisy(4, 20, func(at float64) float64 { return 20*min(at, 300) + 4*at }))
	spread := sampled("latency", 0, 600, func(at float64) float64 { return math.Mod(at*37, 600) })
	saw := sampled("saw", 0, 600, func(at float64) float64 { return 5*at + 3000*math.Mod(at, 5)/5 })
	rest := sampled("restarted", 0, 600, noisy(5, 20, func(at float64) float64 { return 9 * math.Mod(at, 200) }))
	run := oneRun(1, "a", leak, requests, still, fill, empties, warm, spread, saw, rest)
	run.Facts = []verdict.Fact{{Window: "load", Name: "landed", Value: 0.99}}
	run.Breaks = []float64{200, 400}
	for _, row := range []struct {
		why             string
		c               verdict.Criterion
		want, tolerance float64
		decision        verdict.Decision
	}{
		{"a leak of 7 a second", verdict.Criterion{Measure: verdict.Slope, Series: "hard", Is: verdict.Above, Threshold: 5}, 7, 0.5, verdict.Holds},
		{"which is 0.7 a request", verdict.Criterion{Measure: verdict.Slope, Series: "hard", Per: "requests", Is: verdict.Above, Threshold: 0.5}, 0.7, 0.05, verdict.Holds},
		{"a slope goes on between restarts", verdict.Criterion{Measure: verdict.Slope, Series: "restarted", Is: verdict.Above, Threshold: 8}, 9, 0.5, verdict.Holds},
		{"a collector's teeth are no slope", verdict.Criterion{Measure: verdict.Slope, Series: "saw", Is: verdict.Within, Threshold: 6}, 5, 0.3, verdict.Holds},
		{"what stands still is within", verdict.Criterion{Measure: verdict.Slope, Series: "still", Is: verdict.Within, Threshold: 1}, 0, 1, verdict.Holds},
		{"and is not said to be within less than it can be told", verdict.Criterion{Measure: verdict.Slope, Series: "still", Is: verdict.Within, Threshold: 0.001}, 0, 1, verdict.Unclear},
		{"cycles of 75 s grow by 525", verdict.Criterion{Measure: verdict.Growth, Series: "hard", Is: verdict.Below, Threshold: 700, Confidence: 0.95}, 525, 60, verdict.Holds},
		{"each cycle does", verdict.Criterion{Measure: verdict.Weakest, Series: "hard", Per: "requests", Is: verdict.AtLeast, Threshold: 0.4}, 0.85, 0.15, verdict.Holds},
		{"a cache that fills saturates", verdict.Criterion{Measure: verdict.Saturating, Series: "cache", Is: verdict.Below, Threshold: 0.6, Least: 10}, 0.05, 0.15, verdict.Holds},
		{"a leak does not", verdict.Criterion{Measure: verdict.Saturating, Series: "hard", Is: verdict.Below, Threshold: 0.6}, 1, 0.2, verdict.Fails},
		{"a leak behind a warm-up neither", verdict.Criterion{Measure: verdict.Saturating, Series: "warm", Is: verdict.Below, Threshold: 0.6, Least: 2}, 4.0 / 24, 0.05, verdict.Unclear},
		{"what stands still saturates nothing", verdict.Criterion{Measure: verdict.Saturating, Series: "still", Is: verdict.Below, Threshold: 0.6}, math.NaN(), 0, verdict.Unclear},
		{"what shrinks, ever slower, saturates nothing", verdict.Criterion{Measure: verdict.Saturating, Series: "emptying", Is: verdict.Below, Threshold: 0.6}, 0.05, 0.15, verdict.Unclear},
		{"the 95th percentile of 0..599", verdict.Criterion{Measure: verdict.Percentile, Series: "latency", At: 0.95, Is: verdict.Above, Threshold: 500}, 569, 0, verdict.Holds},
		{"its highest", verdict.Criterion{Measure: verdict.Max, Series: "latency", Is: verdict.AtLeast, Threshold: 599}, 599, 0, verdict.Holds},
		{"its least", verdict.Criterion{Measure: verdict.Min, Series: "latency", Is: verdict.Above, Threshold: 0}, 0, 0, verdict.Fails},
		{"its mean", verdict.Criterion{Measure: verdict.MeanOf, Series: "latency", Is: verdict.Within, Threshold: 350}, 299.5, 1e-9, verdict.Holds},
		{"how many", verdict.Criterion{Measure: verdict.Count, Series: "latency", Is: verdict.AtMost, Threshold: 600}, 600, 0, verdict.Holds},
		{"a fact is what it is", verdict.Criterion{Measure: verdict.Value, Series: "landed", Is: verdict.AtLeast, Threshold: 0.99}, 0.99, 0, verdict.Holds},
		{"a fact that nobody has", verdict.Criterion{Measure: verdict.Value, Series: "keys", Is: verdict.AtLeast, Threshold: 1}, math.NaN(), 0, verdict.Unclear},
		{"a series that nobody has", verdict.Criterion{Measure: verdict.Slope, Series: "none", Is: verdict.Above}, math.NaN(), 0, verdict.Unclear},
		{"an axis that nobody has", verdict.Criterion{Measure: verdict.Slope, Series: "hard", Per: "none", Is: verdict.Above}, math.NaN(), 0, verdict.Unclear},
	} {
		own := run
		if row.c.Series != "restarted" {
			own.Breaks = nil
		}
		row.c.Place = load
		got := proved(t, row.c, own)
		wrong := math.Abs(float64(got.Estimate)-row.want) > row.tolerance || math.IsNaN(float64(got.Estimate)) && !math.IsNaN(row.want)
		if wrong || got.Decision != row.decision {
			t.Errorf("%s: estimate %s, %s (%s), want %v and %s", row.why, got.Estimate, got.Decision, got.Why, row.want, row.decision)
		}
	}
}

func TestAPlaceIsHeldAgainstAnother(t *testing.T) {
	run := oneRun(1, "a",
		sampled("hard", 0, 600, noisy(1, 50, func(at float64) float64 { return 2*at + 8*max(0, at-300) })),
		sampled("latency", 0, 600, noisy(2, 10, func(at float64) float64 {
			if at < 300 {
				return 100
			}
			return 160
		})))
	run.Windows = []verdict.Window{{Name: "baseline", From: 0, To: 300}, {Name: "load", From: 300, To: 600}}
	base := verdict.Place{Window: "baseline"}
	for _, row := range []struct {
		why             string
		c               verdict.Criterion
		want, tolerance float64
		decision        verdict.Decision
	}{
		{"under load it grows five times as fast", verdict.Criterion{Measure: verdict.Slope, Series: "hard", Against: &verdict.Against{Place: base, Ratio: true}, Is: verdict.Above, Threshold: 2}, 5, 2, verdict.Holds},
		{"which is 8 a second more", verdict.Criterion{Measure: verdict.Slope, Series: "hard", Against: &verdict.Against{Place: base}, Is: verdict.Above, Threshold: 5}, 8, 1, verdict.Holds},
		{"answers take 60 ms longer", verdict.Criterion{Measure: verdict.Shift, Series: "latency", Against: &verdict.Against{Place: base}, Is: verdict.Above, Threshold: 50}, 60, 5, verdict.Holds},
		{"and not 70", verdict.Criterion{Measure: verdict.Shift, Series: "latency", Against: &verdict.Against{Place: base}, Is: verdict.Above, Threshold: 70}, 60, 5, verdict.Fails},
		{"the highest is a quotient of what was read", verdict.Criterion{Measure: verdict.Count, Series: "latency", Against: &verdict.Against{Place: base, Ratio: true}, Is: verdict.AtLeast, Threshold: 1}, 1, 0, verdict.Holds},
	} {
		row.c.Place = load
		got := proved(t, row.c, run)
		if math.Abs(float64(got.Estimate)-row.want) > row.tolerance || got.Decision != row.decision {
			t.Errorf("%s: %s (%s to %s), %s, want %v and %s", row.why, got.Estimate, got.Lo, got.Hi, got.Decision, row.want, row.decision)
		}
		if len(got.Inputs) != 2 || got.Inputs[0].N != 300 || got.Inputs[0].Window != "load" || got.Inputs[1].Window != "baseline" {
			t.Errorf("%s: inputs %+v, want load and baseline with 300 samples each", row.why, got.Inputs)
		}
	}
}

func TestWhatIsRetainedIsAShareOfTheIncident(t *testing.T) {
	run := func(repeat int, keeps float64) verdict.Run {
		r := oneRun(repeat, "a", sampled("hard", 0, 900, noisy(uint64(repeat), 20, func(at float64) float64 {
			switch {
			case at < 300:
				return 1000
			case at < 600:
				return 3000
			}
			return 1000 + 2000*keeps
		})))
		r.Windows = []verdict.Window{{Name: "baseline", From: 0, To: 300}, {Name: "incident", From: 300, To: 600}, {Name: "load", From: 600, To: 900}}
		return r
	}
	c := verdict.Criterion{Place: load, Measure: verdict.Retained, Series: "hard", Base: "baseline", Peak: "incident", Is: verdict.Below, Threshold: 0.2}
	for _, row := range []struct {
		why      string
		runs     []verdict.Run
		want     float64
		decision verdict.Decision
		repeat   int
	}{
		{"one run tells by its noise", []verdict.Run{run(1, 0.1)}, 0.1, verdict.Holds, 1},
		{"what stays is not healed", []verdict.Run{run(1, 0.9)}, 0.9, verdict.Fails, 1},
		{"three repeats are taken together", []verdict.Run{run(1, 0.08), run(2, 0.1), run(3, 0.12)}, 0.1, verdict.Holds, 0},
		{"repeats that differ tell little", []verdict.Run{run(1, 0.02), run(2, 0.1), run(3, 0.3)}, 0.14, verdict.Unclear, 0},
	} {
		got := proved(t, c, row.runs...)
		if !near(got.Estimate, row.want, 0.02) || // the highest floor lies some noise above the rest
			got.Decision != row.decision || got.Repeat != row.repeat {
			t.Errorf("%s: %s (%s to %s), %s in repeat %d, want %v, %s, %d", row.why, got.Estimate, got.Lo, got.Hi, got.Decision, got.Repeat, row.want, row.decision, row.repeat)
		}
	}
	flat := run(1, 0)
	flat.Windows[1].From, flat.Windows[1].To = 100, 200
	if got := proved(t, c, flat); got.Decision != verdict.Unclear {
		t.Errorf("without an incident it is %s (%s), want unclear: nothing was there to be retained", got.Decision, got.Why)
	}
}

func TestWhatIsSharedOnBothSidesOfAQuotientCounts(t *testing.T) {
	hard := sampled("hard", 0, 900, noisy(7, 400, func(at float64) float64 { return 1000 + 2000*math.Floor(at/300)*(2-math.Floor(at/300)) }))
	r := oneRun(1, "a", hard)
	r.Windows = []verdict.Window{{Name: "baseline", From: 0, To: 300}, {Name: "incident", From: 300, To: 600}, {Name: "load", From: 600, To: 900}}
	// 300 samples have 48 floors.
	floors := func(from int) (least []float64) {
		block := -1
		for i := range 300 {
			switch v := hard.Value[from+i]; {
			case i*48/300 != block:
				block, least = i*48/300, append(least, v)
			default:
				least[len(least)-1] = min(least[len(least)-1], v)
			}
		}
		return least
	}
	base, after := stats.BatchMean(floors(0)), stats.BatchMean(floors(600))
	peak := stats.Estimate{Mid: slices.Max(floors(300)), N: 48}
	want := stats.Ratio{Over: after.Less(base), Under: peak.Less(base), Covariance: base.SE * base.SE}
	lo, hi := want.Bounds(0.99)
	got := proved(t, verdict.Criterion{Place: load, Measure: verdict.Retained, Series: "hard", Base: "baseline", Peak: "incident", Is: verdict.Below, Threshold: 0.2}, r)
	if !near(got.Lo, lo, 1e-12) || !near(got.Hi, hi, 1e-12) || !near(got.Estimate, want.Mid(), 1e-12) {
		t.Errorf("retained %s (%s to %s), want %v (%v to %v)", got.Estimate, got.Lo, got.Hi, want.Mid(), lo, hi)
	}
}

func TestFewCyclesSayNothing(t *testing.T) {
	r := oneRun(1, "a", sampled("hard", 0, 600, line(0, 3)))
	c := verdict.Criterion{Place: load, Measure: verdict.Growth, Series: "hard", Is: verdict.Above, Threshold: 1}
	for _, row := range []struct {
		cuts []float64
		want verdict.Decision
		mid  float64
	}{
		{[]float64{100, 200, 300, 400, 500, 600}, verdict.Unclear, math.NaN()},
		{[]float64{60, 120, 180, 240, 300, 360, 420}, verdict.Holds, 180},
	} {
		r.Windows[0].Cuts = row.cuts
		got := proved(t, c, r)
		if got.Decision != row.want || got.Decision == verdict.Holds && !near(got.Estimate, row.mid, 1e-9) {
			t.Errorf("%d cycles: %s with %s (%s), want %s with %v: six deltas are needed, and the first cycle is only a floor", len(row.cuts), got.Decision, got.Estimate, got.Why, row.want, row.mid)
		}
	}
}

func TestAnswersThatAreSlowTogetherCountAsFewer(t *testing.T) {
	apart := sampled("apart", 0, 600, func(at float64) float64 { return 100 + math.Mod(at*37, 600) })
	together := sampled("together", 0, 600, func(at float64) float64 { return 100 + at })
	c := verdict.Criterion{Place: load, Measure: verdict.Percentile, At: 0.8, Is: verdict.Above, Threshold: 300}
	run := oneRun(1, "a", apart, together)
	var width [2]float64
	for i, series := range []string{"apart", "together"} {
		c.Series = series
		got := proved(t, c, run)
		if got.Estimate != 579 {
			t.Errorf("p80 of %s = %s, want 579", series, got.Estimate)
		}
		width[i] = float64(got.Hi - got.Lo)
	}
	if !(width[1] > 3*width[0]) {
		t.Errorf("the same answers in one stretch bound their p80 within %v, spread out within %v; want the first thrice as wide at least", width[1], width[0])
	}
}
