package stats

import "math"

// Student is the value below which Student's t with df degrees of freedom is with
// probability p, 0 < p < 1. Degrees below one count as one, a fraction lies
// between its neighbours in 1/df, which is nearly a line; df of +Inf is the
// normal distribution.
func Student(p, df float64) float64 {
	switch {
	case !(p > 0 && p < 1):
		return math.NaN()
	case p < 0.5:
		return -Student(1-p, df)
	case df > mostFreedom:
		// The series of Cornish and Fisher; Abramowitz and Stegun, 26.7.5.
		z := Normal(p)
		return z + (z*z*z+z)/(4*df) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*df*df)
	case !(df > 1):
		return student(p, 1)
	}
	low := math.Floor(df)
	if low == df {
		return student(p, int(df))
	}
	share := (1/low - 1/df) / (1/low - 1/(low+1))
	return student(p, int(low))*(1-share) + student(p, int(low)+1)*share
}

// From here on the series for large degrees of freedom is close enough.
const mostFreedom = 200

// student halves on the distribution function.
func student(p float64, df int) float64 {
	low, high := 0.0, 2.0
	for studentBelow(high, df) < p {
		low, high = high, 4*high
	}
	for high-low > 1e-8*(1+low) {
		if mid := (low + high) / 2; studentBelow(mid, df) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// StudentBelow is the probability that Student's t with df degrees of freedom, one
// or more, is below t.
func StudentBelow(t float64, df int) float64 {
	switch {
	case df > mostFreedom:
		// Abramowitz and Stegun, 26.7.8.
		return NormalBelow(t * (1 - 1/(4*float64(df))) / math.Sqrt(1+t*t/(2*float64(df))))
	case t < 0:
		return 1 - studentBelow(-t, max(df, 1))
	}
	return studentBelow(t, max(df, 1))
}

// studentBelow is a finite sum of powers of the cosine of atan(t/sqrt(df)), for
// t >= 0. Source: Abramowitz and Stegun, Handbook of Mathematical Functions
// (1964), 26.7.3 and 26.7.4.
func studentBelow(t float64, df int) float64 {
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

// Normal is the value below which a normal variable of mean 0 and variance 1 is
// with probability p.
func Normal(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// NormalBelow is the probability that a normal variable of mean 0 and variance 1
// is below z.
func NormalBelow(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
