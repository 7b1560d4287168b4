package plan

import "slices"

// Refs calls yield for every column that a scalar looks at, in the row it is
// given.
func (s *Scalar) Refs(yield func(ColumnID)) {
	if s == nil {
		return
	}
	if s.Column != 0 {
		yield(s.Column)
	}
	for _, a := range s.Args {
		a.Refs(yield)
	}
}

// Subqueries calls yield for every subquery in a scalar.
func (s *Scalar) Subqueries(yield func(*Subquery)) {
	if s == nil {
		return
	}
	if s.Sub != nil {
		yield(s.Sub)
	}
	for _, a := range s.Args {
		a.Subqueries(yield)
	}
}

// Scalars calls yield for every scalar of a node, not those of its inputs.
func Scalars(n Node, yield func(*Scalar)) {
	computed := func(all []Computed) {
		for _, c := range all {
			yield(c.X)
		}
	}
	aggs := func(all []Aggregation) {
		for _, a := range all {
			for _, x := range a.Args {
				yield(x)
			}
			yield(a.If)
		}
	}
	switch n := n.(type) {
	case *Values:
		for _, row := range n.Rows {
			for _, x := range row {
				yield(x)
			}
		}
	case *Sequence:
		yield(n.From)
		yield(n.To)
		yield(n.Step)
	case *Filter:
		yield(n.If)
	case *Project:
		computed(n.Columns)
	case *Summarize:
		computed(n.Keys)
		aggs(n.Aggs)
	case *Sort:
		for _, k := range n.Keys {
			yield(k.X)
		}
		yield(n.Limit)
	case *Take:
		yield(n.Count)
	case *Join:
		for i := range n.LeftKeys {
			yield(n.LeftKeys[i])
			yield(n.RightKeys[i])
		}
	case *Window:
		for _, c := range n.Calls {
			for _, x := range c.Args {
				yield(x)
			}
			yield(c.Restart)
		}
	case *Expand:
		for _, c := range n.Columns {
			yield(c.X)
		}
		yield(n.Limit)
	case *Apply:
		Scalars(n.Make, yield)
	case *Partition:
		yield(n.By)
	case *Series:
		yield(n.Axis)
		yield(n.From)
		yield(n.To)
		yield(n.Step)
		computed(n.Keys)
		aggs(n.Aggs)
		for _, d := range n.Defaults {
			yield(d)
		}
	case *Parse:
		yield(n.X)
	}
}

type set map[ColumnID]bool

func (s set) of(x *Scalar) { x.Refs(func(id ColumnID) { s[id] = true }) }

// Prune leaves out of a plan what its result does not need: columns that nobody
// looks at are neither read nor computed. All columns of the root are needed.
func Prune(root Node) {
	need := set{}
	for _, c := range root.Out() {
		need[c.ID] = true
	}
	prune(root, need, map[Node]bool{})
	pruneSubqueries(root, map[*Subquery]bool{})
}

// pruneSubqueries narrows each to its one column.
func pruneSubqueries(n Node, done map[*Subquery]bool) {
	Scalars(n, func(s *Scalar) {
		s.Subqueries(func(q *Subquery) {
			if done[q] {
				return
			}
			done[q] = true
			prune(q.Node, set{q.Column: true}, map[Node]bool{})
			pruneSubqueries(q.Node, done)
		})
	})
	for _, in := range n.Inputs() {
		pruneSubqueries(in, done)
	}
}

func prune(n Node, need set, done map[Node]bool) {
	child := set{}
	switch n := n.(type) {
	case *Scan:
		var columns []Column
		var at []int
		for i, c := range n.Columns {
			if need[c.ID] {
				columns, at = append(columns, c), append(at, n.At[i])
			}
		}
		n.Columns, n.At = columns, at
		return
	case *Project:
		n.Columns = slices.DeleteFunc(n.Columns, func(c Computed) bool { return !need[c.ID] })
	case *Summarize:
		n.Aggs = slices.DeleteFunc(n.Aggs, func(a Aggregation) bool {
			return !slices.ContainsFunc(a.Out, func(c Column) bool { return need[c.ID] })
		})
	case *Join:
		for id := range need {
			child[id] = true
		}
		Scalars(n, child.of)
		prune(n.Left, child, done)
		prune(n.Right, child, done)
		n.Columns = slices.DeleteFunc(slices.Clone(n.Columns), func(c Column) bool { return !need[c.ID] })
		return
	case *Union:
		var columns []Column
		from := make([][]ColumnID, len(n.In))
		for i, c := range n.Columns {
			if !need[c.ID] {
				continue
			}
			columns = append(columns, c)
			for j := range n.In {
				from[j] = append(from[j], n.From[j][i])
			}
		}
		n.Columns, n.From = columns, from
		for j, in := range n.In {
			mine := set{}
			for _, id := range from[j] {
				mine[id] = true
			}
			prune(in, mine, done)
		}
		return
	case *Shared:
		// Others may want other columns: all are kept, and it is pruned once.
		if !done[n.Node] {
			done[n.Node] = true
			for _, c := range n.Node.Out() {
				child[c.ID] = true
			}
			prune(n.Node, child, done)
		}
		return
	case *Given:
		return
	case *Apply, *Partition:
		// What is fed in is laid out as it was bound: all of it is kept.
		for _, in := range n.Inputs() {
			for _, c := range in.Out() {
				child[c.ID] = true
			}
		}
		Scalars(n, child.of)
		for _, in := range n.Inputs() {
			prune(in, child, done)
		}
		return
	}
	switch n.(type) {
	case *Summarize, *Series, *Project:
	default:
		for id := range need {
			child[id] = true
		}
	}
	Scalars(n, child.of)
	for _, in := range n.Inputs() {
		prune(in, child, done)
	}
}
