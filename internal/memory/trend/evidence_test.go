package trend

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drifting are floors with autoregressive noise, or a random walk, that grow by a rise
// in all.
func drifting(r *rand.Rand, n int, rho, rise float64) (p points) {
	p.n, p.columns = n, 2
	noise := 0.0
	if rho < 1 {
		noise = r.NormFloat64() / math.Sqrt(1-rho*rho)
	}
	for i := range n {
		noise = rho*noise + r.NormFloat64()
		p.step[i] = float64(i)
		p.x[i][0], p.x[i][1] = 1, float64(i)/float64(n-1)-0.5
		p.y[i] = 1e6 + rise*p.x[i][1] + noise
	}
	return p
}

func TestNoiseAloneGivesNoEvidenceOfGrowth(t *testing.T) {
	need := Default().Evidence
	for _, row := range []struct {
		why string
		n   int
		rho float64
	}{
		{"noise that forgets at once", 60, 0},
		{"noise with a long memory", 120, 0.9},
		{"noise that is nearly a random walk", 144, 0.97},
		{"a random walk", 60, 1},
		{"a random walk seen briefly", 24, 1},
	} {
		r := rand.New(rand.NewPCG(11, uint64(row.n)))
		const times = 10_000
		over := 0
		for range times {
			p := drifting(r, row.n, row.rho, 0)
			if evidence(&p) >= need {
				over++
			}
		}
		// Alarms take an hour of such looks in a row, growth that is fast enough, and a line.
		if over > times/500 {
			t.Errorf("%s: %d of %d have evidence of %g or more, want at most one in 500", row.why, over, times, need)
		}
		t.Logf("%s: %d of %d", row.why, over, times)
	}
}

func TestGrowthBeyondTheNoiseIsEvident(t *testing.T) {
	need := Default().Evidence
	for _, row := range []struct {
		why  string
		n    int
		rho  float64
		rise float64 // the noise's step has a deviation of 1
	}{
		{"noise that forgets at once", 60, 0, 4.5},
		{"noise that forgets within a few blocks", 60, 0.6, 36},
		{"noise with a long memory, seen for long", 144, 0.88, 57},
	} {
		r := rand.New(rand.NewPCG(12, uint64(row.n)))
		seen := 0
		for range 500 {
			p := drifting(r, row.n, row.rho, row.rise)
			if evidence(&p) >= need {
				seen++
			}
			if fall := drifting(r, row.n, row.rho, -row.rise); evidence(&fall) > 0 {
				t.Fatalf("%s: a fall has evidence of growth, want none", row.why)
			}
		}
		if seen < 450 {
			t.Errorf("%s: a rise of %g is evident in %d of 500, want 450", row.why, row.rise, seen)
		}
		t.Logf("%s: %d of 500", row.why, seen)
	}
}

func TestAGapIsNoStepOfTheNoise(t *testing.T) {
	p := drifting(rand.New(rand.NewPCG(13, 1)), 80, 0, 10)
	whole := evidence(&p)
	for i := 40; i < p.n; i++ {
		p.step[i] += 100
	}
	if apart := evidence(&p); math.Abs(apart-whole) > 0.35*whole || whole < Default().Evidence {
		t.Errorf("evidence with a gap in the middle is %.1f, want about the %.1f without", apart, whole)
	}
}

func TestOnlyALoadThatRisesAlongHidesGrowth(t *testing.T) {
	for _, row := range []struct {
		why  string
		load func(share float64) float64
		want bool
	}{
		{"it rises in a line", func(share float64) float64 { return share }, true},
		{"it falls, and would have memory fall", func(share float64) float64 { return -share }, false},
		{"it turns", func(share float64) float64 { return math.Sin(2 * math.Pi * share) }, false},
		{"it is noise", func(share float64) float64 { return math.Mod(share*7919, 1) }, false},
	} {
		p := drifting(rand.New(rand.NewPCG(14, 1)), 72, 0, 10)
		if behindLoad(&p) {
			t.Error("growth is behind a load that nobody tells of")
		}
		p.columns = 3
		for i := range p.n {
			p.x[i][2] = row.load(float64(i) / float64(p.n))
		}
		if got := behindLoad(&p); got != row.want {
			t.Errorf("%s: behindLoad = %t, want %t", row.why, got, row.want)
		}
	}
}
