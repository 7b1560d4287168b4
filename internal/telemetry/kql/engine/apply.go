package engine

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// apply runs the sub-pipeline over what each row is expanded into, and puts the
// row's columns before those of what comes out.
func (e *exec) apply(n *plan.Apply, yield yield) error {
	in := n.In.Out()
	pick := picks(in, layout(n.In))
	subOut := n.Sub.Out()
	var extra []int
	from := layout(n.Sub)
	for _, c := range subOut {
		if !plan.Has(in, c.ID) {
			extra = append(extra, from[c.ID])
		}
	}
	row := make([]value.Value, len(pick))
	out := make([]value.Value, len(pick)+len(extra))
	return e.run(n.In, func(given []value.Value) error {
		for i, at := range pick {
			row[i] = given[at]
		}
		e.given[n.Row] = &kept{rows: [][]value.Value{row}}
		copy(out, row)
		return e.run(n.Sub, func(made []value.Value) error {
			for i, at := range extra {
				out[len(pick)+i] = made[at]
			}
			return yield(out)
		})
	})
}

// partition runs the sub-pipeline for the rows of each value.
func (e *exec) partition(n *plan.Partition, yield yield) error {
	rows, err := e.keep(n.In)
	if err != nil {
		return err
	}
	defer e.drop(rows)
	by := e.compile(n.By, rows.slots)
	parts := map[string]*kept{}
	var order []*kept
	var key []byte
	for _, row := range rows.rows {
		key = by(row).AppendKey(key[:0])
		p, ok := parts[string(key)]
		if !ok {
			p = &kept{}
			parts[string(key)] = p
			order = append(order, p)
		}
		p.rows = append(p.rows, row)
	}
	pick := picks(n.Sub.Out(), layout(n.Sub))
	out := make([]value.Value, len(pick))
	for _, p := range order {
		e.given[n.Rows] = p
		err := e.run(n.Sub, func(row []value.Value) error {
			for i, at := range pick {
				out[i] = row[at]
			}
			return yield(out)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
