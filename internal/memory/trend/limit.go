package trend

import (
	"math"
	"slices"
)

// toLimit is the seconds until the peaks reach the limit at the window's rate:
// headroom over the bounds of the rate. It is nil without a limit, and infinite
// where the rate may be none.
func (d *Detector) toLimit(w window) *Interval {
	if d.last.Limit <= 0 || d.levels[fine].n == 0 {
		return nil
	}
	room := float64(d.last.Limit) - float64(d.levels[fine].block(d.levels[fine].n-1).floor)
	// Where the present floor stands is known to within the noise; the peak that
	// touches the limit may be a high one or a common one.
	low, mid, high := d.excess()
	off := 2*w.noise + high - low
	per := func(room, rate float64) float64 {
		if rate <= 0 {
			return math.Inf(1)
		}
		return max(room, 0) / rate
	}
	lo, hi := w.rate.Lo, w.rate.Hi
	if w.axis == alongRequests {
		lo, hi = lo*w.perSecond/w.rate.Mid, hi*w.perSecond/w.rate.Mid
	}
	return &Interval{Lo: per(room-high-off, hi), Mid: per(room-mid, w.perSecond), Hi: per(room-low+off, lo)}
}

// excess is what the peaks of the last hour stand above their floors: the
// median, nine in ten and the most.
func (d *Detector) excess() (median, usual, most float64) {
	l := &d.levels[minute]
	var (
		over [60]float64
		n    int
	)
	for i := max(l.n-len(over), 0); i < l.n; i++ {
		b := l.block(i)
		over[n] = float64(b.peak - b.floor)
		n++
	}
	if n == 0 {
		return 0, 0, 0
	}
	slices.Sort(over[:n])
	return over[n/2], over[n*9/10], over[n-1]
}
