package proxy

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// inlet reads one socket. It holds a buffer only while there are bytes in it:
// the buffer is taken when the socket has become readable.
//
// One goroutine at a time uses it. Its step is bound once, since a closure made
// for each read would be an allocation for each read.
type inlet struct {
	raw   syscall.RawConn
	pools *pools
	size  int // of the buffer to begin with
	buf   *buffer
	r, w  int // buf.b[r:w] is unread

	step func(fd uintptr) bool
	// handle, if there is one, is given what was read while the socket stays
	// armed: true says that all of it is done with, and more may be waited for.
	// The socket must not be read or closed in it.
	handle func(fd uintptr) bool
	out    []byte // sent by the first step of a trip
	sent   int
	check  bool // look for a stale connection before sending
	stale  bool
	errno  syscall.Errno
	eof    bool
}

func (in *inlet) init(raw syscall.RawConn, p *pools, size int) {
	in.raw, in.pools, in.size = raw, p, size
	in.step = in.ready
}

func (in *inlet) bytes() []byte {
	if in.buf == nil {
		return nil
	}
	return in.buf.b[in.r:in.w]
}

// took says that n unread bytes are done with; an empty buffer goes back.
func (in *inlet) took(n int) {
	in.r += n
	if in.r == in.w {
		in.release()
	}
}

func (in *inlet) release() {
	if in.buf != nil {
		in.pools.put(in.buf)
		in.buf = nil
	}
	in.r, in.w = 0, 0
}

// grow makes room for size bytes in all, keeping the unread ones.
func (in *inlet) grow(size int) {
	b := in.pools.get(size)
	n := 0
	if in.buf != nil {
		n = copy(b.b, in.buf.b[in.r:in.w])
		in.pools.put(in.buf)
	}
	in.buf, in.r, in.w = b, 0, n
}

// fill waits for bytes and reads them behind the unread ones. The caller sees
// to it that there is room. It returns io.EOF at the end, and what the
// connection's deadline or Close causes.
func (in *inlet) fill() error {
	in.out, in.check = nil, false
	return in.run()
}

// fillBody is fill for a body: one that keeps a buffer full gets a larger one.
// Bodies are copied rather than spliced: over loopback, copies of 32 to 64 KiB were
// a third faster, and they cost no pipe.
func (in *inlet) fillBody() error {
	err := in.fill()
	if err == nil && in.size < largeBuffer && in.w == len(in.buf.b) {
		in.size = largeBuffer
	}
	return err
}

// trip sends out, then waits for the first bytes of the answer and reads them.
// The socket is armed for reading before out is sent, so no read is tried that
// can't have come true yet. sent tells how much of out the kernel took; where
// that is less than all, nothing was read, and the caller goes on by itself.
// With check, a connection that was closed meanwhile, or has bytes that nobody
// asked for, is found stale before anything is sent.
func (in *inlet) trip(out []byte, check bool) error {
	in.out, in.sent, in.check, in.stale = out, 0, check, false
	return in.run()
}

func (in *inlet) run() error {
	in.errno, in.eof = 0, false
	err := in.raw.Read(in.step)
	in.out = nil
	switch {
	case err != nil:
		return err
	case in.errno != 0:
		return in.errno
	case in.eof:
		return io.EOF
	}
	return nil
}

func (in *inlet) ready(fd uintptr) bool {
	if in.out != nil {
		if in.check && !quiet(fd) {
			in.stale = true
			return true
		}
		out := in.out
		in.out = nil
		n, errno := send(fd, out)
		in.sent = n
		if errno != 0 && errno != unix.EAGAIN {
			in.errno = errno
			return true
		}
		return n < len(out)
	}
	if in.buf == nil {
		in.buf, in.r, in.w = in.pools.get(in.size), 0, 0
	}
	space := len(in.buf.b) - in.w
	n, errno := recv(fd, in.buf.b[in.w:], 0)
	if n > 0 {
		in.w += n
		// A read that did not fill the buffer has emptied the socket (epoll(7)),
		// and what comes later wakes us again, so that no read need be tried in
		// vain. Only an end that came together with the bytes goes unnoticed:
		// the sweeper looks for it.
		return in.handle == nil || n == space || !in.handle(fd)
	}
	if in.r == in.w {
		in.release()
	}
	if errno == unix.EAGAIN {
		return false
	}
	in.errno, in.eof = errno, errno == 0
	return true
}
