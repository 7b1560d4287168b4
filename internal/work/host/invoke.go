package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/scan"
	"github.com/stanch-dev/stanch/internal/work/settle"
	"github.com/stanch-dev/stanch/internal/work/tick"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// MostByHand is the largest payload of an invocation that is made by hand, in
// bytes.
const MostByHand = 16 << 20

// mostShown is how much of an output is shown.
const mostShown = 1 << 20

// ByHand calls a function once with a payload that a person gives: a message, the
// name of a blob, a request's body. Its outputs are written as always; nothing is
// settled. The error is work.ErrAbsent, or what is wrong with the payload.
func (h *Host) ByHand(ctx context.Context, name string, body []byte, contentType string) (view.Answer, error) {
	f := h.functions[name]
	if f == nil {
		var names []string
		for _, f := range h.order {
			names = append(names, f.def.Name)
		}
		return view.Answer{}, fmt.Errorf("function %q: %w\nhint: there are %s", name, work.ErrAbsent, strings.Join(names, ", "))
	}
	c, err := h.handCall(ctx, f, body, contentType)
	if err != nil {
		return view.Answer{}, err
	}
	c.lines = &lines{}
	o, release := h.do(ctx, c)
	defer release()
	a := view.Answer{Status: view.Succeeded, Invocation: c.id, Logs: c.lines.all(), DurationMs: float64(time.Since(c.begun).Microseconds()) / 1e3}
	if o.ending != settle.Succeeded {
		a.Status, a.Error = view.Failed, o.reason
		return a, nil
	}
	a.Output, err = f.shown(ctx, o.result)
	return a, err
}

// handCall is the call of a function by hand.
func (h *Host) handCall(ctx context.Context, f *function, body []byte, contentType string) (*call, error) {
	m := &queue.Message{ID: "by-hand", Body: body, Deliveries: 1, Inserted: time.Now(), Visible: time.Now()}
	switch f.def.Trigger.Type {
	case funcapp.BlobTrigger:
		name, err := blob.ParseName(strings.Trim(strings.TrimSpace(string(body)), `"`))
		if err != nil {
			return nil, fmt.Errorf("%w\nhint: a function with a blob trigger is given the name of a blob", err)
		}
		if m.Body, err = json.Marshal(scan.Event{ContainerName: name.Container, BlobName: name.Path}); err != nil {
			return nil, err
		}
		c, verdict := h.blobCall(ctx, f, m)
		if verdict != nil {
			return nil, fmt.Errorf("blob %s: %s", name, cmpOr(verdict.Reason, "it is not there"))
		}
		return c, nil
	case funcapp.HTTPTrigger:
		return h.requestCall(f, &contract.Request{
			Method: "POST", URL: "http://localhost/" + f.def.Trigger.Route, Header: map[string][]string{"Content-Type": {contentType}},
			Query: map[string][]string{}, Params: map[string]string{}, Body: textOrBytes(body),
		}), nil
	case funcapp.TimerTrigger:
		return h.timerCall(f, tick.Tick{Scheduled: time.Now(), Next: f.def.Trigger.Schedule.Next(time.Now())}), nil
	}
	return h.messageCall(f, "by hand", m), nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// shown is what a function gave back, as JSON.
func (f *function) shown(ctx context.Context, result *contract.Result) (json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	var errs []error
	add := func(name string, v contract.Value) {
		text, err := asJSON(ctx, v)
		errs = append(errs, err)
		out[name] = text
	}
	for _, o := range result.Outputs {
		add(o.Name, o.Value)
	}
	if result.Return != nil {
		add(funcapp.Return, *result.Return)
	}
	if r := result.Response; r != nil {
		body, err := asJSON(ctx, r.Body)
		errs = append(errs, err)
		if out["response"], err = json.Marshal(map[string]any{"status": r.Status, "headers": firsts(r.Header), "body": body}); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil || len(out) == 0 {
		return nil, err
	}
	return json.Marshal(out)
}

// asJSON is a value for people: what is too long is cut.
func asJSON(ctx context.Context, v contract.Value) (json.RawMessage, error) {
	switch v.Kind {
	case contract.None:
		return json.RawMessage("null"), nil
	case contract.JSON:
		return json.RawMessage(v.Text), nil
	case contract.Bytes:
		return json.Marshal(v.Bytes)
	case contract.Large:
		r, err := v.Stream.Open(ctx, 0)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		part, err := io.ReadAll(io.LimitReader(r, mostShown))
		if err != nil {
			return nil, err
		}
		if v.Stream.ContentType == "application/json" && json.Valid(part) {
			return part, nil
		}
		return asJSON(ctx, textOrBytes(part))
	}
	return json.Marshal(v.Text)
}

// lines are those that a call's function has logged.
type lines struct {
	mu    sync.Mutex
	lines []view.Line
}

// mostLines bounds what is kept of a function that talks.
const mostLines = 1000

func (l *lines) add(line contract.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) < mostLines {
		l.lines = append(l.lines, view.Line{At: line.At, Level: line.Level.String(), Text: line.Text})
	}
}

func (l *lines) all() []view.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]view.Line{}, l.lines...)
}

// Of says whose a line is.
type Of struct{ Function, Worker, Trace string }

// Line takes in a line of a function's log, and says whose it is; it is nobody's
// if no call that runs has logged it.
func (h *Host) Line(line contract.Line) Of {
	found, ok := h.live.Load(line.Invocation)
	if !ok {
		return Of{}
	}
	c := found.(*call)
	if c.lines != nil {
		c.lines.add(line)
	}
	return Of{c.f.def.Name, c.worker, c.trace}
}
