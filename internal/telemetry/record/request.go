package record

import (
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/route"
	"github.com/stanch-dev/stanch/internal/telemetry/sample"
)

// Request is one finished request. Its slices are only read during the call.
type Request struct {
	Method, Target, Host []byte // as received; the target with its query
	Trace                []byte // the traceparent header, if there was one
	Status               int    // 0 if the connection ended without an answer
	Duration             time.Duration
	In, Out              int64  // bytes of the body, and of the answer's body
	Reason               string // why stanch refused or failed it
	Worker               string // the address of the worker that had it
	Retries              int
}

// kept is a request that becomes a row.
type kept struct {
	at       time.Time
	status   int
	duration time.Duration
	in, out  int64
	reason   string
	worker   string
	retries  int
	band     string
	method   part
	host     part
	target   part
	trace    part
	used     int
	buf      [longestMethod + longestHost + longestTarget + longestTrace]byte
}

// How much is kept of each.
const (
	longestMethod = 16
	longestHost   = 80
	longestTarget = 640
	longestTrace  = 55
)

// part is where one text stands in buf.
type part struct {
	from, to uint16
	cut      bool
}

func (k *kept) of(p part) []byte { return k.buf[p.from:p.to] }

// Request takes one request. It allocates nothing and waits for nothing.
func (r *Recorder) Request(q *Request) {
	s := &r.requests
	s.mu.Lock()
	c := classOf(s, q)
	candidate, weight := s.sampler.Take(c, s.n < waiting)
	if candidate {
		s.pending[c].it.fill(q, r.names.band.Load())
	}
	half := weight > 0 && s.push(c, weight)
	s.mu.Unlock()
	if half {
		r.hurry()
	}
}

func classOf(s *choice[kept], q *Request) sample.Class {
	switch {
	case q.Status >= 100 && q.Status < 400:
		if s.tail.Above(q.Duration) {
			return sample.Slow
		}
		return sample.Plain
	case q.Status >= 400 && q.Status < 500:
		return sample.Rejected
	case q.Status == 503 && q.Reason != "":
		return sample.Refused
	}
	return sample.Failed
}

func (k *kept) fill(q *Request, band *string) {
	k.at = time.Now().Add(-q.Duration)
	k.status, k.duration, k.in, k.out = q.Status, q.Duration, q.In, q.Out
	k.reason, k.worker, k.retries = q.Reason, q.Worker, q.Retries
	k.band = *band
	k.used = 0
	k.method = k.add(q.Method, longestMethod)
	k.host = k.add(q.Host, longestHost)
	k.target = k.add(q.Target, longestTarget)
	k.trace = k.add(q.Trace, longestTrace)
}

func (k *kept) add(text []byte, most int) part {
	p := part{from: uint16(k.used), cut: len(text) > most}
	k.used += copy(k.buf[k.used:k.used+most], text)
	p.to = uint16(k.used)
	return p
}

// request writes the row of one request.
func (r *Recorder) request(k *kept, weight int) {
	r.write.Lock()
	defer r.write.Unlock()
	w, at := &r.row, ticks(k.at)
	success := "True"
	if k.status < 100 || k.status >= 400 {
		success = "False"
	}
	w.begin("timestamp", at)
	w.real("duration", milliseconds(k.duration))
	w.text("success", success)
	w.name("resultCode")
	w.b = append(w.b, '"')
	w.b = strconv.AppendInt(w.b, int64(k.status), 10)
	w.b = append(w.b, '"')
	w.long("itemCount", int64(weight))
	w.text("performanceBucket", bucket(k.duration))

	method, target := k.of(k.method), k.of(k.target)
	r.shape = append(append(r.shape[:0], method...), ' ')
	r.shape = route.Append(r.shape, pathOf(target))
	w.secretive("name", r.shape)
	w.name("url")
	r.url = appendURL(r.url[:0], k.of(k.host), target, k.target.cut)
	w.b = value.AppendQuoted(w.b, redact(r.url))
	id := newSpan()
	w.text("id", string(id[:]))
	w.secretive("operation_Name", r.shape)
	trace, parent, ok := traceparent(k.of(k.trace))
	if !ok {
		fresh := newTrace()
		trace = fresh[:]
	}
	w.name("operation_Id")
	w.b = value.AppendQuoted(w.b, trace)
	if ok {
		w.name("operation_ParentId")
		w.b = value.AppendQuoted(w.b, parent)
	}
	worker := r.names.worker(k.worker)
	r.cloud(worker)
	w.text("client_Type", "PC")
	w.text("client_IP", "0.0.0.0") // as Azure writes it: addresses are personal
	w.text("itemType", "request")
	bag := w.open("customDimensions")
	w.text("worker", worker)
	w.text("band", k.band)
	if k.retries > 0 {
		w.number("retries", int64(k.retries))
	}
	if k.reason != "" {
		w.secretive("reason", []byte(k.reason))
	}
	w.number("bytesIn", k.in)
	w.number("bytesOut", k.out)
	w.close(bag)
	r.put("requests", at)
}
