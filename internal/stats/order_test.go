package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stanch-dev/stanch/internal/stats"
)

func TestBinomialProbabilitiesAreThoseOfTheTables(t *testing.T) {
	for _, row := range []struct {
		k, n int
		p    float64
		want float64
		why  string
	}{
		{1, 10, 0.5, 0.010742, "11/1024"},
		{2, 10, 0.5, 0.054688, "56/1024"},
		{3, 20, 0.1, 0.867047, "tables of 20 tries"},
		{0, 5, 0.2, 0.32768, "0.8^5"},
		{-1, 5, 0.2, 0, "fewer than none"},
		{5, 5, 0.2, 1, "all of them"},
		{2500, 5000, 0.5, 0.50564, "the normal distribution takes over"},
	} {
		if got := stats.BinomialAtMost(row.k, row.n, row.p); !near(got, row.want, 2e-5) {
			t.Errorf("BinomialAtMost(%d, %d, %v) = %.6f, want %.6f: %s", row.k, row.n, row.p, got, row.want, row.why)
		}
	}
}

func TestRanksThatBoundAQuantileAreThoseOfTheTables(t *testing.T) {
	for _, row := range []struct {
		n            int
		p            float64
		confidence   float64
		lower, upper int
		why          string
	}{
		{10, 0.5, 0.975, 2, 9, "the median of ten, 95 %"},
		{20, 0.5, 0.975, 6, 15, "the median of twenty, 95 %"},
		{5, 0.5, 0.95, 1, 5, "the median of five, 90 %"},
		{5, 0.5, 0.975, 0, 6, "five are too few for 95 %"},
		{58, 0.95, 0.95, 52, 59, "58 values have no upper bound of the 95th percentile"},
		{59, 0.95, 0.95, 53, 59, "59 have: 1-0.95^59 is 0.9515"},
		{20, 0.95, 0.95, 17, 21, "no value bounds it from above"},
	} {
		lower, upper := stats.QuantileRanks(row.n, row.p, row.confidence)
		if lower != row.lower || upper != row.upper {
			t.Errorf("QuantileRanks(%d, %v, %v) = %d, %d, want %d, %d: %s", row.n, row.p, row.confidence, lower, upper, row.lower, row.upper, row.why)
		}
	}
}

func TestBoundsOfAPercentileHoldTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, memory := range []float64{0, 0.7} {
		const times = 200
		truth := stats.Normal(0.95)
		held := 0
		for range times {
			values := remembering(r, 1000, memory)
			above := make([]float64, len(values))
			sorted := slices.Sorted(slices.Values(values))
			for i, v := range values {
				if v > stats.Quantile(sorted, 0.95) {
					above[i] = 1
				}
			}
			if lo, hi := stats.QuantileBounds(sorted, 0.95, 0.975, stats.Inflation(above)); lo <= truth && truth <= hi {
				held++
			}
		}
		if got := float64(held) / times; got < 0.92 {
			t.Errorf("memory %v: intervals hold the 95th percentile in %.3f, want at least 0.92", memory, got)
		}
	}
	if got := stats.Quantile([]float64{1, 2, 3, 4}, 0.5); got != 2 {
		t.Errorf("Quantile(1..4, 0.5) = %v, want 2", got)
	}
	if got := stats.Quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("Quantile(nil) = %v, want no number", got)
	}
}
