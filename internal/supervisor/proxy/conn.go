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
	c.body.init(raw, &s.pools, mediumBuffer)
	c.client = clientAddr(nc)
	c.probe = func(fd uintptr) { c.left = departed(fd) }
	c.gone = func() bool {
		c.left = false
		return raw.Control(c.probe) != nil || c.left
	}
	c.flight.wake = func() { _ = nc.SetDeadline(past) }
	c.since.Store(now())
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
	for c.next() {
	}
}

// next serves one request, and reports whether another may follow.
func (c *conn) next() bool {
	c.req.reset()
	first := stateIdle
	if len(c.in.bytes()) > 0 {
		first = stateHead
	}
	c.since.Store(c.srv.clock.Load())
	c.state.Store(first)
	err := c.readHead()
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
	if c.served++; c.served == 1 && c.srv.cfg.Ledger != nil {
		c.slot = c.srv.cfg.Ledger.Slot()
	}
	return c.handle()
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
		if len(b) > 0 || c.state.Load() == stateHead {
			continue
		}
		c.since.Store(c.srv.clock.Load()) // before the state: the sweeper reads them the other way round
		if !c.leave(stateIdle, stateHead) {
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
