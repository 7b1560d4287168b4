package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stanch-dev/stanch/internal/stats"
)

func near(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

func TestTheMeanOfAFewValuesIsThatOfTheBooks(t *testing.T) {
	// Student's own example (1908): hours of sleep gained by ten patients.
	gained := []float64{1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4}
	e := stats.Mean(gained)
	if !near(e.Mid, 1.58, 1e-9) || !near(e.Mid/e.SE, 4.0621, 1e-4) || e.DF != 9 || e.N != 10 {
		t.Errorf("Mean(sleep) = %+v with t = %.4f, want 1.58, 9 degrees, t = 4.0621", e, e.Mid/e.SE)
	}
	if lo, hi := e.Bounds(0.975); !near(lo, 0.70011, 1e-4) || !near(hi, 2.45989, 1e-4) {
		t.Errorf("Bounds(0.975) = %.5f, %.5f, want 0.70011, 2.45989", lo, hi)
	}
	if one := stats.Mean([]float64{5}); one.Mid != 5 || !math.IsInf(one.SE, 1) {
		t.Errorf("Mean of one value = %+v, want 5 with an endless error", one)
	}
	if none := stats.Mean(nil); !math.IsNaN(none.Mid) {
		t.Errorf("Mean(nil) = %+v, want no number", none)
	}
}

func TestADifferenceHasTheDegreesOfWelch(t *testing.T) {
	a := stats.Estimate{Mid: 10, SE: 2, DF: 4, N: 5}
	b := stats.Estimate{Mid: 4, SE: 1, DF: 9, N: 10}
	d := a.Less(b)
	if want := 25 / (16.0/4 + 1.0/9); d.Mid != 6 || !near(d.SE, math.Sqrt(5), 1e-12) || !near(d.DF, want, 1e-12) || d.N != 15 {
		t.Errorf("Less = %+v, want 6, √5, %.4f degrees, n 15", d, want)
	}
	if d := a.Less(stats.Estimate{Mid: 4}); d.DF != 4 || d.SE != 2 {
		t.Errorf("less a known number = %+v, want the error and the degrees as they were", d)
	}
}

// remembering makes noise of variance one.
func remembering(r *rand.Rand, n int, memory float64) []float64 {
	noise := make([]float64, n)
	level := r.NormFloat64()
	for i := range noise {
		noise[i] = level
		level = memory*level + math.Sqrt(1-memory*memory)*r.NormFloat64()
	}
	return noise
}

func TestAMeanOfDependentValuesHoldsTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, memory := range []float64{0, 0.5, 0.8} {
		const times = 1000
		held := 0
		for range times {
			if lo, hi := stats.BatchMean(remembering(r, 400, memory)).Bounds(0.975); lo <= 0 && 0 <= hi {
				held++
			}
		}
		if got := float64(held) / times; got < 0.92 || got > 0.97 {
			t.Errorf("memory %v: intervals hold the truth in %.3f, want 0.92 to 0.97", memory, got)
		}
	}
	if got := stats.Inflation(remembering(r, 4000, 0.8)); got < 3 || got > 30 {
		t.Errorf("Inflation of memory 0.8 = %.1f, want it about 9", got)
	}
	if got := stats.Inflation([]float64{3, 3, 3}); got != 1 {
		t.Errorf("Inflation of equal values = %v, want 1", got)
	}
}

func TestAQuotientHoldsTheTruthOrIsUnbounded(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	const times = 4000
	held, unbounded := 0, 0
	for range times {
		shared, over, under := make([]float64, 8), make([]float64, 8), make([]float64, 8)
		for i := range 8 {
			shared[i] = r.NormFloat64()
			over[i], under[i] = 2+0.5*r.NormFloat64()+shared[i], 4+0.5*r.NormFloat64()+shared[i]
		}
		// What both share makes them go together.
		common := stats.Mean(shared).SE
		q := stats.Ratio{Over: stats.Mean(over), Under: stats.Mean(under), Covariance: common * common}
		lo, hi := q.Bounds(0.975)
		if math.IsInf(lo, -1) {
			unbounded++
		}
		if lo <= 0.5 && 0.5 <= hi {
			held++
		}
	}
	if got := float64(held) / times; got < 0.93 || got > 0.97 {
		t.Errorf("intervals hold the truth in %.3f (%d unbounded), want 0.93 to 0.97", got, unbounded)
	}
	if lo, hi := (stats.Ratio{Over: stats.Estimate{Mid: 1, SE: 0.1, DF: 5}, Under: stats.Estimate{Mid: 0.1, SE: 0.1, DF: 5}}).Bounds(0.95); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		t.Errorf("bounds of what is divided by nearly nothing = %v, %v, want none", lo, hi)
	}
	known := stats.Ratio{Over: stats.Estimate{Mid: 3}, Under: stats.Estimate{Mid: 4}}
	if lo, hi := known.Bounds(0.99); lo != 0.75 || hi != 0.75 || known.Mid() != 0.75 {
		t.Errorf("bounds of known numbers = %v, %v, want 0.75 twice", lo, hi)
	}
}
