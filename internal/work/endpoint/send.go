package endpoint

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
)

// begin opens a payload where a part of it begins, held to the size that is left
// then. One that writes itself to a socket, and is wanted to its end, stays as it is:
// send holds it.
func begin(ctx context.Context, name string, s *contract.Stream, p part) (io.ReadCloser, error) {
	body, err := s.Open(ctx, p.from)
	if err != nil {
		return nil, fmt.Errorf("open input %s: %w", name, err)
	}
	rest := contract.Stream{Size: s.Size, Open: func(context.Context, int64) (io.ReadCloser, error) { return body, nil }}
	if s.Size >= 0 {
		rest.Size -= p.from
		if _, writes := body.(io.WriterTo); writes && p.count == rest.Size && p.count > 0 {
			return body, nil
		}
	}
	return rest.Begin(ctx, name)
}

// send writes count bytes of a body that begin opened; all there are if count is
// negative. A range that ends before the payload does says nothing of what follows.
func send(w io.Writer, body io.Reader, count int64) error {
	from, writes := body.(io.WriterTo)
	switch {
	case count < 0:
		_, err := io.Copy(w, body)
		return err
	case !writes:
		_, err := io.CopyN(w, body, count)
		return err
	}
	h := &held{to: w, left: count}
	if _, err := from.WriteTo(h); err != nil {
		return err
	}
	if h.left > 0 {
		return fmt.Errorf("%w: it ended %d bytes before the length that was announced", work.ErrChanged, h.left)
	}
	_, err := w.Write(h.last)
	return err
}

// held passes on what a payload writes but for its last byte, and refuses what comes
// after that. So a socket takes a file from the kernel, and a reader still never
// sees a whole one that is none.
type held struct {
	to   io.Writer
	left int64 // bytes that are to come, the last one included
	last []byte
}

func (h *held) Write(p []byte) (int, error) {
	if int64(len(p)) > h.left {
		return 0, fmt.Errorf("%w: it goes on after the length that was announced", work.ErrChanged)
	}
	pass := min(int64(len(p)), max(h.left-1, 0))
	n, err := h.to.Write(p[:pass])
	h.left -= int64(n)
	if err != nil || n == len(p) {
		return n, err
	}
	h.last = []byte{p[n]}
	h.left--
	return n + 1, nil
}

// ReadFrom leaves all but the last byte to the socket, in the shape in which it
// knows files.
func (h *held) ReadFrom(from io.Reader) (n int64, err error) {
	if to, ok := h.to.(io.ReaderFrom); ok && h.left > 1 {
		part, ok := from.(*io.LimitedReader)
		if !ok {
			part = &io.LimitedReader{R: from, N: math.MaxInt64}
		}
		most := min(part.N, h.left-1)
		n, err = to.ReadFrom(&io.LimitedReader{R: part.R, N: most})
		part.N -= n
		h.left -= n
		if err != nil || n < most {
			return n, err
		}
	}
	rest, err := io.Copy(struct{ io.Writer }{h}, from)
	return n + rest, err
}
