package figure

import (
	"math"
	"time"
)

// Tick is a round place on an axis.
type Tick struct {
	At    float64
	Label string
	// Below is what stands under the label: the day, where it changes.
	Below string
}

// Ticks are at most most round places between low and high.
func (a Axis) Ticks(low, high float64, most int) []Tick {
	most = max(most, 2)
	switch {
	case !(high > low):
		return []Tick{{At: low, Label: a.print(low)}}
	case a.Scale == Moments:
		return moments(low, high, most)
	case a.Log && low > 0:
		return a.decades(low, high, most)
	}
	step := a.step(high-low, most)
	var ticks []Tick
	first := math.Ceil(low/step - 1e-9)
	for n := range most + 2 {
		at := (first+float64(n))*step + 0 // +0 turns −0 into 0
		if at > high+step*1e-9 {
			break
		}
		ticks = append(ticks, Tick{At: at, Label: a.print(at)})
	}
	return ticks
}

func (a Axis) print(v float64) string { return a.Unit.Print(v) }

// step is the smallest round step of which at most most fit into span. What is
// round depends on the unit: 64 MiB are, 50 million bytes are not.
func (a Axis) step(span float64, most int) float64 {
	least := span / float64(most)
	switch a.Unit {
	case Bytes:
		return math.Max(1, math.Pow(2, math.Ceil(math.Log2(least))))
	case Seconds, Milliseconds:
		unit := 1.0
		if a.Unit == Milliseconds {
			unit = 1000
		}
		if least > unit {
			for _, s := range []float64{2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400} {
				if s*unit >= least {
					return s * unit
				}
			}
		}
	}
	size := math.Pow(10, math.Floor(math.Log10(least)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*size >= least*(1-1e-9) {
			return digit * size
		}
	}
	return 10 * size
}

func (a Axis) decades(low, high float64, most int) []Tick {
	from, to := math.Ceil(math.Log10(low)-1e-9), math.Floor(math.Log10(high)+1e-9)
	every := math.Max(1, math.Ceil((to-from+1)/float64(most)))
	var ticks []Tick
	for e := from; e <= to; e += every {
		ticks = append(ticks, Tick{At: math.Pow(10, e), Label: a.print(math.Pow(10, e))})
	}
	return ticks
}

var clockSteps = []float64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
	86400, 2 * 86400, 7 * 86400, 14 * 86400,
}

// moments are round times of the clock, below them the day where it begins.
func moments(low, high float64, most int) []Tick {
	span := high - low
	if span < float64(most) { // seconds do not tell them apart
		return fractions(low, high, most)
	}
	for _, step := range clockSteps {
		if span/step > float64(most) {
			continue
		}
		var ticks []Tick
		day := ""
		for at := math.Ceil(low/step) * step; at <= high; at += step {
			t := time.Unix(int64(at), 0).UTC()
			tick := Tick{At: at, Label: t.Format("15:04")}
			switch {
			case step < 60:
				tick.Label = t.Format("15:04:05")
			case step >= 86400:
				tick.Label = t.Format("Jan 2")
			}
			below := t.Format("Mon, Jan 2 2006")
			if step >= 86400 {
				below = t.Format("2006")
			}
			if below != day {
				tick.Below, day = below, below
			}
			ticks = append(ticks, tick)
		}
		if len(ticks) > 0 {
			return ticks
		}
	}
	return months(low, high, most)
}

func fractions(low, high float64, most int) []Tick {
	// Counted from the second before, since a float holds no more of 1970's.
	base := math.Floor(low)
	var ticks []Tick
	for _, t := range (Axis{}).Ticks(low-base, high-base, most) {
		at := time.Unix(int64(base), int64(math.Round(t.At*1e9))).UTC()
		tick := Tick{At: base + t.At, Label: at.Format("15:04:05.999")}
		if len(ticks) == 0 {
			tick.Below = at.Format("Mon, Jan 2 2006")
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

func months(low, high float64, most int) []Tick {
	from := time.Unix(int64(low), 0).UTC()
	for _, step := range []int{1, 2, 3, 6, 12, 24, 60, 120, 1200} {
		var ticks []Tick
		year := 0
		first := (from.Year()*12+int(from.Month())-1)/step*step + 1 // months since the year 0
		for m := first; len(ticks) <= most; m += step {
			t := time.Date(0, time.Month(m), 1, 0, 0, 0, 0, time.UTC)
			at := float64(t.Unix())
			if at > high {
				return ticks
			}
			if at < low {
				continue
			}
			tick := Tick{At: at, Label: t.Format("Jan")}
			if step >= 12 {
				tick.Label = t.Format("2006")
			} else if t.Year() != year {
				year = t.Year()
				tick.Below = t.Format("2006")
			}
			ticks = append(ticks, tick)
		}
	}
	return nil
}
