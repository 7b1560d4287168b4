package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// Request makes a request with a body of size bytes; -1 stands for nobody knows.
// The body is closed, whatever comes of it.
func Request(ctx context.Context, method, at string, body io.ReadCloser, size int64) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		_ = body.Close()
		return nil, err
	}
	if req.ContentLength = size; size == 0 {
		_ = body.Close()
		req.Body = http.NoBody
	}
	return req, nil
}

// small is the largest body, in bytes, that is held whole before it is sent: a
// socket takes it, whether the worker reads or not.
const small = 64 << 10

// Send sends a request and returns the worker's answer, whose body the caller
// closes. Its errors are those of Gone, unless it was the request's body that
// broke off: then that is told, and the worker has seen no whole request.
func (c *Client) Send(req *http.Request) (*http.Response, error) {
	if req.ContentLength >= 0 && req.ContentLength <= small {
		return c.exchange(req)
	}
	var broken atomic.Pointer[error]
	req.Body = &watched{req.Body, &broken}
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			return &watched{body, &broken}, err
		}
	}
	answer, err := c.large.RoundTrip(req)
	if why := broken.Load(); why != nil {
		if answer != nil {
			_ = answer.Body.Close()
		}
		return nil, fmt.Errorf("send the payload: %w", *why)
	}
	if err != nil {
		return nil, Gone(req.Context(), err)
	}
	return answer, nil
}

// watched is a body that tells that it was the one that broke off.
type watched struct {
	io.ReadCloser
	broken *atomic.Pointer[error]
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		w.broken.CompareAndSwap(nil, &err)
	}
	return n, err
}
