package aggregate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// MaxExact is up to how many values of a group percentiles are exact. Of more, a
// sample of as many is kept, and Approximate says so.
const MaxExact = 8 << 20

// Approximate is a state whose result may be inexact.
type Approximate interface {
	// IsApproximate says whether it is.
	IsApproximate() bool
}

// percentiles keeps the values and picks by nearest rank: the smallest value
// that at least p percent of the values do not exceed.
type percentiles struct {
	of      schema.Type
	ranks   []float64
	array   bool
	numbers chunks[float64] // reals
	longs   chunks[int64]   // integers, datetimes, timespans
	others  []value.Value
	seen    int64
	random  uint64
}

func newPercentiles(array bool) func([]function.Arg) (func() State, error) {
	return func(args []function.Arg) (func() State, error) {
		ranks, err := ranksOf(args[1:])
		if err != nil {
			return nil, err
		}
		of := args[0].Type
		return func() State {
			return &percentiles{of: of, ranks: ranks, array: array, random: 0x9E3779B97F4A7C15}
		}, nil
	}
}

func ranksOf(args []function.Arg) (ranks []float64, err error) {
	for _, a := range args {
		all := []value.Value{*a.Const}
		if a.Type == schema.Dynamic {
			all = a.Const.Elems()
		}
		for _, v := range all {
			p, ok := v.Float()
			if !ok || p < 0 || p > 100 {
				return nil, fmt.Errorf("a percentile is to be a number from 0 to 100, and is %s", v.Text())
			}
			ranks = append(ranks, p)
		}
	}
	return ranks, nil
}

func (s *percentiles) Add(args []value.Value) int64 {
	v := args[0]
	if v.IsNull() || v.Kind() == value.KindReal && math.IsNaN(v.Real()) {
		return 0
	}
	s.seen++
	if s.seen > MaxExact {
		s.replace(v)
		return 0
	}
	switch s.of {
	case schema.Real:
		return s.numbers.add(v.Real())
	case schema.Int, schema.Long, schema.Datetime, schema.Timespan:
		return s.longs.add(v.Long())
	}
	v = v.Clone()
	s.others = append(s.others, v)
	return 32 + v.Size()
}

// replace keeps a sample (Vitter's algorithm R), always the same for the same rows.
func (s *percentiles) replace(v value.Value) {
	s.random ^= s.random << 13
	s.random ^= s.random >> 7
	s.random ^= s.random << 17
	i := s.random % uint64(s.seen)
	if i >= MaxExact {
		return
	}
	switch {
	case s.numbers.n > 0:
		*s.numbers.at(int(i)) = v.Real()
	case s.longs.n > 0:
		*s.longs.at(int(i)) = v.Long()
	default:
		s.others[i] = v.Clone()
	}
}

func (s *percentiles) IsApproximate() bool { return s.seen > MaxExact }

func (s *percentiles) Merge(o State) {
	b := o.(*percentiles)
	seen := s.seen + b.seen
	if s.numbers.n+b.numbers.n <= MaxExact && s.longs.n+b.longs.n <= MaxExact {
		s.numbers.join(b.numbers)
		s.longs.join(b.longs)
	} else {
		s.numbers = whole(mergeSample(s.numbers.flat(), b.numbers.flat(), s.seen, b.seen))
		s.longs = whole(mergeSample(s.longs.flat(), b.longs.flat(), s.seen, b.seen))
	}
	s.others = mergeSample(s.others, b.others, s.seen, b.seen)
	s.seen = seen
}

// mergeSample joins two samples; of more than MaxExact it takes from each its share.
func mergeSample[T any](a, b []T, seenA, seenB int64) []T {
	if len(a)+len(b) <= MaxExact {
		return append(a, b...)
	}
	shareA := int(float64(MaxExact) * float64(seenA) / float64(seenA+seenB))
	return append(thin(a, shareA), thin(b, MaxExact-shareA)...)
}

func thin[T any](all []T, keep int) []T {
	if len(all) <= keep {
		return all
	}
	for i := range keep {
		all[i] = all[i*len(all)/keep]
	}
	return all[:keep]
}

