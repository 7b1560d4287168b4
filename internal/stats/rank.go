package stats

import (
	"math"
	"slices"
)

// Shift compares two samples by their ranks: by how much values of one are above
// those of the other, whatever the distribution.
type Shift struct {
	U           float64 // of Mann and Whitney: pairs in which the second is larger, ties half
	P           float64 // two-sided
	between     []float64
	n, m        int
	inflation   float64
	varianceOfU float64
	ties        bool
}

// mostExact is up to where the distribution of U is counted out.
const mostExact = 400 // n·m

// NewShift compares b with a. Inflation is as in QuantileBounds; above 1 nothing is
// counted out. The pairs are kept, len(a)·len(b) of them.
// Sources: H. Mann and D. Whitney, Annals of Mathematical Statistics 18 (1947);
// J. Hodges and E. Lehmann, ibid. 34 (1963).
func NewShift(a, b []float64, inflation float64) Shift {
	s := Shift{n: len(a), m: len(b), P: math.NaN(), inflation: max(inflation, 1)}
	if s.n == 0 || s.m == 0 {
		return s
	}
	s.between = make([]float64, 0, s.n*s.m)
	for _, x := range a {
		for _, y := range b {
			s.between = append(s.between, y-x)
			switch {
			case y > x:
				s.U++
			case y == x:
				s.U += 0.5
				s.ties = true
			}
		}
	}
	slices.Sort(s.between)
	all := slices.Concat(a, b)
	slices.Sort(all)
	n, tied := float64(len(all)), 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		t := float64(j - i)
		tied += t * (t*t - 1)
		i = j
	}
	s.varianceOfU = float64(s.n*s.m) / 12 * (n + 1 - tied/(n*max(n-1, 1))) * s.inflation
	middle := float64(s.n*s.m) / 2
	far := math.Abs(s.U - middle)
	switch {
	case s.exact():
		s.P = min(1, 2*s.below(int(math.Ceil(middle-far))))
	case s.varianceOfU > 0:
		s.P = min(1, 2*NormalBelow(-max(far-0.5, 0)/math.Sqrt(s.varianceOfU)))
	default:
		s.P = 1
	}
	return s
}

func (s *Shift) exact() bool { return !s.ties && s.inflation == 1 && s.n*s.m <= mostExact }

// Mid is the median of all differences of a value of b and one of a.
func (s *Shift) Mid() float64 {
	k := len(s.between)
	if k == 0 {
		return math.NaN()
	}
	return (s.between[(k-1)/2] + s.between[k/2]) / 2
}

// Bounds are those of the shift, each as Estimate.Bounds has them, and infinite where
// the values are too few.
func (s *Shift) Bounds(confidence float64) (lo, hi float64) {
	rank := 0 // of the difference that is the lower bound
	if s.exact() {
		for s.below(rank) <= 1-confidence {
			rank++
		}
	} else if s.n > 0 && s.m > 0 {
		rank = int(math.Floor(float64(s.n*s.m)/2 - Normal(confidence)*math.Sqrt(s.varianceOfU)))
	}
	if rank < 1 || rank > len(s.between) {
		return math.Inf(-1), math.Inf(1)
	}
	return s.between[rank-1], s.between[len(s.between)-rank]
}

// below is the probability that U is at most k where the samples are alike. The
// number of orders with U = u is that of the orders of one value fewer on either
// side.
func (s *Shift) below(k int) float64 {
	ways := make([][]float64, s.m+1) // by values of b, then by U
	for j := range ways {
		ways[j] = make([]float64, s.n*s.m+1)
		ways[j][0] = 1
	}
	for i := 1; i <= s.n; i++ {
		for j := 1; j <= s.m; j++ {
			// The largest is of a, and changes nothing, or of b, and is above i values.
			for u := i * j; u >= i; u-- {
				ways[j][u] += ways[j-1][u-i]
			}
		}
	}
	hit, all := 0.0, 0.0
	for u, w := range ways[s.m] {
		all += w
		if u <= k {
			hit += w
		}
	}
	return hit / all
}

// SignFlips is how likely a mean at least as far from zero is, where each difference
// could as well have had the other sign: two-sided, all 2^n signs counted out, for
// up to 20 differences; not a number beyond. Source: R. Fisher, The Design of
// Experiments (1935), 21.
func SignFlips(differences []float64) float64 {
	n := len(differences)
	if n == 0 || n > 20 {
		return math.NaN()
	}
	size, own := 0.0, 0.0
	for _, d := range differences {
		size += math.Abs(d)
		own += d
	}
	far := math.Abs(own) - 1e-9*size // sums differ by their rounding
	hit := 0
	for signs := range 1 << n {
		sum := 0.0
		for i, d := range differences {
			if signs>>i&1 == 1 {
				d = -d
			}
			sum += d
		}
		if math.Abs(sum) >= far {
			hit++
		}
	}
	return float64(hit) / float64(int(1)<<n)
}

// Spent is how much of the odds of an error may be spent when a share of the evidence
// is in, 0 < share <= 1, so that looking early costs little: the spending function
// of K. Lan and D. DeMets (Biometrika 70, 1983) that is like the bounds of O'Brien
// and Fleming.
func Spent(odds, share float64) float64 {
	return 2 * NormalBelow(-Normal(1-odds/2)/math.Sqrt(share))
}
