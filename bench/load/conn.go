package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Loss is why a request was lost: a few words that can be counted.
type Loss string

// Error returns the words.
func (l Loss) Error() string { return string(l) }

// conn is one client connection. One goroutine uses it.
type conn struct {
	net.Conn
	r      *bufio.Reader
	raw    syscall.RawConn
	peeked struct {
		buf  [1]byte
		n    int
		err  error
		look func(fd uintptr) bool
	}
}

// network splits a target into what net.Dial wants.
func network(target string) (string, string) {
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		return "unix", path
	}
	return "tcp", target
}

func dial(target string, timeout time.Duration) (*conn, error) {
	kind, address := network(target)
	nc, err := net.DialTimeout(kind, address, timeout)
	if err != nil {
		return nil, because("connect", err)
	}
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		nc.Close()
		return nil, because("connect", err)
	}
	c := &conn{Conn: nc, raw: raw, r: bufio.NewReaderSize(nc, 16<<10)}
	c.peeked.look = func(fd uintptr) bool {
		c.peeked.n, _, c.peeked.err = syscall.Recvfrom(int(fd), c.peeked.buf[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	}
	return c, nil
}

// stale reports whether the server has ended this connection, or has said
// something that nobody asked for, since its last answer.
func (c *conn) stale() bool {
	if c.r.Buffered() > 0 {
		return true
	}
	err := c.raw.Read(c.peeked.look)
	return err != nil || !errors.Is(c.peeked.err, syscall.EAGAIN)
}

// because turns an error of the network into a Loss that does not name ports.
func because(doing string, err error) Loss {
	var l Loss
	switch {
	case errors.As(err, &l):
		return l
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Loss(doing + ": timeout")
	case errors.Is(err, syscall.ECONNREFUSED):
		return Loss(doing + ": refused")
	case errors.Is(err, syscall.ECONNRESET):
		return Loss(doing + ": reset")
	case errors.Is(err, syscall.EPIPE):
		return Loss(doing + ": broken pipe")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Loss(doing + ": closed")
	case errors.Is(err, syscall.ENOENT):
		return Loss(doing + ": no socket")
	case errors.Is(err, bufio.ErrBufferFull):
		return Loss(doing + ": not HTTP")
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Loss(doing + ": timeout")
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return Loss(doing + ": " + errno.Error())
	}
	return Loss(doing + ": " + err.Error())
}

// The framings of an answer beside a length.
const (
	untilChunk = -1 // chunked
	untilClose = -2
)

type head struct {
	status int
	length int64 // or untilChunk, untilClose
	close  bool  // the connection ends with this answer
}

// readHead reads the next final answer's head, past any 1xx but 101.
func (c *conn) readHead() (head, error) {
	for {
		h, err := c.readOneHead()
		if err != nil || h.status >= 200 || h.status == 101 {
			return h, err
		}
	}
}

func (c *conn) readOneHead() (head, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return head{}, because("answer", err)
	}
	if len(line) < 13 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' {
		return head{}, Loss("answer: not HTTP")
	}
	h := head{length: untilClose, close: line[7] == '0'}
	if h.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return head{}, Loss("answer: not HTTP")
	}
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return head{}, because("answer head", err)
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return head{}, Loss("answer: not HTTP")
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if h.length == untilChunk {
				continue
			}
			if h.length, err = strconv.ParseInt(string(value), 10, 64); err != nil || h.length < 0 {
				return head{}, Loss("answer: not HTTP")
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			if !bytes.EqualFold(value, []byte("chunked")) {
				return head{}, Loss("answer: unknown framing")
			}
			h.length = untilChunk
		case bytes.EqualFold(name, []byte("Connection")):
			h.close = h.close || bytes.EqualFold(value, []byte("close"))
		}
	}
	if h.status < 200 || h.status == 204 || h.status == 304 {
		h.length = 0
	}
	h.close = h.close || h.length == untilClose
	return h, nil
}

// readBody gives the body piece by piece to take, which keeps no piece.
func (c *conn) readBody(length int64, take func([]byte) error) error {
	switch length {
	case untilClose:
		for {
			err := c.pass(1<<62, take)
			if err == Loss("body: closed") {
				return nil
			}
			if err != nil {
				return err
			}
		}
	case untilChunk:
		for {
			line, err := c.r.ReadSlice('\n')
			if err != nil {
				return because("body", err)
			}
			size, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(";"))
			n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
			if err != nil {
				return Loss("body: bad chunk")
			}
			if n == 0 {
				return c.skipTrailers()
			}
			if err := c.pass(int64(n), take); err != nil {
				return err
			}
			if end, err := c.r.ReadSlice('\n'); err != nil {
				return because("body", err)
			} else if len(bytes.TrimRight(end, "\r\n")) > 0 {
				return Loss("body: bad chunk")
			}
		}
	}
	return c.pass(length, take)
}

// pass hands n bytes on from the reader's own buffer.
func (c *conn) pass(n int64, take func([]byte) error) error {
	for n > 0 {
		if c.r.Buffered() == 0 {
			if _, err := c.r.Peek(1); err != nil {
				return because("body", err)
			}
		}
		piece, _ := c.r.Peek(int(min(n, int64(c.r.Buffered()))))
		if err := take(piece); err != nil {
			return err
		}
		c.r.Discard(len(piece))
		n -= int64(len(piece))
	}
	return nil
}

func (c *conn) skipTrailers() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return because("body", err)
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
}

// status is the loss that an unexpected status is.
func status(code int) Loss { return Loss(fmt.Sprintf("status %d", code)) }
