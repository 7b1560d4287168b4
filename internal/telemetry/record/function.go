package record

import (
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/logline"
)

// FunctionLine is one line of a function's log, as its worker hands it over; what
// workers print is for [Recorder.Line].
type FunctionLine struct {
	At         time.Time
	Level      logline.Level
	Function   string
	Invocation string // id; empty if the line belongs to none
	Category   string // empty: Function.NAME.User, as Azure Functions has it
	Worker     string // id
	Text       string
	Trace      string // traceparent of the invocation
}

// longestLine is how much of a line is kept, in bytes: as of a line that is
// printed.
const longestLine = 64 << 10

// FunctionLine writes a line of a function's log into FunctionAppLogs and traces.
// It counts as a log record does: of too many in a second the rest gets no row,
// and how many that were is said.
func (r *Recorder) FunctionLine(l FunctionLine) {
	if l.Category == "" && l.Function != "" {
		l.Category = "Function." + l.Function + ".User"
	}
	rec := &logline.Record{
		At: l.At, Level: l.Level, Function: []byte(l.Function), Invocation: []byte(l.Invocation), Category: []byte(l.Category),
	}
	message := redact(cut(l.Text, longestLine))
	r.write.Lock()
	defer r.write.Unlock()
	if !r.streams.admit(rec) {
		return
	}
	r.appLog(l.Worker, rec, message)
	w, at := &r.row, ticks(l.At)
	w.begin("timestamp", at)
	w.long("itemCount", 1)
	w.name("message")
	w.b = value.AppendQuoted(w.b, message)
	w.long("severityLevel", l.Level.Severity())
	r.operation(l.Function, l.Trace)
	r.cloud(l.Worker)
	w.text("itemType", "trace")
	bag := w.open("customDimensions")
	w.secretive("Category", rec.Category)
	w.text("InvocationId", l.Invocation)
	w.text("LogLevel", l.Level.String())
	w.text("worker", l.Worker)
	w.text("band", *r.names.band.Load())
	w.close(bag)
	r.put("traces", at)
}
