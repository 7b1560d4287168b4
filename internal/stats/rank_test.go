package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stanch-dev/stanch/internal/stats"
)

// upTo are n values that nothing ties to those of another offset.
func upTo(n int, offset float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i) + offset
	}
	return values
}

func TestRankTestsHaveTheCriticalValuesOfTheTables(t *testing.T) {
	// Two-sided, 5 %: the largest U that is called a difference.
	for _, row := range []struct{ n, m, critical int }{{5, 5, 2}, {8, 8, 13}, {10, 10, 23}, {7, 12, 18}, {20, 20, 127}} {
		a, b := upTo(row.n, 0), upTo(row.m, 0.5)
		s := stats.NewShift(a, b, 1)
		lo, _ := s.Bounds(0.975)
		var between []float64
		for _, x := range a {
			for _, y := range b {
				between = append(between, y-x)
			}
		}
		below := 0
		for _, d := range between {
			if d < lo {
				below++
			}
		}
		// The bound is the difference after the critical ones; differences tie here.
		if below > row.critical {
			t.Errorf("n %d, m %d: %d differences lie below the lower bound, want at most %d", row.n, row.m, below, row.critical)
		}
		s = stats.NewShift(a, shifted(b, a, row.critical), 1)
		if u := math.Min(s.U, float64(row.n*row.m)-s.U); u != float64(row.critical) || s.P > 0.05 {
			t.Errorf("n %d, m %d: U = %v has P %.4f, want U %d and P at most 0.05", row.n, row.m, u, s.P, row.critical)
		}
		s = stats.NewShift(a, shifted(b, a, row.critical+1), 1)
		if s.P <= 0.05 {
			t.Errorf("n %d, m %d: U = %d has P %.4f, want above 0.05", row.n, row.m, row.critical+1, s.P)
		}
	}
}

// shifted is as many values as b has, of which pairs with a have just u in which b's is larger.
func shifted(b, a []float64, u int) []float64 {
	values := make([]float64, len(b))
	for i := range values {
		larger := min(u, len(a))
		u -= larger
		values[i] = float64(larger) - 0.5 - float64(i)/1000
	}
	return values
}

func TestTheShiftIsTheMedianOfAllDifferences(t *testing.T) {
	s := stats.NewShift([]float64{1, 2, 9}, []float64{4, 6}, 1)
	// -5 -3 2 3 4 5
	if got := s.Mid(); got != 2.5 || s.U != 4 {
		t.Errorf("Mid = %v, U = %v, want 2.5 and 4", got, s.U)
	}
	if lo, hi := s.Bounds(0.95); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		t.Errorf("bounds of three and two values = %v, %v, want none: too few", lo, hi)
	}
	none := stats.NewShift(nil, []float64{1}, 1)
	if lo, _ := none.Bounds(0.9); !math.IsNaN(none.Mid()) || !math.IsInf(lo, -1) {
		t.Errorf("shift of nothing = %v from %v, want no number and no bound", none.Mid(), lo)
	}
	if tied := stats.NewShift([]float64{1, 1}, []float64{1, 1}, 1); tied.P != 1 || tied.Mid() != 0 {
		t.Errorf("shift of equal values = %v with P %v, want 0 with 1", tied.Mid(), tied.P)
	}
}

func TestBoundsOfAShiftHoldTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{12, 80} {
		const times = 300
		held := 0
		for range times {
			a, b := make([]float64, n), make([]float64, n)
			for i := range n {
				a[i], b[i] = r.ExpFloat64(), 0.3+r.ExpFloat64()
			}
			s := stats.NewShift(a, b, 1)
			if lo, hi := s.Bounds(0.975); lo <= 0.3 && 0.3 <= hi {
				held++
			}
		}
		if got := float64(held) / times; got < 0.92 || got > 0.985 {
			t.Errorf("n %d: intervals hold the shift in %.3f, want 0.92 to 0.985", n, got)
		}
	}
}

func TestFlippedSignsAreCountedOut(t *testing.T) {
	for _, row := range []struct {
		differences []float64
		want        float64
		why         string
	}{
		{[]float64{1, 2, 3, 4}, 0.125, "two of sixteen"},
		{[]float64{0.1, 0.2, 0.3}, 0.25, "two of eight, whatever the rounding"},
		{[]float64{1, -1}, 1, "no mean at all"},
		{[]float64{-1, 2, 3, 4}, 0.25, "four of sixteen: the smallest may have either sign"},
	} {
		if got := stats.SignFlips(row.differences); got != row.want {
			t.Errorf("SignFlips(%v) = %v, want %v: %s", row.differences, got, row.want, row.why)
		}
	}
	if got := stats.SignFlips(make([]float64, 21)); !math.IsNaN(got) {
		t.Errorf("SignFlips of 21 = %v, want no number", got)
	}
}

func TestOddsAreSpentLateAndAllOfThem(t *testing.T) {
	for _, row := range []struct{ share, want float64 }{{0.2, 5.386e-7}, {0.5, 0.001525}, {0.75, 0.00965}, {1, 0.025}} {
		if got := stats.Spent(0.025, row.share); math.Abs(got-row.want) > 0.01*row.want {
			t.Errorf("Spent(0.025, %v) = %.3g, want %.3g", row.share, got, row.want)
		}
	}
}
