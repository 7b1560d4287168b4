package foresight

import (
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
				if noise, seen := verdict.NoiseOf(&runs[i], c.Series, window); seen && (!ok || noise.New > found.New) {
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
