package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// wire is what a run's requests are made from, shared and read only.
type wire struct {
	plan        Plan
	get         []byte
	fresh       []byte
	stream      []byte
	post        []byte // up to the value of Content-Length
	chunkedHead []byte
	noise       []byte // bodies are windows of it
}

func newWire(p Plan) *wire {
	host := "Host: bench\r\n"
	w := &wire{
		plan:        p,
		get:         []byte("GET " + p.GetPath + " HTTP/1.1\r\n" + host + "\r\n"),
		fresh:       []byte("GET " + p.GetPath + " HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"),
		stream:      fmt.Appendf(nil, "GET /stream?kb=%d HTTP/1.1\r\n%s\r\n", p.StreamKB, host),
		post:        []byte("POST /echo HTTP/1.1\r\n" + host + "Content-Type: application/octet-stream\r\nContent-Length: "),
		chunkedHead: []byte("POST /echo HTTP/1.1\r\n" + host + "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"),
		noise:       make([]byte, p.BodyBytes+1<<20),
	}
	// A fixed seed: the same bodies in every run, and to every peer.
	rand.NewChaCha8([32]byte{'s', 't', 'a', 'n', 'c', 'h'}).Read(w.noise)
	return w
}

// body is the one that belongs to the request of this number: always the same,
// and unlike its neighbours'.
func (w *wire) body(number int64) []byte {
	size := 1 + int(uint64(number)*0x9e3779b97f4a7c15>>33)%w.plan.BodyBytes
	at := int(uint64(number) * 7919 % (1 << 20))
	return w.noise[at : at+size]
}

// client sends one request at a time, on the connection that it keeps or, for a
// Fresh, on another. One goroutine uses it.
type client struct {
	wire       *wire
	kept       *conn
	out        []byte
	reconnects int64
}

func (c *client) close() {
	if c.kept != nil {
		c.kept.Close()
		c.kept = nil
	}
}

// send makes one request of the kind and reads its answer to the end. A nil
// error is a whole and right answer; anything else is a Loss.
func (c *client) send(kind Kind, number int64) error {
	deadline := time.Now().Add(c.wire.plan.Timeout)
	if kind == Fresh {
		conn, err := dial(c.wire.plan.Target, c.wire.plan.Timeout)
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.SetDeadline(deadline)
		_, err = c.exchange(conn, kind, number)
		return err
	}
	if c.kept != nil && c.kept.stale() {
		c.close()
		c.reconnects++
	}
	if c.kept == nil {
		conn, err := dial(c.wire.plan.Target, c.wire.plan.Timeout)
		if err != nil {
			return err
		}
		c.kept = conn
	}
	c.kept.SetDeadline(deadline)
	ended, err := c.exchange(c.kept, kind, number)
	if err != nil || ended {
		c.close()
	}
	return err
}

func (c *client) exchange(conn *conn, kind Kind, number int64) (ended bool, err error) {
	var check func([]byte) error
	request, whole := c.wire.get, func() bool { return true }
	switch kind {
	case Get, Fresh:
		if kind == Fresh {
			request = c.wire.fresh
		}
		check = func([]byte) error { return nil } // its length is its proof
	case Post, Chunked:
		body := c.wire.body(number)
		request = c.posted(kind, body, number)
		check = func(piece []byte) error {
			if !bytes.HasPrefix(body, piece) {
				return Loss("body: wrong")
			}
			body = body[len(piece):]
			return nil
		}
		whole = func() bool { return len(body) == 0 }
	case Stream:
		request = c.wire.stream
		blocks := Blocks{Count: int64(c.wire.plan.StreamKB)}
		check, whole = blocks.Check, blocks.Whole
	}

	written := make(chan error, 1)
	if len(request) > 64<<10 {
		// An echo that is larger than the socket's buffers has to be read
		// while it is sent. The deadline ends both.
		go func() { _, err := conn.Write(request); written <- err }()
	} else {
		_, err := conn.Write(request)
		written <- err
	}
	h, err := conn.readHead()
	if err == nil && h.status != 200 {
		conn.Close() // ends the writer, too
		<-written
		return true, status(h.status)
	}
	if err == nil {
		err = conn.readBody(h.length, check)
	}
	if err != nil {
		conn.Close()
		if sendErr := <-written; sendErr != nil && err == Loss("answer: closed") {
			err = because("send", sendErr)
		}
		return true, err
	}
	if !whole() {
		return true, Loss("body: short")
	}
	if err := <-written; err != nil {
		return true, because("send", err)
	}
	return h.close, nil
}

// posted writes a request with this body into the client's own buffer.
func (c *client) posted(kind Kind, body []byte, number int64) []byte {
	if kind == Post {
		c.out = strconv.AppendInt(append(c.out[:0], c.wire.post...), int64(len(body)), 10)
		c.out = append(append(c.out, "\r\n\r\n"...), body...)
		return c.out
	}
	c.out = append(c.out[:0], c.wire.chunkedHead...)
	for piece := 1 + len(body)/3; len(body) > 0; {
		n := min(piece, len(body))
		c.out = append(strconv.AppendInt(c.out, int64(n), 16), "\r\n"...)
		c.out = append(append(c.out, body[:n]...), "\r\n"...)
		body = body[n:]
	}
	c.out = strconv.AppendInt(append(c.out, "0\r\nX-End: "...), number, 10)
	c.out = append(c.out, "\r\n\r\n"...)
	return c.out
}
