package trend

import "math"

const (
	mostColumns = 6   // a constant, the axis, the rate of requests, its root, the requests in flight, the bend
	mostPoints  = 336 // the longest ring
)

// points are what a regression reads: sizes, their places in time (counted in
// steps of one block), and columns beside the constant.
type points struct {
	n       int
	columns int
	step    [mostPoints]float64
	y       [mostPoints]float64
	x       [mostPoints][mostColumns]float64
}

// line is a fitted regression.
type line struct {
	beta    [mostColumns]float64
	cov     [mostColumns][mostColumns]float64
	inverse [mostColumns][mostColumns]float64
	df      int
	rho     float64 // correlation of the noise from one block to the next; 1 is a random walk
	s2      float64 // variance of what is left after the noise's memory is taken out
	ok      bool
}

// slope is the factor of a column, and its standard error.
func (l *line) slope(column int) (mid, se float64) {
	return l.beta[column], math.Sqrt(max(l.cov[column][column], 0))
}

// fit is a feasible generalised least squares with noise that is autoregressive
// of order one. The correlation comes from the residuals of ordinary least
// squares, is corrected for the bias that a fitted trend brings, and is taken
// for one when it is within n^-1/2 of it; so the test keeps its size for noise
// that forgets and for noise that wanders. Source: P. Perron and T. Yabu,
// Estimating deterministic trends with an integrated or stationary noise
// component, Journal of Econometrics 151 (2009). The bias: (2+4 rho)/n, F. Marriott
// and J. Pope, Biometrika 41 (1954).
//
// The variance is not that of white residuals but their long-run variance, from
// the mean of B squared cosine transforms, with Student's t of B degrees of
// freedom: E. Lazarus and others, HAR Inference, Journal of Business and Economic Statistics 36
// (2018). The first cosine is left out: a fitted line has taken it away.
func fit(p *points) line {
	l := solvePlain(p, 0)
	if !l.ok {
		return l
	}
	var now, before float64
	for i := 1; i < p.n; i++ {
		if p.step[i]-p.step[i-1] < 1.5 {
			e0, e1 := p.residual(&l, i-1), p.residual(&l, i)
			now, before = now+e0*e1, before+e0*e0
		}
	}
	rho := 0.0
	if before > 0 {
		n := float64(p.n)
		rho = (now/before + 2/n) / (1 - 4/n)
		rho += 1.5 * math.Sqrt(max(1-rho*rho, 0)/n)
	}
	switch limit := 1 - 1/math.Sqrt(float64(p.n)); {
	case rho > limit:
		rho = 1
	case rho < 0:
		rho = 0
	}
	return solve(p, rho)
}

func (p *points) residual(l *line, i int) float64 {
	e := p.y[i]
	for c := range p.columns {
		e -= l.beta[c] * p.x[i][c]
	}
	return e
}

// solve fits for a known correlation of the noise, and says how unsure it is.
func solve(p *points, rho float64) line {
	l := solvePlain(p, rho)
	if l.ok {
		l.measure(p)
	}
	return l
}

// solvePlain is solve without the second part. A gap of g blocks has the correlation
// rho^g, and its row the weight that follows from it.
func solvePlain(p *points, rho float64) line {
	var (
		l      = line{rho: rho}
		row    [mostColumns]float64
		cross  [mostColumns][mostColumns]float64
		target [mostColumns]float64
		from   = l.from()
	)
	rows := p.n - from
	if rows <= p.columns+2 {
		return l
	}
	for i := from; i < p.n; i++ {
		y := p.whiten(i, rho, &row)
		for a := from; a < p.columns; a++ {
			for b := from; b <= a; b++ {
				cross[a][b] += row[a] * row[b]
			}
			target[a] += row[a] * y
		}
	}
	inverse, ok := invert(&cross, from, p.columns)
	if !ok {
		return l
	}
	for a := from; a < p.columns; a++ {
		for b := from; b < p.columns; b++ {
			l.beta[a] += inverse[a][b] * target[b]
		}
	}
	l.inverse, l.ok = inverse, true
	return l
}

// from is the first column, and the first row: differences know no level.
func (l *line) from() int {
	if l.rho == 1 {
		return 1
	}
	return 0
}

// measure is the second half of solve.
func (l *line) measure(p *points) {
	from := l.from()
	rows := p.n - from
	l.df = min(max(rows/5, 4), 12)
	var row [mostColumns]float64
	var waves [12]float64
	var square float64
	for i := from; i < p.n; i++ {
		e := p.whiten(i, l.rho, &row)
		for a := from; a < p.columns; a++ {
			e -= l.beta[a] * row[a]
		}
		square += e * e
		// cos(j v) for all j by the rule of Chebyshev: one cosine a row.
		c1 := math.Cos(math.Pi * (float64(i-from) + 0.5) / float64(rows))
		before, now := 1.0, c1
		for j := range l.df {
			before, now = now, 2*c1*now-before
			waves[j] += e * now
		}
	}
	l.s2 = square / float64(rows-p.columns+from)
	var long float64
	for j := range l.df {
		long += waves[j] * waves[j]
	}
	long *= 2 / float64(rows) / float64(l.df) * float64(rows) / float64(rows-p.columns+from)
	long = max(long, 0.8*l.s2) // few cosines can be small by chance
	for a := from; a < p.columns; a++ {
		for b := from; b < p.columns; b++ {
			l.cov[a][b] = l.inverse[a][b] * long
		}
	}
}

// whiten is row i with the noise's memory of the row before taken out.
func (p *points) whiten(i int, rho float64, row *[mostColumns]float64) (y float64) {
	keep, weight := 0.0, 1.0
	switch {
	case rho == 0:
	case i == 0:
		weight = math.Sqrt(1 - rho*rho)
	default:
		gap := max(p.step[i]-p.step[i-1], 1)
		if rho == 1 {
			keep, weight = 1, 1/math.Sqrt(gap)
		} else if gap < 1.5 {
			keep = rho
		} else {
			keep = math.Pow(rho, gap)
			weight = math.Sqrt((1 - rho*rho) / (1 - keep*keep))
		}
	}
	if keep == 0 {
		for c := range p.columns {
			row[c] = weight * p.x[i][c]
		}
		return weight * p.y[i]
	}
	for c := range p.columns {
		row[c] = weight * (p.x[i][c] - keep*p.x[i-1][c])
	}
	return weight * (p.y[i] - keep*p.y[i-1])
}

// invert inverts the symmetric matrix whose lower half is m, rows and columns
// from..to, by Gauss and Jordan. It says false for one that has no inverse: a column that
// the others explain.
func invert(m *[mostColumns][mostColumns]float64, from, to int) (inverse [mostColumns][mostColumns]float64, ok bool) {
	a := *m
	var size [mostColumns]float64
	for i := from; i < to; i++ {
		for j := from; j < i; j++ {
			a[j][i] = a[i][j]
		}
		inverse[i][i], size[i] = 1, a[i][i]
	}
	for i := from; i < to; i++ {
		pivot := a[i][i]
		if !(pivot > 1e-9*size[i]) {
			return inverse, false
		}
		for j := from; j < to; j++ {
			a[i][j] /= pivot
			inverse[i][j] /= pivot
		}
		for k := from; k < to; k++ {
			if factor := a[k][i]; k != i && factor != 0 {
				for j := from; j < to; j++ {
					a[k][j] -= factor * a[i][j]
					inverse[k][j] -= factor * inverse[i][j]
				}
			}
		}
	}
	return inverse, true
}
