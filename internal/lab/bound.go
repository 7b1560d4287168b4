package lab

// Bound is where a number has to lie: every edge that is not nil is kept to.
type Bound struct {
	Above, AtLeast, Below, AtMost *Value
}

// Side says on which side of an edge a number has to lie, in words.
type Side string

// The sides.
const (
	SideAbove   Side = "above"
	SideAtLeast Side = "at least"
	SideBelow   Side = "below"
	SideAtMost  Side = "at most"
)

// Edge is one side of a bound.
type Edge struct {
	Side  Side
	Value Value
}

// Edges are those that the bound has, the lower ones first.
func (b Bound) Edges() (all []Edge) {
	for _, e := range []struct {
		side  Side
		value *Value
	}{{SideAbove, b.Above}, {SideAtLeast, b.AtLeast}, {SideBelow, b.Below}, {SideAtMost, b.AtMost}} {
		if e.value != nil {
			all = append(all, Edge{e.side, *e.value})
		}
	}
	return all
}

// Holds says whether a number, in the unit of the edges, lies in the bound. Without
// edges it does; NaN lies in none.
func (b Bound) Holds(v float64) bool {
	for _, e := range b.Edges() {
		in := false
		switch e.Side {
		case SideAbove:
			in = v > e.Value.Number
		case SideAtLeast:
			in = v >= e.Value.Number
		case SideBelow:
			in = v < e.Value.Number
		case SideAtMost:
			in = v <= e.Value.Number
		}
		if !in {
			return false
		}
	}
	return true
}
