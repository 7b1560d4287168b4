package app

import (
	"strconv"

	"github.com/stanch-dev/stanch/internal/telemetry/logline"
	"github.com/stanch-dev/stanch/internal/telemetry/record"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/settle"
	"github.com/stanch-dev/stanch/internal/work/store/told"
)

// invocation records a call that has ended.
func (t *tables) invocation(d *host.Done) {
	if t == nil {
		return
	}
	i := record.Invocation{
		At: d.At, Duration: d.Duration, ID: d.ID, Function: d.Function, Trigger: d.Trigger, Source: d.Source,
		Success: d.Ending == settle.Succeeded && d.Status < 500, Reason: d.Reason, Worker: d.Worker, Trace: d.Trace,
		In: d.In, Out: d.Out, Deliveries: d.Deliveries, Waited: d.Waited, Cost: d.Cost,
	}
	if d.Status > 0 {
		i.ResultCode = strconv.Itoa(d.Status)
	}
	if d.Failure != nil {
		i.Exception = &record.Exception{Type: d.Failure.Type, Message: d.Failure.Message, Stack: d.Failure.Stack}
	}
	t.recorder.Invocation(i)
}

// levels of functions' logs.
var levels = map[contract.Level]logline.Level{
	contract.Trace: logline.Trace, contract.Debug: logline.Debug, contract.Information: logline.Information,
	contract.Warning: logline.Warning, contract.Error: logline.Error, contract.Critical: logline.Critical,
}

// functionLine records a line that a function has logged.
func (t *tables) functionLine(of host.Of, l contract.Line) {
	if t == nil {
		return
	}
	t.recorder.FunctionLine(record.FunctionLine{
		At: l.At, Level: levels[l.Level], Function: of.Function, Invocation: l.Invocation, Category: l.Category,
		Worker: of.Worker, Text: l.Text, Trace: of.Trace,
	})
}

// storeCall records a call to a store of work at target.
func (t *tables) storeCall(target string) told.Tell {
	if t == nil {
		return func(told.Call) {}
	}
	return func(c told.Call) {
		call := record.Call{
			At: c.At, Kind: c.Store + " " + c.What, Method: c.Op, Target: target, URL: c.Name, Path: c.Name,
			Status: c.Status(), Success: !c.Failed(), Duration: c.Duration, In: c.In, Out: c.Out, Trace: c.Trace,
		}
		if c.Err != nil {
			call.Reason = c.Err.Error()
		}
		t.recorder.Call(call)
	}
}
