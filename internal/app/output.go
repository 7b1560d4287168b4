package app

import (
	"io"
	"sync"
)

// output passes the workers' lines through to our own stdout and stderr, whole
// lines at a time.
type output struct {
	mu  sync.Mutex
	out io.Writer
	buf []byte
}

// line writes one line. Where nobody reads, the worker that printed it waits,
// as it would without stanch.
func (o *output) line(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf = append(append(o.buf[:0], line...), '\n')
	_, _ = o.out.Write(o.buf) // a closed stdout must not end a worker
}
