package send

import (
	"bufio"
	"context"
	"net"
	"sync"
	"syscall"
	"time"
)

// idleTime is how long a connection is kept for the next request: shorter than the 75 s
// after which stanch's front closes it.
const idleTime = 30 * time.Second

// conn is a connection to the worker's front. One goroutine has it at a time.
type conn struct {
	*net.TCPConn
	raw      syscall.RawConn
	host     string
	in       *bufio.Reader
	out      []byte
	kept     bool // it had a request before
	reusable bool // for another
	since    time.Time
}

// alive says that the other side has neither closed the connection nor said anything
// that nobody asked for.
func (c *conn) alive() bool {
	var one [1]byte
	var err error
	wrong := c.raw.Read(func(fd uintptr) bool {
		_, _, err = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	return wrong == nil && err == syscall.EAGAIN
}

// pool keeps connections between requests, and knows those that are in use.
type pool struct {
	mu    sync.Mutex
	idle  []*conn // the last one used is at the end
	inUse map[*conn]bool
	over  bool
}

// take is a connection to a host, with a deadline for all that is done with it. One that
// was kept comes first, if it is still good.
func (p *pool) take(ctx context.Context, host string, deadline time.Time) (*conn, error) {
	for c := p.pop(host); c != nil; c = p.pop(host) {
		if c.SetDeadline(deadline) == nil && c.alive() {
			return p.use(c)
		}
		_ = c.Close()
	}
	d := net.Dialer{KeepAlive: -1, Deadline: deadline}
	nc, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	c := &conn{TCPConn: nc.(*net.TCPConn), host: host, in: bufio.NewReaderSize(nc, 4<<10)}
	if c.raw, err = c.SyscallConn(); err == nil {
		err = c.SetDeadline(deadline)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return p.use(c)
}

// pop takes a kept connection to a host, and closes those that were kept too long or for
// another host, which is gone.
func (p *pool) pop(host string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := len(p.idle); n > 0; n = len(p.idle) {
		c := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		if c.host == host && time.Since(c.since) < idleTime {
			return c
		}
		_ = c.Close()
	}
	return nil
}

func (p *pool) use(c *conn) (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	c.reusable = false
	p.inUse[c] = true
	return c, nil
}

// give gives a connection back.
func (p *pool) give(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.inUse, c)
	if !c.reusable || p.over {
		_ = c.Close()
		return
	}
	c.kept, c.since = true, time.Now()
	p.idle = append(p.idle, c)
}

// open lets connections be taken.
func (p *pool) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = false
}

// close closes all, and what is done with them fails.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for c := range p.inUse {
		_ = c.Close()
	}
	for _, c := range p.idle {
		_ = c.Close()
	}
	p.idle = nil
}
