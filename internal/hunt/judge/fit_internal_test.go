package judge

import (
	"math"
	"math/rand/v2"
	"testing"
)

// levels are floors of n blocks under a trend and two endpoints, with noise.
func levels(n int, seed uint64) (rows []row, floors []float64, sums [][]float64) {
	r := rand.New(rand.NewPCG(seed, 1))
	floors, sums = []float64{r.NormFloat64() * 1e6}, [][]float64{{0, 0, 0}}
	for k := range n {
		x := make([]float64, 3)
		x[0] = 3 + r.Float64()
		if e := r.IntN(3); e > 0 {
			x[e] = 1000 + float64(r.IntN(500))
		}
		sum := make([]float64, 3)
		for c := range x {
			sum[c] = sums[k][c] + x[c]
		}
		sums = append(sums, sum)
		floors = append(floors, 2e4*sum[0]+4096*sum[1]+r.NormFloat64()*1e6)
		rows = append(rows, row{x: x, y: floors[k+1] - floors[k], time: 1, linked: k > 0})
	}
	return rows, floors, sums
}

// plain is least squares by the normal equations, written out for comparison.
func plain(t *testing.T, x [][]float64, y []float64) []float64 {
	t.Helper()
	columns := len(x[0])
	cross, target := make([][]float64, columns), make([]float64, columns)
	for a := range columns {
		cross[a] = make([]float64, columns)
		for b := range columns {
			for k := range x {
				cross[a][b] += x[k][a] * x[k][b]
			}
		}
		for k := range x {
			target[a] += x[k][a] * y[k]
		}
	}
	inverse, _, ok := invert(cross)
	if !ok {
		t.Fatal("the columns of the example depend on each other")
	}
	beta := make([]float64, columns)
	for a := range columns {
		for b := range columns {
			beta[a] += inverse[a][b] * target[b]
		}
	}
	return beta
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*(math.Abs(a)+math.Abs(b)+1) }

func TestNoiseThatIsAllReadingIsFittedAsALineThroughTheFloors(t *testing.T) {
	rows, floors, sums := levels(40, 3)
	got, _ := fitWith(rows, guess{share: 1})
	for i := range sums {
		sums[i] = append(sums[i], 1)
	}
	want := plain(t, sums, floors)
	for c := range 3 {
		if !near(got.beta[c], want[c]) {
			t.Errorf("fitWith(rows, guess{share: 1}).beta[%d] = %v, want %v as of the floors themselves", c, got.beta[c], want[c])
		}
	}
}

func TestNoiseThatIsAllWanderIsFittedBlockByBlock(t *testing.T) {
	rows, _, _ := levels(40, 4)
	got, _ := fitWith(rows, guess{})
	var x [][]float64
	var y []float64
	for _, r := range rows {
		x, y = append(x, r.x), append(y, r.y)
	}
	want := plain(t, x, y)
	for c := range 3 {
		if !near(got.beta[c], want[c]) {
			t.Errorf("fitWith(rows, guess{}).beta[%d] = %v, want %v as of the blocks by themselves", c, got.beta[c], want[c])
		}
	}
}

func TestWhatDependsOnOtherColumnsHasNoFit(t *testing.T) {
	rows, _, _ := levels(20, 5)
	for i := range rows {
		rows[i].x = append(rows[i].x, 2*rows[i].x[1])
	}
	if f := fit(rows); f.ok {
		t.Errorf("fit with twin columns = %+v, want none", f)
	}
	if f := fit(nil); f.ok {
		t.Errorf("fit(nil) = %+v, want none", f)
	}
}

func TestSharesOfAllLooksAddUpToOne(t *testing.T) {
	sum := 0.0
	for look := 1; look <= 100_000; look++ {
		sum += spend(look)
	}
	if sum > 1 || sum < 0.9999 {
		t.Errorf("the looks spend %v, want at most 1 and nearly that", sum)
	}
}

func TestInflationIsWhatTwoEndpointsShare(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, row := range []struct {
		together float64 // correlation of the two
		want     float64
		why      string
	}{
		{0, 1, "each goes its own way"},
		{0.8, 1 / (1 - 0.64), "1/(1-r²)"},
		{0.99, 1 / (1 - 0.9801), "nearly twins"},
	} {
		tab := table{columns: map[string]int{"a": 1, "b": 2}}
		for range 20_000 {
			one, other := r.NormFloat64(), r.NormFloat64()
			tab.rows = append(tab.rows, rowOf(10, 1000+100*one, 1000+100*(row.together*one+math.Sqrt(1-row.together*row.together)*other)))
		}
		inflation, with := inflations(tab)
		if got := inflation["a"]; math.Abs(got-row.want) > 0.05*row.want {
			t.Errorf("inflations of traffic correlated by %v = %v, want %v: %s", row.together, got, row.want, row.why)
		}
		if with["a"] != "b" {
			t.Errorf("a goes with %q, want b: there is no other", with["a"])
		}
	}
}

func rowOf(x ...float64) row { return row{x: x} }
