package function

import (
	"errors"
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// maxDegree is the highest polynomial that is fitted. Those of higher degree are
// beyond what reals can tell apart.
const maxDegree = 16

var polynomialNames = []string{"rsquare", "coefficients", "variance", "rvariance", "poly_fit"}

// regressions are the functions that fit a curve to a series.
func regressions() []Func {
	return []Func{
		{
			Name: "series_fit_poly", Args: []string{"array, array?, integer!?"}, Type: schema.Dynamic,
			Columns: polynomialColumns, Make: makeFitPolynomial,
		},
	}
}

func polynomialColumns(args []Arg) (out []schema.Column) {
	for _, n := range polynomialNames {
		t := schema.Real
		if n == "coefficients" || n == "poly_fit" {
			t = schema.Dynamic
		}
		out = append(out, schema.Column{Name: "series_fit_poly_" + args[0].Name + "_" + n, Type: t})
	}
	return out
}

func makeFitPolynomial(described []Arg) (Eval, error) {
	degree := 1
	if len(described) > 2 {
		n := described[2].Const.Long()
		if n < 1 || n > maxDegree {
			return nil, errors.New("the degree is to be from 1 to 16")
		}
		degree = int(n)
	}
	return func(args []value.Value) value.Value {
		y, ok := numbersOf(args[0])
		x := make([]float64, len(y))
		for i := range x {
			x[i] = float64(i + 1)
		}
		if len(args) > 1 {
			given, fine := numbersOf(args[1])
			x, ok = given, ok && fine && len(given) == len(y)
		}
		if !ok || len(y) <= degree {
			return value.Array(make([]value.Value, len(polynomialNames)))
		}
		coefficients, ok := fitPolynomial(x, y, degree)
		if !ok {
			return value.Array(make([]value.Value, len(polynomialNames)))
		}
		fitted := make([]float64, len(x))
		for i := range x {
			for _, c := range coefficients {
				fitted[i] = fitted[i]*x[i] + c
			}
		}
		rsquare, variance, rvariance := goodness(y, fitted)
		return value.Array([]value.Value{
			value.Real(rsquare), realsArray(coefficients), value.Real(variance), value.Real(rvariance), realsArray(fitted),
		})
	}, nil
}

// goodness is R² of a fit, the sample variance of y and that of what the fit
// leaves.
func goodness(y, fitted []float64) (rsquare, variance, rvariance float64) {
	mean := 0.0
	for _, v := range y {
		mean += v / float64(len(y))
	}
	for i := range y {
		variance += (y[i] - mean) * (y[i] - mean)
		rvariance += (y[i] - fitted[i]) * (y[i] - fitted[i])
	}
	rsquare = 1
	if variance > 0 {
		rsquare = 1 - rvariance/variance
	}
	return rsquare, variance / float64(len(y)-1), rvariance / float64(len(y)-1)
}

// fitPolynomial finds the coefficients, of the highest power first, that leave
// the least squares. x is brought to -1..1 for it, where powers stay apart, and
// the problem is solved by Householder's reflections.
func fitPolynomial(x, y []float64, degree int) (coefficients []float64, ok bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	middle, half := low+(high-low)/2, (high-low)/2
	if !(half > 0) || math.IsInf(half, 0) {
		return nil, false
	}
	columns := make([][]float64, degree+1)
	for j := range columns {
		columns[j] = make([]float64, len(x))
		for i, v := range x {
			columns[j][i] = 1
			if j > 0 {
				columns[j][i] = columns[j-1][i] * (v - middle) / half
			}
		}
	}
	scaled, ok := leastSquares(columns, append([]float64(nil), y...))
	if !ok {
		return nil, false
	}
	// c0 + c1 (x-m)/h + … multiplied out, from the inside (Horner).
	out := []float64{}
	for j := degree; j >= 0; j-- {
		next := make([]float64, len(out)+1)
		for k, c := range out { // out is of the lowest power first here
			next[k+1] += c / half
			next[k] -= c * middle / half
		}
		next[0] += scaled[j]
		out = next
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, true
}

// leastSquares solves columns·c ≈ y, and overwrites both.
func leastSquares(columns [][]float64, y []float64) (c []float64, ok bool) {
	n := len(columns)
	diagonal := make([]float64, n)
	for j, v := range columns {
		norm := 0.0
		for _, e := range v[j:] {
			norm = math.Hypot(norm, e)
		}
		if !(norm > 1e-12) || math.IsInf(norm, 0) {
			return nil, false // the points do not determine so high a degree
		}
		if v[j] > 0 {
			norm = -norm
		}
		diagonal[j] = norm
		v[j] -= norm
		square := 0.0
		for _, e := range v[j:] {
			square += e * e
		}
		reflect := func(w []float64) {
			dot := 0.0
			for i := j; i < len(w); i++ {
				dot += v[i] * w[i]
			}
			for i := j; i < len(w); i++ {
				w[i] -= 2 * dot / square * v[i]
			}
		}
		for _, w := range columns[j+1:] {
			reflect(w)
		}
		reflect(y)
	}
	c = make([]float64, n)
	for j := n - 1; j >= 0; j-- {
		c[j] = y[j]
		for k := j + 1; k < n; k++ {
			c[j] -= columns[k][j] * c[k]
		}
		c[j] /= diagonal[j]
	}
	return c, true
}
