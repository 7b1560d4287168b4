package contract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/work"
)

// Begin opens a stream from its beginning and holds it to its size. input is the
// name of whose payload it is, and stands in every error. A payload that turns
// out shorter or longer than Size gives work.ErrChanged: in place of io.EOF, and,
// if it is longer, in place of the last bytes that would make it look whole. So
// whoever passes on what it reads never passes on a payload that only seems
// complete. ctx bounds the reading, whether the source minds it or not: once it
// has ended, every error is its cause.
func (s *Stream) Begin(ctx context.Context, input string) (io.ReadCloser, error) {
	body, err := s.Open(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("open input %s: %w", input, because(ctx, err))
	}
	p := &payload{ctx: ctx, body: body, input: input, size: s.Size}
	if s.Size == 0 {
		// Nobody asks for the bytes of what is empty.
		if _, err := p.Read(make([]byte, 1)); err != io.EOF {
			_ = body.Close()
			return nil, err
		}
	}
	return p, nil
}

// Open is a value as a wire takes it that carries bytes: texts and JSON as they
// are, of a request the body, of nothing nothing. Streams are opened with Begin.
// size is -1 if nobody knows it.
func (v Value) Open(ctx context.Context, input string) (body io.ReadCloser, size int64, err error) {
	switch v.Kind {
	case Text, JSON:
		return io.NopCloser(strings.NewReader(v.Text)), int64(len(v.Text)), nil
	case Bytes:
		return io.NopCloser(bytes.NewReader(v.Bytes)), int64(len(v.Bytes)), nil
	case HTTPIn:
		return v.Request.Body.Open(ctx, input)
	case Large:
		body, err = v.Stream.Begin(ctx, input)
		return body, v.Stream.Size, err
	}
	return io.NopCloser(strings.NewReader("")), 0, nil
}

// payload counts what is read of a stream.
type payload struct {
	ctx        context.Context
	body       io.ReadCloser
	input      string
	size, read int64
	err        error // sticky
}

func (p *payload) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := 0, p.ctx.Err()
	if err == nil {
		n, err = p.body.Read(b)
	}
	p.read += int64(n)
	if p.size >= 0 && p.read == p.size && err == nil {
		// The last bytes wait until it is known that they are the last.
		var more int
		more, err = io.ReadFull(p.body, make([]byte, 1))
		p.read += int64(more)
		if more > 0 {
			err = nil
		}
	}
	switch {
	case p.size >= 0 && p.read > p.size:
		n, p.err = 0, fmt.Errorf("read input %s: %w: it goes on after the %d bytes that were announced", p.input, work.ErrChanged, p.size)
	case err == io.EOF && p.size >= 0 && p.read < p.size:
		p.err = fmt.Errorf("read input %s: %w: it ended after %d of the %d bytes that were announced", p.input, work.ErrChanged, p.read, p.size)
	case err == io.EOF:
		p.err = io.EOF
	case err != nil:
		p.err = fmt.Errorf("read input %s: %w", p.input, because(p.ctx, err))
		if p.read == p.size {
			n = 0
		}
	}
	return n, p.err
}

func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Close closes what was opened.
func (p *payload) Close() error { return p.body.Close() }
