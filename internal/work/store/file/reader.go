package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// reader is a part of a file. A file that somebody cuts while it is read is an
// error, not a shorter payload.
type reader struct {
	ctx  context.Context
	name blob.Name
	file *os.File
	left int64
}

func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if err := r.ctx.Err(); err != nil {
		return 0, fmt.Errorf("read blob %s: %w", r.name, err)
	}
	n, err := r.file.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	switch {
	case r.left == 0:
		return n, nil
	case errors.Is(err, io.EOF):
		return n, r.cut()
	case err != nil:
		return n, fmt.Errorf("read blob %s: %w", r.name, err)
	}
	return n, nil
}

// slice is what is sent between two looks at the context.
const slice = 8 << 20

// WriteTo lets the kernel send the file to a socket.
func (r *reader) WriteTo(w io.Writer) (written int64, err error) {
	for r.left > 0 {
		if err := r.ctx.Err(); err != nil {
			return written, fmt.Errorf("read blob %s: %w", r.name, err)
		}
		want := min(r.left, slice)
		n, err := io.Copy(w, &io.LimitedReader{R: r.file, N: want})
		written += n
		r.left -= n
		if err != nil {
			return written, err
		}
		if n < want {
			return written, r.cut()
		}
	}
	return written, nil
}

func (r *reader) cut() error {
	return fmt.Errorf("read blob %s: %w: it is %d bytes shorter than when it was opened", r.name, work.ErrChanged, r.left)
}

func (r *reader) Close() error { return r.file.Close() }
