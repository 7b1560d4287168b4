package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestStudentsQuantileIsThatOfTheTables(t *testing.T) {
	for df, want := range map[float64]float64{3: 3.182, 5: 2.571, 10: 2.228, 18: 2.101, 30: 2.042, 1000: 1.962} {
		if got := student975(df); math.Abs(got-want) > .02*want || df >= 5 && math.Abs(got-want) > .001*want+.0005 {
			t.Errorf("student975(%g) = %.4f, want %.3f", df, got, want)
		}
	}
}

func TestAStraightLineHasItsSlopeAndNoDoubt(t *testing.T) {
	var x, y []float64
	for i := range 200 {
		x, y = append(x, float64(i)), append(y, 7+3*float64(i))
	}
	slope, low, high, err := trend(x, y, 20)
	if err != nil || math.Abs(slope-3) > 1e-9 || high-low > 1e-6 {
		t.Errorf("trend of a line of slope 3 = %g (%g to %g), %v", slope, low, high, err)
	}
}

// The reason for blocks: a walk that forgets within 30 samples has no slope,
// and the interval must say so as often as it claims to.
func TestTheIntervalCoversUnderAutocorrelation(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const runs = 400
	covered := 0
	for range runs {
		var x, y []float64
		level := 0.0
		for i := range 1200 {
			level = level*.9 + r.NormFloat64()
			x, y = append(x, float64(i)), append(y, level+.01*float64(i))
		}
		if _, low, high, err := trend(x, y, 20); err == nil && low <= .01 && .01 <= high {
			covered++
		}
	}
	if share := float64(covered) / runs; share < .91 || share > .99 {
		t.Errorf("the 95 %% interval covers in %.1f %% of %d runs", 100*share, runs)
	}
}

func TestTooFewSamplesAreAnError(t *testing.T) {
	if _, _, _, err := trend([]float64{1, 2}, []float64{1, 2}, 20); err == nil {
		t.Error("trend of two samples gave no error")
	}
	same := make([]float64, 40)
	if _, _, _, err := trend(same, same, 20); err == nil {
		t.Error("trend of one moment gave no error")
	}
}
