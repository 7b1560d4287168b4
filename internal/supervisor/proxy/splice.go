package proxy

import (
	"io"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// spliceLeast is the length from which a body of known length is moved inside
// the kernel rather than copied: below it, the two more system calls and the
// pipe cost more than the copy.
const spliceLeast = 256 << 10

// pipeSize is what is moved at a time.
const pipeSize = 512 << 10

// pipes keeps a few pipes for reuse. A pipe that may hold bytes is not put back.
type pipes struct {
	mu   sync.Mutex
	free [][2]int
}

func (p *pipes) get() ([2]int, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		pipe := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return pipe, nil
	}
	p.mu.Unlock()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return pipe, err
	}
	// Where the user's allowance for pipes is used up, it stays at 64 KiB.
	_, _ = unix.FcntlInt(uintptr(pipe[0]), unix.F_SETPIPE_SZ, pipeSize)
	return pipe, nil
}

func (p *pipes) put(pipe [2]int) {
	p.mu.Lock()
	if len(p.free) < 16 {
		p.free = append(p.free, pipe)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	closePipe(pipe)
}

func (p *pipes) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pipe := range p.free {
		closePipe(pipe)
	}
	p.free = nil
}

func closePipe(p [2]int) {
	unix.Close(p[0])
	unix.Close(p[1])
}

// splice moves n bytes from src to dst without bringing them into this
// process. It returns how many arrived; an error of src is a *sourceError. If
// there is no pipe to be had, it moves nothing and returns nil.
func (c *conn) splice(dst, src syscall.RawConn, n int64, moved *atomic.Int64) (int64, error) {
	pipe, err := c.srv.pipes.get()
	if err != nil {
		return 0, nil
	}
	var done, inPipe int64
	var errno error
	read := func(fd uintptr) bool {
		for {
			inPipe, errno = unix.Splice(int(fd), nil, pipe[1], nil, int(min(n-done, pipeSize)), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
			if errno != unix.EINTR {
				return errno != unix.EAGAIN
			}
		}
	}
	write := func(fd uintptr) bool {
		for inPipe > 0 {
			var m int64
			m, errno = unix.Splice(pipe[0], nil, int(fd), nil, int(inPipe), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
			if errno == unix.EINTR {
				continue
			}
			if errno != nil {
				return errno != unix.EAGAIN
			}
			inPipe -= m
			done += m
			moved.Add(m)
			c.flight.moved.Store(c.srv.clock.Load())
		}
		return true
	}
	for done < n {
		err = src.Read(read)
		if err == nil {
			err = errno
		}
		if err == nil && inPipe == 0 {
			err = io.EOF
		}
		if err != nil {
			c.srv.pipes.put(pipe)
			return done, &sourceError{err}
		}
		err = dst.Write(write)
		if err == nil {
			err = errno
		}
		if err != nil {
			closePipe(pipe)
			return done, err
		}
	}
	c.srv.pipes.put(pipe)
	return done, nil
}
