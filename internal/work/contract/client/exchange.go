package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
)

// requests are buffers that whole requests are laid out in.
var requests = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// exchange sends a request that is held whole, and reads the head of its answer.
func (c *Client) exchange(req *http.Request) (*http.Response, error) {
	out := requests.Get().(*bytes.Buffer)
	defer requests.Put(out)
	out.Reset()
	if err := layOut(out, req); err != nil {
		return nil, err
	}
	ctx := req.Context()
	for {
		l, err := c.take(ctx)
		if err != nil {
			return nil, Gone(ctx, err)
		}
		answer, again, err := l.ask(ctx, req, out.Bytes())
		if err == nil {
			return answer, nil
		}
		l.drop()
		if !again || ctx.Err() != nil {
			return nil, Gone(ctx, err)
		}
		c.hangUp() // the others have been idle for longer
	}
}

// layOut writes the request as it goes over the wire.
func layOut(out *bytes.Buffer, req *http.Request) error {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	out.WriteString(req.Method)
	out.WriteByte(' ')
	out.WriteString(req.URL.RequestURI())
	out.WriteString(" HTTP/1.1\r\nHost: ")
	out.WriteString(plain(host))
	out.WriteString("\r\n")
	if req.ContentLength > 0 || req.Method == http.MethodPost || req.Method == http.MethodPut || req.Method == http.MethodPatch {
		out.WriteString("Content-Length: ")
		out.Write(strconv.AppendInt(out.AvailableBuffer(), req.ContentLength, 10))
		out.WriteString("\r\n")
	}
	if err := req.Header.Write(out); err != nil { // into memory
		return err
	}
	out.WriteString("\r\n")
	if req.Body == nil {
		return nil
	}
	head := out.Len()
	// One byte more than announced, so that a body that is too long is seen to be.
	_, err := out.ReadFrom(io.LimitReader(req.Body, req.ContentLength+1))
	err = errors.Join(err, req.Body.Close())
	if got := int64(out.Len() - head); err == nil && got != req.ContentLength {
		err = fmt.Errorf("it has %d bytes or more, and %d were announced", got, req.ContentLength)
	}
	if err != nil {
		return fmt.Errorf("send the payload: %w", err)
	}
	return nil
}

// plain is a host without what would end its line.
func plain(host string) string {
	for i := range len(host) {
		if host[i] <= ' ' || host[i] >= 0x7f {
			return "localhost"
		}
	}
	return host
}

// longestHead is how long the head of an answer may be, in bytes.
const longestHead = 1 << 20

// ask writes a request and reads the head of its answer. again says that the
// connection had gone stale and the request may be sent on another one: the worker
// has not seen it, or may see it twice.
func (l *link) ask(ctx context.Context, req *http.Request, text []byte) (answer *http.Response, again bool, err error) {
	l.release = context.AfterFunc(ctx, func() { _ = l.conn.Close() }) // whoever reads or writes sees it
	used := l.used
	l.used = true
	if n, err := l.conn.Write(text); err != nil {
		return nil, used && n == 0, err
	}
	l.left = longestHead
	for {
		if _, err := l.r.Peek(1); err != nil {
			return nil, used && twice(req), ended(err)
		}
		if answer, err = http.ReadResponse(l.r, req); err != nil {
			return nil, false, ended(err)
		}
		if answer.StatusCode >= 200 {
			break
		}
		if answer.StatusCode == http.StatusSwitchingProtocols {
			return nil, false, errors.New("the worker speaks another protocol, though nobody has asked it to")
		}
	}
	l.left = math.MaxInt64
	answer.Body = &reply{ReadCloser: answer.Body, link: l, ctx: ctx, last: answer.Close, bare: answer.ContentLength == 0}
	return answer, false, nil
}

// twice says whether a worker may get a request twice: one that changes nothing
// (RFC 9110 section 9.2.1), and a delivery, whose body can be had again. A worker
// that closes connections which were idle for a while, as Node does after five
// seconds, may close this one as it is used.
func twice(req *http.Request) bool {
	method := req.Method
	return req.GetBody != nil || method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions || method == http.MethodTrace
}

// ended is the end of a connection where an answer was to come.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// reply is an answer's body. Read to its end, it leaves the link to others.
type reply struct {
	io.ReadCloser
	link *link // nil once it is let go
	ctx  context.Context
	last bool // the worker takes nothing more on this link
	bare bool // there is no body to read
	err  error
}

func (b *reply) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.settle(true)
	case err != nil:
		b.settle(false)
		if b.ctx.Err() != nil {
			err = context.Cause(b.ctx)
		}
	}
	b.err = err
	return n, err
}

// Close lets the link go. What the worker still sends is not waited for.
func (b *reply) Close() error {
	b.settle(b.bare)
	return nil
}

func (b *reply) settle(whole bool) {
	l := b.link
	if l == nil {
		return
	}
	b.link = nil
	if whole && !b.last && l.r.Buffered() == 0 && l.release() {
		l.client.put(l)
		return
	}
	l.drop()
}
