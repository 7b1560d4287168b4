package proxy

import (
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// appendDenial appends an answer of the proxy's own.
func appendDenial(out []byte, status int, retry time.Duration, reason string, keep, toHEAD bool) []byte {
	out = append(out, "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(out, ' ')
	out = append(out, http.StatusText(status)...)
	out = append(out, "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(len(reason)+1), 10)
	out = append(out, "\r\nX-Stanch-Reason: "...)
	out = appendValue(out, reason)
	if retry > 0 {
		out = append(out, "\r\nRetry-After: "...)
		out = strconv.AppendInt(out, retrySeconds(retry), 10)
	}
	if !keep {
		out = append(out, "\r\nConnection: close"...)
	}
	out = append(out, "\r\n\r\n"...)
	if !toHEAD {
		out = append(out, reason...)
		out = append(out, '\n')
	}
	return out
}

func retrySeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// appendValue appends a reason as a field's value, whatever is in it.
func appendValue(out []byte, reason string) []byte {
	for i := range len(reason) {
		c := reason[i]
		if valueBad[c] {
			c = ' '
		}
		out = append(out, c)
	}
	return out
}

// deny answers in place of a worker.
func (c *conn) deny(status int, retry time.Duration, reason string) {
	c.reason = reason
	if c.more {
		c.keep = false
	}
	if c.req.minor == 0 && c.req.begun {
		c.keep = false // it would have to be said in another way, for no use
	}
	toHEAD := c.req.isHEAD(c.head)
	b := c.srv.pools.get(smallBuffer)
	defer c.srv.pools.put(b)
	out := appendDenial(b.b[:0], status, retry, reason, c.keep, toHEAD)
	if err := c.send(out); err != nil {
		c.keep = false
		return
	}
	c.status = status
}

// refuse answers a request whose head is no good, and ends the connection: what
// follows on it can't be told apart.
func (c *conn) refuse(m *malformed) {
	c.keep, c.more = false, true
	c.req.method, c.req.target, c.req.host, c.req.trace = span{}, span{}, span{}, span{} // they may be half read
	c.begin(nil)
	// A client that does not read must not hold us up.
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.srv.cfg.Linger))
	c.deny(m.status, 0, m.reason)
	c.finish(&c.done)
	c.over, c.linger = true, true
}

// end closes the connection. Where the client may still be sending, its bytes
// are read and dropped for a while: closing a socket with bytes unread resets
// the connection, and may take the answer with it.
func (c *conn) end() {
	defer c.nc.Close()
	half, ok := c.nc.(interface{ CloseWrite() error })
	if c.abrupt || !c.linger || !ok || c.srv.ctx.Err() != nil || half.CloseWrite() != nil {
		return
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(c.srv.cfg.Linger))
	c.in.release()
	b := c.srv.pools.get(mediumBuffer)
	defer c.srv.pools.put(b)
	for {
		if _, err := c.nc.Read(b.b); err != nil {
			return
		}
	}
}

// reset makes the connection's end a break, so that even an answer which only
// that end delimits is seen to be cut.
func (c *conn) reset() {
	if t, ok := c.nc.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.abrupt = true
}

// send writes to the client.
func (c *conn) send(p []byte) error {
	if c.armed {
		n, errno := send(c.fd, p)
		switch {
		case errno != 0 && errno != unix.EAGAIN:
			return errno
		case n == len(p):
			return nil
		}
		p = p[n:]
	}
	_, err := c.nc.Write(p)
	return err
}
