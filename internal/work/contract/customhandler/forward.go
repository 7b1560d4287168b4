package customhandler

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/client"
)

// forwarded is the client's request, if that is all that the function is given.
func forwarded(inv *contract.Invocation) *contract.Request {
	if len(inv.Inputs) != 1 || inv.Inputs[0].Value.Kind != contract.HTTPIn {
		return nil
	}
	return inv.Inputs[0].Value.Request
}

// forward passes the request on with its own method, path, headers and body, and
// gives the answer back as it is streamed.
func (c *Client) forward(ctx context.Context, inv *contract.Invocation, r *contract.Request) (*contract.Result, func(), error) {
	at, err := url.Parse(r.URL)
	if err != nil {
		return nil, nil, err
	}
	at.Scheme, at.Host = "http", strings.TrimPrefix(client.Origin, "http://")
	body, length, err := payload(ctx, r.Body)
	if err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, at.String(), body)
	if err != nil {
		return nil, nil, err
	}
	req.ContentLength = length
	for name, values := range r.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Host":
			req.Host = strings.Join(values, "")
		case "Content-Length", "Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Keep-Alive", "Proxy-Connection":
		default:
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	c.mark(req, inv)
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, nil, client.Gone(ctx, err)
	}
	response := &contract.Response{Status: answer.StatusCode, Header: answer.Header, Body: contract.Value{Kind: contract.Large, Stream: once(answer)}}
	return &contract.Result{Response: response}, func() { _ = answer.Body.Close() }, nil
}

// payload opens a value as a body; length is -1 if nobody knows it.
func payload(ctx context.Context, v contract.Value) (io.ReadCloser, int64, error) {
	switch v.Kind {
	case contract.None:
		return http.NoBody, 0, nil
	case contract.Large:
		body, err := v.Stream.Open(ctx, 0)
		return body, v.Stream.Size, err
	case contract.Bytes:
		return io.NopCloser(strings.NewReader(string(v.Bytes))), int64(len(v.Bytes)), nil
	}
	return io.NopCloser(strings.NewReader(v.Text)), int64(len(v.Text)), nil
}

var errOnce = errors.New("the body of a forwarded answer can be read once, from its beginning")

// once is an answer's body: what comes from a socket comes once.
func once(answer *http.Response) *contract.Stream {
	var opened atomic.Bool
	return &contract.Stream{
		Size: answer.ContentLength, ContentType: answer.Header.Get("Content-Type"),
		Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
			if from != 0 || !opened.CompareAndSwap(false, true) {
				return nil, errOnce
			}
			return answer.Body, nil
		},
	}
}
