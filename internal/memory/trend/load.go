package trend

import "math"

// What growth has to have taken of the headroom, over so many seconds, to be
// told from a load that rises along with it all the while.
const (
	hiddenTook = 0.3
	hiddenFor  = 7.5 * 3600
)

// behindLoad says whether the load rose along with the axis, so that it explains
// four fifths of it. The count of requests in a block is unsure by its root, which
// makes the factor of the load too small; and the rest of what it moves then
// passes for growth, until the load turns.
func behindLoad(p *points) bool {
	if p.columns <= 2 {
		return false
	}
	var (
		sums   products
		rising float64
		mean   float64
	)
	// The axis takes the place of the sizes, and the load that of the axis.
	to := p.columns - 1
	for i := range p.n {
		var row [mostColumns + 1]float64
		row[0] = p.x[i][0]
		copy(row[1:to], p.x[i][2:p.columns])
		row[to] = p.x[i][1]
		for a := range to + 1 {
			for b := range a + 1 {
				sums[a][b] += row[a] * row[b]
			}
		}
		rising += p.x[i][1] * p.x[i][2]
		mean += p.x[i][1] / float64(p.n)
	}
	left, _, ok := sums.left(0, to, -1)
	return ok && rising > 0 && left < 0.2*(sums[to][to]-mean*mean*float64(p.n))
}

// moved is how far the load moves the floors, as a fit has it.
func (p *points) moved(l *line) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for k := range p.n {
		at := 0.0
		for c := 2; c < p.columns; c++ {
			at += l.beta[c] * p.x[k][c]
		}
		low, high = min(low, at), max(high, at)
	}
	return high - low
}
