package stats

import "math"

// Ratio is a quotient of two estimates that may go together.
type Ratio struct {
	Over, Under Estimate
	Covariance  float64 // of the two
}

// Mid is the quotient, and not a number where Under is zero.
func (r Ratio) Mid() float64 {
	if r.Under.Mid == 0 {
		return math.NaN()
	}
	return r.Over.Mid / r.Under.Mid
}

// Bounds are a lower and an upper bound, each as Estimate.Bounds has them. Where
// Under may be zero at that confidence, nothing bounds the quotient, and they are
// infinite. Source: E. Fieller, Journal of the Royal Statistical Society B 16 (1954).
func (r Ratio) Bounds(confidence float64) (lo, hi float64) {
	a, b := r.Over.Mid, r.Under.Mid
	va, vb := r.Over.SE*r.Over.SE, r.Under.SE*r.Under.SE
	if va == 0 && vb == 0 && b != 0 {
		return a / b, a / b
	}
	t := Student(confidence, min(r.Over.df(), r.Under.df()))
	// The values q with |a-q·b| <= t·se(a-q·b): a quadratic in q.
	square, linear, constant := b*b-t*t*vb, a*b-t*t*r.Covariance, a*a-t*t*va
	root := linear*linear - square*constant
	if !(square > 0) || root < 0 || math.IsInf(va, 1) {
		return math.Inf(-1), math.Inf(1)
	}
	root = math.Sqrt(root)
	return (linear - root) / square, (linear + root) / square
}

// df is the degrees of freedom, endless for a number that is known.
func (e Estimate) df() float64 {
	if e.SE == 0 {
		return math.Inf(1)
	}
	return e.DF
}
