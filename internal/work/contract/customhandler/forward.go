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
	body, size, err := r.Body.Open(ctx, inv.Inputs[0].Name)
	if err != nil {
		return nil, nil, err
	}
	req, err := client.Request(ctx, r.Method, at.String(), body, size)
	if err != nil {
		return nil, nil, err
	}
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
	answer, err := c.http.Send(req)
	if err != nil {
		return nil, nil, err
	}
	response := &contract.Response{Status: answer.StatusCode, Header: answer.Header, Body: contract.Value{Kind: contract.Large, Stream: once(answer)}}
	return &contract.Result{Response: response}, func() { _ = answer.Body.Close() }, nil
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
