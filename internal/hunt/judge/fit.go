package judge

import (
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/stats"
)

// row is what one block did to one series of floors.
type row struct {
	x      []float64 // what the growth is explained by: the seconds, and requests by endpoint
	y      float64   // growth, bytes
	time   float64   // how long the block took with its settling, in mean blocks
	linked bool      // the floor before it is the one after the row before it
	group  int       // blocks of one group share their noise, and what they leave for a while
	before int       // the group of the block before, or one of the two below
}

// What row.before says where there is no group to name.
const (
	unknown = -1
	nobody  = -2 // the row is of mixed traffic: nobody leaves anything for a while
)

// fitted is a regression. The slices are by column.
type fitted struct {
	ok    bool
	beta  []float64
	se    []float64
	df    []float64
	floor float64 // standard deviation of a floor's noise, bytes
	block float64 // standard deviation of a block's growth that nothing explains, bytes

	groups []float64 // variance of each group's blocks, bytes squared
}

// guess is what the noise of blocks may be like.
type guess struct {
	share float64 // of a block's noise that the next block takes back: 1 is an error of reading a floor, 0 a level that wanders
	glow  float64 // variance of what an endpoint leaves only until another one is driven, in variances of a block
}

// guesses are those that a fit averages over.
var guesses = [...]guess{
	{0, 0},
	{0.25, 0},
	{0.5, 0},
	{0.75, 0},
	{0.9, 0},
	{1, 0},
	{0.3, 3},
	{1, 3},
	{0.3, 100},
	{1, 100},
	{0.3, 3000},
	{1, 3000},
}

// fit is a generalised least squares over blocks.
//
// A floor read too high makes one block's growth too large and the next one's too
// small by as much; a level that wanders does not; and the floor after one endpoint
// may lie above that after another, for as long as nothing else is driven. So the
// noise of blocks is a mix, and the mix is not known. The fit is made for every guess,
// and they are averaged by how well they explain the rows (the restricted
// likelihood of H. Patterson and R. Thompson, Biometrika 58, 1971; averaging after
// A. Raftery and others, Journal of the American Statistical Association 92, 1997).
// An interval is therefore as wide as any kind of noise deserves.
func fit(rows []row) fitted {
	if len(rows) == 0 {
		return fitted{}
	}
	var (
		fits    [len(guesses)]fitted
		weights [len(guesses)]float64
		best    = math.Inf(-1)
	)
	for i, g := range guesses {
		fits[i], weights[i] = fitWith(rows, g)
		if fits[i].ok {
			best = max(best, weights[i])
		}
	}
	if math.IsInf(best, -1) {
		return fitted{}
	}
	total := 0.0
	for i := range fits {
		weights[i] = math.Exp(weights[i] - best)
		if !fits[i].ok {
			weights[i] = 0
		}
		total += weights[i]
	}
	columns, most := len(rows[0].x), 0
	for _, r := range rows {
		most = max(most, r.group)
	}
	mean := fitted{ok: true, beta: make([]float64, columns), se: make([]float64, columns), df: make([]float64, columns), groups: make([]float64, most+1)}
	for i := range fits {
		weights[i] /= total
		if weights[i] == 0 {
			continue
		}
		mean.floor += weights[i] * fits[i].floor
		mean.block += weights[i] * fits[i].block
		for g, variance := range fits[i].groups {
			mean.groups[g] += weights[i] * variance
		}
		for c := range columns {
			mean.beta[c] += weights[i] * fits[i].beta[c]
			mean.df[c] += weights[i] * fits[i].df[c]
		}
	}
	for c := range columns {
		variance := 0.0
		for i := range fits {
			if weights[i] > 0 {
				apart := fits[i].beta[c] - mean.beta[c]
				variance += weights[i] * (fits[i].se[c]*fits[i].se[c] + apart*apart)
			}
		}
		mean.se[c] = math.Sqrt(variance)
	}
	return mean
}

