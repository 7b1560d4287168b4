package plan

import "github.com/stanch-dev/stanch/internal/telemetry/schema"

// Bound narrows the scans of a plan to the time that filters above them leave.
// The filters stay: a scan may give more than it was asked for.
func Bound(n Node) {
	bound(n, nil)
}

// limit is what a filter demands of a column.
type limit struct {
	column   ColumnID
	from, to int64
}

func bound(n Node, limits []limit) {
	switch n := n.(type) {
	case *Scan:
		for _, l := range limits {
			if l.column == n.Time && l.column != 0 {
				n.From, n.To = max(n.From, l.from), min(n.To, l.to)
			}
		}
	case *Filter:
		bound(n.In, append(limits, limitsOf(n.If)...))
	case *Project:
		// Columns that are passed on keep their identity; others are none of the
		// scan's.
		bound(n.In, limits)
	case *Parse:
		bound(n.In, limits)
	case *Expand:
		bound(n.In, limits)
	case *Sort:
		if n.Limit == nil {
			bound(n.In, limits)
		} else {
			bound(n.In, nil)
		}
	case *Union:
		for i, in := range n.In {
			var mine []limit
			for j, c := range n.Columns {
				for _, l := range limits {
					if l.column == c.ID && n.From[i][j] != 0 {
						mine = append(mine, limit{n.From[i][j], l.from, l.to})
					}
				}
			}
			bound(in, mine)
		}
	default:
		for _, in := range n.Inputs() {
			bound(in, nil)
		}
	}
	Scalars(n, func(s *Scalar) { s.Subqueries(func(q *Subquery) { bound(q.Node, nil) }) })
}

const farthest = int64(1) << 62

// limitsOf takes a condition apart at its ands.
func limitsOf(s *Scalar) []limit {
	if s == nil || s.Type != schema.Bool {
		return nil
	}
	switch s.Text {
	case "and":
		return append(limitsOf(s.Args[0]), limitsOf(s.Args[1])...)
	case "between":
		x, low, high := s.Args[0], s.Args[1], s.Args[2]
		if moment(x) && constant(low) && constant(high) {
			return []limit{{x.Column, low.Const.Long(), high.Const.Long()}}
		}
	case "==", "<", "<=", ">", ">=":
		l, r, op := s.Args[0], s.Args[1], s.Text
		if constant(l) && moment(r) {
			l, r = r, l
			op = map[string]string{"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
		}
		if !moment(l) || !constant(r) {
			return nil
		}
		at := r.Const.Long()
		switch op {
		case "==":
			return []limit{{l.Column, at, at}}
		case "<", "<=":
			return []limit{{l.Column, 0, at}}
		}
		return []limit{{l.Column, at, farthest}}
	}
	return nil
}

func moment(s *Scalar) bool { return s.Column != 0 && s.Type == schema.Datetime }

func constant(s *Scalar) bool {
	return s.Const != nil && s.Type == schema.Datetime && !s.Const.IsNull()
}
