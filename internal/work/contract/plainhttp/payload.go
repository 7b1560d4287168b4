package plainhttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
)

// payload is a body that knows whether it was the one that broke off, and holds
// its reader to the size that was announced.
type payload struct {
	io.ReadCloser
	size   int64 // -1 if nobody knows
	read   int64
	broken atomic.Pointer[error]
}

// open opens a value as a body.
func open(ctx context.Context, v contract.Value) (*payload, error) {
	held := func(b []byte) (*payload, error) {
		return &payload{ReadCloser: io.NopCloser(bytes.NewReader(b)), size: int64(len(b))}, nil
	}
	switch v.Kind {
	case contract.Text, contract.JSON:
		return &payload{ReadCloser: io.NopCloser(strings.NewReader(v.Text)), size: int64(len(v.Text))}, nil
	case contract.Bytes:
		return held(v.Bytes)
	case contract.HTTPIn:
		return open(ctx, v.Request.Body)
	case contract.Large:
		body, err := v.Stream.Open(ctx, 0)
		if err != nil {
			return nil, err
		}
		return &payload{ReadCloser: body, size: v.Stream.Size}, nil
	}
	return held(nil)
}

func (p *payload) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.read += int64(n)
	switch {
	case p.size >= 0 && (p.read > p.size || err == io.EOF && p.read < p.size):
		err = fmt.Errorf("%w: the payload has not the %d bytes that were announced", work.ErrChanged, p.size)
	case err == nil || err == io.EOF:
		return n, err
	}
	p.broken.CompareAndSwap(nil, &err)
	return n, err
}
