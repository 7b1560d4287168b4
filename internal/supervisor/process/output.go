package process

import (
	"bytes"
	"io"
	"os"
)

// Stream is one of the two that a process prints to.
type Stream int

// The streams.
const (
	Stdout Stream = iota
	Stderr
)

// String is the stream's name.
func (s Stream) String() string { return [...]string{"stdout", "stderr"}[s] }

// longestLine bounds a line: a longer one is told in pieces. It is also all the
// memory that a stream takes, whatever is printed.
const longestLine = 64 << 10

// listen tells the lines of one stream until it ends.
func (p *Process) listen(stream Stream, pipe *os.File) {
	defer pipe.Close()
	buf := make([]byte, 0, 4<<10)
	for {
		if len(buf) == cap(buf) {
			if cap(buf) == longestLine {
				p.output(stream, buf)
				buf = buf[:0]
			} else {
				buf = append(make([]byte, 0, min(4*cap(buf), longestLine)), buf...)
			}
		}
		n, err := pipe.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		rest := buf
		for {
			line, after, whole := bytes.Cut(rest, []byte{'\n'})
			if !whole {
				break
			}
			p.output(stream, bytes.TrimSuffix(line, []byte{'\r'}))
			rest = after
		}
		buf = buf[:copy(buf[:cap(buf)], rest)]
		if err != nil {
			if len(buf) > 0 {
				p.output(stream, buf)
			}
			if err != io.EOF {
				return // the pipe was closed under us: nobody is left to print
			}
			return
		}
	}
}
