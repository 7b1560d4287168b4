package trend

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestIntervalsOfASlopeHoldTheTruthNineteenTimesInTwenty(t *testing.T) {
	for _, row := range []struct {
		why string
		n   int
		rho float64
		low float64
	}{
		{"noise that forgets at once", 60, 0, 0.92},
		{"noise that forgets within a few blocks", 60, 0.5, 0.91},
		{"noise with a long memory", 120, 0.8, 0.90},
		{"a random walk", 60, 1, 0.90},
		{"a random walk seen briefly", 30, 1, 0.89},
	} {
		r := rand.New(rand.NewPCG(7, uint64(row.n)))
		const times = 4000
		held := 0
		for range times {
			p := points{n: row.n, columns: 2}
			noise := 0.0
			if row.rho < 1 {
				noise = r.NormFloat64() / math.Sqrt(1-row.rho*row.rho)
			}
			for i := range row.n {
				noise = row.rho*noise + r.NormFloat64()
				p.step[i] = float64(i)
				p.x[i][0], p.x[i][1] = 1, float64(i)/float64(row.n-1)-0.5
				p.y[i] = 3*p.x[i][1] + noise
			}
			l := fit(&p)
			if mid, se := l.slope(1); math.Abs(mid-3) <= wide(l.df)*se {
				held++
			}
		}
		if got := float64(held) / times; got < row.low || got > 0.985 {
			t.Errorf("%s: intervals held the truth in %.3f, want %.2f to 0.985", row.why, got, row.low)
		} else {
			t.Logf("%s: %.3f", row.why, got)
		}
	}
}
