package foresight

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// Wobble is how far memory is supposed to move by itself, where nobody says otherwise: the
// standard deviation of one sample from the next.
const Wobble = bytesize.MiB

// Assumed is noise of so many bytes, in which no sample tells of the next. Series that
// are no bytes have none.
func Assumed(wobble bytesize.Size) Source {
	return func(c *verdict.Criterion) (Supposed, bool) {
		switch lab.Series(c.Series) {
		case lab.Used, lab.Private, lab.RSS, lab.Charge, lab.Heap, lab.Native, lab.File:
			return Supposed{Noise: verdict.Noise{Every: 1, New: float64(wobble)}}, true
		}
		return Supposed{}, false
	}
}

// Measured is the noise that runs had: in the same window of the same variant where there
// is one, else in the window, else in the longest one. Of several runs it is the
// noisiest.
func Measured(runs []verdict.Run) Source {
	return func(c *verdict.Criterion) (found Supposed, ok bool) {
		for _, same := range []func(r *verdict.Run) string{
			func(r *verdict.Run) string { return named(r, c.Place.Window, c.Place.Variant) },
			func(r *verdict.Run) string { return named(r, c.Place.Window, "") },
			longest,
		} {
			for i := range runs {
				window := same(&runs[i])
				if window == "" {
					continue
				}
				if noise, seen := verdict.NoiseOf(levelled(&runs[i], c, window), c.Series, window); seen && (!ok || noise.New > found.New) {
					found, ok = Supposed{noise, window}, true
				}
			}
			if ok {
				return found, true
			}
		}
		return found, false
	}
}

// levelled is the run without what its series gains with each unit of the criterion's
// axis: in cycles of load and rest a leak goes up like stairs, and stairs are no noise.
func levelled(r *verdict.Run, c *verdict.Criterion, window string) *verdict.Run {
	at := func(name string) int {
		return slices.IndexFunc(r.Series, func(s verdict.Series) bool { return s.Name == name })
	}
	y, x := at(c.Series), at(c.Per)
	w := slices.IndexFunc(r.Windows, func(w verdict.Window) bool { return w.Name == window })
	if c.Per == "" || y < 0 || x < 0 || w < 0 {
		return r
	}
	level := verdict.Series{Name: c.Series}
	var counted []float64
	for i, moment := range r.Series[y].At {
		if moment >= r.Windows[w].From && moment < r.Windows[w].To {
			level.At, level.Value = append(level.At, moment), append(level.Value, r.Series[y].Value[i])
			counted = append(counted, count(r.Series[x], moment))
		}
	}
	gain := slope(counted, level.Value)
	for i := range level.Value {
		level.Value[i] -= gain * counted[i]
	}
	out := *r
	out.Series = slices.Clone(r.Series)
	out.Series[y] = level
	return &out
}

// count is where a series that counts up stands at a moment.
func count(s verdict.Series, moment float64) float64 {
	i, found := slices.BinarySearch(s.At, moment)
	switch {
	case found:
		return s.Value[i]
	case i == 0:
		return 0
	}
	return s.Value[i-1]
}

// slope is that of the line through points, by least squares; 0 where x does not move.
func slope(x, y []float64) float64 {
	var meanX, meanY, square, product float64
	for i := range x {
		meanX, meanY = meanX+x[i]/float64(len(x)), meanY+y[i]/float64(len(x))
	}
	for i := range x {
		square += (x[i] - meanX) * (x[i] - meanX)
		product += (x[i] - meanX) * (y[i] - meanY)
	}
	if square == 0 {
		return 0
	}
	return product / square
}

// named is the window of that name, if the run has it and is of the variant.
func named(r *verdict.Run, window, variant string) string {
	for _, w := range r.Windows {
		if w.Name == window && (variant == "" || variant == r.Variant) {
			return window
		}
	}
	return ""
}

func longest(r *verdict.Run) (name string) {
	most := 0.0
	for _, w := range r.Windows {
		if length := w.To - w.From; length > most {
			name, most = w.Name, length
		}
	}
	return name
}
