package verdict

import (
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/stats"
)

// floors are the least of blocks of time: what a collector gives back is no leak.
type floors struct {
	x, y []float64 // seconds, or the unit of an axis; the series' unit
}

const (
	mostFloors = 48 // more would tell little: a slope's error is that of its slow waves
	perFloor   = 4  // samples of a block; fewer have no floor worth the name
)

// floorsOf cuts a stretch into equal blocks. Where samples are few, each is its own
// floor.
func floorsOf(s Series, from, to float64, axis func(at float64) float64) (f floors) {
	blocks := min(len(s.At)/perFloor, mostFloors)
	if blocks < stats.LeastPoints {
		for i, at := range s.At {
			f.x, f.y = append(f.x, axis(at)), append(f.y, s.Value[i])
		}
		return f
	}
	block, least := -1, 0
	for i, at := range s.At {
		switch b := int((at - from) / (to - from) * float64(blocks)); {
		case b != block:
			if block >= 0 {
				f.x, f.y = append(f.x, axis(s.At[least])), append(f.y, s.Value[least])
			}
			block, least = b, i
		case s.Value[i] < s.Value[least]:
			least = i
		}
	}
	f.x, f.y = append(f.x, axis(s.At[least])), append(f.y, s.Value[least])
	return f
}

// axis is what a slope is taken along: the seconds, or a series that counts up, with
// lines between its samples.
func (r *Run) axis(per string) (axis func(at float64) float64, ok bool) {
	if per == "" {
		return func(at float64) float64 { return at }, true
	}
	s, ok := r.series(per)
	if !ok || len(s.At) == 0 {
		return nil, false
	}
	return func(at float64) float64 {
		i, _ := slices.BinarySearch(s.At, at)
		switch {
		case i == 0:
			return s.Value[0]
		case i == len(s.At):
			return s.Value[i-1]
		case s.At[i] == s.At[i-1]:
			return s.Value[i]
		}
		share := (at - s.At[i-1]) / (s.At[i] - s.At[i-1])
		return s.Value[i-1] + share*(s.Value[i]-s.Value[i-1])
	}, true
}

// slope pools the slopes of the stretches that breaks leave, each with the weight of
// its length on the axis; a stretch too short for a slope is left out.
func (r *Run) slope(s Series, w Window, per string) reading {
	axis, ok := r.axis(per)
	if !ok {
		return missing("%s has no series %q", r.key(), per)
	}
	edges := []float64{w.From}
	for _, at := range r.Breaks {
		if at > w.From && at < w.To {
			edges = append(edges, at)
		}
	}
	edges = append(edges, w.To)
	var parts []stats.Slope
	total := 0.0
	for i := range len(edges) - 1 {
		f := floorsOf(s.in(Window{From: edges[i], To: edges[i+1]}), edges[i], edges[i+1], axis)
		if part, ok := stats.SlopeOf(f.x, f.y); ok {
			parts = append(parts, part)
			total += part.Axis
		}
	}
	if len(parts) == 0 {
		return missing("%s has no stretch of %d points of %s in %s between %d restarts, or nothing was counted in it", r.key(), stats.LeastPoints, s.Name, w.Name, len(edges)-2)
	}
	pooled := stats.Estimate{DF: math.Inf(1)}
	square := 0.0
	for _, part := range parts {
		weight := part.Axis / total
		pooled.Mid += weight * part.Mid
		square += weight * weight * part.SE * part.SE
		pooled.DF = min(pooled.DF, part.DF)
		pooled.N += part.N
	}
	pooled.SE = math.Sqrt(square)
	return estimated(pooled)
}

// saturating is the slope of the later half over that of the earlier one. What still
// grows in its last third by more than matters is not saturating, however fast it
// began: a leak after a warm-up looks so.
func (r *Run) saturating(s Series, w Window, c *Criterion, confidence float64) reading {
	middle := (w.From + w.To) / 2
	part := func(from, to float64) reading {
		v := Window{Name: w.Name, From: from, To: to}
		return r.slope(s.in(v), v, c.Per)
	}
	early, late := part(w.From, middle), part(middle, w.To)
	m := join(late, early, true)
	if m.missing != "" {
		return m
	}
	if lo, _ := early.at(confidence); !(lo > 0) {
		m.bounds = func(float64) (lo, hi float64) { return math.Inf(-1), math.Inf(1) }
		m.note = "the earlier half is not seen to grow"
		return m
	}
	if c.Least > 0 {
		last := part(w.To-(w.To-w.From)/3, w.To)
		switch {
		case last.missing != "":
			return last
		case !(last.mid < c.Least):
			m.bounds = func(float64) (lo, hi float64) { return math.Inf(-1), math.Inf(1) }
			m.note = "its last third still grows by " + Number(last.mid).String()
		}
	}
	return m
}
