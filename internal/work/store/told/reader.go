package told

import (
	"errors"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/stanch-dev/stanch/internal/work"
)

// reader is a blob that is read. Its call ends when it is closed, which others
// than its reader may do, and at the same time: Go's HTTP client does.
type reader struct {
	inner io.ReadCloser
	call  Call
	of    *teller
	in    atomic.Int64
	err   atomic.Pointer[error] // that the store broke off with
	once  sync.Once
}

// read wraps a reader. One that can write itself to a socket still can.
func read(r io.ReadCloser, c Call, of *teller) io.ReadCloser {
	if to, ok := r.(io.WriterTo); ok {
		return &sender{reader{inner: r, call: c, of: of}, to}
	}
	return &reader{inner: r, call: c, of: of}
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.inner.Read(p)
	r.in.Add(int64(n))
	if err != nil && err != io.EOF {
		broke := err // a copy: only an error that is kept is to cost an allocation
		r.err.Store(&broke)
	}
	return n, err
}

func (r *reader) Close() error {
	err := r.inner.Close()
	r.once.Do(func() {
		var broke error
		if p := r.err.Load(); p != nil {
			broke = *p
		}
		r.call.In = r.in.Load()
		r.of.end(r.call, broke)
	})
	return err
}

// sender is a reader that writes itself, without its bytes passing here.
type sender struct {
	reader
	to io.WriterTo
}

func (s *sender) WriteTo(w io.Writer) (int64, error) {
	n, err := s.to.WriteTo(w)
	s.in.Add(n)
	if ofStore(err) {
		broke := err
		s.err.Store(&broke)
	}
	return n, err
}

// ofStore says that an error of WriteTo is the store's, and not of whoever was
// written to.
func ofStore(err error) bool {
	away, path := (*work.Unavailable)(nil), (*fs.PathError)(nil)
	return errors.Is(err, work.ErrChanged) || errors.Is(err, work.ErrAbsent) || errors.As(err, &away) || errors.As(err, &path)
}
