package proxy

import (
	"errors"
)

// relay passes the final answer that c.ans holds to the client, with its body.
func (c *conn) relay(l *link) result {
	a := &c.ans
	b := l.bytes()
	c.framing = c.frame(b)
	if a.status == 101 {
		return c.tunnel(l)
	}
	switch c.framing {
	case byClose, outOfChunks:
		c.keep = false
	}
	if c.srv.draining.Load() {
		c.keep = false
	}
	if a.events && c.framing != noBody {
		l.up.streaming(l)
		c.flight.streams(false)
	}
	c.out = appendAnswer(c.out[:0], a, b, c.framing, c.req.minor, c.keep)
	c.status = a.status
	l.took(int(a.pos))
	c.passed = true

	switch c.framing {
	case noBody:
		return c.written(c.flush())
	case byLength:
		return c.relayLength(l, a.length)
	case byChunks, outOfChunks:
		return c.relayChunks(l)
	}
	return c.relayClose(l)
}

// frame decides how the answer's body goes to the client.
func (c *conn) frame(b []byte) framing {
	a := &c.ans
	old := c.req.minor == 0
	switch {
	case a.bodiless(c.req.isHEAD(c.in.bytes())):
		return noBody
	case a.chunked && old:
		return outOfChunks
	case a.chunked:
		return byChunks
	case a.length >= 0:
		return byLength
	case old:
		return byClose
	}
	return intoChunks
}

func (r *request) isHEAD(b []byte) bool { return string(r.method.of(b)) == "HEAD" }

// flush writes what is in c.out to the client.
func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	err := c.send(c.out)
	c.out = c.out[:0]
	return err
}

// write passes part of a body on: together with what waits in c.out, if that
// is not much to copy.
func (c *conn) write(p []byte) error {
	var err error
	switch {
	case len(c.out) > 0 && len(c.out)+len(p) <= cap(c.out):
		c.out = append(c.out, p...)
		err = c.flush()
	default:
		if err = c.flush(); err == nil && len(p) > 0 {
			err = c.send(p)
		}
	}
	if err == nil {
		c.progress(len(p))
	}
	return err
}

// written turns an error of writing to the client into an outcome.
func (c *conn) written(err error) result {
	if err != nil {
		return result{kind: gone}
	}
	return result{}
}

func (c *conn) relayLength(l *link, left int64) result {
	for {
		p := l.bytes()
		p = p[:min(int64(len(p)), left)]
		if err := c.write(p); err != nil {
			return result{kind: gone}
		}
		left -= int64(len(p))
		l.took(len(p))
		if left == 0 {
			return result{}
		}
		if err := l.fillBody(); err != nil {
			return c.cutShort(c.broke(l))
		}
	}
}

// relayChunks passes a chunked answer on as it comes, or, to a client of
// HTTP/1.0, without its framing.
func (c *conn) relayChunks(l *link) result {
	c.reply.reset()
	for {
		p := l.bytes()
		n, err := c.relayRun(p)
		l.took(n)
		switch {
		case errors.Is(err, errClientGone):
			return result{kind: gone}
		case err != nil:
			return c.cutShort(malformedBody(err))
		case c.reply.state == chunkDone:
			return result{}
		}
		if err := l.fillBody(); err != nil {
			if l.hung.Load() && c.reply.state == chunkSize && c.reply.digits == 0 {
				return c.hangUp()
			}
			return c.cutShort(c.broke(l))
		}
	}
}

func (c *conn) relayRun(p []byte) (n int, err error) {
	if c.framing == byChunks {
		n, _, err = c.reply.all(p)
		if err != nil {
			// What is good of it is kept back too: the client shall not take
			// the bytes before the fault for more than they are.
			return n, err
		}
		if c.write(p[:n]) != nil {
			return n, errClientGone
		}
		return n, nil
	}
	if len(p) == 0 && c.flush() != nil {
		return 0, errClientGone
	}
	for n < len(p) && c.reply.state != chunkDone {
		data, m, err := c.reply.next(p[n:])
		if err != nil {
			return n, err
		}
		if c.write(data) != nil {
			return n, errClientGone
		}
		n += m
	}
	return n, nil
}

// relayClose passes on an answer that ends with the worker's connection.
func (c *conn) relayClose(l *link) result {
	for {
		p := l.bytes()
		var err error
		if c.framing == intoChunks && len(p) > 0 {
			c.out = appendChunk(c.out, p)
			if err = c.flush(); err == nil {
				c.progress(len(p))
			}
		} else {
			err = c.write(p)
		}
		if err != nil {
			return result{kind: gone}
		}
		l.took(len(p))
		err = l.fillBody()
		switch {
		case err == nil:
		case eof(err) && l.up.reason() == "", l.hung.Load():
			return c.hangUp()
		default:
			return c.cutShort(c.broke(l))
		}
	}
}

// hangUp ends an answer that has no end of its own, regularly.
func (c *conn) hangUp() result {
	c.keep = c.keep && c.framing == intoChunks
	if c.framing == byChunks {
		c.keep = false // it told a client that follows its end to reconnect
	}
	if c.framing == byChunks || c.framing == intoChunks {
		c.out = append(c.out, "0\r\n\r\n"...)
	}
	return c.written(c.flush())
}

// cutShort marks a truncation that needs a reset to be seen.
func (c *conn) cutShort(res result) result {
	if c.framing == byClose || c.framing == outOfChunks {
		res.kind = truncatedClose
	}
	return res
}
