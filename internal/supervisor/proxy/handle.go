package proxy

import (
	"errors"
	"time"
)

// handle takes the request that c.req holds to a worker. c.over says whether
// the connection ends with it. It owns the request's buffers.
func (c *conn) handle() {
	if c.served++; c.served == 1 && c.srv.cfg.Ledger != nil {
		c.slot = c.srv.cfg.Ledger.Slot()
	}
	b := c.in.bytes()
	c.keep = c.mayKeep()
	consumed, bad := c.splitBody(b)
	c.begin(b)
	if bad != nil {
		c.deny(bad.status, 0, bad.reason)
	} else {
		c.flight.in.Store(int64(len(c.pre)))
		c.find()
	}
	if c.finish(&c.done) != running {
		c.body.release()
		c.over, c.abrupt = true, true
		return
	}
	c.in.took(consumed)
	c.body.size = mediumBuffer
	if rest := c.body.bytes(); len(rest) > 0 {
		// What the pump read beyond the body is the next request.
		c.in.buf, c.in.r, c.in.w = c.body.buf, c.body.r, c.body.w
		c.body.buf, c.body.r, c.body.w = nil, 0, 0
	}
	if !c.keep || c.more {
		c.state.Store(stateOther)
		c.over, c.linger = true, c.more || len(c.in.bytes()) > 0
	}
}

// mayKeep reports whether the connection may go on after this request.
func (c *conn) mayKeep() bool {
	return c.req.keepsAlive() && !c.last && !c.srv.draining.Load()
}

// splitBody finds what of the body is in the buffer already. consumed counts
// the head with it.
func (c *conn) splitBody(b []byte) (consumed int, bad *malformed) {
	r := &c.req
	end := int(r.pos)
	c.pre, c.more = nil, false
	switch {
	case r.chunked:
		c.upload.reset()
		n, done, err := c.upload.all(b[end:])
		if err != nil {
			bad, _ = errors.AsType[*malformed](err)
			c.more = true
			return end, bad
		}
		c.pre, c.more = b[end:end+n], !done
	case r.length > 0:
		n := int(min(int64(len(b)-end), r.length))
		c.pre, c.more = b[end:end+n], int64(n) < r.length
	}
	return end + len(c.pre), nil
}

func (c *conn) interim(a *answer, head []byte) error {
	if c.req.minor == 0 {
		return nil
	}
	b := c.srv.pools.get(smallBuffer)
	defer c.srv.pools.put(b)
	c.passed = true
	return c.send(appendAnswer(b.b[:0], a, head, noBody, 1, true))
}

func (c *conn) conclude(res result) {
	switch {
	case res.kind == gone || res.kind == cut:
		c.keep = false
	case c.passed:
		// The client sees that the answer was cut: its framing is not complete.
		c.keep = false
		if res.kind == truncatedClose {
			c.reset()
		}
	default:
		c.keep = c.mayKeep() && res.kind != rejected && res.kind != stalled
		if res.kind == stalled {
			_ = c.nc.SetWriteDeadline(time.Now().Add(c.srv.cfg.Linger)) // it woke whoever waited
		}
		c.deny(res.status, 0, res.reason)
	}
}