// fitWith fits for one guess, and says the restricted log-likelihood. What endpoints
// leave for a while are effects drawn by lot: columns that are held near zero by a
// row each (C. Henderson's equations, Biometrics 31, 1975).
func fitWith(rows []row, g guess) (f fitted, likelihood float64) {
	n, columns := len(rows), len(rows[0].x)
	if n < columns+2 {
		return f, 0
	}
	x, y, logDet := whiten(withGlow(rows, g.glow), g.share)
	all := len(x[0])
	for c := columns; c < all; c++ {
		near := make([]float64, all)
		near[c] = 1 / math.Sqrt(g.glow)
		x, y = append(x, near), append(y, 0)
		logDet += math.Log(g.glow)
	}
	cross := make([][]float64, all)
	target := make([]float64, all)
	for a := range all {
		cross[a] = make([]float64, all)
		for k := range x {
			if x[k][a] == 0 {
				continue
			}
			target[a] += x[k][a] * y[k]
			for b := range a + 1 {
				cross[a][b] += x[k][a] * x[k][b]
			}
		}
	}
	inverse, logCross, ok := invert(cross)
	if !ok {
		return f, 0
	}
	beta := make([]float64, all)
	for a := range all {
		for b := range all {
			beta[a] += inverse[a][b] * target[b]
		}
	}
	left, lever := make([]float64, len(x)), make([]float64, len(x))
	weight := make([][]float64, len(x)) // of a row in each estimate
	square := 0.0
	for k := range x {
		left[k] = y[k]
		weight[k] = make([]float64, all)
		for b := range all {
			if x[k][b] == 0 {
				continue
			}
			left[k] -= x[k][b] * beta[b]
			for a := range all {
				weight[k][a] += inverse[a][b] * x[k][b]
			}
		}
		for a := range all {
			lever[k] += weight[k][a] * x[k][a]
		}
		square += left[k] * left[k]
	}
	df := float64(n - columns)
	likelihood = -0.5 * (logDet + logCross + df*math.Log(max(square/df, grain*grain)))
	// What the blocks alone leave to say of their noise: columns held near zero fit
	// some of it.
	square, df = 0, 0
	for k := range rows {
		square, df = square+left[k]*left[k], df+1-lever[k]
	}
	if df < 1 {
		return f, 0
	}
	s2 := max(square/df, grain*grain)
	f = fitted{ok: true, beta: beta[:columns], floor: math.Sqrt(s2 * g.share / 2), block: math.Sqrt(s2)}
	f.se, f.df, f.groups = spread(rows, left, lever, weight, s2, df)
	return f, likelihood
}

// withGlow adds a column for each group: what its blocks leave for a while comes with
// them and goes with the block after.
func withGlow(rows []row, glow float64) []row {
	if glow == 0 {
		return rows
	}
	groups := 0
	for _, r := range rows {
		groups = max(groups, r.group+1)
	}
	columns := len(rows[0].x)
	wide := slices.Clone(rows)
	for k, r := range rows {
		wide[k].x = make([]float64, columns+groups)
		copy(wide[k].x, r.x)
		if r.before != nobody {
			wide[k].x[columns+r.group]++
		}
		if r.before >= 0 {
			wide[k].x[columns+r.before]--
		}
	}
	return wide
}

// grain is the least noise that is believed, bytes: memory comes in pages.
const grain = 1024

// whiten takes out of each row what the row before tells of its noise, and brings all to
// one variance. The covariance of rows has three diagonals, so its factor has two.
func whiten(rows []row, share float64) (x [][]float64, y []float64, logDet float64) {
	columns := len(rows[0].x)
	x, y = make([][]float64, len(rows)), make([]float64, len(rows))
	rawX, rawY, pivot := make([]float64, columns), 0.0, 0.0
	for k, r := range rows {
		variance, keep := (1-share)*r.time+share, 0.0
		if r.linked && k > 0 {
			keep = -share / 2 / pivot
			variance -= keep * keep * pivot
		}
		scale := 1 / math.Sqrt(variance)
		x[k] = make([]float64, columns)
		for c := range columns {
			rawX[c] = r.x[c] - keep*rawX[c]
			x[k][c] = scale * rawX[c]
		}
		rawY = r.y - keep*rawY
		y[k] = scale * rawY
		pivot = variance
		logDet += math.Log(variance)
	}
	return x, y, logDet
}

// invert inverts the positive matrix whose lower half is m, and says the logarithm
// of its determinant; false where a column is what the others make it.
func invert(m [][]float64) (inverse [][]float64, logDet float64, ok bool) {
	n := len(m)
	root := make([][]float64, n)
	for i := range n {
		root[i] = make([]float64, n)
		for j := range i + 1 {
			sum := m[i][j]
			for k := range j {
				sum -= root[i][k] * root[j][k]
			}
			if i != j {
				root[i][j] = sum / root[j][j]
				continue
			}
			if !(sum > 1e-9*m[i][i]) {
				return nil, 0, false
			}
			root[i][i] = math.Sqrt(sum)
			logDet += math.Log(sum)
		}
	}
	inverse = make([][]float64, n)
	for i := range n {
		inverse[i] = make([]float64, n)
	}
	for c := range n {
		solved := make([]float64, n)
		for i := range n {
			sum := 0.0
			if i == c {
				sum = 1
			}
			for k := range i {
				sum -= root[i][k] * solved[k]
			}
			solved[i] = sum / root[i][i]
		}
		for i := n - 1; i >= 0; i-- {
			sum := solved[i]
			for k := i + 1; k < n; k++ {
				sum -= root[k][i] * inverse[k][c]
			}
			inverse[i][c] = sum / root[i][i]
		}
	}
	return inverse, logDet, true
}

// interval is the 95 % interval of a column.
func (f *fitted) interval(column int) hunt.Interval {
	width := stats.Student(0.975, f.df[column]) * f.se[column]
	return hunt.Interval{Lo: f.beta[column] - width, Mid: f.beta[column], Hi: f.beta[column] + width}
}
