package room

import "slices"

// line are the waiting invocations of one function, in their order.
type line struct {
	function string
	cost     *Cost
	limit    int // of this function inside at once; 0 is no cap
	inside   int
	waiting  []*Stay
}

func (l *line) full() bool { return l.limit > 0 && l.inside >= l.limit }

func (l *line) remove(s *Stay) {
	l.waiting = slices.DeleteFunc(l.waiting, func(o *Stay) bool { return o == s })
}

// line is a function's. One that was not made known is free of cost.
func (r *Room) line(function string) *line {
	for _, l := range r.lines {
		if l.function == function {
			return l
		}
	}
	l := &line{function: function, cost: &Cost{}}
	r.lines = append(r.lines, l)
	return l
}
