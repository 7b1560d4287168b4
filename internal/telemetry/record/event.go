package record

import (
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// Application Insights' severityLevel.
const (
	severityInformation = 1
	severityWarning     = 2
	severityError       = 3
	severityCritical    = 4
)

// Event makes rows of what happened: one in traces, in the words that operators
// search for; one in customEvents, unless it is about stanch itself; and one in
// exceptions where a worker has died.
func (r *Recorder) Event(e telemetry.Event) {
	r.learn(e)
	r.trace(e, severityOf(e), string(e.Kind))
	if e.Kind != telemetry.Host {
		r.custom(e)
	}
	if e.Kind == telemetry.WorkerDied || e.Kind == telemetry.Frozen {
		r.death(e)
	}
	switch e.Kind {
	case telemetry.WorkerDied, telemetry.WorkerStopped:
		r.names.went(e.Worker)
	}
}

// learn takes over what later rows are told with.
func (r *Recorder) learn(e telemetry.Event) {
	switch e.Kind {
	case telemetry.WorkerStarted:
		r.names.came(e.Worker, e.Fact("address").Text, int64(e.Fact("pid").Amount))
	case telemetry.BandChanged:
		if to := e.Fact("to").Text; to != "" {
			r.names.band.Store(&to)
		}
	}
}

func severityOf(e telemetry.Event) int64 {
	switch e.Kind {
	case telemetry.WorkerDied, telemetry.Frozen, telemetry.ReplaceFailed:
		return severityError
	case telemetry.Alert, telemetry.GateShut, telemetry.GateHeld:
		return severityWarning
	case telemetry.BandChanged:
		if e.Fact("to").Text != "healthy" {
			return severityWarning
		}
	}
	return severityInformation
}

// note writes a line of the recorder's own into traces.
func (r *Recorder) note(at time.Time, severity int64, text string, facts ...telemetry.Fact) {
	r.trace(telemetry.Event{At: at, Kind: telemetry.Host, Text: text, Facts: facts}, severity, "telemetry")
}

func (r *Recorder) trace(e telemetry.Event, severity int64, kind string) {
	r.write.Lock()
	defer r.write.Unlock()
	w, at := &r.row, ticks(e.At)
	w.begin("timestamp", at)
	w.long("itemCount", 1)
	w.secretive("message", []byte(e.Text))
	w.long("severityLevel", severity)
	r.cloud(e.Worker)
	w.text("itemType", "trace")
	r.dimensions(e, kind)
	r.put("traces", at)
}

func (r *Recorder) custom(e telemetry.Event) {
	r.write.Lock()
	defer r.write.Unlock()
	w, at := &r.row, ticks(e.At)
	w.begin("timestamp", at)
	w.long("itemCount", 1)
	w.text("name", string(e.Kind))
	bag := w.open("customMeasurements")
	for _, f := range e.Facts {
		if f.Text == "" {
			w.real(f.Name, f.Amount)
		}
	}
	w.close(bag)
	r.cloud(e.Worker)
	w.text("itemType", "customEvent")
	r.dimensions(e, "")
	r.put("customEvents", at)
}

// dimensions adds what is known about an event, as texts.
func (r *Recorder) dimensions(e telemetry.Event, kind string) {
	w := &r.row
	bag := w.open("customDimensions")
	w.text("kind", kind)
	w.text("worker", e.Worker)
	hasPID := false
	for _, f := range e.Facts {
		hasPID = hasPID || f.Name == "pid"
		if f.Text != "" {
			w.secretive(f.Name, []byte(f.Text))
		} else if kind != "" {
			w.amount(f.Name, f.Amount)
		}
	}
	if pid := r.names.pid(e.Worker); pid != 0 && !hasPID {
		w.number("pid", pid)
	}
	if kind == "" {
		w.secretive("text", []byte(e.Text))
	}
	w.text("band", *r.names.band.Load())
	w.close(bag)
}

// death writes a worker's end as an exception, of a type that is the cause:
// "kernel-oom", "exited" and so on, as in the post-mortem.
func (r *Recorder) death(e telemetry.Event) {
	cause := e.Fact("cause").Text
	if cause == "" {
		return
	}
	r.write.Lock()
	defer r.write.Unlock()
	w, at := &r.row, ticks(e.At)
	w.begin("timestamp", at)
	w.long("itemCount", 1)
	w.text("type", "WorkerProcessDied")
	w.secretive("message", []byte(e.Text))
	w.long("severityLevel", severityCritical)
	w.text("problemId", "WorkerProcessDied at "+cause)
	w.text("handledAt", "Unhandled")
	w.text("outerType", "WorkerProcessDied")
	w.secretive("outerMessage", []byte(e.Text))
	w.text("innermostType", cause)
	w.secretive("innermostMessage", []byte(e.Fact("evidence").Text))
	r.cloud(e.Worker)
	w.text("itemType", "exception")
	r.dimensions(e, string(e.Kind))
	r.put("exceptions", at)
}
