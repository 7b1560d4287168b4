package proxy

import (
	"errors"
	"time"
)

// attempt takes the request in x.out to one worker, and its answer back.
func (x *exchange) attempt(up *Upstream) result {
	for {
		// A second try should not meet a second connection that is just closing.
		l, err := up.get(&x.srv.pools, x.safe, x.retries > 0, x.entered)
		if err != nil {
			return result{unstarted, 502, err.Error()}
		}
		if !x.flight.attach(l, x.more) {
			l.discard()
			return interrupted(x.flight.detach())
		}
		sent, err := x.send(l)
		if err != nil && !sent || l.stale {
			// A kept connection that is closed is no news about the worker; a
			// new one is.
			reused := l.used
			why := x.flight.detach()
			l.discard()
			switch {
			case why != running:
				return interrupted(why)
			case reused:
				up.sawClose(l.age)
				continue
			}
			return result{unstarted, 502, because(up, "the worker closed the connection at once")}
		}
		if err == nil {
			err = x.readAnswer(l)
		}
		var res result
		if err != nil {
			if l.used && isReset(err) {
				up.sawClose(l.age)
			}
			res = lost(l, err)
		} else {
			res = x.side.relay(l)
		}
		return x.settle(l, res)
	}
}

// send sends the request, what is to come of its body by a pump, and waits for
// the first bytes of an answer. sent is false if the worker can't have got a
// byte of the request.
func (x *exchange) send(l *link) (sent bool, err error) {
	l.stale = false
	if x.more {
		return x.sendMore(l)
	}
	// A connection that was used a moment ago is hardly stale, and a safe
	// request may find out by itself: that saves a system call.
	check := l.used && (!x.safe || l.age > int64(2*time.Millisecond))
	err = l.trip(x.out, check)
	switch {
	case l.stale:
		return false, nil
	case err == nil && l.sent == len(x.out):
		return true, nil
	case err == nil:
		// The socket's buffer is full: a large head, or a body with it.
		if _, err = l.nc.Write(x.out[l.sent:]); err == nil {
			err = l.fill()
		}
		return true, err
	case l.sent == 0:
		return false, err
	}
	return !(l.used && (eof(err) || isReset(err)) && l.neverRead()), err
}

func (x *exchange) sendMore(l *link) (sent bool, err error) {
	if l.used {
		ok := false
		if err := l.raw.Control(func(fd uintptr) { ok = quiet(fd) }); err != nil || !ok {
			l.stale = true
			return false, nil
		}
	}
	n, err := l.nc.Write(x.out)
	switch {
	case n == 0 && err != nil:
		return false, err
	case err != nil:
		x.flight.uploaded() // the worker may have answered already, and closed
	default:
		x.startPump(l)
	}
	return true, l.fill()
}

// readAnswer reads up to the end of a final answer's head, passing on interim
// ones. The error is a *malformed for what no HTTP worker says.
func (x *exchange) readAnswer(l *link) error {
	for range maxInterim {
		x.ans.reset()
		for {
			done, err := x.ans.parse(l.bytes())
			if err != nil {
				return err
			}
			if done && int(x.ans.pos) <= l.up.cfg.Head {
				break
			}
			if len(l.bytes()) >= l.up.cfg.Head {
				return errAnswerLarge
			}
			if err := l.more(); err != nil {
				return err
			}
		}
		x.flight.moved.Store(x.srv.clock.Load())
		if !x.ans.interim() {
			if x.ans.status == 101 && x.req.upgrade == (span{}) {
				return errSwitched
			}
			return nil
		}
		if err := x.side.interim(&x.ans, l.bytes()); err != nil {
			return errClientGone
		}
		l.took(int(x.ans.pos))
		if len(l.bytes()) == 0 {
			if err := l.fill(); err != nil {
				return err
			}
		}
	}
	return errManyInterim
}

// maxInterim bounds the 1xx answers to one request.
const maxInterim = 64

var errClientGone = errors.New("the client went away")

// more reads more of a head, making room first.
func (in *inlet) more() error {
	if in.buf != nil && in.w == len(in.buf.b) {
		in.grow(max(2*(in.w-in.r), in.size))
	}
	return in.fill()
}

// lost says what became of a request whose answer's head did not come.
func lost(l *link, err error) result {
	var m *malformed
	switch {
	case err == errClientGone:
		return result{kind: gone}
	case errors.As(err, &m):
		return result{truncated, 502, "the worker's answer is malformed: " + m.reason}
	case eof(err) && len(l.bytes()) > 0:
		return result{failed, 502, because(l.up, "the worker closed the connection within its answer's head")}
	case eof(err):
		return result{failed, 502, because(l.up, "the worker closed the connection without an answer")}
	}
	return result{failed, 502, because(l.up, "the connection to the worker broke: "+plain(err))}
}

// because prefers the reason for which the worker was aborted.
func because(up *Upstream, otherwise string) string {
	if r := up.reason(); r != "" {
		return r
	}
	return otherwise
}

// settle ends the upload if it is under way, gives the link back or closes it,
// and weighs what else ended the exchange.
func (x *exchange) settle(l *link, res result) result {
	bad := x.endPump(l, res.kind == served)
	why := x.flight.detach()
	if res.kind == served && why == running && !x.more && !l.stream && len(l.bytes()) == 0 &&
		x.ans.status != 101 && x.ans.reusable() && x.delimited() {
		l.keepFor = int64(x.ans.keepFor)
		x.ended = now()
		l.up.put(l, x.ended)
	} else {
		l.discard()
	}
	switch {
	case res.kind == served:
	case why != running:
		return interrupted(why)
	case bad.kind != served:
		return bad
	}
	return res
}

// delimited reports whether the worker's answer had an end of its own.
func (x *exchange) delimited() bool { return x.framing != byClose && x.framing != intoChunks }

// interrupted says what follows after somebody else ended the exchange.
func interrupted(why ending) result {
	switch why {
	case departure:
		return result{kind: gone}
	case stall:
		return result{stalled, 504, "nothing moved between the client and the worker for too long"}
	}
	return result{kind: cut}
}

// progress notes that n bytes of the answer's body went to the client.
func (x *exchange) progress(n int) {
	if n > 0 {
		x.flight.out.Add(int64(n))
	}
	x.flight.moved.Store(x.srv.clock.Load())
}

// broke says that the worker's answer ended before its end.
func (x *exchange) broke(l *link) result {
	return result{truncated, 502, because(l.up, "the worker's answer broke off")}
}

func malformedBody(err error) result {
	return result{truncated, 502, "the worker's answer is malformed: " + err.Error()}
}
