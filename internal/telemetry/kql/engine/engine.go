// Package engine runs plans: it pulls rows out of a source and pushes them
// through the plan's nodes to the result.
//
// Rows are slices of values that are lent for a call; whoever keeps one copies
// it, and charges it to the query's budget, so that a query that would need more
// memory than it may have ends in an error and not in the kernel's hands. Where
// a summarize stands over a scan, the splits of the scan are read side by side,
// each into groups of its own that are merged at the end; the result is the same
// as if they had been read in order.
package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/operator"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Options are what a plan is run with.
type Options struct {
	Source table.Source
	// Memory is how many bytes of rows the query may keep; 0 is DefaultMemory.
	Memory int64
	// Workers is how many goroutines read splits; 0 is as many as there are cores.
	Workers int
}

// DefaultMemory is what a query may keep if nothing else is said.
const DefaultMemory = 1 << 30

// Error is a query that can't be answered.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

// Run runs a plan, which has been pruned, to its end or until ctx is done.
func Run(ctx context.Context, root plan.Node, options Options) (result *table.Result, err error) {
	e := &exec{
		ctx: ctx, source: options.Source, workers: options.Workers,
		budget: &budget{limit: options.Memory}, shared: map[plan.Node]*kept{}, given: map[*plan.Given]*kept{}, sub: map[*plan.Subquery]value.Value{},
	}
	if e.workers <= 0 {
		e.workers = runtime.GOMAXPROCS(0)
	}
	if e.budget.limit <= 0 {
		e.budget.limit = DefaultMemory
	}
	defer rescue(&err)
	rows, err := e.keep(root)
	if err != nil {
		return nil, err
	}
	result = &table.Result{Rows: rows.rows, Warnings: e.warnings}
	for _, c := range root.Out() {
		result.Columns = append(result.Columns, schema.Column{Name: c.Name, Type: c.Type})
	}
	return result, nil
}

// rescue turns what computations panic with into an error.
func rescue(err *error) {
	switch r := recover().(type) {
	case nil:
	case *operator.Failure:
		*err = &Error{Message: r.Message, Hint: r.Hint}
	default:
		panic(r)
	}
}

// exec is one run of a plan.
type exec struct {
	ctx      context.Context
	source   table.Source
	workers  int
	budget   *budget
	shared   map[plan.Node]*kept
	given    map[*plan.Given]*kept
	sub      map[*plan.Subquery]value.Value
	warnings []table.Warning
}

func (e *exec) warn(format string, args ...any) {
	w := table.Warning{Message: fmt.Sprintf(format, args...)}
	for _, earlier := range e.warnings {
		if earlier == w {
			return
		}
	}
	e.warnings = append(e.warnings, w)
}

// budget is the memory that a query may keep rows in.
type budget struct {
	used  atomic.Int64
	limit int64
}

func (b *budget) add(n int64) error {
	if n == 0 || b.used.Add(n) <= b.limit {
		return nil
	}
	return &Error{
		Message: "the query needs more than the " + bytesize.Size(b.limit).String() + " of memory that it may have",
		Hint:    "narrow it with where or project, or give it more with --memory",
	}
}

func (b *budget) free(n int64) { b.used.Add(-n) }

// yield takes a row, which is lent for the call.
type yield = func(row []value.Value) error

// kept is rows that were kept.
type kept struct {
	rows  [][]value.Value
	bytes int64
	slots slots
}

// keep runs a node and keeps its rows, laid out as its columns stand.
func (e *exec) keep(n plan.Node) (*kept, error) {
	out := n.Out()
	k := &kept{slots: inOrder(out)}
	pick := picks(out, layout(n))
	var block []value.Value // rows are cut from blocks: fewer and longer lives for the collector
	err := e.run(n, func(row []value.Value) error {
		if len(block) < len(pick) {
			block = make([]value.Value, max(len(pick), min(256*len(pick), (len(k.rows)+1)*len(pick))))
		}
		own := block[:len(pick):len(pick)]
		block = block[len(pick):]
		size := int64(24 + 24*len(pick))
		for i, at := range pick {
			own[i] = row[at].Clone()
			size += own[i].Size()
		}
		k.rows = append(k.rows, own)
		k.bytes += size
		return e.budget.add(size)
	})
	return k, err
}

func (e *exec) drop(k *kept) { e.budget.free(k.bytes) }

// slots is where in a row a column stands.
type slots map[plan.ColumnID]int

