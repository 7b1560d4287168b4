package azure

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// loan is a block that is lent to one request. net/http may go on reading a
// request's body after it has returned an answer, if the server answers early;
// the block is filled anew by then. So the loan ends, and a late reader gets an
// error.
type loan struct {
	mu    sync.Mutex
	block *bytes.Reader // nil when the loan has ended
}

func lend(block []byte) *loan { return &loan{block: bytes.NewReader(block)} }

// end waits for a read that is under way.
func (l *loan) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.block = nil
}

var errEnded = errors.New("the request is over")

func (l *loan) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.block == nil {
		return 0, errEnded
	}
	return l.block.Read(p)
}

func (l *loan) Seek(offset int64, whence int) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.block == nil {
		return 0, errEnded
	}
	return l.block.Seek(offset, whence)
}

// Close is the SDK's to call; the loan is ended by who lent.
func (*loan) Close() error { return nil }

var _ io.ReadSeekCloser = (*loan)(nil)
