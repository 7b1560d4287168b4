package engine

import (
	"errors"
	"math"
	"math/rand/v2"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// checkEvery is after how many rows a run looks whether it was cancelled.
const checkEvery = 4096

func (e *exec) splits(n *plan.Scan) ([]table.Split, error) {
	if n.From > n.To {
		return nil, nil
	}
	return e.source.Scan(e.ctx, n.Table.Name, table.Request{Columns: n.At, From: n.From, To: n.To})
}

func (e *exec) scan(n *plan.Scan, yield yield) error {
	splits, err := e.splits(n)
	if err != nil {
		return err
	}
	for _, s := range splits {
		if err := s.Rows(e.ctx, e.cancellable(yield)); err != nil {
			return err
		}
	}
	return nil
}

// cancellable ends with the context's error.
func (e *exec) cancellable(yield yield) yield {
	left := checkEvery
	return func(row []value.Value) error {
		if left--; left == 0 {
			left = checkEvery
			if err := e.ctx.Err(); err != nil {
				return err
			}
		}
		return yield(row)
	}
}

func (e *exec) values(n *plan.Values, yield yield) error {
	row := make([]value.Value, len(n.Columns))
	for _, scalars := range n.Rows {
		for i, s := range scalars {
			row[i] = e.constant(s)
		}
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

func (e *exec) sequence(n *plan.Sequence, yield yield) error {
	yield = e.cancellable(yield)
	from, to, step := e.constant(n.From), e.constant(n.To), e.constant(n.Step)
	if from.IsNull() || to.IsNull() || step.IsNull() {
		return nil
	}
	row := make([]value.Value, 1)
	give := func(v value.Value) error {
		row[0] = v
		return yield(row)
	}
	switch t := n.Column.Type; t {
	case schema.Real, schema.Decimal:
		a, _ := from.Float()
		z, _ := to.Float()
		by, _ := step.Float()
		if by == 0 || math.IsNaN(by) {
			return &Error{Message: "a range with a step of 0 has no end"}
		}
		for i := 0; ; i++ {
			x := a + float64(i)*by
			if by > 0 && x > z || by < 0 && x < z || math.IsNaN(x) {
				return nil
			}
			if err := give(value.Convert(value.Real(x), t)); err != nil {
				return err
			}
		}
	default:
		made := func(i int64) value.Value { return value.Long(i) }
		switch t {
		case schema.Datetime:
			made = value.Datetime
		case schema.Timespan:
			made = value.Timespan
		case schema.Int:
			made = value.Int
		}
		by := step.Long()
		if by == 0 {
			return &Error{Message: "a range with a step of 0 has no end"}
		}
		for x := from.Long(); by > 0 && x <= to.Long() || by < 0 && x >= to.Long(); x += by {
			if err := give(made(x)); err != nil {
				return err
			}
			if by > 0 && x > math.MaxInt64-by || by < 0 && x < math.MinInt64-by {
				return nil
			}
		}
	}
	return nil
}

func (e *exec) take(n *plan.Take, yield yield) error {
	most := e.constant(n.Count).Long()
	if most <= 0 {
		return nil
	}
	if n.Sample {
		return e.sample(n, most, yield)
	}
	taken := int64(0)
	enough := new(enoughRows)
	err := e.run(n.In, func(row []value.Value) error {
		if err := yield(row); err != nil {
			return err
		}
		if taken++; taken == most {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// enoughRows ends a run whose taker has all rows that it wants; each has its own.
type enoughRows struct{ _ byte }

func (*enoughRows) Error() string { return "enough rows" }

// sample keeps most rows, each as likely as any other (Vitter's algorithm R). The
// choice is the same for the same rows.
func (e *exec) sample(n *plan.Take, most int64, yield yield) error {
	random := rand.New(rand.NewPCG(1, uint64(most)))
	pick := picks(n.In.Out(), layout(n.In))
	var rows [][]value.Value
	seen := int64(0)
	err := e.run(n.In, func(row []value.Value) error {
		seen++
		at := int64(len(rows))
		if at == most {
			if at = random.Int64N(seen); at >= most {
				return nil
			}
		} else {
			rows = append(rows, make([]value.Value, len(pick)))
		}
		size := int64(0)
		for i, from := range pick {
			rows[at][i] = row[from].Clone()
			size += 24 + rows[at][i].Size()
		}
		return e.budget.add(size)
	})
	if err != nil {
		return err
	}
	return e.each(&kept{rows: rows}, yield)
}

func (e *exec) union(n *plan.Union, yield yield) error {
	row := make([]value.Value, len(n.Columns))
	for i, in := range n.In {
		from := layout(in)
		at := make([]int, len(n.Columns))
		for j, id := range n.From[i] {
			at[j] = -1
			if id != 0 {
				at[j] = from[id]
			}
		}
		err := e.run(in, func(given []value.Value) error {
			for j, c := range n.Columns {
				switch {
				case c.ID == n.Source:
					row[j] = value.String(n.Names[i])
				case at[j] < 0:
					row[j] = nullOf(c.Type)
				default:
					row[j] = given[at[j]]
				}
			}
			return yield(row)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
