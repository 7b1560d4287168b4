package engine

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// joining is the rows of the right side by their keys.
type joining struct {
	rows    *kept
	byKey   map[string][]int32
	matched []bool
}

// keyOf writes the key of a row; ok is false if a part of it is null, which
// equals nothing.
func keyOf(to []byte, keys []plan.Compute, row []value.Value) (key []byte, ok bool) {
	for _, k := range keys {
		v := k(row)
		if v.IsNull() {
			return to, false
		}
		to = v.AppendKey(to)
	}
	return to, true
}

func (e *exec) compileAll(all []*plan.Scalar, from slots) []plan.Compute {
	out := make([]plan.Compute, len(all))
	for i, s := range all {
		out[i] = e.compile(s, from)
	}
	return out
}

func (e *exec) buildRight(n *plan.Join) (*joining, error) {
	rows, err := e.keep(n.Right)
	if err != nil {
		return nil, err
	}
	j := &joining{rows: rows, byKey: make(map[string][]int32), matched: make([]bool, len(rows.rows))}
	keys := e.compileAll(n.RightKeys, rows.slots)
	var key []byte
	for i, row := range rows.rows {
		var ok bool
		if key, ok = keyOf(key[:0], keys, row); !ok {
			continue
		}
		j.byKey[string(key)] = append(j.byKey[string(key)], int32(i))
		if err := e.budget.add(int64(len(key)) + 24); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// join keeps the right side and streams the left one by it.
func (e *exec) join(n *plan.Join, yield yield) error {
	right, err := e.buildRight(n)
	if err != nil {
		return err
	}
	defer e.drop(right.rows)
	from := layout(n.Left)
	keys := e.compileAll(n.LeftKeys, from)
	out := newPairs(n, from, right.rows.slots)
	var key []byte
	seen := map[string]struct{}{} // left keys, for innerunique
	err = e.run(n.Left, func(row []value.Value) error {
		var ok bool
		key, ok = keyOf(key[:0], keys, row)
		var matches []int32
		if ok {
			matches = right.byKey[string(key)]
		}
		switch n.Kind {
		case plan.LeftSemi, plan.LeftAnti:
			if (len(matches) > 0) == (n.Kind == plan.LeftSemi) {
				return yield(out.pair(row, nil))
			}
			return nil
		case plan.InnerUnique:
			if len(matches) == 0 {
				return nil
			}
			if _, again := seen[string(key)]; again {
				return nil
			}
			seen[string(key)] = struct{}{}
			if err := e.budget.add(int64(len(key)) + 32); err != nil {
				return err
			}
		case plan.LeftOuter, plan.FullOuter:
			if len(matches) == 0 {
				return yield(out.pair(row, nil))
			}
		}
		for _, i := range matches {
			right.matched[i] = true
			if n.Kind == plan.RightSemi || n.Kind == plan.RightAnti {
				continue
			}
			if err := yield(out.pair(row, right.rows.rows[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var wanted bool
	switch n.Kind {
	case plan.RightOuter, plan.FullOuter, plan.RightAnti:
	case plan.RightSemi:
		wanted = true
	default:
		return nil
	}
	for i, row := range right.rows.rows {
		if right.matched[i] == wanted {
			if err := yield(out.pair(nil, row)); err != nil {
				return err
			}
		}
	}
	return nil
}

// pairs lays out the row of a pair.
type pairs struct {
	columns []plan.Column
	left    []int // −1 if the column is the right's
	right   []int
	row     []value.Value
}

func newPairs(n *plan.Join, left, right slots) *pairs {
	p := &pairs{columns: n.Columns, row: make([]value.Value, len(n.Columns))}
	for _, c := range n.Columns {
		l, r := -1, -1
		if at, ok := left[c.ID]; ok && plan.Has(n.Left.Out(), c.ID) {
			l = at
		} else {
			r = right[c.ID]
		}
		p.left, p.right = append(p.left, l), append(p.right, r)
	}
	return p
}

// pair lays out a pair; a side that is nil is nulls.
func (p *pairs) pair(left, right []value.Value) []value.Value {
	for i, c := range p.columns {
		switch {
		case p.left[i] >= 0 && left != nil:
			p.row[i] = left[p.left[i]]
		case p.left[i] < 0 && right != nil:
			p.row[i] = right[p.right[i]]
		default:
			p.row[i] = nullOf(c.Type)
		}
	}
	return p.row
}
