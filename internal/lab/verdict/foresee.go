package verdict

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/stats"
)

// Noise is how the floors of a series move where nothing happens to them.
type Noise struct {
	Every  float64 // seconds between floors
	New    float64 // standard deviation of what is new in each, in the series' unit
	Memory float64 // correlation from one to the next; 1 is a random walk
}

// NoiseOf reads the noise of a series from a window of an earlier run, such as a baseline.
// It says false where the window has too little of it.
func NoiseOf(r *Run, series, window string) (Noise, bool) {
	w, ok := r.window(window)
	s, has := r.series(series)
	if !ok || !has {
		return Noise{}, false
	}
	f := floorsOf(s.in(w), w.From, w.To, func(at float64) float64 { return at })
	line, ok := stats.SlopeOf(f.x, f.y)
	if !ok {
		return Noise{}, false
	}
	return Noise{(w.To - w.From) / float64(line.N), line.Noise, line.Memory}, true
}

// Planned is a window before it was run.
type Planned struct {
	Seconds float64
	Units   float64 // of the criterion's Per; 0 is its seconds
	Samples int
	Cycles  int // 0 is eight
	Repeats int // 0 is one
}

// Foresee says which effect a criterion would find 8 times in 10 or more, given the noise of its
// series: beyond its threshold, or for within the margin that it could show. It knows the
// slope, the growth and the mean, by themselves, less those of another place, or in
// pairs.
func Foresee(c Criterion, noise Noise, planned Planned) (float64, error) {
	if c.Against != nil && c.Against.Ratio {
		return 0, fmt.Errorf("foresee %s: a quotient's width depends on its size", c.ID)
	}
	n := min(planned.Samples/perFloor, mostFloors)
	if n < stats.LeastPoints {
		n = planned.Samples
	}
	if n < stats.LeastPoints || !(planned.Seconds > 0) {
		return 0, fmt.Errorf("foresee %s: %d samples in %s s are too few", c.ID, planned.Samples, Number(planned.Seconds))
	}
	units := planned.Units
	if c.Per == "" {
		units = planned.Seconds
	}
	if !(units > 0) && c.Measure != MeanOf {
		return 0, fmt.Errorf("foresee %s: nothing is counted along %q", c.ID, c.Per)
	}
	points, rows := noise.over(planned.Seconds/float64(n)), float64(n)
	var e stats.Estimate
	switch c.Measure {
	case Slope:
		e.SE, e.DF = points.slope(rows)/units, min(max(math.Floor(rows/5), 4), 12)
	case Growth:
		cycles := planned.Cycles
		if cycles == 0 {
			cycles = plainCycles
		}
		apart := noise.over(planned.Seconds / float64(cycles))
		deltas := float64(cycles - 1)
		e.SE, e.DF = apart.step()/math.Sqrt(deltas), deltas-1
		if c.Per != "" {
			e.SE /= units / float64(cycles)
		}
	case MeanOf:
		e.SE, e.DF = points.slow()/math.Sqrt(rows), 9
	default:
		return 0, fmt.Errorf("foresee %s: the width of %s is not known before", c.ID, c.Measure)
	}
	if c.Against != nil {
		e.SE *= math.Sqrt2
		e.DF *= 2
		if repeats := float64(max(planned.Repeats, 1)); c.Against.Paired {
			e.SE /= math.Sqrt(repeats)
			e.DF = max(repeats-1, 1)
		}
	}
	r := estimated(e)
	lo, _ := r.at(c.confidence())
	further := -lo + stats.Student(power, e.DF)*e.SE
	switch c.Is {
	case Above, AtLeast:
		return c.Threshold + further, nil
	case Below, AtMost:
		return c.Threshold - further, nil
	}
	return -lo + stats.Student((1+power)/2, e.DF)*e.SE, nil
}

// over is the noise of floors that are farther apart, or nearer.
func (n Noise) over(every float64) Noise {
	times := every / n.Every
	if n.Memory == 1 {
		return Noise{every, n.New * math.Sqrt(times), 1}
	}
	memory := math.Pow(n.Memory, times)
	return Noise{every, n.level() * math.Sqrt(1-memory*memory), memory}
}

// level is the standard deviation of a floor, of noise that does not wander off.
func (n Noise) level() float64 { return n.New / math.Sqrt(1-n.Memory*n.Memory) }

// step is the standard deviation from one floor to the next.
func (n Noise) step() float64 {
	if n.Memory == 1 {
		return n.New
	}
	return n.level() * math.Sqrt(2*(1-n.Memory))
}

// slow is the standard deviation that counts for a mean, times the root of how many
// there are.
func (n Noise) slow() float64 {
	if n.Memory == 1 {
		return math.Inf(1)
	}
	return n.New / (1 - n.Memory)
}

// slope is the standard error of a slope along an axis of length one, as stats.SlopeOf
// takes it: through differences where the noise may be a random walk.
func (n Noise) slope(rows float64) float64 {
	if wary := n.Memory + 1.5*math.Sqrt((1-n.Memory*n.Memory)/rows); wary > 1-1/math.Sqrt(rows) {
		return n.step() * math.Sqrt(rows)
	}
	return n.slow() * math.Sqrt(12/rows)
}