func inOrder(columns []plan.Column) slots {
	s := make(slots, len(columns))
	for i, c := range columns {
		s[c.ID] = i
	}
	return s
}

// layout is how the rows that run gives for a node are laid out.
func layout(n plan.Node) slots {
	switch n := n.(type) {
	case *plan.Scan:
		s := make(slots, len(n.Columns))
		for i, c := range n.Columns {
			s[c.ID] = n.At[i]
		}
		return s
	case *plan.Filter:
		return layout(n.In)
	case *plan.Take:
		if !n.Sample {
			return layout(n.In)
		}
	}
	return inOrder(n.Out())
}

func picks(columns []plan.Column, from slots) []int {
	at := make([]int, len(columns))
	for i, c := range columns {
		at[i] = from[c.ID]
	}
	return at
}

// nullOf is what stands where there is nothing: null, and "" for texts.
func nullOf(t schema.Type) value.Value {
	if t == schema.String {
		return value.String("")
	}
	return value.Null
}

// run calls yield for every row of a node.
func (e *exec) run(n plan.Node, yield yield) error {
	if err := e.subqueries(n); err != nil {
		return err
	}
	switch n := n.(type) {
	case *plan.Scan:
		return e.scan(n, yield)
	case *plan.Values:
		return e.values(n, yield)
	case *plan.Sequence:
		return e.sequence(n, yield)
	case *plan.Filter, *plan.Project, *plan.Parse, *plan.Expand:
		return e.run(n.Inputs()[0], e.stage(n, yield))
	case *plan.Summarize:
		return e.summarize(n, yield)
	case *plan.Sort:
		return e.sort(n, yield)
	case *plan.Take:
		return e.take(n, yield)
	case *plan.Join:
		return e.join(n, yield)
	case *plan.Union:
		return e.union(n, yield)
	case *plan.Window:
		return e.window(n, yield)
	case *plan.Apply:
		return e.apply(n, yield)
	case *plan.Given:
		return e.each(e.given[n], yield)
	case *plan.Partition:
		return e.partition(n, yield)
	case *plan.Series:
		return e.series(n, yield)
	case *plan.Shared:
		k, ok := e.shared[n.Node]
		if !ok {
			var err error
			if k, err = e.keep(n.Node); err != nil {
				return err
			}
			e.shared[n.Node] = k
		}
		return e.each(k, yield)
	}
	return fmt.Errorf("engine: a node of type %T", n)
}

func (e *exec) each(k *kept, yield yield) error {
	for _, row := range k.rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// subqueries runs those of a node's scalars, once.
func (e *exec) subqueries(n plan.Node) (err error) {
	plan.Scalars(n, func(s *plan.Scalar) {
		s.Subqueries(func(q *plan.Subquery) {
			if _, done := e.sub[q]; done || err != nil {
				return
			}
			e.sub[q], err = e.subquery(q)
		})
	})
	return err
}

func (e *exec) subquery(q *plan.Subquery) (value.Value, error) {
	out := q.Node.Out()
	at := layout(q.Node)[q.Column]
	result := nullOf(out[plan.Index(out, q.Column)].Type)
	var all []value.Value
	enough := new(enoughRows)
	err := e.run(q.Node, func(row []value.Value) error {
		v := row[at].Clone()
		if !q.All {
			result = v
			return enough
		}
		all = append(all, v)
		return e.budget.add(24 + v.Size())
	})
	if q.All {
		result = value.Array(all)
	}
	if errors.Is(err, enough) {
		err = nil
	}
	return result, err
}

// compile prepares a scalar for rows of a layout, for one goroutine.
func (e *exec) compile(s *plan.Scalar, from slots) plan.Compute {
	switch {
	case s.Const != nil:
		v := *s.Const
		return func([]value.Value) value.Value { return v }
	case s.Sub != nil:
		v := e.sub[s.Sub]
		return func([]value.Value) value.Value { return v }
	case s.Column != 0:
		at, ok := from[s.Column]
		if !ok {
			panic(fmt.Sprintf("engine: column %d is not in the row", s.Column))
		}
		return func(row []value.Value) value.Value { return row[at] }
	}
	args := make([]plan.Compute, len(s.Args))
	for i, a := range s.Args {
		args[i] = e.compile(a, from)
	}
	return s.Make(args)
}

// constant is the value of a scalar that sees no row.
func (e *exec) constant(s *plan.Scalar) value.Value { return e.compile(s, nil)(nil) }
