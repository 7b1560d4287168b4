package lab_test

import (
	"math"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab"
)

func TestABoundHoldsWhatAllItsEdgesDo(t *testing.T) {
	one, two := &lab.Value{Number: 1}, &lab.Value{Number: 2}
	for _, row := range []struct {
		name  string
		bound lab.Bound
		v     float64
		want  bool
	}{
		{"no edge", lab.Bound{}, 7, true},
		{"above is more than", lab.Bound{Above: one}, 1, false},
		{"at least is that or more", lab.Bound{AtLeast: one}, 1, true},
		{"below is less than", lab.Bound{Below: two}, 2, false},
		{"at most is that or less", lab.Bound{AtMost: two}, 2, true},
		{"between two", lab.Bound{Above: one, Below: two}, 1.5, true},
		{"beyond one of two", lab.Bound{Above: one, Below: two}, 3, false},
		{"no number", lab.Bound{AtMost: two}, math.NaN(), false},
	} {
		if got := row.bound.Holds(row.v); got != row.want {
			t.Errorf("%s: Holds(%v) = %v, want %v", row.name, row.v, got, row.want)
		}
	}
}
