package proxy

import (
	"errors"
	"net"
	"os"
	"time"
)

// tunnel joins both sides after the worker has switched protocols (101). Each
// direction ends by itself, so that one side may close its half and still
// listen.
func (c *conn) tunnel(l *link) result {
	c.keep = false
	l.up.streaming(l)
	c.flight.streams(true)
	b := l.bytes()
	socket := equalFold(c.ans.upgrade.of(b), "websocket")
	c.out = appendAnswer(c.out[:0], &c.ans, b, noBody, 1, true)
	c.status, c.passed = 101, true
	l.took(int(c.ans.pos))
	if err := c.flush(); err != nil {
		return result{kind: gone}
	}

	// What the client sent ahead is in c.in, behind its request's head.
	ahead := c.in.bytes()[c.req.pos:]
	up := &flow{c: c, l: l, from: &c.body, to: l.nc, socket: socket, masked: true}
	down := &flow{c: c, l: l, from: &l.inlet, to: c.nc, socket: socket}
	down.wakes = c.nc
	up.count, down.count = c.flight.in.Add, c.flight.out.Add

	done := make(chan struct{})
	go func() {
		defer close(done)
		up.run(ahead)
	}()
	if down.run(nil) {
		// A client that never closes its half must not hold the seat for ever.
		limit := c.srv.cfg.IdleTimeout
		if l.hung.Load() {
			limit = time.Second
		}
		_ = c.nc.SetReadDeadline(time.Now().Add(limit))
	}
	<-done
	_ = c.nc.SetReadDeadline(time.Time{})
	c.more = l.hung.Load() // then the client has something left to say
	c.in.w = c.in.r + int(c.req.pos)
	return result{}
}

// flow is one direction of a tunnel, run by one goroutine.
type flow struct {
	c      *conn
	l      *link
	from   *inlet
	to     net.Conn
	wakes  net.Conn // whose reader is woken when this one learns of HangUp
	socket bool     // WebSocket: frames are followed, to end between two
	masked bool     // towards the worker, where frames are masked
	frames frames
	count  func(int64) int64
}

// run reports whether it came to an end without ending the other direction.
func (f *flow) run(ahead []byte) bool {
	if !f.pass(ahead) {
		return false
	}
	for {
		err := f.from.fill()
		switch {
		case err == nil:
			p := f.from.bytes()
			ok := f.pass(p)
			f.from.took(len(p))
			if !ok {
				return false
			}
			if f.frames.late && f.between() {
				return f.goAway()
			}
		case eof(err):
			return f.closeHalf()
		case f.l.hung.Load() && errors.Is(err, os.ErrDeadlineExceeded):
			if f.hangUp() {
				return f.goAway()
			}
		default:
			return f.fail()
		}
	}
}

// pass sends p on.
func (f *flow) pass(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	if _, err := f.to.Write(p); err != nil {
		return f.fail()
	}
	f.count(int64(len(p)))
	if f.socket {
		f.frames.pass(p)
	}
	return true
}

// hangUp wakes the other direction, and reports whether this one may end now;
// else it has a second to come to a frame's end.
func (f *flow) hangUp() bool {
	if f.wakes != nil {
		_ = f.wakes.SetReadDeadline(past)
		f.wakes = nil
	}
	if !f.between() && !f.frames.late {
		f.frames.late = true
		deadline := time.Now().Add(time.Second)
		if f.masked {
			_ = f.c.nc.SetReadDeadline(deadline)
		} else {
			_ = f.l.nc.SetReadDeadline(deadline)
		}
		return false
	}
	return true
}

// between reports whether nothing is cut by ending here.
func (f *flow) between() bool { return !f.socket || f.frames.left == 0 && f.frames.have == 0 }

// goAway closes the direction, and tells a WebSocket why.
func (f *flow) goAway() bool {
	if f.socket && f.between() {
		_, _ = f.to.Write(closeFrame(f.masked))
	}
	return f.closeHalf()
}

func (f *flow) closeHalf() bool {
	if h, ok := f.to.(interface{ CloseWrite() error }); !ok || h.CloseWrite() != nil {
		return f.fail()
	}
	return true
}

// fail ends both directions.
func (f *flow) fail() bool {
	f.l.kill()
	_ = f.c.nc.SetReadDeadline(past)
	return false
}
