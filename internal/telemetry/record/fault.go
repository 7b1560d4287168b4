package record

import (
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// fault is an error that somebody told of: a log record, or an invocation.
type fault struct {
	at            time.Time
	weight        int64
	kind, message string
	inner, reason string // of the innermost error, where several are chained
	method        string // where it came from
	handled       bool
	severity      int64
	stack         []byte // without secrets
	worker        string
	category      []byte
	function      string // empty, as the next two, where it belongs to no invocation
	invocation    string
	trace         string // traceparent
}

// exception writes the row of a fault.
func (r *Recorder) exception(f *fault) {
	w, at := &r.row, ticks(f.at)
	w.begin("timestamp", at)
	w.long("itemCount", f.weight)
	w.text("type", f.kind)
	w.secretive("message", []byte(f.message))
	w.long("severityLevel", f.severity)
	problem := f.kind
	if f.method != "" {
		problem += " at " + f.method
	}
	w.text("problemId", problem)
	handled := "Unhandled"
	if f.handled {
		handled = "UserCode"
	}
	w.text("handledAt", handled)
	w.text("method", f.method)
	w.text("outerType", f.kind)
	w.secretive("outerMessage", []byte(f.message))
	w.text("innermostType", f.inner)
	w.secretive("innermostMessage", []byte(f.reason))
	w.name("details")
	w.b = append(w.b, `[{"type":`...)
	w.b = value.AppendQuoted(w.b, f.kind)
	w.b = append(w.b, `,"message":`...)
	w.b = value.AppendQuoted(w.b, redact([]byte(f.message)))
	w.b = append(w.b, `,"rawStack":`...)
	w.b = value.AppendQuoted(w.b, f.stack)
	w.b = append(w.b, `}]`...)
	r.operation(f.function, f.trace)
	r.cloud(f.worker)
	w.text("itemType", "exception")
	bag := w.open("customDimensions")
	w.text("worker", f.worker)
	if len(f.category) > 0 {
		w.secretive("category", f.category)
	}
	w.text("InvocationId", f.invocation)
	w.text("band", *r.names.band.Load())
	w.close(bag)
	r.put("exceptions", at)
}

// operation adds the columns that join what belongs to one invocation.
func (r *Recorder) operation(name, trace string) {
	w := &r.row
	w.text("operation_Name", name)
	if id, parent, ok := traceparent([]byte(trace)); ok {
		w.text("operation_Id", string(id))
		w.text("operation_ParentId", string(parent))
	}
}
