package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Opcodes of RFC 6455.
const (
	opClose = 8
	opPing  = 9
	opPong  = 10
)

const maxFrame = 1 << 20

// sockets are the open WebSockets: each gives back what it is sent.
type sockets struct {
	mu   sync.Mutex
	open map[net.Conn]*sync.Mutex // the mutex orders whole frames, and is never taken with mu
	left bool
	done sync.WaitGroup
}

func (s *sockets) serve(rw http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		http.Error(rw, "this speaks WebSocket", http.StatusUpgradeRequired)
		return
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	s.done.Add(1)
	defer s.done.Done()
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	write := new(sync.Mutex)
	if !s.enters(conn, write) {
		return // this worker is going away
	}
	defer s.leaves(conn)

	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
	for {
		first, payload, err := readFrame(buffered.Reader)
		if err != nil {
			return
		}
		switch first & 15 {
		case opPong:
			continue
		case opPing:
			first = 0x80 | opPong
		case opClose:
			if !s.leaves(conn) {
				return // its answer to ours
			}
		}
		// Data, whole or in fragments, goes back as it came.
		write.Lock()
		_, err = conn.Write(frame(first, payload))
		write.Unlock()
		if err != nil || first&15 == opClose {
			return
		}
	}
}

// enters puts the connection on the list, unless this worker has left.
func (s *sockets) enters(conn net.Conn, write *sync.Mutex) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[net.Conn]*sync.Mutex{}
	}
	if !s.left {
		s.open[conn] = write
	}
	return !s.left
}

// leaves reports whether the connection was open, and takes it off the list:
// whoever takes it off sends the one close frame.
func (s *sockets) leaves(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, was := s.open[conn]
	delete(s.open, conn)
	return was
}

// leave tells every client that this worker is going away (1001), and gives it
// five seconds to answer.
func (s *sockets) leave() {
	s.mu.Lock()
	open := s.open
	s.open, s.left = nil, true
	s.mu.Unlock()
	for conn, write := range open {
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		write.Lock()
		conn.Write(frame(0x80|opClose, []byte{0x03, 0xe9}))
		write.Unlock()
	}
}

// wait returns when the last client has answered the close or gone.
func (s *sockets) wait() { s.done.Wait() }

func readFrame(r *bufio.Reader) (first byte, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	first, masked, n := head[0], head[1]&0x80 != 0, uint64(head[1]&0x7f)
	switch n {
	case 126:
		_, err = io.ReadFull(r, head[:2])
		n = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(r, head[:8])
		n = binary.BigEndian.Uint64(head[:8])
	}
	if err != nil {
		return 0, nil, err
	}
	if n > maxFrame || !masked {
		return 0, nil, errors.New("frame too long or not masked")
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
	return first, payload, nil
}

func frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}
