package trend

import "math"

// memories are the correlations of noise, from one block to the next, that are tried.
var memories = [...]float64{0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.95, 0.975, 1}

// products are sums of products of columns with each other. The sizes stand
// behind the last column. Only the lower half is filled.
type products [mostColumns + 1][mostColumns + 1]float64

// moments are what a regression with any memory of noise is made from, so that
// trying one more memory costs no look at the points.
type moments struct {
	n, columns int
	first      products // of rows that none goes before
	own        products // of the other rows
	across     products // of those with the rows before them, both ways
	before     products // of the rows before them
}

func momentsOf(p *points) (m moments) {
	m.n, m.columns = p.n, p.columns
	c := p.columns
	var row, last [mostColumns + 1]float64
	for i := range p.n {
		copy(row[:c], p.x[i][:c])
		row[c] = p.y[i] - p.y[0]
		follows := i > 0 && p.step[i]-p.step[i-1] < 1.5
		for a := range c + 1 {
			for b := range a + 1 {
				v := row[a] * row[b]
				if !follows {
					m.first[a][b] += v
					continue
				}
				m.own[a][b] += v
				m.across[a][b] += row[a]*last[b] + row[b]*last[a]
				m.before[a][b] += last[a] * last[b]
			}
		}
		last = row
	}
	return m
}

// likelihood is the logarithm of how likely the differences between floors are,
// at noise with a memory, with column 1 and without it, and the factor of that
// column. Of differences and not of floors, since a random walk has no level;
// so the likelihoods of all memories can be compared. ok is false where the
// columns explain each other.
//
// For n floors that is minus n-1 halves of the logarithm of the squares left by
// generalised least squares, less half of log(1 + (n-1)(1-rho)/(1+rho)), which is what
// taking the level out of autoregressive noise costs. Source: the restricted
// likelihood of D. Harville, Biometrika 61 (1974), with the constant as the one thing
// that is taken out.
func (m *moments) likelihood(rho float64) (with, without, slope float64, ok bool) {
	c := m.columns
	from := 0
	if rho == 1 {
		from = 1 // differences know no level
	}
	var sums products
	for i := from; i <= c; i++ {
		for j := from; j <= i; j++ {
			sums[i][j] = (1-rho*rho)*m.first[i][j] + m.own[i][j] - rho*m.across[i][j] + rho*rho*m.before[i][j]
		}
	}
	left, slope, ok := sums.left(from, c, -1)
	bare, _, also := sums.left(from, c, 1)
	if !ok || !also || left <= 0 || bare <= 0 {
		return 0, 0, 0, false
	}
	n := float64(m.n - 1)
	level := -0.5 * math.Log1p(n*(1-rho)/(1+rho))
	return level - 0.5*n*math.Log(left), level - 0.5*n*math.Log(bare), slope, true
}

// left is the sum of squares that the columns from..to leave of the sizes, which
// are column to, when one column is not used; and the factor of column 1.
func (s *products) left(from, to, unused int) (squares, slope float64, ok bool) {
	var (
		cross, inverse [mostColumns][mostColumns]float64
		kept           [mostColumns]int
		n              int
	)
	for i := from; i < to; i++ {
		if i != unused {
			kept[n] = i
			n++
		}
	}
	for i := range n {
		for j := range i + 1 {
			cross[i][j] = s[kept[i]][kept[j]]
		}
	}
	if inverse, ok = invert(&cross, 0, n); !ok {
		return 0, 0, false
	}
	squares = s[to][to]
	for i := range n {
		factor := 0.0
		for j := range n {
			factor += inverse[i][j] * s[to][kept[j]]
		}
		if kept[i] == 1 {
			slope = factor
		}
		squares -= factor * s[to][kept[i]]
	}
	return squares, slope, true
}

// best is likelihood at the memories that suit best: one for with, one for without.
func (m *moments) best() (with, without, slope float64) {
	with, without = math.Inf(-1), math.Inf(-1)
	for _, rho := range memories {
		one, other, factor, ok := m.likelihood(rho)
		if !ok {
			continue
		}
		if one > with {
			with, slope = one, factor
		}
		without = max(without, other)
	}
	return with, without, slope
}

// evidence is how much likelier the floors are with growth than without, as
// twice a difference of log-likelihoods, where either may have the memory of
// noise that suits it best. So noise that wanders is judged by how it wanders,
// and not by the farthest that it might. It is 0 for what falls.
func evidence(p *points) float64 {
	m := momentsOf(p)
	with, without, slope := m.best()
	if slope <= 0 || math.IsInf(with, -1) || math.IsInf(without, -1) {
		return 0
	}
	return max(2*(with-without), 0)
}
