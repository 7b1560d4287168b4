package trial

import (
	"bufio"
	"fmt"
	"os"
	"sync"
)

// lines is the file of what the worker printed, up to a size.
type lines struct {
	mu   sync.Mutex
	file *os.File
	out  *bufio.Writer
	left int64
	full bool
}

func openLines(path string, most int64) (*lines, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log of the worker's lines: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open the log of the worker's lines: %w", err)
	}
	return &lines{file: f, out: bufio.NewWriter(f), left: most - info.Size()}, nil
}

func (l *lines) write(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n := int64(len(line)) + 1; {
	case l.full || l.file == nil:
	case n > l.left:
		l.full = true
		_, _ = l.out.WriteString("(more was printed, and is not kept: collect.logs)\n")
	default:
		l.left -= n
		_, _ = l.out.Write(line)
		_ = l.out.WriteByte('\n')
	}
}

func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.out.Flush()
		_ = l.file.Close()
		l.file = nil
	}
}
