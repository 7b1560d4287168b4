// Package load sends requests and counts, honestly, those that were lost.
//
// It exists to judge a proxy or a server whose workers are being replaced, so
// it hides nothing: it speaks HTTP/1.1 on bare connections, because Go's
// http.Transport silently repeats a request whose connection went stale. It
// keeps three rules. A request is sent once and is either ok, which means the
// expected status and every byte of the body, or lost, with a reason. Latency
// counts from when a request was due, not from when a busy client got round to
// it. Memory does not grow with the number of requests, only by four bytes for
// each millisecond of the run.
//
// The one thing it does that every client does: before it writes to a kept
// connection it looks whether the server has closed it already, and dials a
// new one if so. What arrives at a connection that closes in that instant is
// lost.
//
// Begin with Plan, then Run in run.go; exchange.go is what one request is.
package load

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is one way of asking.
type Kind uint8

// The kinds. Get to Stream are drawn from a Plan's mix; a WebSocket or an SSE
// stream is held beside it.
const (
	Get       Kind = iota // on a kept connection
	Fresh                 // on a connection of its own
	Post                  // a body of known length, echoed, compared byte by byte
	Chunked               // a chunked body with a trailer, echoed, compared byte by byte
	Stream                // a long chunked answer, compared byte by byte
	WebSocket             // one message and its echo
	SSE                   // one event stream to its last event
	kinds
)

var kindNames = [kinds]string{"get", "fresh", "post", "chunked", "stream", "websocket", "sse"}

// String is the name that a mix and a summary use.
func (k Kind) String() string { return kindNames[k] }

// Mix is how many of each kind there are among so many requests in all.
type Mix [Stream + 1]int

// DefaultMix has all five: 50 kept and 10 fresh GETs, 25 POSTs with a length, 10
// chunked ones and 5 streams in a hundred.
func DefaultMix() Mix { return Mix{50, 10, 25, 10, 5} }

// ParseMix reads "get=60,fresh=10,post=30"; kinds not named are left out.
func ParseMix(s string) (Mix, error) {
	var m Mix
	for part := range strings.SplitSeq(s, ",") {
		name, weight, ok := strings.Cut(strings.TrimSpace(part), "=")
		kind := Kind(0)
		for kind <= Stream && kindNames[kind] != name {
			kind++
		}
		n, err := strconv.Atoi(weight)
		if !ok || err != nil || n < 0 || n > 10_000 || kind > Stream {
			return Mix{}, fmt.Errorf("mix %q: %q is no kind=weight\nhint: the kinds are %s, e.g. get=60,post=40",
				s, part, strings.Join(kindNames[:Stream+1], ", "))
		}
		m[kind] = n
	}
	return m, nil
}

// String prints what ParseMix reads.
func (m Mix) String() string {
	var parts []string
	for kind, n := range m {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", Kind(kind), n))
		}
	}
	return strings.Join(parts, ",")
}

// Plan is one run of load.
type Plan struct {
	Target string // host:port, or unix:/path/to/socket
	Mix    Mix

	// Rate is requests a second, due at even distances whatever the answers
	// do; 0 is the closed model, where each of Conns sends its next request
	// when it has its answer.
	Rate  float64
	Conns int // connections: all there are in the closed model, the first ones in the open model

	// MaxConns bounds what the open model opens when answers stay away; once
	// all are busy, requests are sent late, which their latency and
	// Summary.Late show. 0 is 4096.
	MaxConns int

	// The run ends after Requests or after Duration, whichever is set and
	// comes first. What is in flight then is waited for and counted.
	Requests int64
	Duration time.Duration

	Timeout    time.Duration // of one request, from when it is sent
	GetPath    string
	BodyBytes  int // the largest body of a Post or a Chunked
	StreamKB   int
	WebSockets int // held open, each with a message every Beat
	SSEs       int // held open, each an event stream of SSEEvents, one every Beat
	SSEEvents  int
	Beat       time.Duration

	// Each, if set, is told of every request when it has ended. Many
	// goroutines call it at once, and wait for it.
	Each func(Request)
}

// Request is one request's life.
type Request struct {
	Kind           Kind
	Sent, Finished time.Time
	Err            error // nil, or a Loss
}

// DefaultPlan is a closed loop of 16 connections with the default mix, without
// an end: set Requests or Duration.
func DefaultPlan(target string) Plan {
	return Plan{
		Target: target, Mix: DefaultMix(), Conns: 16,
		Timeout: 10 * time.Second, GetPath: "/work", BodyBytes: 8 << 10, StreamKB: 64,
		SSEEvents: 20, Beat: 100 * time.Millisecond,
	}
}

const maxConns = 4096

// Check reports everything that is wrong with the plan.
func (p Plan) Check() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	total := 0
	for _, n := range p.Mix {
		total += n
	}
	wrong(p.Target == "", "no target to send to")
	wrong(total == 0 && p.WebSockets+p.SSEs == 0, "nothing to send: the mix is empty")
	wrong(p.Rate < 0, "rate %g is negative", p.Rate)
	wrong(p.Conns < 1 || p.Conns > maxConns, "%d connections is not between 1 and %d", p.Conns, maxConns)
	wrong(p.MaxConns < 0 || p.MaxConns > maxConns, "at most %d connections is not between 0 and %d", p.MaxConns, maxConns)
	wrong(p.Requests <= 0 && p.Duration <= 0, "no end: set the number of requests or a duration")
	wrong(p.Timeout <= 0, "timeout %v is not positive", p.Timeout)
	wrong(!strings.HasPrefix(p.GetPath, "/"), "path %q does not begin with /", p.GetPath)
	wrong(p.BodyBytes < 1 || p.BodyBytes > 64<<20, "body of %d bytes is not between 1 byte and 64 MiB", p.BodyBytes)
	wrong(p.StreamKB < 1, "stream of %d KiB is not positive", p.StreamKB)
	wrong(p.Beat <= 0, "beat %v is not positive", p.Beat)
	return errors.Join(errs...)
}
