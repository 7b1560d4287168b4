package stats

import "math"

// BinomialAtMost is the probability of at most k hits in n tries of probability p
// each. Above 2,000 tries it is the normal distribution's.
func BinomialAtMost(k, n int, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	case n > 2000:
		return NormalBelow((float64(k) + 0.5 - float64(n)*p) / math.Sqrt(float64(n)*p*(1-p)))
	}
	term := float64(n) * math.Log1p(-p) // the logarithm of the probability of i hits
	sum := 0.0
	for i := range k + 1 {
		sum += math.Exp(term)
		term += math.Log(float64(n-i)/float64(i+1)*p) - math.Log1p(-p)
	}
	return min(sum, 1)
}

// QuantileRanks are the ranks, from 1, of the ordered values that bound the
// p-quantile of what n independent values were drawn from: each bound by itself is
// passed with a probability of at most 1-confidence, whatever the distribution. A
// lower rank of 0 and an upper one of n+1 are none: there are too few values.
// Source: H. David and H. Nagaraja, Order Statistics (2003), 7.1.
func QuantileRanks(n int, p, confidence float64) (lower, upper int) {
	odds := 1 - confidence
	low, high := 0, n+1 // the largest rank that fits lies from low up to below high
	for high-low > 1 {
		if mid := (low + high) / 2; BinomialAtMost(mid-1, n, p) <= odds {
			low = mid
		} else {
			high = mid
		}
	}
	lower = low
	low, high = 0, n+1 // the smallest rank that fits lies above low, up to high
	for high-low > 1 {
		if mid := (low + high) / 2; 1-BinomialAtMost(mid-1, n, p) <= odds {
			high = mid
		} else {
			low = mid
		}
	}
	return lower, high
}

// Quantile is the p-quantile of sorted values: the least that p of them are not
// above. Not a number for none.
func Quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[min(max(int(math.Ceil(p*float64(len(sorted))))-1, 0), len(sorted)-1)]
}

// QuantileBounds are bounds of the p-quantile by order statistics. Inflation is how
// many times fewer independent values there are than values (see Inflation); a bound that the
// values can't give is infinite.
func QuantileBounds(sorted []float64, p, confidence, inflation float64) (lo, hi float64) {
	n := float64(len(sorted))
	independent := max(int(n/max(inflation, 1)), 1)
	lower, upper := QuantileRanks(independent, p, confidence)
	scale := n / float64(independent)
	lo, hi = math.Inf(-1), math.Inf(1)
	if at := int(math.Floor(float64(lower)*scale)) - 1; lower > 0 && at >= 0 {
		lo = sorted[at]
	}
	if at := int(math.Ceil(float64(upper)*scale)) - 1; upper <= independent && at < len(sorted) {
		hi = sorted[at]
	}
	return lo, hi
}
