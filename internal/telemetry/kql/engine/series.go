package engine

import (
	"cmp"
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// maxSeries is how many points Kusto lets a series have.
const maxSeries = 1_048_576

// axis is what the points of a series lie on.
type axis struct{ t schema.Type }

// whole says whether the axis is counted in integers: ticks, or whole numbers.
func (a *axis) whole() bool { return a.t != schema.Real && a.t != schema.Decimal }

// series groups rows by key and bin, and lays each key's bins out as arrays.
func (e *exec) series(n *plan.Series, yield yield) error {
	from := layout(n.In)
	of := e.compile(n.Axis, from)
	a := &axis{t: n.Axis.Type}
	step := e.constant(n.Step)
	var low, high value.Value
	if n.From != nil {
		low = e.constant(n.From)
	}
	if n.To != nil {
		high = e.constant(n.To)
	}
	if f, ok := step.Float(); !ok || f <= 0 {
		return &Error{Message: "the step of make-series is to be more than 0"}
	}
	bin := binner(a, low, step)
	type bins struct {
		*group
		at map[int64][]aggregate.State
	}
	byKey := map[*group]*bins{}
	var order []*bins
	g := e.grouping(n.Keys, nil, from)
	values := e.grouping(nil, n.Aggs, from)
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	err := e.run(n.In, func(row []value.Value) error {
		v := of(row)
		if v.IsNull() || !low.IsNull() && value.Compare(v, low) < 0 {
			return nil
		}
		if !high.IsNull() {
			if c := value.Compare(v, high); c > 0 || c == 0 && !n.ToIncluded {
				return nil
			}
		}
		i := bin(v)
		least, most = min(least, i), max(most, i)
		if err := g.add(row); err != nil {
			return err
		}
		b, ok := byKey[g.last]
		if !ok {
			b = &bins{group: g.last, at: map[int64][]aggregate.State{}}
			byKey[g.last] = b
			order = append(order, b)
		}
		states, ok := b.at[i]
		if !ok {
			for _, agg := range n.Aggs {
				states = append(states, agg.New())
			}
			b.at[i] = states
			if err := e.budget.add(int64(64 + 64*len(states))); err != nil {
				return err
			}
		}
		return values.into(&group{states: states}, row)
	})
	if err != nil {
		return err
	}
	if !low.IsNull() {
		least = 0
	}
	if !high.IsNull() {
		most = bin(high)
		if !n.ToIncluded && value.Compare(binStart(a, low, step, most), high) >= 0 {
			most--
		}
	}
	if len(order) == 0 && (!n.NonEmpty || len(n.Keys) > 0 || low.IsNull() || high.IsNull()) {
		return nil
	}
	if len(order) == 0 {
		order = append(order, &bins{group: &group{}, at: nil})
	}
	if most-least+1 > maxSeries {
		return &Error{Message: "a series can't have more than 1048576 points", Hint: "take a longer step"}
	}
	slices.SortStableFunc(order, func(a, b *bins) int { return cmp.Compare(a.first, b.first) })
	var points []value.Value
	for i := least; i <= most; i++ {
		points = append(points, binStart(a, low, step, i))
	}
	for _, b := range order {
		out := append([]value.Value(nil), b.keys...)
		for j := range n.Aggs {
			def := e.constant(n.Defaults[j])
			elems := make([]value.Value, 0, len(points))
			for i := least; i <= most; i++ {
				if states, ok := b.at[i]; ok {
					elems = append(elems, states[j].Result())
				} else {
					elems = append(elems, def)
				}
			}
			out = append(out, value.Array(elems))
		}
		if err := e.budget.add(int64(24 * len(points) * len(n.Aggs))); err != nil {
			return err
		}
		if err := yield(append(out, value.Array(points))); err != nil {
			return err
		}
	}
	return nil
}

// binner gives the number of a value's bin: from low if there is one, otherwise
// from 0.
func binner(a *axis, low, step value.Value) func(value.Value) int64 {
	if a.whole() && !fractional(step) {
		by := step.Long()
		start := int64(0)
		if !low.IsNull() {
			start = low.Long()
		}
		return func(v value.Value) int64 {
			d := v.Long() - start
			q := d / by
			if d%by < 0 {
				q--
			}
			return q
		}
	}
	by, _ := step.Float()
	start := 0.0
	if !low.IsNull() {
		start, _ = low.Float()
	}
	return func(v value.Value) int64 {
		f, _ := v.Float()
		return int64(math.Floor((f - start) / by))
	}
}

func fractional(v value.Value) bool {
	return v.Kind() == value.KindReal || v.Kind() == value.KindDecimal
}

// binStart is where a bin begins.
func binStart(a *axis, low, step value.Value, i int64) value.Value {
	if a.whole() && !fractional(step) {
		start := int64(0)
		if !low.IsNull() {
			start = low.Long()
		}
		at := start + i*step.Long()
		switch a.t {
		case schema.Datetime:
			return value.Datetime(at)
		case schema.Timespan:
			return value.Timespan(at)
		}
		return value.Long(at)
	}
	by, _ := step.Float()
	start := 0.0
	if !low.IsNull() {
		start, _ = low.Float()
	}
	return value.Real(start + float64(i)*by)
}
