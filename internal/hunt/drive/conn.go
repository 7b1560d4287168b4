package drive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// loss is why a request has no answer, in a few words that can be counted.
type loss string

func (l loss) Error() string { return string(l) }

// The losses that say that nobody is there.
const (
	refused = loss("connection refused")
	closed  = loss("connection closed")
	noPlace = loss("no socket")
)

func isGone(err error) bool { return err == refused || err == closed || err == noPlace }

// because turns an error of the network into a loss.
func because(err error) loss {
	var l loss
	var timeout net.Error
	switch {
	case errors.As(err, &l):
		return l
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case errors.Is(err, syscall.ENOENT):
		return noPlace
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return closed
	case errors.Is(err, bufio.ErrBufferFull):
		return notHTTP
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return "name not found"
	}
	return "connection error"
}

const notHTTP = loss("the answer is not HTTP")

// conn is one client's connection; it opens it when there is something to send.
type conn struct {
	at   target
	out  []byte
	body []byte
	r    *bufio.Reader

	mu   sync.Mutex // of nc, for interrupt
	nc   net.Conn
	over bool
}

// interrupt makes what waits on the connection return; another goroutine calls it.
func (c *conn) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.nc != nil {
		_ = c.nc.SetDeadline(time.Unix(1, 0))
	}
}

func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nc != nil {
		_ = c.nc.Close()
		c.nc = nil
	}
}

func (c *conn) dial(ctx context.Context, timeout time.Duration) error {
	d := net.Dialer{Timeout: timeout}
	nc, err := d.DialContext(ctx, c.at.network, c.at.address)
	if err != nil {
		return because(err)
	}
	if c.at.tls != nil {
		secure := tls.Client(nc, c.at.tls)
		_ = nc.SetDeadline(time.Now().Add(timeout))
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = nc.Close()
			return loss("no TLS connection")
		}
		nc = secure
	}
	if c.r == nil {
		c.r = bufio.NewReaderSize(nc, 16<<10)
	} else {
		c.r.Reset(nc)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nc = nc
	return nil
}

// ask sends request n and reads its answer to the end. A connection that the
// worker had given up before the request reached it is opened anew, once, where
// it does no harm to ask twice.
func (c *conn) ask(ctx context.Context, s *Shot, seed, n uint64, timeout time.Duration) (status int, err error) {
	c.out = s.append(c.out[:0], &c.body, seed, n)
	for {
		fresh := c.nc == nil
		if fresh {
			if err := c.dial(ctx, timeout); err != nil {
				return 0, err
			}
		}
		status, begun, err := c.exchange(s, timeout)
		if err == nil {
			return status, nil
		}
		c.close()
		if fresh || begun || !s.idempotent || because(err) != closed {
			return 0, because(err)
		}
	}
}

// exchange is one request and its answer on an open connection; begun says that
// some of the answer came.
func (c *conn) exchange(s *Shot, timeout time.Duration) (status int, begun bool, err error) {
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		return 0, false, loss("timeout")
	}
	err = c.nc.SetDeadline(time.Now().Add(timeout))
	c.mu.Unlock()
	if err != nil {
		return 0, false, err
	}
	if _, err := c.nc.Write(c.out); err != nil {
		return 0, false, err
	}
	if _, err := c.r.Peek(1); err != nil {
		return 0, false, err
	}
	h, err := c.head()
	if err != nil {
		return 0, true, err
	}
	if s.headOnly {
		h.length = 0
	}
	if err := c.drain(h.length); err != nil {
		return 0, true, err
	}
	if h.close || h.length == untilClose {
		c.close()
	}
	return h.status, true, nil
}

// The framings of an answer beside a length.
const (
	untilChunk = -1 // chunked
	untilClose = -2
)

type head struct {
	status int
	length int64
	close  bool
}

// head reads the head of the final answer, past those of 1xx; RFC 9112.
func (c *conn) head() (head, error) {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return head{}, err
		}
		if len(line) < 13 || !bytes.HasPrefix(line, http1) || line[8] != ' ' {
			return head{}, notHTTP
		}
		h := head{length: untilClose, close: line[7] == '0'}
		for _, digit := range line[9:12] {
			if digit < '0' || digit > '9' {
				return head{}, notHTTP
			}
			h.status = h.status*10 + int(digit-'0')
		}
		if err := c.fields(&h); err != nil {
			return head{}, err
		}
		if h.status >= 200 {
			return h, nil
		}
		if h.status == 101 {
			return head{}, loss("the answer changes the protocol")
		}
	}
}

// Names of fields, and what they say; read only.
var (
	http1            = []byte("HTTP/1.")
	contentLength    = []byte("Content-Length")
	transferEncoding = []byte("Transfer-Encoding")
	connection       = []byte("Connection")
	chunked          = []byte("chunked")
	closing          = []byte("close")
)

func (c *conn) fields(h *head) error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return notHTTP
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, contentLength):
			if h.length == untilChunk {
				continue
			}
			n, err := strconv.ParseUint(string(value), 10, 62) // does not escape, so is no allocation
			if err != nil {
				return notHTTP
			}
			h.length = int64(n)
		case bytes.EqualFold(name, transferEncoding):
			if !bytes.EqualFold(value, chunked) {
				return loss("an unknown transfer encoding")
			}
			h.length = untilChunk
		case bytes.EqualFold(name, connection):
			h.close = h.close || bytes.EqualFold(value, closing)
		}
	}
	if h.status < 200 || h.status == 204 || h.status == 304 {
		h.length = 0
	}
	return nil
}

// drain reads a body to its end and forgets it.
func (c *conn) drain(length int64) error {
	switch length {
	case untilClose:
		_, err := c.r.WriteTo(io.Discard)
		return err
	case untilChunk:
		for {
			line, err := c.r.ReadSlice('\n')
			if err != nil {
				return err
			}
			size, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(";"))
			n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
			if err != nil {
				return notHTTP
			}
			if n == 0 {
				return c.trailers()
			}
			if err := c.skip(int64(n) + 2); err != nil { // and its line's end
				return err
			}
		}
	}
	return c.skip(length)
}

func (c *conn) skip(n int64) error {
	for n > 0 {
		k, err := c.r.Discard(int(min(n, 1<<30)))
		if err != nil {
			return err
		}
		n -= int64(k)
	}
	return nil
}

func (c *conn) trailers() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
}
