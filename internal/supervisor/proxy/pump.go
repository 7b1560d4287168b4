package proxy

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pump carries the rest of a request's body to the worker while the answer is
// read. One goroutine, which the exchange waits for.
type pump struct {
	done chan struct{}
	res  result // served, or what was wrong with the client
	full bool   // the body was sent to its end
}

// startPump starts the upload over l.
func (x *exchange) startPump(l *link) {
	p := &pump{done: make(chan struct{})}
	x.pump = p
	go func() {
		defer close(p.done)
		x.side.carry(p, l)
		x.flight.uploaded()
		if p.res.kind != served {
			l.kill() // the worker must see that the body is cut
		}
	}()
}

// endPump waits for the upload, which is stopped if it is not done by itself:
// then the client's connection can't go on. It says what was wrong with the
// client's side.
func (x *exchange) endPump(l *link, answered bool) result {
	p := x.pump
	if p == nil {
		return result{}
	}
	x.pump = nil
	if answered && x.ans.reusable() {
		// Either the worker has answered to all of it, and the pump is at its
		// last instructions; or it answered early and keeps the connection,
		// which says that it reads on.
		grace := time.NewTimer(x.srv.cfg.Linger)
		select {
		case <-p.done:
		case <-grace.C:
		}
		grace.Stop()
	}
	select {
	case <-p.done:
	default:
		x.side.interruptUpload(true)
		l.kill()
		<-p.done
		x.side.interruptUpload(false)
	}
	x.more = !p.full
	return p.res
}

func (c *conn) interruptUpload(on bool) {
	deadline := time.Time{}
	if on {
		deadline = past
	}
	_ = c.nc.SetReadDeadline(deadline)
}

func (c *conn) carry(p *pump, l *link) {
	if c.req.chunked {
		p.chunked(c, l)
	} else {
		p.fixed(c, l)
	}
}

// fixed carries a body of a declared length.
func (p *pump) fixed(c *conn, l *link) {
	left := c.req.length - int64(len(c.pre))
	for left > 0 {
		if err := c.body.fillBody(); err != nil {
			p.failed(&sourceError{err})
			return
		}
		b := c.body.bytes()
		b = b[:min(int64(len(b)), left)]
		if !p.write(&c.exchange, l, b) {
			return
		}
		left -= int64(len(b))
		c.body.took(len(b))
	}
	p.full = true
}

// chunked carries a chunked body as it comes, as long as it is well formed.
func (p *pump) chunked(c *conn, l *link) {
	for {
		if err := c.body.fillBody(); err != nil {
			p.failed(&sourceError{err})
			return
		}
		b := c.body.bytes()
		n, done, err := c.upload.all(b)
		var m *malformed
		if errors.As(err, &m) {
			p.res = result{rejected, m.status, m.reason}
			return
		}
		if !p.write(&c.exchange, l, b[:n]) {
			return
		}
		c.body.took(n)
		if done {
			p.full = true
			return
		}
	}
}

// write sends b. An error on the worker's side is for the reader of the answer
// to make sense of: it may have answered already.
func (p *pump) write(c *exchange, l *link, b []byte) bool {
	if _, err := l.nc.Write(b); err != nil {
		return false
	}
	c.flight.in.Add(int64(len(b)))
	c.flight.moved.Store(c.srv.clock.Load())
	return true
}

// sourceError is an error of the side that is read from.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

func (p *pump) failed(err error) {
	var src *sourceError
	if !errors.As(err, &src) {
		return
	}
	if errors.Is(src.err, os.ErrDeadlineExceeded) {
		return // interruptUpload
	}
	if src.err == io.EOF {
		// The client closed its half: it may still read what was wrong.
		p.res = result{rejected, errShortBody.status, errShortBody.reason}
		return
	}
	p.res = result{kind: gone}
}

func isReset(err error) bool {
	return errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}
