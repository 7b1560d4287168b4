package proxy

import (
	"errors"
	"time"
)

// exchange is one request on its way to a worker and its answer back. What is
// the same for HTTP/1.1 and HTTP/2 stands here; the client's side is the
// other half of it.
type exchange struct {
	srv    *Server
	side   side
	flight flight
	slot   Slot
	client string // the client's address, without its port

	req     request
	head    []byte // the request's head, which req's spans refer to
	safe    bool   // it may be sent twice
	ans     answer
	reply   chunks // the answer's body, if it is chunked
	framing framing
	outBuf  *buffer
	out     []byte // what is sent next: first to the worker, then to the client
	pre     []byte // the part of the body that came with the head
	more    bool   // there is more of it to come
	pump    *pump

	begun   int64 // when the head was complete
	entered int64 // when the last seat was taken
	ended   int64 // 0 while it is not over, or nobody has looked

	passed  bool // bytes of an answer went to the client
	status  int
	reason  string // why the proxy itself answered, or cut the answer
	worker  string
	falls   int // workers that were stopped or died with this request in hand
	retries int
	aborted bool // the client went away
}

// side is what an exchange asks of its client.
type side interface {
	interim(a *answer, head []byte) error // passes a 1xx on
	relay(l *link) result                 // passes the final answer on, with its body
	deny(status int, retry time.Duration, reason string)
	conclude(res result)     // ends a request that was not answered in full
	carry(p *pump, l *link)  // pumps the rest of the request's body
	interruptUpload(on bool) // wakes carry for good; off before the next request
}

// kind of a result says how an attempt ended, and thereby what may follow.
type kindOfResult uint8

const (
	served         kindOfResult = iota // the client has its answer
	unstarted                          // no byte of the request can have been read by a worker
	failed                             // the worker had it, and did not answer
	truncated                          // the worker's answer is no good, or broke off
	truncatedClose                     // the same, where the client takes the connection's end for the answer's
	gone                               // the client went away
	cut                                // the server stops now
	rejected                           // the client's body was malformed
	stalled                            // nothing moved for too long
)

// result is an attempt's outcome, with what the client is told if nothing was
// passed to it yet.
type result struct {
	kind   kindOfResult
	status int
	reason string
}

// begin makes the exchange ready for the request in req, whose head is b.
func (x *exchange) begin(b []byte) {
	x.begun, x.ended = now(), 0
	x.entered = x.begun
	x.head = b
	x.safe = x.req.safe(b)
	x.passed, x.status, x.reason, x.worker, x.retries, x.aborted = false, 0, "", "", 0, false
	x.falls = 0
	x.pump = nil
	size := x.req.length
	if size < 0 && !x.req.chunked {
		size = 0
	}
	x.flight.begin(x.srv.ids.Add(1), x.req.method.of(b), x.req.path(b), size, x.begun)
}

// maxFalls is how many workers may fall under one request before it is not
// given to another: it may be what fells them.
const maxFalls = 1

// find gives the request to one worker after the other, until one has answered
// or it may not be repeated, and then answers it honestly.
func (x *exchange) find() {
	var rest time.Duration
	for {
		seat, err := x.seat(rest)
		if err != nil {
			x.turnAway(err)
			return
		}
		up := seat.Upstream()
		x.compose(up)
		if x.slot != nil {
			x.slot.Begin(x.req.method.of(x.head), x.req.path(x.head), x.flight.size)
		}
		res := x.attempt(up)
		if x.slot != nil {
			x.slot.End()
		}
		seat.Leave()
		x.worker = up.addr

		switch {
		case res.kind == served:
			return
		case res.kind == unstarted && now()-x.begun < int64(x.srv.cfg.Unstarted):
			// Whoever hands out seats may not know yet that this worker is gone.
			rest = min(max(2*rest, time.Millisecond), 100*time.Millisecond)
			x.retries++
			continue
		case res.kind == failed && x.safe && !x.passed && x.retries < x.srv.cfg.Retries && x.falls < maxFalls:
			if up.reason() != "" {
				x.falls++
			}
			x.retries++
			continue
		case res.kind == gone:
			x.aborted = true
		}
		x.reason = res.reason
		x.side.conclude(res)
		return
	}
}

// seat gets a seat, after a rest if there was a worker that could not be
// reached.
func (x *exchange) seat(rest time.Duration) (Seat, error) {
	if rest == 0 {
		if s, ok := x.srv.backend.TryEnter(); ok {
			return s, nil
		}
	}
	ctx, done := x.flight.waits(x.srv.ctx)
	defer done()
	s, err := enter(ctx, x.srv.backend, rest)
	x.entered = now()
	return s, err
}

// turnAway answers a request that got no seat.
func (x *exchange) turnAway(err error) {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		x.side.deny(refusal.Status, refusal.RetryAfter, refusal.Reason)
	case x.srv.ctx.Err() != nil:
		x.side.deny(503, 0, "stanch is stopping")
	default:
		x.aborted = true // the context ended because the client left
	}
}

// compose builds what the worker gets: the head, and the body as far as it is
// there.
func (x *exchange) compose(up *Upstream) {
	need := int(x.req.pos) + len(x.pre) + 512
	if x.outBuf == nil || len(x.outBuf.b) < need && len(x.outBuf.b) < largeBuffer {
		x.srv.pools.put(x.outBuf)
		x.outBuf = x.srv.pools.get(min(need, largeBuffer))
	}
	local := up.addr
	if up.network == "unix" {
		local = "localhost"
	}
	x.out = appendRequest(x.outBuf.b[:0], &x.req, x.head, x.client, local)
	x.out = append(x.out, x.pre...)
}

// finish ends the exchange, counts it, and says for what others ended it. done
// is lent to Config.Observe.
func (x *exchange) finish(done *Done) ending {
	why := x.flight.finish()
	if x.ended == 0 {
		x.ended = now()
	}
	if why == departure || x.aborted {
		x.srv.count.aborted.Add(1)
	}
	*done = Done{
		Status: x.status, Duration: time.Duration(x.ended - x.begun),
		In: x.flight.in.Load(), Out: x.flight.out.Load(),
		Reason: x.reason, Worker: x.worker, Retries: x.retries,
	}
	x.srv.count.finish(done)
	if observe := x.srv.cfg.Observe; observe != nil {
		done.Method, done.Path = x.req.method.of(x.head), x.req.path(x.head)
		done.Target, done.Host, done.Trace = x.req.target.of(x.head), x.req.host.of(x.head), x.req.trace.of(x.head)
		observe(done)
		done.Method, done.Path, done.Target, done.Host, done.Trace = nil, nil, nil, nil, nil
	}
	x.srv.pools.put(x.outBuf)
	x.outBuf, x.out, x.pre, x.head = nil, nil, nil, nil
	return why
}
