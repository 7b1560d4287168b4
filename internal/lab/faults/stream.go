package faults

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// accept takes connections until Close.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// No sockets left: it may pass, and until then there is nobody to tell.
			select {
			case <-time.After(10 * time.Millisecond):
			case <-p.ctx.Done():
			}
			continue
		}
		p.open.Go(func() { p.relay(client.(*net.TCPConn)) })
	}
}

// relay carries one connection's bytes until both sides have ended.
func (p *Proxy) relay(client *net.TCPConn) {
	ctx, end := context.WithCancel(p.ctx)
	defer end()
	c := p.call(ctx)
	defer client.Close()
	if _, fault := c.suffers(lab.Failing); fault != nil {
		_ = client.SetLinger(0) // a reset
		return
	}
	if c.clear() != nil {
		return
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.target.host)
	if err != nil {
		_ = client.SetLinger(0)
		return
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	var sides, watch sync.WaitGroup
	defer watch.Wait()
	defer end()
	watch.Go(func() {
		if c.fails() {
			_ = client.SetLinger(0)
		}
		_ = client.Close() // what reads or writes returns
		_ = server.Close()
	})
	line := make(chan chunk, 64)
	sides.Go(func() { c.up(client, server) })
	sides.Go(func() { c.read(server, line) })
	sides.Go(func() {
		if c.write(line, client) != nil {
			end() // nobody takes what is still to come
		}
	})
	sides.Wait()
}

// fails waits until the dependency fails, or false until the call has ended.
func (c *call) fails() bool {
	for {
		s, fault := c.suffers(lab.Failing)
		if fault != nil {
			return true
		}
		select {
		case <-s.over:
		case <-c.ctx.Done():
			return false
		}
	}
}

// chunk is some bytes of an answer, and when they are due.
type chunk struct {
	bytes []byte
	spell *spell
	due   time.Time // zero: at once
}

const chunkSize = 32 << 10

// up carries what the client says.
func (c *call) up(client, server *net.TCPConn) {
	buffer := make([]byte, chunkSize)
	for {
		n, err := client.Read(buffer)
		if c.clear() != nil {
			return
		}
		if n > 0 {
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = server.CloseWrite()
			return
		}
	}
}

// read takes what the dependency answers, and says when each piece is due: pieces that
// come together are late together, and not one after the other.
func (c *call) read(server io.Reader, line chan<- chunk) {
	defer close(line)
	for {
		buffer := make([]byte, chunkSize)
		n, err := server.Read(buffer)
		if n > 0 {
			next := chunk{bytes: buffer[:n]}
			s, fault := c.suffers(lab.Slow)
			if fault != nil {
				next.spell, next.due = s, time.Now().Add(fault.Delay)
			}
			select {
			case line <- next:
			case <-c.ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// write gives the answer to the client.
func (c *call) write(line <-chan chunk, client *net.TCPConn) error {
	for next := range line {
		if !next.due.IsZero() {
			c.wait(next.spell, time.Until(next.due))
		}
		if err := c.clear(); err != nil {
			return err
		}
		if _, err := client.Write(next.bytes); err != nil {
			return err
		}
	}
	return client.CloseWrite()
}
