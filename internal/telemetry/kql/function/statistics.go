package function

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// statistics are the functions of probability.
func statistics() []Func {
	return []Func{
		{Name: "erf", Args: []string{"number"}, Type: schema.Real, Label: FirstArgument, Eval: real1(math.Erf)},
		{Name: "erfc", Args: []string{"number"}, Type: schema.Real, Label: FirstArgument, Eval: real1(math.Erfc)},
		{Name: "beta_cdf", Args: []string{"number, number, number"}, Type: schema.Real, Eval: reals(func(x []float64) float64 {
			if !(x[0] >= 0 && x[0] <= 1 && x[1] > 0 && x[1] <= 10_000 && x[2] > 0 && x[2] <= 10_000) {
				return math.NaN()
			}
			return betaCDF(x[0], x[1], x[2])
		})},
		{Name: "beta_pdf", Args: []string{"number, number, number"}, Type: schema.Real, Eval: reals(func(x []float64) float64 {
			if !(x[0] > 0 && x[0] < 1 && x[1] > 0 && x[2] > 0) {
				return math.NaN()
			}
			return math.Exp((x[1]-1)*math.Log(x[0]) + (x[2]-1)*math.Log1p(-x[0]) - logBeta(x[1], x[2]))
		})},
		{Name: "beta_inv", Args: []string{"number, number, number"}, Type: schema.Real, Eval: betaInverse},
		{Name: "welch_test", Args: []string{"number, number, number, number, number, number"}, Type: schema.Real, Eval: reals(func(x []float64) float64 {
			return welch(x[0], x[1], x[2], x[3], x[4], x[5])
		})},
	}
}

func reals(of func([]float64) float64) Eval {
	return func(args []value.Value) value.Value {
		x := make([]float64, len(args))
		for i, a := range args {
			x[i], _ = a.Float()
		}
		return value.Real(of(x))
	}
}

func logBeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	both, _ := math.Lgamma(a + b)
	return la + lb - both
}

// betaCDF is the regularised incomplete beta function, by its continued fraction
// on the side where that converges fast (Abramowitz and Stegun, 26.5.8).
func betaCDF(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - betaCDF(1-x, b, a)
	}
	front := math.Exp(a*math.Log(x)+b*math.Log1p(-x)-logBeta(a, b)) / a
	// Lentz's method, which multiplies the fraction up from its front.
	const tiny, steps = 1e-300, 20_000
	away := func(f float64) float64 {
		if math.Abs(f) < tiny {
			return tiny
		}
		return f
	}
	c := 1.0
	d := 1 / away(1-(a+b)*x/(a+1))
	f := d
	for m := 1.0; m < steps; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / away(1+even*d)
		c = away(1 + even/c)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / away(1+odd*d)
		c = away(1 + odd/c)
		f *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	return front * f
}

// betaInverse halves the interval until it can't be halved. As the reference's
// example has it, a probability that is none gives null, and wrong parameters NaN.
func betaInverse(args []value.Value) value.Value {
	p, _ := args[0].Float()
	a, _ := args[1].Float()
	b, _ := args[2].Float()
	switch {
	case !(p > 0 && p <= 1):
		return value.Null
	case !(a > 0 && a <= 10_000 && b > 0 && b <= 10_000):
		return value.Real(math.NaN())
	case p == 1: // short of 1 the function is as good as 1 already
		return value.Real(1)
	}
	low, high := 0.0, 1.0
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			return value.Real(high)
		}
		if betaCDF(middle, a, b) < p {
			low = middle
		} else {
			high = middle
		}
	}
}

// welch is the probability that two samples with such means, variances and counts
// come from populations of the same mean: Welch's t-test, of both sides.
func welch(mean1, variance1, n1, mean2, variance2, n2 float64) float64 {
	e1, e2 := variance1/n1, variance2/n2
	t := (mean1 - mean2) * (mean1 - mean2) / (e1 + e2)
	freedom := (e1 + e2) * (e1 + e2) / (e1*e1/(n1-1) + e2*e2/(n2-1))
	if !(freedom > 0) || math.IsInf(freedom, 0) || math.IsNaN(t) {
		return math.NaN()
	}
	return betaCDF(freedom/(freedom+t), freedom/2, 0.5)
}
