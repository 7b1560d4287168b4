package record

import (
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/route"
)

// Call is one outgoing call of a worker, or one tunnel.
type Call struct {
	At       time.Time
	Worker   string // id; empty if it is not known whose it was
	Kind     string // HTTP, or Tunnel, whose inside nobody has seen
	Method   string
	Target   string // host, with its port where that is not the scheme's
	URL      string // whole; of a tunnel host and port
	Path     string // of the URL; empty for a tunnel
	Status   int    // 0 if there was no answer
	Success  bool
	Duration time.Duration
	In, Out  int64  // bytes from the target, and to it
	Trace    string // the traceparent header, if there was one
	Reason   string // why it came to nothing
}

// Call writes one outgoing call into dependencies. Above the rate, the rest of a
// second's calls share one row, whose itemCount says how many they were.
func (r *Recorder) Call(c Call) {
	if c.Worker == "" {
		c.Worker = r.names.only()
	}
	r.write.Lock()
	defer r.write.Unlock()
	if r.cfg.Rate > 0 && r.calls.rows >= r.cfg.Rate {
		r.calls.shared++
		r.calls.last = c
		return
	}
	r.calls.rows++
	r.call(&c, 1)
}

// calls are those of the present second.
type calls struct {
	rows   int
	shared int64 // calls without a row of their own
	last   Call  // of these
}

// rollCalls ends a second.
func (r *Recorder) rollCalls(now time.Time) {
	r.write.Lock()
	shared := r.calls.shared
	if shared > 0 {
		r.call(&r.calls.last, shared)
	}
	r.calls = calls{}
	r.write.Unlock()
	if shared > 1 {
		r.note(now, severityInformation, "Outgoing calls were sampled in the last second, since there were more than rows for them",
			telemetry.Amount("calls", float64(shared)))
	}
}

func (r *Recorder) call(c *Call, weight int64) {
	w, at := &r.row, ticks(c.At)
	success := "False"
	if c.Success {
		success = "True"
	}
	w.begin("timestamp", at)
	w.real("duration", milliseconds(c.Duration))
	w.text("success", success)
	if c.Status > 0 {
		w.text("resultCode", strconv.Itoa(c.Status))
	}
	w.long("itemCount", weight)
	w.text("performanceBucket", bucket(c.Duration))
	r.shape = append(append(r.shape[:0], c.Method...), ' ')
	if c.Kind == "HTTP" {
		r.shape = route.Append(r.shape, []byte(c.Path))
	} else {
		r.shape = append(r.shape, c.Target...)
	}
	w.secretive("name", r.shape)
	w.text("target", c.Target)
	w.text("type", c.Kind)
	w.secretive("data", []byte(c.URL))
	id := newSpan()
	w.text("id", string(id[:]))
	if trace, parent, ok := traceparent([]byte(c.Trace)); ok {
		w.text("operation_Id", string(trace))
		w.text("operation_ParentId", string(parent))
	}
	r.cloud(c.Worker)
	w.text("client_Type", "PC")
	w.text("itemType", "dependency")
	bag := w.open("customDimensions")
	w.text("worker", c.Worker)
	w.text("band", *r.names.band.Load())
	if c.Reason != "" {
		w.secretive("reason", []byte(c.Reason))
	}
	w.number("bytesIn", c.In)
	w.number("bytesOut", c.Out)
	w.close(bag)
	r.put("dependencies", at)
}
