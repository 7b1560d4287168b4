package load_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
)

func TestQuantilesAreWithinHalfAPercent(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l load.Latencies
	var all []time.Duration
	for range 50_000 {
		// From 1 µs to about an hour, evenly over the orders of magnitude.
		d := time.Microsecond << r.IntN(32)
		d += time.Duration(r.Int64N(int64(d)))
		d = d.Truncate(time.Microsecond)
		l.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, .01, .5, .9, .99, .999} {
		want := all[int(q*float64(len(all)))]
		got := l.Quantile(q)
		if off := (got - want).Abs(); off > want/200+time.Microsecond {
			t.Errorf("Quantile(%g) = %v, want %v within 0.5 %%", q, got, want)
		}
	}
	if l.Max() != all[len(all)-1] {
		t.Errorf("Max() = %v, want %v", l.Max(), all[len(all)-1])
	}
}

func TestNoLatenciesIsZero(t *testing.T) {
	var l load.Latencies
	if l.Quantile(.5) != 0 || l.Max() != 0 {
		t.Errorf("empty: median %v, max %v; want 0, 0", l.Quantile(.5), l.Max())
	}
	l.Add(-time.Second)
	l.Add(100 * time.Hour)
	if l.Quantile(0) != 0 || l.Max() != 100*time.Hour {
		t.Errorf("of -1s and 100h: lowest %v, max %v; want 0 and 100h", l.Quantile(0), l.Max())
	}
}
