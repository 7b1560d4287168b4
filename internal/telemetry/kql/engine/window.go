package engine

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// window keeps the rows and adds a column for each call, one call after the
// other: the arguments of one may be the outcome of another.
func (e *exec) window(n *plan.Window, yield yield) error {
	rows, err := e.keep(n.In)
	if err != nil {
		return err
	}
	defer e.drop(rows)
	width := len(n.In.Out())
	if err := e.budget.add(int64(len(rows.rows)) * 24 * int64(len(n.Calls))); err != nil {
		return err
	}
	for i, row := range rows.rows {
		wide := make([]value.Value, width+len(n.Calls))
		copy(wide, row)
		rows.rows[i] = wide
	}
	from := inOrder(n.Out())
	for i, call := range n.Calls {
		args := e.compileAll(call.Args, from)
		restart := func([]value.Value) value.Value { return value.Null }
		if call.Restart != nil {
			restart = e.compile(call.Restart, from)
		}
		fill(call, rows.rows, width+i, args, restart)
	}
	return e.each(rows, yield)
}

// fill computes one call for all rows.
func fill(call plan.WindowCall, rows [][]value.Value, at int, args []plan.Compute, restart plan.Compute) {
	switch call.Kind {
	case plan.Shift:
		for i, row := range rows {
			j := i - int(call.Offset)
			if j >= 0 && j < len(rows) {
				row[at] = args[0](rows[j])
			} else if row[at] = args[1](row); row[at].IsNull() {
				row[at] = nullOf(call.Out.Type)
			}
		}
	case plan.Number:
		n := call.Start
		for _, row := range rows {
			if restart(row).Bool() {
				n = call.Start
			}
			row[at] = value.Long(n)
			n++
		}
	case plan.CumSum:
		var sum value.Value
		for _, row := range rows {
			if restart(row).Bool() {
				sum = value.Null
			}
			if v := args[0](row); !v.IsNull() {
				sum = plus(sum, v)
			}
			row[at] = sum
		}
	case plan.RankDense, plan.RankMin:
		rank(call.Kind, rows, at, args[0], restart)
	case plan.Session:
		session(rows, at, args, restart)
	}
}

func plus(sum, v value.Value) value.Value {
	if sum.IsNull() {
		return v
	}
	switch v.Kind() {
	case value.KindReal:
		return value.Real(sum.Real() + v.Real())
	case value.KindDecimal:
		return value.Dec(sum.Decimal().Add(v.Decimal()))
	case value.KindTimespan:
		return value.Timespan(sum.Long() + v.Long())
	}
	return value.Long(sum.Long() + v.Long())
}

func rank(kind plan.WindowKind, rows [][]value.Value, at int, of, restart plan.Compute) {
	var last value.Value
	n, same := int64(0), int64(0)
	for i, row := range rows {
		v := of(row)
		again := i == 0 || restart(row).Bool()
		switch {
		case again:
			n, same = 1, 1
		case value.Equal(v, last):
			same++
		case kind == plan.RankDense:
			n++
		default:
			n += same
			same = 1
		}
		last = v
		row[at] = value.Long(n)
	}
}

// session gives the time at which the session of a row began: a row begins one if
// it is too far from the session's first, or from the row before.
func session(rows [][]value.Value, at int, args []plan.Compute, restart plan.Compute) {
	var first, before value.Value
	for i, row := range rows {
		t := args[0](row)
		fromFirst, between := args[1](row).Long(), args[2](row).Long()
		if i == 0 || restart(row).Bool() || t.Long()-first.Long() > fromFirst || t.Long()-before.Long() > between {
			first = t
		}
		before = t
		row[at] = first
	}
}
