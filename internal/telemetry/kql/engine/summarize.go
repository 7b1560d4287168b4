package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// group is the states of the rows of one key.
type group struct {
	keys   []value.Value
	states []aggregate.State
	// first is when the group's first row came: groups are given in that order.
	first int64
}

// grouping puts rows into groups. It belongs to one goroutine.
type grouping struct {
	e      *exec
	keys   []plan.Compute
	aggs   []plan.Aggregation
	args   [][]plan.Compute
	conds  []plan.Compute
	buffer [][]value.Value
	groups map[string]*group
	order  []*group
	key    []byte
	row    []value.Value // the keys of the row
	last   *group        // the group of the row before, whose key is in lastKey
	before []byte
	seq    int64
}

func (e *exec) grouping(keys []plan.Computed, aggs []plan.Aggregation, from slots) *grouping {
	g := &grouping{e: e, aggs: aggs, groups: map[string]*group{}, row: make([]value.Value, len(keys))}
	for _, k := range keys {
		g.keys = append(g.keys, e.compile(k.X, from))
	}
	for _, a := range aggs {
		args := make([]plan.Compute, len(a.Args))
		for i, x := range a.Args {
			args[i] = e.compile(x, from)
		}
		g.args = append(g.args, args)
		g.buffer = append(g.buffer, make([]value.Value, len(args)))
		if a.If != nil {
			g.conds = append(g.conds, e.compile(a.If, from))
		} else {
			g.conds = append(g.conds, nil)
		}
	}
	return g
}

func (g *grouping) add(row []value.Value) error {
	g.key = g.key[:0]
	for i, k := range g.keys {
		g.row[i] = k(row)
		g.key = g.row[i].AppendKey(g.key)
	}
	in := g.last
	if in == nil || string(g.key) != string(g.before) {
		found, ok := g.groups[string(g.key)]
		if !ok {
			var err error
			if found, err = g.open(); err != nil {
				return err
			}
		}
		in = found
		g.last, g.before = in, append(g.before[:0], g.key...)
	}
	g.seq++
	return g.into(in, row)
}

// into adds a row to a group.
func (g *grouping) into(in *group, row []value.Value) error {
	grown := int64(0)
	for i, s := range in.states {
		if c := g.conds[i]; c != nil && !c(row).Bool() {
			continue
		}
		buffer := g.buffer[i]
		for j, a := range g.args[i] {
			buffer[j] = a(row)
		}
		grown += s.Add(buffer)
	}
	if grown == 0 {
		return nil
	}
	return g.e.budget.add(grown)
}

// open makes a group for the key of the row.
func (g *grouping) open() (*group, error) {
	made := &group{keys: make([]value.Value, len(g.row)), states: make([]aggregate.State, len(g.aggs)), first: g.seq}
	size := int64(160 + len(g.key) + 40*len(g.row) + 64*len(g.aggs))
	for i, v := range g.row {
		made.keys[i] = v.Clone()
		size += v.Size()
	}
	for i, a := range g.aggs {
		made.states[i] = a.New()
	}
	g.groups[string(g.key)] = made
	g.order = append(g.order, made)
	return made, g.e.budget.add(size)
}

// merge takes the groups of another.
func (g *grouping) merge(o *grouping) {
	for key, theirs := range o.groups {
		mine, ok := g.groups[key]
		if !ok {
			g.groups[key] = theirs
			g.order = append(g.order, theirs)
			continue
		}
		mine.first = min(mine.first, theirs.first)
		for i, s := range mine.states {
			s.Merge(theirs.states[i])
		}
	}
}

func (e *exec) summarize(n *plan.Summarize, yield yield) error {
	g, err := e.grouped(n)
	if err != nil {
		return err
	}
	if len(g.order) == 0 && len(n.Keys) == 0 {
		if _, err := g.open(); err != nil {
			return err
		}
	}
	slices.SortStableFunc(g.order, func(a, b *group) int { return cmp.Compare(a.first, b.first) })
	out := make([]value.Value, 0, len(n.Out()))
	for i, group := range g.order {
		out = append(out[:0], group.keys...)
		for j, a := range n.Aggs {
			out = appendResult(out, a, group.states[j])
			if s, ok := group.states[j].(aggregate.Approximate); ok && s.IsApproximate() {
				e.warn("%s is approximate: a group has more than %d values, and a sample of them was taken", a.Text, aggregate.MaxExact)
			}
		}
		g.order[i] = nil // the states may be large
		if err := yield(out); err != nil {
			return err
		}
	}
	return nil
}

// appendResult adds a state's result, spread over the aggregate's columns.
func appendResult(out []value.Value, a plan.Aggregation, s aggregate.State) []value.Value {
	v := s.Result()
	if len(a.Out) == 1 {
		if v.IsNull() {
			v = nullOf(a.Out[0].Type)
		}
		return append(out, v)
	}
	elems := v.Elems()
	for i, c := range a.Out {
		v := nullOf(c.Type)
		if i < len(elems) && !elems[i].IsNull() {
			v = elems[i]
		}
		out = append(out, v)
	}
	return out
}

// grouped fills the groups: side by side, if the rows come from splits of a scan
// and their order does not show.
func (e *exec) grouped(n *plan.Summarize) (*grouping, error) {
	scan, stages, ok := overScan(n.In)
	if ok && e.workers > 1 && !slices.ContainsFunc(n.Aggs, func(a plan.Aggregation) bool { return a.Order }) {
		return e.groupedSideBySide(n, scan, stages)
	}
	g := e.grouping(n.Keys, n.Aggs, layout(n.In))
	return g, e.run(n.In, g.add)
}

// overScan follows stages down to a scan; stages are given last first.
func overScan(n plan.Node) (scan *plan.Scan, stages []plan.Node, ok bool) {
	for isStage(n) {
		stages = append(stages, n)
		n = n.Inputs()[0]
	}
	scan, ok = n.(*plan.Scan)
	return scan, stages, ok
}

func (e *exec) groupedSideBySide(n *plan.Summarize, scan *plan.Scan, stages []plan.Node) (*grouping, error) {
	for _, s := range stages {
		if err := e.subqueries(s); err != nil {
			return nil, err
		}
	}
	splits, err := e.splits(scan)
	if err != nil {
		return nil, err
	}
	all := make([]*grouping, max(1, min(e.workers, len(splits))))
	for i := range all {
		all[i] = e.grouping(n.Keys, n.Aggs, layout(n.In))
	}
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	next := make(chan int)
	errs := make([]error, len(all))
	var workers sync.WaitGroup
	for w, g := range all {
		workers.Go(func() {
			defer func() {
				if errs[w] != nil {
					cancel() // the others need not go on
				}
			}()
			defer rescue(&errs[w])
			sink := g.add
			for _, s := range stages {
				sink = e.stage(s, sink)
			}
			for i := range next {
				g.seq = int64(i) << 40
				if errs[w] = splits[i].Rows(ctx, sink); errs[w] != nil {
					return
				}
			}
		})
	}
	feed(ctx, next, len(splits))
	workers.Wait()
	if err := firstError(errs, e.ctx); err != nil {
		return nil, err
	}
	for _, g := range all[1:] {
		all[0].merge(g)
	}
	return all[0], nil
}

// feed hands out the splits in order.
func feed(ctx context.Context, next chan<- int, n int) {
	defer close(next)
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			return
		}
	}
}

// firstError is the error that was not caused by another's.
func firstError(errs []error, ctx context.Context) error {
	var cancelled error
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		if err != nil {
			cancelled = err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return cancelled
}
