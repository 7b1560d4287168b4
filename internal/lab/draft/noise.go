package draft

import (
	"math"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/foresight"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// tells is the least growth a request for which the criteria of a leak can be told from
// nothing, in cycles of so many requests: those of proof and disproof, and the control
// that the same worker twice does not differ.
func (p plan) tells(perCycle float64) float64 {
	planned := verdict.Planned{
		Seconds: p.cycle().Seconds() * cycles, Cycles: cycles, Units: perCycle * cycles,
		Samples: int(p.cycle() * cycles / p.Every),
	}
	grows := verdict.Criterion{ID: "grows", Measure: verdict.Growth, Per: "requests", Is: verdict.Above, Confidence: 0.99}
	flat := grows
	flat.Is = verdict.Within
	same := flat
	same.Confidence, same.Against = 0, &verdict.Against{}
	least := 0.0
	for _, c := range []verdict.Criterion{grows, flat, same} {
		effect, err := verdict.Foresee(c, supposed(), planned)
		if err != nil {
			return math.Inf(1)
		}
		least = max(least, effect)
	}
	return least
}

// slope is the least growth a second that a slope without load would find.
func (p plan) slope() float64 {
	c := verdict.Criterion{ID: "planted", Measure: verdict.Slope, Per: "seconds", Is: verdict.Above}
	effect, err := verdict.Foresee(c, supposed(), verdict.Planned{
		Seconds: p.Still.Seconds(), Units: p.Still.Seconds(), Samples: int(p.Still / p.Every),
	})
	if err != nil {
		return math.Inf(1)
	}
	return effect
}

// supposed is the noise that a draft is made for, which is the one that lint supposes.
func supposed() verdict.Noise {
	noise, _ := foresight.Assumed(foresight.Wobble)(&verdict.Criterion{Series: string(lab.Used)})
	return noise.Noise
}

// roundUp is the next power of two, with room to spare; between 64 B and 1 GiB.
func roundUp(least float64) bytesize.Size {
	all := bytesize.Size(64)
	for float64(all) < least*1.1 && all < bytesize.GiB {
		all *= 2
	}
	return all
}
