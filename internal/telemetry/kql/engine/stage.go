package engine

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// isStage says whether a node looks at one row at a time.
func isStage(n plan.Node) bool {
	switch n.(type) {
	case *plan.Filter, *plan.Project, *plan.Parse, *plan.Expand:
		return true
	}
	return false
}

// stage prepares a node that looks at one row at a time: what it is given goes
// through it to yield.
func (e *exec) stage(n plan.Node, yield yield) yield {
	from := layout(n.Inputs()[0])
	switch n := n.(type) {
	case *plan.Filter:
		holds := e.compile(n.If, from)
		return func(row []value.Value) error {
			if holds(row).Bool() {
				return yield(row)
			}
			return nil
		}
	case *plan.Project:
		computes := make([]plan.Compute, len(n.Columns))
		for i, c := range n.Columns {
			computes[i] = e.compile(c.X, from)
		}
		out := make([]value.Value, len(computes))
		return func(row []value.Value) error {
			for i, c := range computes {
				out[i] = c(row)
			}
			return yield(out)
		}
	case *plan.Parse:
		return e.parse(n, from, yield)
	case *plan.Expand:
		return e.expand(n, from, yield)
	}
	return nil
}

func (e *exec) parse(n *plan.Parse, from slots, yield yield) yield {
	in := n.In.Out()
	pick := picks(in, from)
	text := e.compile(n.X, from)
	out := make([]value.Value, len(pick)+len(n.Columns))
	parsed := out[len(pick):]
	return func(row []value.Value) error {
		for i, at := range pick {
			out[i] = row[at]
		}
		if !n.Match(text(row).Text(), parsed) {
			if n.Only {
				return nil
			}
			for i, c := range n.Columns {
				parsed[i] = nullOf(c.Type)
			}
		}
		return yield(out)
	}
}

func (e *exec) expand(n *plan.Expand, from slots, yield yield) yield {
	pick := picks(n.In.Out(), from)
	arrays := make([]plan.Compute, len(n.Columns))
	for i, c := range n.Columns {
		arrays[i] = e.compile(c.X, from)
	}
	most := int64(1) << 62
	if n.Limit != nil {
		most = e.constant(n.Limit).Long()
	}
	out := make([]value.Value, len(n.Out()))
	elems := make([][]value.Value, len(arrays))
	return func(row []value.Value) error {
		for i, at := range pick {
			out[i] = row[at]
		}
		length := 1
		for i, a := range arrays {
			elems[i] = elements(a(row), n.Bags, n.Arrays)
			length = max(length, len(elems[i]))
		}
		for j := range int(min(int64(length), most)) {
			for i, c := range n.Columns {
				v := nullOf(c.Type)
				if j < len(elems[i]) {
					v = elems[i][j]
					if c.Type != schema.Dynamic {
						v = value.Convert(v, c.Type)
					}
				}
				out[len(pick)+i] = v
			}
			if n.Index.ID != 0 {
				out[len(out)-1] = value.Long(int64(j))
			}
			if err := yield(out); err != nil {
				return err
			}
		}
		return nil
	}
}

// elements are what a dynamic is expanded into: the elements of an array, the
// properties of a bag, each as a bag or as an array of name and value, and
// anything else as it is.
func elements(v value.Value, bags, arrays bool) []value.Value {
	switch v.Kind() {
	case value.KindArray:
		return v.Elems()
	case value.KindBag:
		out := make([]value.Value, 0, v.Bag().Len())
		for k, e := range v.Bag().All() {
			if arrays {
				out = append(out, value.Array([]value.Value{value.String(k), e}))
				continue
			}
			one := value.NewBag(1)
			one.Set(k, e)
			out = append(out, value.FromBag(one))
		}
		return out
	case value.KindNull:
		return nil
	}
	return []value.Value{v}
}
