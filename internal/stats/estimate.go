package stats

import "math"

// Estimate is a number that was estimated, with its standard error and the degrees
// of freedom of that error. An SE of 0 is a number that is known.
type Estimate struct {
	Mid, SE, DF float64
	N           int // values that it rests on
}

// Bounds are a lower and an upper bound. Each by itself is passed by the truth with
// a probability of 1-confidence, so that both together hold it with 2·confidence-1.
func (e Estimate) Bounds(confidence float64) (lo, hi float64) {
	if e.SE == 0 {
		return e.Mid, e.Mid
	}
	width := Student(confidence, e.DF) * e.SE
	return e.Mid - width, e.Mid + width
}

// Less is e-o for estimates that rest on different values. The degrees of freedom
// are those of B. Welch, Biometrika 34 (1947).
func (e Estimate) Less(o Estimate) Estimate {
	a, b := e.SE*e.SE, o.SE*o.SE
	d := Estimate{Mid: e.Mid - o.Mid, SE: math.Sqrt(a + b), DF: math.Inf(1), N: e.N + o.N}
	if a+b > 0 {
		d.DF = (a + b) * (a + b) / (share(a*a, e.DF) + share(b*b, o.DF))
	}
	return d
}

// share is v/df, and 0 for a number that is known.
func share(v, df float64) float64 {
	if v == 0 {
		return 0
	}
	return v / df
}

// Mean is the mean of values that don't depend on each other. One value has an
// infinite error.
func Mean(values []float64) Estimate {
	n := float64(len(values))
	if n == 0 {
		return Estimate{Mid: math.NaN(), SE: math.Inf(1), DF: 1}
	}
	sum, square := 0.0, 0.0
	for _, v := range values {
		sum += v
	}
	for _, v := range values {
		square += (v - sum/n) * (v - sum/n)
	}
	e := Estimate{Mid: sum / n, SE: math.Inf(1), DF: max(n-1, 1), N: len(values)}
	if n > 1 {
		e.SE = math.Sqrt(square / (n - 1) / n)
	}
	return e
}

// batches is how many parts a run of values is cut into, to see how much they
// depend on each other. More tell the variance closer, fewer forget more between
// them: B. Schmeiser, Operations Research 30 (1982), finds 10 to 30 enough.
const batches = 10

// BatchMean is the mean of values in the order of time, that depend on those shortly
// before them: its error is that of the means of ten parts. Fewer than 20 values are
// taken as independent.
func BatchMean(values []float64) Estimate {
	if len(values) < 2*batches {
		return Mean(values)
	}
	means := make([]float64, batches)
	for b := range batches {
		means[b] = Mean(values[b*len(values)/batches : (b+1)*len(values)/batches]).Mid
	}
	e := Mean(means)
	e.Mid, e.N = Mean(values).Mid, len(values)
	return e
}

// Inflation is how many times the variance of a mean is larger than if the values,
// in the order of time, did not depend on each other; 1 or more.
func Inflation(values []float64) float64 {
	plain, batched := Mean(values).SE, BatchMean(values).SE
	if !(plain > 0) || math.IsInf(plain, 1) {
		return 1
	}
	return max(1, batched*batched/(plain*plain))
}
