package proxy

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// epoch is what times of this package are counted from, in nanoseconds.
var epoch = time.Now()

func now() int64 { return int64(time.Since(epoch)) }

// link is one connection to a worker. One exchange at a time uses it; kill is
// for everybody.
type link struct {
	inlet
	up      *Upstream
	nc      net.Conn
	tcp     bool
	used    bool  // it has carried an exchange before
	idle    int64 // since when it is idle
	age     int64 // how long it was idle when this exchange took it
	keepFor int64 // how long the worker said to keep it; 0 if it did not
	index   int   // among the upstream's links; -1 once it is forgotten

	stream bool        // carries an event stream or an upgraded connection; under up.mu
	hung   atomic.Bool // HangUp wants the stream to end
}

func newLink(u *Upstream, nc net.Conn) (*link, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, errNoDescriptor
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	_, tcp := nc.(*net.TCPConn)
	l := &link{up: u, nc: nc, tcp: tcp}
	l.init(raw, nil, mediumBuffer)
	return l, nil
}

// kill ends whatever waits on the link. The exchange finds it out by an error.
func (l *link) kill() { l.nc.Close() }

// discard closes the link and lets its upstream forget it.
func (l *link) discard() {
	l.release()
	l.nc.Close()
	l.up.forget(l)
}

// neverRead reports whether the worker provably did not get a byte of a
// request that was sent on this link in one piece, and that met the
// connection's end. It is so if the worker's close came first and our bytes
// were answered with a reset: Linux tells these two in this order as EPIPE,
// and a reset that came without a close as ECONNRESET (tcp_reset in
// net/ipv4/tcp_input.c). A worker's crash with bytes unread is the latter, and
// proves nothing.
func (l *link) neverRead() bool {
	if !l.tcp {
		return false
	}
	var soError int
	err := l.raw.Control(func(fd uintptr) {
		soError, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
	})
	return err == nil && soError == int(unix.EPIPE)
}
