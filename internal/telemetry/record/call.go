package record

import (
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/route"
)

// Call is one outgoing call: of a worker, or of stanch itself to a store of work.
//
// A call to a store has a Kind like "Azure queue" or "file blob", what was asked
// (Lease) as Method, what it was about (a queue, container/path, a key) as Path and
// URL, where the store is as Target, and as Status what HTTP has for the outcome.
// The row's name has the part of Path before the first slash.
type Call struct {
	At       time.Time
	Worker   string // id; empty if it is not known whose it was
	Kind     string // HTTP; or Tunnel, whose inside nobody has seen; or a store's
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

// ofStore says that the call is stanch's own.
func (c *Call) ofStore() bool { return c.Kind != "HTTP" && c.Kind != "Tunnel" }

// place is the queue or container of a call to a store: of blobs there is no end.
func (c *Call) place() string {
	place, _, _ := strings.Cut(c.Path, "/")
	return place
}

// Call writes one outgoing call into dependencies. Above the rate, the rest of a
// second's calls of one kind, target and outcome share one row, whose itemCount
// says how many they were. Workers' calls and those to stores have a rate each.
func (r *Recorder) Call(c Call) {
	all := &r.calls
	if c.ofStore() {
		all = &r.stored
	} else if c.Worker == "" {
		c.Worker = r.names.only()
	}
	r.write.Lock()
	defer r.write.Unlock()
	if r.cfg.Rate > 0 && all.rows >= r.cfg.Rate {
		all.share(&c)
		return
	}
	all.rows++
	r.call(&c, 1)
}

// calls are those of the present second.
type calls struct {
	rows   int
	shared map[alike]*share // calls without a row of their own
}

// alike are the calls that may share a row. Of the paths of HTTP there is no end.
type alike struct {
	kind, method, target, path string
	success                    bool
}

// share is what stands for calls that are alike.
type share struct {
	calls int64
	last  Call
}

// mostShares bounds the rows of a second that calls share: what more there is
// counts with the others of its outcome.
const mostShares = 256

func (a *calls) share(c *Call) {
	key := alike{c.Kind, c.Method, c.Target, "", c.Success}
	if c.ofStore() {
		key.path = c.place()
	}
	s := a.shared[key]
	if s == nil && len(a.shared) >= mostShares {
		key = alike{success: c.Success}
		s = a.shared[key]
	}
	if s == nil {
		if a.shared == nil {
			a.shared = map[alike]*share{}
		}
		s = &share{}
		a.shared[key] = s
	}
	s.calls++
	s.last = *c
}

// rollCalls ends a second.
func (r *Recorder) rollCalls(now time.Time) {
	for _, of := range []struct {
		calls *calls
		who   string
	}{{&r.calls, "Outgoing calls"}, {&r.stored, "Calls to stores of work"}} {
		left := int64(0) // calls that have no row to themselves
		r.write.Lock()
		for _, s := range of.calls.shared {
			r.call(&s.last, s.calls)
			if s.calls > 1 {
				left += s.calls
			}
		}
		clear(of.calls.shared)
		of.calls.rows = 0
		r.write.Unlock()
		if left > 0 {
			r.note(now, severityInformation, of.who+" were sampled in the last second, since there were more than rows for them",
				telemetry.Amount("calls", float64(left)))
		}
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
	switch {
	case c.Kind == "HTTP":
		r.shape = route.Append(r.shape, []byte(c.Path))
	case c.ofStore():
		r.shape = append(r.shape, c.place()...)
	default:
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
