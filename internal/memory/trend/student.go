package trend

import (
	"math"
	"sync"
)

// The degrees of freedom that regressions here can have.
const mostFreedom = 40

// students are Student's t quantiles at 0.975 and at 0.99999 for each number of
// degrees of freedom.
var students = sync.OnceValue(func() (all [mostFreedom + 1]struct{ wide, sure float64 }) {
	for df := 1; df <= mostFreedom; df++ {
		all[df].wide, all[df].sure = quantile(0.975, df), quantile(0.99999, df)
	}
	return all
})

// wide is the factor of a two-sided 95 % interval, sure that of a one-sided
// bound that is wrong once in 100,000.
func wide(df int) float64 { return students()[min(max(df, 1), mostFreedom)].wide }
func sure(df int) float64 { return students()[min(max(df, 1), mostFreedom)].sure }

// quantile is the value below which Student's t with df degrees of freedom is
// with probability p > 0.5, by halving on its distribution function.
func quantile(p float64, df int) float64 {
	low, high := 0.0, 1e4
	for range 100 {
		if mid := (low + high) / 2; below(mid, df) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// below is the distribution function of Student's t, for t >= 0: a finite sum of
// powers of the cosine of atan(t/sqrt(df)). Source: Abramowitz and Stegun,
// Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
func below(t float64, df int) float64 {
	angle := math.Atan2(t, math.Sqrt(float64(df)))
	sin, cos := math.Sincos(angle)
	sum := 0.0
	if df%2 == 0 {
		term := sin
		for k := 0; k <= df-2; k += 2 {
			sum += term
			term *= cos * cos * float64(k+1) / float64(k+2)
		}
		return 0.5 + sum/2
	}
	term := sin * cos
	for k := 1; k <= df-2; k += 2 {
		sum += term
		term *= cos * cos * float64(k+1) / float64(k+2)
	}
	return 0.5 + (angle+sum)/math.Pi
}