func (s *percentiles) Result() value.Value {
	out := make([]value.Value, len(s.ranks))
	numbers, longs := s.numbers.flat(), s.longs.flat()
	for i, p := range s.ranks {
		out[i] = s.pick(p, numbers, longs)
	}
	if len(out) == 1 && !s.array {
		return out[0]
	}
	return value.Array(out)
}

func (s *percentiles) pick(p float64, numbers []float64, longs []int64) value.Value {
	switch {
	case len(numbers) > 0:
		return value.Real(selectNth(numbers, nearestRank(p, len(numbers))))
	case len(longs) > 0:
		l := selectNth(longs, nearestRank(p, len(longs)))
		switch s.of {
		case schema.Int:
			return value.Int(l)
		case schema.Datetime:
			return value.Datetime(l)
		case schema.Timespan:
			return value.Timespan(l)
		}
		return value.Long(l)
	case len(s.others) > 0:
		slices.SortFunc(s.others, value.Compare)
		return s.others[nearestRank(p, len(s.others))]
	}
	return value.Null
}

// nearestRank is the index of the value of percentile p among n in order.
func nearestRank(p float64, n int) int {
	rank := math.Ceil(p / 100 * float64(n))
	// 95 percent of 100 is 95, whatever the product rounds to.
	if r := math.Round(p / 100 * float64(n)); math.Abs(r-p/100*float64(n)) < 1e-9*float64(n) {
		rank = r
	}
	return min(max(int(rank)-1, 0), n-1)
}

// selectNth puts the k-th smallest in its place and returns it (Hoare's
// quickselect, with a median of three).
func selectNth[T int64 | float64](a []T, k int) T {
	low, high := 0, len(a)-1
	for low < high {
		mid := low + (high-low)/2
		if a[mid] < a[low] {
			a[mid], a[low] = a[low], a[mid]
		}
		if a[high] < a[low] {
			a[high], a[low] = a[low], a[high]
		}
		if a[high] < a[mid] {
			a[high], a[mid] = a[mid], a[high]
		}
		pivot := a[mid]
		i, j := low, high
		for i <= j {
			for a[i] < pivot {
				i++
			}
			for pivot < a[j] {
				j--
			}
			if i <= j {
				a[i], a[j] = a[j], a[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return a[k]
		}
	}
	return a[k]
}

func percentileColumns(args []function.Arg) []schema.Column { return rankColumns(args, args[1:]) }

func weightedColumns(args []function.Arg) []schema.Column { return rankColumns(args, args[2:]) }

func rankColumns(args, ranks []function.Arg) (out []schema.Column) {
	for _, a := range ranks {
		p := "0"
		if a.Const != nil {
			f, _ := a.Const.Float()
			p = strings.ReplaceAll(strconv.FormatFloat(f, 'f', -1, 64), ".", "_")
		}
		out = append(out, schema.Column{Name: "percentile_" + args[0].Name + "_" + p, Type: args[0].Type})
	}
	return out
}

// weighted keeps values with how often each counts.
type weighted struct {
	percentiles
	pairs []pair
}

type pair struct {
	v      value.Value
	weight int64
}

func newWeighted(args []function.Arg) (func() State, error) {
	ranks, err := ranksOf(args[2:])
	if err != nil {
		return nil, err
	}
	return func() State { return &weighted{percentiles: percentiles{ranks: ranks}} }, nil
}

func (w *weighted) Add(args []value.Value) int64 {
	if args[0].IsNull() || args[1].IsNull() || args[1].Long() <= 0 {
		return 0
	}
	v := args[0].Clone()
	w.pairs = append(w.pairs, pair{v, args[1].Long()})
	return 40 + v.Size()
}

func (w *weighted) Merge(o State) { w.pairs = append(w.pairs, o.(*weighted).pairs...) }

func (w *weighted) Result() value.Value {
	slices.SortStableFunc(w.pairs, func(a, b pair) int { return value.Compare(a.v, b.v) })
	total := int64(0)
	for _, p := range w.pairs {
		total += p.weight
	}
	out := make([]value.Value, len(w.ranks))
	for i, p := range w.ranks {
		rank := int64(nearestRank(p, int(total)))
		for _, pair := range w.pairs {
			if rank < pair.weight {
				out[i] = pair.v
				break
			}
			rank -= pair.weight
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return value.Array(out)
}
