package verdict_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

func TestAForeseenEffectIsFoundAsARule(t *testing.T) {
	world := func(r *rand.Rand, memory, slope float64) verdict.Run {
		level := 0.0
		return oneRun(1, "a", sampled("hard", 0, 600, func(at float64) float64 {
			level = memory*level + 100*r.NormFloat64()
			return 1e5 + slope*at + level
		}), sampled("requests", 0, 600, line(0, 20)))
	}
	for _, row := range []struct {
		why     string
		memory  float64
		measure verdict.Measure
		per     string
	}{
		{"a slope in noise that forgets", 0, verdict.Slope, ""},
		{"per request", 0.5, verdict.Slope, "requests"},
		{"in a random walk", 1, verdict.Slope, ""},
		{"growth over cycles", 0.5, verdict.Growth, ""},
	} {
		r := rand.New(rand.NewPCG(8, 8))
		noise, ok := verdict.NoiseOf(ptr(world(r, row.memory, 0)), "hard", "load")
		if !ok {
			t.Fatalf("%s: NoiseOf found too little", row.why)
		}
		c := verdict.Criterion{ID: "it", Place: load, Measure: row.measure, Series: "hard", Per: row.per, Is: verdict.Above, Threshold: 0.5, Confidence: 0.95}
		planned := verdict.Planned{Seconds: 600, Samples: 600}
		perSecond := 1.0
		switch {
		case row.per != "":
			planned.Units, perSecond = 12000, 20
		case row.measure == verdict.Growth:
			perSecond = 1.0 / 75
		}
		effect, err := verdict.Foresee(c, noise, planned)
		if err != nil {
			t.Fatalf("%s: Foresee: %v", row.why, err)
		}
		found, told := 0, 0.0
		const times = 200
		for range times {
			got := proved(t, c, world(r, row.memory, effect*perSecond))
			told += float64(got.Detectable) / times
			if got.Decision == verdict.Holds {
				found++
			}
		}
		share := float64(found) / times
		t.Logf("%s: foreseen %.3g, told after %.3g, found %.2f", row.why, effect, told, share)
		if share < 0.6 || told-0.5 < (effect-0.5)/2 || told-0.5 > (effect-0.5)*2 {
			t.Errorf("%s: an effect of %.3g is found in %.2f, and %.3g is told after the run; want at least 0.6, and about the same", row.why, effect, share, told)
		}
	}
}

func ptr(r verdict.Run) *verdict.Run { return &r }

func TestWhatCantBeForeseenIsAnError(t *testing.T) {
	noise := verdict.Noise{Every: 10, New: 1}
	slope := verdict.Criterion{ID: "it", Measure: verdict.Slope, Series: "hard", Is: verdict.Within, Threshold: 1}
	ratio, per, shift := slope, slope, slope
	ratio.Against = &verdict.Against{Ratio: true}
	per.Per = "requests"
	shift.Measure = verdict.Shift
	for _, row := range []struct {
		why     string
		c       verdict.Criterion
		planned verdict.Planned
	}{
		{"a quotient", ratio, verdict.Planned{Seconds: 600, Samples: 600}},
		{"no requests planned", per, verdict.Planned{Seconds: 600, Samples: 600}},
		{"seven samples", slope, verdict.Planned{Seconds: 600, Samples: 7}},
		{"ranks", shift, verdict.Planned{Seconds: 600, Samples: 600}},
	} {
		if got, err := verdict.Foresee(row.c, noise, row.planned); err == nil {
			t.Errorf("Foresee of %s = %v, want an error", row.why, got)
		}
	}
	alone, err := verdict.Foresee(slope, noise, verdict.Planned{Seconds: 600, Samples: 600})
	slope.Against = &verdict.Against{Paired: true}
	paired, err2 := verdict.Foresee(slope, noise, verdict.Planned{Seconds: 600, Samples: 600, Repeats: 20})
	mean, err3 := verdict.Foresee(verdict.Criterion{ID: "m", Measure: verdict.MeanOf, Is: verdict.Below, Threshold: 5}, noise, verdict.Planned{Seconds: 600, Samples: 600})
	if err != nil || err2 != nil || err3 != nil || !(paired < alone) || math.Abs(mean-4.4) > 0.3 {
		t.Errorf("Foresee alone %v (%v), in 20 pairs %v (%v), a mean %v (%v); want pairs to tell more, and a mean of about 4.4", alone, err, paired, err2, mean, err3)
	}
}
