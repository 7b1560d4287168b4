package trend

// hidden are the seconds up to which a window may be too short to tell growth
// from a load that rises along with it: over more of a day, the load turns.
const hidden = 7.5 * 3600

// behindLoad says whether the load rose along with the axis, so that it explains
// all but a twentieth of it. The count of requests in a block is unsure by its
// root, which makes the factor of the load too small; and the rest of what it
// moves then passes for growth.
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
	return ok && rising > 0 && left < 0.05*(sums[to][to]-mean*mean*float64(p.n))
}
