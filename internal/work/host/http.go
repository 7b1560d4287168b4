package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/customhandler"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// Answer calls a function for a client's request. end is to be called when the
// response has been read. Errors are *contract.Failed, *contract.Gone,
// *room.TooBig, *work.Unavailable and context.DeadlineExceeded.
func (h *Host) Answer(ctx context.Context, function string, r *contract.Request) (*contract.Response, func(), error) {
	f := h.functions[function]
	if f == nil {
		return nil, nil, fmt.Errorf("function %q: %w", function, work.ErrAbsent)
	}
	o, release := h.do(ctx, h.requestCall(f, r))
	if err := o.fault(); err != nil {
		release()
		return nil, nil, err
	}
	return o.result.Response, release, nil
}

// requestCall is the call for a client's request.
func (h *Host) requestCall(f *function, r *contract.Request) *call {
	c := h.newCall(f, "http "+r.URL)
	if trace := http.Header(r.Header).Get("Traceparent"); trace != "" {
		c.trace = trace
	}
	c.payload = sizeOf(r.Body)
	c.trigger = contract.Input{Name: f.def.Trigger.Name, Binding: string(f.def.Trigger.Type), Value: contract.Value{Kind: contract.HTTPIn, Request: r}}
	c.known("Headers", objectValue(firsts(r.Header)))
	c.known("Query", objectValue(firsts(r.Query)))
	if r.Body.Kind == contract.Text || r.Body.Kind == contract.JSON {
		for name, v := range expression.Properties([]byte(r.Body.Text)) {
			c.names(name, v)
		}
	}
	for name, values := range r.Query {
		c.fact(name, values)
	}
	for name, value := range r.Params {
		c.fact(name, []string{value})
	}
	return c
}

// fact is a parameter of a request.
func (c *call) fact(name string, values []string) {
	if len(values) > 0 {
		c.names(name, expression.Value{Text: values[0]})
		c.also(name, expression.Value{Text: values[0]})
	}
}

func firsts(all map[string][]string) map[string]string {
	out := map[string]string{}
	for name, values := range all {
		if len(values) > 0 {
			out[name] = values[0]
		}
	}
	return out
}

func sizeOf(v contract.Value) int64 {
	switch v.Kind {
	case contract.Bytes:
		return int64(len(v.Bytes))
	case contract.Large:
		return max(v.Stream.Size, 0)
	}
	return int64(len(v.Text))
}

// response finds what a function answers: under its http binding, or as its return
// value.
func (f *function) response(result *contract.Result) (*contract.Response, error) {
	if result.Response != nil {
		return result.Response, nil
	}
	for _, b := range f.outputs {
		if b.Type != funcapp.HTTP {
			continue
		}
		if v, given := find(result, b.Name); given {
			return customhandler.Response(v)
		}
	}
	if result.Return != nil && !isEmpty(*result.Return) {
		return customhandler.Response(*result.Return)
	}
	return &contract.Response{Status: http.StatusNoContent}, nil
}

// fault is an outcome as an error; nil if it succeeded.
func (o *outcome) fault() error {
	switch o.ending {
	case settle.Succeeded:
		return nil
	case settle.OutOfTime:
		return fmt.Errorf("%s: %w", o.reason, context.DeadlineExceeded)
	case settle.WorkerGone:
		return &contract.Gone{Err: errors.New(o.reason)}
	case settle.Interrupted:
		return &work.Unavailable{After: time.Second, Err: errors.New(o.reason)}
	}
	if o.err != nil {
		return o.err
	}
	return &contract.Failed{Message: o.reason}
}
