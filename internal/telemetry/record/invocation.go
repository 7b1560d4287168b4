package record

import (
	"cmp"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/sample"
)

// Invocation is one invocation of a function that has ended.
type Invocation struct {
	At         time.Time     // when it began
	Duration   time.Duration // from then on, what it waited included
	ID         string        // a UUID
	Function   string
	Trigger    string // queueTrigger, blobTrigger, …
	Source     string // what it was about, for people: queue pictures, blob images/cat.jpg
	Success    bool
	ResultCode string        // an HTTP status; empty where the function answers none: then 0 or 1 is written
	Reason     string        // why it failed
	Worker     string        // id; empty if none had it
	Trace      string        // its traceparent
	In, Out    int64         // bytes of the payloads that it was given, and that it gave back
	Deliveries int64         // how often its message was delivered, this time included; 0 where there is none
	Waited     time.Duration // for room
	Cost       int64         // bytes of the worker's memory that were reserved
	Exception  *Exception    // that it failed with; nil if it did not, or nobody knows
}

// Exception is what a function failed with, as its worker tells it.
type Exception struct{ Type, Message, Stack string }

// How much of what a worker tells is kept, in bytes.
const (
	longestReason = 4 << 10
	longestStack  = 32 << 10
)

// Invocation takes one invocation. Like a request it becomes a row by itself or,
// above the rate, one of others stands for it, so that the sum of itemCount over
// all is their number. It waits for nothing.
func (r *Recorder) Invocation(i Invocation) {
	s := &r.invocations
	s.mu.Lock()
	c := classOfInvocation(s, &i)
	candidate, weight := s.sampler.Take(c, s.n < waiting)
	if candidate {
		s.pending[c].it = i
	}
	half := weight > 0 && s.push(c, weight)
	s.mu.Unlock()
	if half {
		r.hurry()
	}
}

func classOfInvocation(s *choice[Invocation], i *Invocation) sample.Class {
	switch {
	case !i.Success && len(i.ResultCode) == 3 && i.ResultCode[0] == '4':
		return sample.Rejected
	case !i.Success:
		return sample.Failed
	case s.tail.Above(i.Duration):
		return sample.Slow
	}
	return sample.Plain
}

// invocation writes the row of one invocation, in the columns that Azure
// Functions fills, and one more for what it failed with.
func (r *Recorder) invocation(i *Invocation, weight int) {
	r.write.Lock()
	defer r.write.Unlock()
	w, at := &r.row, ticks(i.At)
	success, code, level := "True", "0", "Information"
	if !i.Success {
		success, code, level = "False", "1", "Error"
	}
	if i.ResultCode != "" {
		code = i.ResultCode
	}
	w.begin("timestamp", at)
	w.real("duration", milliseconds(i.Duration))
	w.text("success", success)
	w.text("resultCode", code)
	w.long("itemCount", int64(weight))
	w.text("performanceBucket", bucket(i.Duration))
	w.text("name", i.Function)
	w.secretive("source", []byte(i.Source))
	id := newSpan()
	w.text("id", string(id[:]))
	r.operation(i.Function, i.Trace)
	r.cloud(i.Worker)
	w.text("client_Type", "PC")
	w.text("client_IP", "0.0.0.0")
	w.text("itemType", "request")
	bag := w.open("customDimensions")
	w.text("Category", "Host.Results")
	w.text("FullName", "Functions."+i.Function)
	w.text("InvocationId", i.ID)
	w.text("LogLevel", level)
	w.text("trigger", i.Trigger)
	w.text("worker", i.Worker)
	w.text("band", *r.names.band.Load())
	if i.Deliveries > 0 {
		w.number("deliveries", i.Deliveries)
	}
	w.secretive("reason", cut(i.Reason, longestReason))
	w.number("bytesIn", i.In)
	w.number("bytesOut", i.Out)
	w.amount("waitedMs", milliseconds(i.Waited))
	w.number("costBytes", i.Cost)
	w.close(bag)
	r.put("requests", at)
	if e := i.Exception; e != nil && !i.Success {
		message := string(cut(e.Message, longestReason))
		r.exception(&fault{
			at: i.At.Add(i.Duration), weight: int64(weight), kind: cmp.Or(e.Type, "Error"), message: message, method: i.Function,
			severity: severityError, stack: redact(cut(e.Stack, longestStack)), worker: i.Worker,
			category: []byte("Host.Results"), function: i.Function, invocation: i.ID, trace: i.Trace,
		})
	}
}

// cut is the beginning of a text that may be long.
func cut(s string, most int) []byte {
	if len(s) <= most {
		return []byte(s)
	}
	return []byte(strings.ToValidUTF8(s[:most], "") + "…")
}
