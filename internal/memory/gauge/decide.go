package gauge

import "github.com/stanch-dev/stanch/internal/memory"

// decide says which figure is held against which limit: of all limits that
// bound the workers, the one with the smallest part of it left.
//
// The candidates, of which the first wins a tie:
//
//   - the workers' own cgroup with its limit;
//   - the container with its limit. What it uses is its working set, and at
//     least what the trees hold: no cgroup that is counted wrong, and no
//     process that is charged elsewhere, may make a full container look empty;
//   - override, the limit that the user gave for the workers, against their
//     cgroup's working set, or the sum over the workers. It only lowers: it is
//     cut to the smaller of the limits above.
//
// Where nothing bounds the workers the limit is Unlimited.
func decide(r *memory.Reading, override int64) (used, limit int64, from memory.Source) {
	var trees, workers int64
	exact := len(r.Workers) > 0 // every worker has a cgroup of its own
	for i := range r.Workers {
		w := &r.Workers[i]
		trees += w.Tree.Used()
		workers += w.Used()
		exact = exact && w.Charge.Known
	}
	from = memory.FromTree
	switch {
	case r.Group.Known:
		workers, from = r.Group.WorkingSet(), memory.FromGroup
	case exact:
		from = memory.FromGroup
	}

	best := candidate{used: workers, limit: memory.Unlimited, from: from}
	if r.Group.Known {
		best = best.or(candidate{r.Group.WorkingSet(), r.Group.Limit, memory.FromGroup})
		override = min(override, r.Group.Limit)
	}
	if r.Container.Known {
		best = best.or(candidate{max(r.Container.WorkingSet(), trees), r.Container.Limit, memory.FromContainer})
		override = min(override, r.Container.Limit)
	}
	if override > 0 {
		best = best.or(candidate{workers, override, from})
	}
	return best.used, best.limit, best.from
}

type candidate struct {
	used, limit int64
	from        memory.Source
}

// or is the one of the two with less headroom in proportion to its limit.
func (c candidate) or(d candidate) candidate {
	if d.limit == memory.Unlimited || d.limit <= 0 {
		return c
	}
	if c.limit == memory.Unlimited || d.fill() > c.fill() {
		return d
	}
	return c
}

// fill is the part of the limit that is used.
func (c candidate) fill() float64 { return float64(c.used) / float64(c.limit) }
