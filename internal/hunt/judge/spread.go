package judge

// prior is how many degrees of freedom the common noise is worth beside a group's
// own. With none, three rounds could hardly say anything of an endpoint; with
// many, an endpoint with more noise than the others would be believed too soon.
const prior = 4

// spread is the standard error of every estimate, its degrees of freedom, and each group's variance. The
// blocks of one endpoint may be noisier than those of another: each group's
// variance is its own, drawn toward the common one. Drawing: G. Smyth, Statistical
// Applications in Genetics and Molecular Biology 3 (2004), with a fixed prior.
// Degrees of freedom of a sum: F. Satterthwaite, Biometrics Bulletin 2 (1946).
func spread(rows []row, left, lever []float64, weight [][]float64, common, df float64) (se, freedom, variance []float64) {
	groups := 0
	for _, r := range rows {
		groups = max(groups, r.group+1)
	}
	square, own := make([]float64, groups), make([]float64, groups)
	for k, r := range rows {
		square[r.group] += left[k] * left[k]
		own[r.group] += 1 - lever[k]
	}
	variance = make([]float64, groups)
	degrees := make([]float64, groups)
	for g := range groups {
		drawn := float64(prior)
		if square[g] > common*own[g] {
			drawn *= common * own[g] / square[g]
		}
		degrees[g] = drawn + own[g]
		variance[g] = (drawn*common + square[g]) / degrees[g]
	}
	columns := len(rows[0].x)
	se, freedom = make([]float64, columns), make([]float64, columns)
	for c := range columns {
		part := make([]float64, groups)
		for k, r := range rows {
			part[r.group] += weight[k][c] * weight[k][c]
		}
		// The rows beyond hold columns near zero, and have the common variance.
		rest := 0.0
		for k := len(rows); k < len(weight); k++ {
			rest += weight[k][c] * weight[k][c]
		}
		sum, squares := rest*common, rest*common*rest*common/df
		for g := range groups {
			p := part[g] * variance[g]
			sum += p
			squares += p * p / degrees[g]
		}
		se[c], freedom[c] = sqrt(sum), 1
		if squares > 0 {
			freedom[c] = max(min(sum*sum/squares, df), 1)
		}
	}
	return se, freedom, variance
}
