package bind

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// windows collects calls of functions that look at the rows around one.
type windows struct {
	calls []plan.WindowCall
	first syntax.Span
	name  string
}

// around is the context of a row in which functions may look around. After the
// expressions are bound, close puts the node under them that computes those.
func (b *binder) around(r *rows, in *scope) (*context, func(at syntax.Span)) {
	c := &context{scope: in, columns: r.node.Out(), windows: &windows{}}
	return c, func(at syntax.Span) {
		if len(c.windows.calls) == 0 {
			return
		}
		if !r.ordered {
			b.order(r, c.windows)
		}
		r.node = &plan.Window{In: r.node, Calls: c.windows.calls}
	}
}

// order gives rows without an order the one that was probably meant: that of
// their time.
func (b *binder) order(r *rows, w *windows) {
	instead := "| serialize before it"
	node := r.node
	for _, c := range node.Out() {
		if c.Type == schema.Datetime {
			node = &plan.Sort{In: node, Keys: []plan.Key{{X: plan.Ref(c), Ascending: true, NullsFirst: true}}}
			instead = "| sort by " + c.Name + " asc before it"
			break
		}
	}
	b.compat("KS000", w.first, w.name+"() looks at the rows around, and these have no order", instead)
	r.node, r.ordered = node, true
}

// window registers a call and refers to its outcome.
func (b *binder) window(x *syntax.Call, in *context, t schema.Type, call plan.WindowCall) *plan.Scalar {
	if in.windows == nil {
		b.fail(x.Span, "", "| serialize | extend "+syntax.FormatExpr(x), "%s() can't stand here", x.Name.Text)
	}
	if len(in.windows.calls) == 0 {
		in.windows.first, in.windows.name = x.Span, x.Name.Text
	}
	call.Out = b.column("", t)
	in.windows.calls = append(in.windows.calls, call)
	return plan.Ref(call.Out)
}

func (b *binder) shift(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 1, 3)
	s := b.scalar(x.Args[0], in)
	call := plan.WindowCall{Kind: plan.Shift, Offset: 1, Args: []*plan.Scalar{s, plan.Constant(s.Type, nullValue)}}
	if len(x.Args) > 1 {
		call.Offset = b.fixedNumber(x.Args[1], in)
	}
	if len(x.Args) > 2 {
		call.Args[1] = b.convert(b.scalar(x.Args[2], in), s.Type)
	}
	if call.Offset < 0 {
		b.fail(x.Args[1].Range(), "", "", "%s() counts forward: 1, 2, …", x.Name.Text)
	}
	if x.Name.Text == "next" {
		call.Offset = -call.Offset
	}
	return b.window(x, in, s.Type, call)
}

func (b *binder) fixedNumber(x syntax.Expr, in *context) int64 {
	s := b.scalar(x, in)
	if !s.Type.IsInteger() || s.Const == nil || s.Const.IsNull() {
		b.fail(x.Range(), "", "", "a constant number is wanted here")
	}
	return s.Const.Long()
}

func (b *binder) restart(x *syntax.Call, at int, in *context) *plan.Scalar {
	if len(x.Args) <= at {
		return nil
	}
	return b.boolean(x.Args[at], in)
}

func (b *binder) rowNumber(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 0, 2)
	call := plan.WindowCall{Kind: plan.Number, Start: 1, Restart: b.restart(x, 1, in)}
	if len(x.Args) > 0 {
		call.Start = b.fixedNumber(x.Args[0], in)
	}
	return b.window(x, in, schema.Long, call)
}

func (b *binder) cumSum(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 1, 2)
	s := b.scalar(x.Args[0], in)
	if !s.Type.IsNumber() && s.Type != schema.Timespan {
		b.fail(x.Args[0].Range(), "", "", "row_cumsum() adds numbers, and this is a %s", s.Type)
	}
	t := s.Type
	if t == schema.Int {
		t = schema.Long
	}
	return b.window(x, in, t, plan.WindowCall{Kind: plan.CumSum, Args: []*plan.Scalar{b.convert(s, t)}, Restart: b.restart(x, 1, in)})
}

func (b *binder) rank(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 1, 2)
	kind := plan.RankDense
	if x.Name.Text == "row_rank_min" {
		kind = plan.RankMin
	}
	return b.window(x, in, schema.Long, plan.WindowCall{Kind: kind, Args: []*plan.Scalar{b.scalar(x.Args[0], in)}, Restart: b.restart(x, 1, in)})
}

func (b *binder) session(x *syntax.Call, in *context) *plan.Scalar {
	b.need(x, 3, 4)
	args := []*plan.Scalar{b.scalar(x.Args[0], in), b.scalar(x.Args[1], in), b.scalar(x.Args[2], in)}
	if args[0].Type != schema.Datetime || args[1].Type != schema.Timespan || args[2].Type != schema.Timespan {
		b.fail(x.Span, "", "row_window_session(time, 1h, 5m)", "row_window_session() takes a datetime and two timespans")
	}
	return b.window(x, in, schema.Datetime, plan.WindowCall{Kind: plan.Session, Args: args, Restart: b.restart(x, 3, in)})
}
