package chart

import (
	"math"
	"unicode/utf8"
)

// axis maps values to dots and knows its round numbers.
type axis struct {
	low, high float64
	dots      int
	ticks     []float64
	print     func(float64) string
}

// dot is the place of v, from 0 at low to dots−1 at high, and no further.
func (a axis) dot(v float64) int {
	part := (v - a.low) / (a.high - a.low)
	if !finite(part) {
		// The span is more than a float holds, or the distance less.
		part = (v/2 - a.low/2) / (a.high/2 - a.low/2)
	}
	if math.IsNaN(part) {
		part = 0
	}
	return int(math.Round(min(max(part, 0), 1) * float64(a.dots-1)))
}

// holds says whether v lies on the axis.
func (a axis) holds(v float64) bool { return v >= a.low && v <= a.high }

// The families of round steps. Which one is round to the reader depends on the
// unit: 64 MiB is, 50 million bytes are not; 5 minutes are, 200 seconds aren't.
var (
	decimals     = []float64{1, 2, 5}
	sexagesimals = []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600}
)

// setTicks chooses the step, out of the families that may suit the unit, whose
// labels are shortest to read, among those that give at most most ticks and
// come near to it.
func (a *axis) setTicks(most int, extra family) {
	best := math.Inf(1)
	span := min(a.high-a.low, math.MaxFloat64)
	for _, step := range steps(span, extra) {
		n := span / step
		if n > float64(most) || n < 1 {
			continue
		}
		ticks := multiples(a.low, a.high, step)
		if cost := a.cost(ticks, most); cost < best {
			best, a.ticks = cost, ticks
		}
	}
	if a.ticks == nil {
		a.ticks = []float64{a.low, a.high}
	}
}

// family is what steps may be round in, besides tens.
type family int

const (
	tens family = iota
	powersOfTwo
	minutes
)

// steps lists candidates, those first that win a draw.
func steps(span float64, extra family) (all []float64) {
	if extra == minutes {
		all = append(all, sexagesimals...)
	}
	exponent := math.Floor(math.Log10(span))
	for e := exponent - 2; e <= exponent; e++ {
		for _, d := range decimals {
			all = append(all, d*math.Pow(10, e))
		}
	}
	if extra == powersOfTwo {
		for e := math.Floor(math.Log2(span)) - 5; e <= math.Log2(span); e++ {
			all = append(all, math.Pow(2, e))
		}
	}
	return all
}

func multiples(low, high, step float64) (ticks []float64) {
	first := math.Ceil(low/step - 1e-9)
	for n := range 1000 {
		tick := (first+float64(n))*step + 0 // +0 turns −0 into 0
		if !(tick <= high+step*1e-9) {
			break
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

func (a *axis) cost(ticks []float64, most int) float64 {
	length := 0
	for i, t := range ticks {
		label := a.print(t)
		length += utf8.RuneCountInString(label)
		if i > 0 && label == a.print(ticks[i-1]) {
			return math.Inf(1) // finer than the unit can tell
		}
	}
	mean := float64(length) / float64(max(len(ticks), 1))
	return mean + 6*math.Abs(float64(most)-float64(len(ticks)))/float64(most)
}

// widen gives a span to an axis without one, and rounds its ends to something
// that can be drawn.
func widen(low, high float64) (float64, float64) {
	if low > high {
		return 0, 1
	}
	if high-low > 0 {
		return low, high
	}
	if low == 0 {
		return 0, 1
	}
	margin := math.Abs(low) / 2
	return low - margin, high + margin
}
