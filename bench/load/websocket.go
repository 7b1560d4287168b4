package load

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrClosed is a WebSocket that the server closed in the way of the protocol,
// with a close frame.
var ErrClosed = errors.New("websocket: closed by the server")

// Socket is the client's end of a WebSocket (RFC 6455). One goroutine uses it.
type Socket struct{ conn *conn }

// DialWebSocket opens a WebSocket at the path of the target, a host:port or
// unix:/path. Its errors are of type Loss.
func DialWebSocket(target, path string, timeout time.Duration) (*Socket, error) {
	c, err := dial(target, timeout)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(timeout))
	// A key and its proof do not matter to a test of losses; the upgrade does.
	_, err = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if err != nil {
		c.Close()
		return nil, because("websocket", err)
	}
	h, err := c.readHead()
	if err == nil && h.status != 101 {
		err = status(h.status)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return &Socket{c}, nil
}

// Echo sends the message and waits for it to come back. It returns ErrClosed if
// a close frame comes in its place, else a Loss.
func (s *Socket) Echo(message []byte, timeout time.Duration) error {
	s.conn.SetDeadline(time.Now().Add(timeout))
	if _, err := s.conn.Write(clientFrame(0x81, message)); err != nil {
		return because("websocket", err)
	}
	for {
		first, payload, err := readFrame(s.conn.r)
		if err != nil {
			return because("websocket", err)
		}
		switch first & 15 {
		case 8:
			s.conn.Write(clientFrame(0x88, payload))
			return ErrClosed
		case 9:
			s.conn.Write(clientFrame(0x8a, payload))
		case 10:
		default:
			if !bytes.Equal(payload, message) {
				return Loss("websocket: wrong echo")
			}
			return nil
		}
	}
}

// Closing reports whether a close frame has come since the last echo, and
// answers it. It does not wait. Without one, a connection that was cut stays
// for the next Echo to find.
func (s *Socket) Closing() bool {
	if !s.conn.stale() {
		return false
	}
	s.conn.SetDeadline(time.Now().Add(time.Second))
	head, err := s.conn.r.Peek(2)
	if err != nil || head[0]&15 != 8 {
		return false
	}
	_, payload, err := readFrame(s.conn.r)
	if err != nil {
		return false
	}
	s.conn.Write(clientFrame(0x88, payload))
	return true
}

// Close ends the connection, politely if that is still possible.
func (s *Socket) Close() error {
	s.conn.SetDeadline(time.Now().Add(time.Second))
	s.conn.Write(clientFrame(0x88, []byte{0x03, 0xe8}))
	return s.conn.Close()
}

// clientFrame is one masked frame. The mask need not be secret here.
func clientFrame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x5a, 0xa5, 0x3c, 0xc3}
	b = append(b, mask[:]...)
	for i, p := range payload {
		b = append(b, p^mask[i&3])
	}
	return b
}

// readFrame reads one frame from a server, which does not mask.
func readFrame(r *bufio.Reader) (first byte, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	first, size := head[0], uint64(head[1]&0x7f)
	if head[1]&0x80 != 0 {
		return 0, nil, Loss("websocket: masked by the server")
	}
	switch size {
	case 126:
		_, err = io.ReadFull(r, head[:2])
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(r, head[:8])
		size = binary.BigEndian.Uint64(head[:8])
	}
	if err != nil {
		return 0, nil, err
	}
	if size > 1<<20 {
		return 0, nil, Loss(fmt.Sprintf("websocket: frame of %d bytes", size))
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	return first, payload, err
}
