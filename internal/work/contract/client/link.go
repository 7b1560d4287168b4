package client

import (
	"bufio"
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// idleFor is how long a connection is kept that nobody uses.
const idleFor = 30 * time.Second

// mostIdle bounds how many connections are kept. Of them a busy worker has one for
// each request that it works on.
const mostIdle = 256

// link is a connection to the worker, used by one request at a time.
type link struct {
	client  *Client
	conn    net.Conn
	raw     syscall.RawConn // nil where there is none
	r       *bufio.Reader
	left    int64 // bytes that may still be read
	used    bool
	since   time.Time   // when it became idle
	release func() bool // lets go of its request's context; false if that has ended
}

// take is an idle link that the worker has not closed, or a new one.
func (c *Client) take(ctx context.Context) (*link, error) {
	for {
		c.mu.Lock()
		n := len(c.idle)
		if n == 0 {
			c.mu.Unlock()
			break
		}
		l := c.idle[n-1]
		c.idle[n-1] = nil
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		if l.fresh() {
			return l, nil
		}
		_ = l.conn.Close()
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	l := &link{client: c, conn: conn}
	if s, ok := conn.(syscall.Conn); ok {
		if l.raw, err = s.SyscallConn(); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	l.r = bufio.NewReaderSize(l, 4<<10)
	return l, nil
}

// Read reads no more than is left.
func (l *link) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("the head of the worker's answer is too long")
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.conn.Read(p)
	l.left -= int64(n)
	return n, err
}

// fresh says whether the worker still listens on an idle link, and has said
// nothing unasked.
func (l *link) fresh() bool {
	if l.raw == nil {
		return true
	}
	quiet := false
	err := l.raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && quiet
}

// drop ends a link.
func (l *link) drop() {
	if l.release != nil {
		l.release()
	}
	_ = l.conn.Close()
}

// put keeps a link for the next request.
func (c *Client) put(l *link) {
	l.release, l.since = nil, time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) >= mostIdle {
		_ = l.conn.Close()
		return
	}
	if c.idle = append(c.idle, l); len(c.idle) > 1 {
		return
	}
	if c.prune == nil {
		c.prune = time.AfterFunc(idleFor, c.old)
	} else {
		c.prune.Reset(idleFor)
	}
}

// old closes the links that nobody has used for long.
func (c *Client) old() {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.idle[:0]
	for _, l := range c.idle {
		if time.Since(l.since) >= idleFor {
			_ = l.conn.Close()
			continue
		}
		kept = append(kept, l)
	}
	clear(c.idle[len(kept):])
	c.idle = kept
	if len(kept) > 0 {
		c.prune.Reset(idleFor / 2)
	}
}

// Close ends the connections that nobody uses.
func (c *Client) Close() {
	c.large.CloseIdleConnections()
	c.hangUp()
}

func (c *Client) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.idle {
		_ = l.conn.Close()
	}
	c.idle = nil
	if c.prune != nil {
		c.prune.Stop()
	}
}
