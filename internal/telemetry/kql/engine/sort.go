package engine

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// sorting is rows that are brought into order: their columns, then their keys.
type sorting struct {
	keys  []plan.Key
	width int // of a row without its keys
	rows  []sortable
	// limit is how many rows are wanted, −1 for all. Twice as many are kept at
	// most; when they are too many, the worse half goes, and what is no better
	// than the last that stayed need not come in.
	limit int64
	last  []value.Value
}

type sortable struct {
	row  []value.Value
	size int64
}

func (s *sorting) compare(a, b []value.Value) int {
	return compareKeys(s.keys, a[s.width:], b[s.width:])
}

// isOut says that a row can't be among the first.
func (s *sorting) isOut(row []value.Value) bool {
	return s.last != nil && s.compare(row, s.last) >= 0
}

func (s *sorting) sort() {
	slices.SortStableFunc(s.rows, func(a, b sortable) int { return s.compare(a.row, b.row) })
}

// cut drops the rows beyond the limit, and tells how many bytes they held.
func (s *sorting) cut() (freed int64) {
	s.sort()
	for _, r := range s.rows[s.limit:] {
		freed += r.size
	}
	clear(s.rows[s.limit:])
	s.rows = s.rows[:s.limit]
	s.last = s.rows[s.limit-1].row
	return freed
}

// sort gives rows in order. Those with equal keys stay as they came.
func (e *exec) sort(n *plan.Sort, yield yield) error {
	s := &sorting{keys: n.Keys, limit: -1}
	if n.Limit != nil {
		if s.limit = e.constant(n.Limit).Long(); s.limit <= 0 {
			return nil
		}
	}
	from := layout(n.In)
	pick := picks(n.In.Out(), from)
	s.width = len(pick)
	keys := make([]plan.Compute, len(n.Keys))
	for i, k := range n.Keys {
		keys[i] = e.compile(k.X, from)
	}
	probe := make([]value.Value, len(pick)+len(keys))
	err := e.run(n.In, func(row []value.Value) error {
		for i, k := range keys {
			probe[len(pick)+i] = k(row)
		}
		if s.isOut(probe) {
			return nil
		}
		for i, at := range pick {
			probe[i] = row[at]
		}
		own := sortable{row: make([]value.Value, len(probe)), size: int64(40 + 24*len(probe))}
		for i, v := range probe {
			own.row[i] = v.Clone()
			own.size += v.Size()
		}
		s.rows = append(s.rows, own)
		if s.limit > 0 && int64(len(s.rows)) >= 2*s.limit {
			e.budget.free(s.cut())
		}
		return e.budget.add(own.size)
	})
	if err != nil {
		return err
	}
	s.sort()
	if s.limit > 0 && int64(len(s.rows)) > s.limit {
		e.budget.free(s.cut())
	}
	for i, r := range s.rows {
		if err := yield(r.row[:s.width]); err != nil {
			return err
		}
		e.budget.free(r.size)
		s.rows[i] = sortable{}
	}
	return nil
}

func compareKeys(keys []plan.Key, a, b []value.Value) int {
	for i, k := range keys {
		x, y := a[i], b[i]
		if x.IsNull() || y.IsNull() {
			if x.IsNull() && y.IsNull() {
				continue
			}
			if x.IsNull() == k.NullsFirst {
				return -1
			}
			return 1
		}
		if c := value.Compare(x, y); c != 0 {
			if k.Ascending {
				return c
			}
			return -c
		}
	}
	return 0
}
