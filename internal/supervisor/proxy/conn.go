package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// The states of a client connection, as the sweeper sees them:
//
//	idle ──bytes──► head ──complete──► busy ──answered──► idle or head
//	  │ too long      │ too long
//	  └────► doomed ◄─┘
//
// HTTP/2 and lingering connections look after their own time.
const (
	stateIdle int32 = iota
	stateHead
	stateBusy
	stateDoomed
	stateOther
)

// conn is one client connection, served by one goroutine. An idle one holds no
// buffer.
type conn struct {
	exchange
	nc    net.Conn
	in    inlet
	body  inlet       // reads what of a body was not in with the head
	index int         // among the server's
	gone  func() bool // whether the client has left; bound once
	probe func(fd uintptr)
	left  bool // the probe's finding

	state atomic.Int32
	since atomic.Int64 // when this state began
	born  int64        // when it was accepted

	polled int64 // the idle time's beginning for which the sweeper has looked for the client's end

	armed  bool    // a request is handled while its socket stays armed: see inlet.handle
	fd     uintptr // good while armed
	over   bool    // the connection has served its last request
	linger bool    // the client may be sending still
	abrupt bool    // the connection's end must look like a break

	upload chunks // the request's body, if it is chunked
	keep   bool
	last   bool // nothing follows this request, whatever it says
	served int  // requests so far
	done   Done // lent to Config.Observe
}

func newConn(s *Server, nc net.Conn) (*conn, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, errNoDescriptor
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &conn{nc: nc}
	c.srv, c.side = s, c
	c.req.limit = s.cfg.Line
	c.in.init(raw, &s.pools, smallBuffer)
	c.in.handle = c.quick
	c.body.init(raw, &s.pools, mediumBuffer)
	c.client = clientAddr(nc)
	c.probe = func(fd uintptr) { c.left = departed(fd) }
	c.gone = func() bool {
		c.left = false
		return raw.Control(c.probe) != nil || c.left
	}
	c.flight.wake = func() { _ = nc.SetDeadline(past) }
	c.born = now()
	c.since.Store(c.born)
	return c, nil
}

// past is a deadline that wakes whoever waits.
var past = time.Unix(1, 0)

func clientAddr(nc net.Conn) string {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("").String()
	}
	return "unknown" // RFC 7239's word for it; a Unix socket has no address
}

// doom ends a wait in state from; the sweeper calls it.
func (c *conn) doom(from int32) {
	c.flight.mu.Lock()
	defer c.flight.mu.Unlock()
	if c.state.CompareAndSwap(from, stateDoomed) {
		_ = c.nc.SetReadDeadline(past)
	}
}

// leave goes from one state to the next, or says that the connection was
// doomed meanwhile.
func (c *conn) leave(from, to int32) bool { return c.state.CompareAndSwap(from, to) }

// pardon undoes doom: a request came in at the last moment, and is the last.
func (c *conn) pardon() {
	c.flight.mu.Lock()
	defer c.flight.mu.Unlock()
	_ = c.nc.SetReadDeadline(time.Time{})
	c.last = true
	c.state.Store(stateHead)
}

func (c *conn) serve() {
	defer c.srv.forget(c)
	defer c.freeSlot()
	defer c.nc.Close()
	defer c.in.release()
	c.idle()
	for c.next() {
	}
	if c.over {
		c.end()
	}
}

// idle makes the connection wait for its next request.
func (c *conn) idle() {
	c.req.reset()
	c.since.Store(c.srv.clock.Load())
	if len(c.in.bytes()) > 0 {
		c.state.Store(stateHead)
	} else {
		c.state.Store(stateIdle)
	}
}

// next serves one request that quick left, and reports whether another may
// follow.
func (c *conn) next() bool {
	err := c.readHead()
	if c.over {
		return false
	}
	if err == errHTTP2 {
		return c.serveH2()
	}
	if err != nil {
		if m, ok := errors.AsType[*malformed](err); ok {
			c.state.Store(stateOther)
			c.refuse(m)
		}
		return false // else the client left, or was idle for too long
	}
	c.handle()
	if !c.over {
		c.idle()
	}
	return !c.over
}

// quick serves the request that has just come in, if it is all there and
// nothing about it needs the client's socket. It reports whether it has; else
// next goes on with the bytes.
func (c *conn) quick(fd uintptr) bool {
	if c.state.Load() != stateIdle {
		return false // the head comes in pieces, or too late
	}
	c.since.Store(c.srv.clock.Load()) // before the state: the sweeper reads them the other way round
	if !c.leave(stateIdle, stateHead) || c.served == 0 && c.isPreface(c.in.bytes()) {
		return false
	}
	done, err := c.req.parse(c.in.bytes())
	r := &c.req
	simple := done && err == nil && int(r.pos) <= c.srv.cfg.Head && r.upgrade == (span{}) &&
		!r.chunked && r.length <= int64(len(c.in.bytes())-int(r.pos))
	if !simple || !c.leave(stateHead, stateBusy) {
		c.req.reset()
		return false
	}
	c.armed, c.fd = true, fd
	c.handle()
	c.armed = false
	if c.over {
		return false
	}
	c.idle()
	return len(c.in.bytes()) == 0
}

func (c *conn) freeSlot() {
	if c.slot != nil {
		c.slot.Free()
	}
}

var errHTTP2 = errors.New("the client speaks HTTP/2")

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// readHead reads up to the end of the next head. The error is a *malformed if
// the client should be told.
func (c *conn) readHead() error {
	for {
		b := c.in.bytes()
		if len(b) > 0 {
			c.leave(stateIdle, stateHead) // where quick did not
			if c.served == 0 && c.isPreface(b) {
				return errHTTP2
			}
			done, err := c.req.parse(b)
			if err != nil {
				return err
			}
			if done {
				if int(c.req.pos) > c.srv.cfg.Head {
					return errHeadLarge
				}
				if !c.leave(stateHead, stateBusy) {
					return errHeadSlow
				}
				return nil
			}
			if len(b) >= c.srv.cfg.Head {
				return errHeadLarge
			}
			if c.in.w == len(c.in.buf.b) {
				c.in.grow(min(4*max(len(b), smallBuffer), max(c.srv.cfg.Head, mediumBuffer)))
			}
		}
		if err := c.in.fill(); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) || c.state.Load() != stateDoomed {
				return err
			}
			if len(b) > 0 {
				return errHeadSlow
			}
			if !c.lastChance() {
				return err
			}
			continue
		}
		if c.over {
			return nil
		}
		if c.state.Load() == stateDoomed {
			if len(b) > 0 {
				return errHeadSlow
			}
			c.pardon()
		}
	}
}

// lastChance looks whether a request came in just before the idle connection
// was to be closed.
func (c *conn) lastChance() bool {
	c.pardon()
	came := false
	err := c.in.raw.Control(func(fd uintptr) { came = !quiet(fd) })
	return err == nil && came
}

func (c *conn) isPreface(b []byte) bool {
	return len(b) >= 16 && string(b[:16]) == preface[:16]
}

// eof reports whether err is the regular end of a connection.
func eof(err error) bool { return err == io.EOF }

// plain is the error of a system call without what package net says around it.
func plain(err error) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, net.ErrClosed):
		return "closed"
	}
	return err.Error()
}
