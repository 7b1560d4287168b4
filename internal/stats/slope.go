package stats

import "math"

// Slope is the slope of a line through points whose noise remembers.
type Slope struct {
	Estimate
	Memory float64 // correlation of the noise from one point to the next; 1 is a random walk
	Noise  float64 // standard deviation of what is new in each point's noise
	Axis   float64 // sum of squares of x about its mean
}

// LeastPoints is how many points a slope takes.
const LeastPoints = 8

// wariness is how many standard errors are added to the memory that residuals show.
// Too much costs some width, too little takes a wandering level for a trend.
const wariness = 1.5

// SlopeOf fits a line to points that follow each other in equal steps of time. It
// fits once to see how the noise remembers, takes that for a random walk where it
// may be one, fits again with it, and takes the error from the slow waves of what is
// left; so that it holds for noise that forgets and for noise that wanders. Its ok is false
// for fewer than LeastPoints, or an x that does not move. Sources: P. Perron and T. Yabu,
// Journal of Econometrics 151 (2009); E. Lazarus and others, Journal of Business and
// Economic Statistics 36 (2018).
func SlopeOf(x, y []float64) (s Slope, ok bool) {
	n := len(x)
	if n < LeastPoints {
		return s, false
	}
	middle, level := Mean(x).Mid, Mean(y).Mid
	u, v := make([]float64, n), make([]float64, n)
	for i := range n {
		u[i], v[i] = x[i]-middle, y[i]-level
		s.Axis += u[i] * u[i]
	}
	if !(s.Axis > 0) {
		return s, false
	}
	first, left, ok := fitLine(u, v, 0)
	if !ok {
		return s, false
	}
	var now, before float64
	for i := 1; i < n; i++ {
		now, before = now+left[i]*left[i-1], before+left[i-1]*left[i-1]
	}
	memory, points := 0.0, float64(n)
	if before > 0 {
		// What a fitted line takes from the memory: F. Marriott and J. Pope, Biometrika 41 (1954).
		memory = max((now/before+2/points)/(1-4/points), 0)
		memory += wariness * math.Sqrt(max(1-memory*memory, 0)/points)
	}
	if memory > 1-1/math.Sqrt(points) {
		memory = 1
	}
	again, left, ok := fitLine(u, v, memory)
	if !ok {
		again, memory = first, 0
	}
	long, short := slowVariance(left, again.columns)
	s.Estimate = Estimate{Mid: again.slope, SE: math.Sqrt(long * again.inverse), DF: waves(len(left)), N: n}
	s.Memory, s.Noise = memory, math.Sqrt(short)
	return s, true
}

// fitted is a slope and the factor that makes the noise's variance the slope's.
type fitted struct {
	slope, inverse float64
	columns        int
}

// fitLine fits with a known memory of the noise, and says what is left over.
func fitLine(x, y []float64, memory float64) (f fitted, left []float64, ok bool) {
	if memory == 1 { // differences know no level
		var cross, square float64
		for i := 1; i < len(x); i++ {
			cross += (x[i] - x[i-1]) * (y[i] - y[i-1])
			square += (x[i] - x[i-1]) * (x[i] - x[i-1])
		}
		if !(square > 0) {
			return f, nil, false
		}
		f = fitted{cross / square, 1 / square, 1}
		for i := 1; i < len(x); i++ {
			left = append(left, y[i]-y[i-1]-f.slope*(x[i]-x[i-1]))
		}
		return f, left, true
	}
	edge := math.Sqrt(1 - memory*memory)
	row := func(i int) (one, u, v float64) {
		if i == 0 {
			return edge, edge * x[0], edge * y[0]
		}
		return 1 - memory, x[i] - memory*x[i-1], y[i] - memory*y[i-1]
	}
	var s11, s1x, sxx, s1y, sxy float64
	for i := range x {
		one, u, v := row(i)
		s11, s1x, sxx = s11+one*one, s1x+one*u, sxx+u*u
		s1y, sxy = s1y+one*v, sxy+u*v
	}
	det := s11*sxx - s1x*s1x
	if !(det > 1e-12*s11*sxx) {
		return f, nil, false
	}
	f = fitted{(s11*sxy - s1x*s1y) / det, s11 / det, 2}
	level := (sxx*s1y - s1x*sxy) / det
	for i := range x {
		one, u, v := row(i)
		left = append(left, v-level*one-f.slope*u)
	}
	return f, left, true
}

// waves is how many slow waves the variance is taken from.
func waves(rows int) float64 { return min(max(math.Floor(float64(rows)/5), 4), mostWaves) }

const mostWaves = 12

// slowVariance is the variance that counts for a slope, and the plain one. The first
// wave is left out by a fitted line already; few waves can be small by chance, so that
// the plain variance bounds it from below.
func slowVariance(left []float64, columns int) (long, short float64) {
	rows := float64(len(left))
	for _, e := range left {
		short += e * e
	}
	short /= rows - float64(columns)
	count := waves(len(left))
	var sums [mostWaves]float64
	for i, e := range left {
		// cos(j v) for all j by the rule of Chebyshev: one cosine a row.
		first := math.Cos(math.Pi * (float64(i) + 0.5) / rows)
		before, now := 1.0, first
		for j := range int(count) {
			before, now = now, 2*first*now-before
			sums[j] += e * now
		}
	}
	for _, sum := range sums {
		long += sum * sum
	}
	long *= 2 / (rows - float64(columns)) / count
	return max(long, 0.8*short), short
}
