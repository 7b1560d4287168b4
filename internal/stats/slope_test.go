package stats_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stanch-dev/stanch/internal/stats"
)

func TestASlopeThroughALineIsThatLine(t *testing.T) {
	x, y := make([]float64, 30), make([]float64, 30)
	for i := range x {
		x[i], y[i] = float64(i), 7+3*float64(i)
	}
	if s, ok := stats.SlopeOf(x, y); !ok || !near(s.Mid, 3, 1e-9) || s.SE > 1e-9 || s.N != 30 {
		t.Errorf("SlopeOf a line = %+v, %v, want 3 without an error", s, ok)
	}
	if _, ok := stats.SlopeOf(x[:7], y[:7]); ok {
		t.Error("SlopeOf seven points is ok, want it not to be")
	}
	if _, ok := stats.SlopeOf(make([]float64, 30), y); ok {
		t.Error("SlopeOf an x that stands still is ok, want it not to be")
	}
}

func TestBoundsOfASlopeHoldTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, row := range []struct {
		why        string
		n          int
		memory     float64
		least, far float64 // 95 % intervals, and bounds of 99 %
	}{
		{"noise that forgets at once", 60, 0, 0.92, 0.98},
		{"few points, whose memory may be anything: wide", 16, 0, 0.91, 0.975},
		{"noise that forgets within a few points", 60, 0.5, 0.91, 0.975},
		{"noise with a long memory", 60, 0.9, 0.88, 0.96},
		{"a random walk", 60, 1, 0.89, 0.965},
	} {
		const times = 800
		held, above := 0, 0
		for range times {
			x, y := make([]float64, row.n), make([]float64, row.n)
			level := 0.0
			for i := range x {
				x[i] = float64(i) / float64(row.n)
				level = row.memory*level + r.NormFloat64()
				y[i] = 3*x[i] + level
			}
			s, _ := stats.SlopeOf(x, y)
			if lo, hi := s.Bounds(0.975); lo <= 3 && 3 <= hi {
				held++
			}
			if lo, _ := s.Bounds(0.99); lo <= 3 {
				above++
			}
		}
		inside, right := float64(held)/times, float64(above)/times
		t.Logf("%s: 95 %% intervals hold it in %.3f, lower bounds of 99 %% in %.3f", row.why, inside, right)
		if inside < row.least || right < row.far {
			t.Errorf("%s: intervals hold the truth in %.3f, bounds in %.3f, want at least %v and %v", row.why, inside, right, row.least, row.far)
		}
	}
}
