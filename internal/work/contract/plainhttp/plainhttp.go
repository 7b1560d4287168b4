// Package plainhttp hands work to any HTTP server: a delivery is a POST of its payload, and a status of success settles it.
//
// The body is the trigger's payload as it is, streamed; everything else stands in
// headers. Besides stanch's own they are those of a CloudEvent in binary mode, so
// that servers which take such events take deliveries. Input bindings besides the
// trigger are URLs to read from, outputs URLs to write to (work/endpoint). What a
// 2xx answer says is the function's return value. A 503 or 429 with Retry-After
// says that the worker is busy, any other status that the function failed.
// Source of the event headers: CloudEvents 1.0.2, HTTP protocol binding, section 3.1.
package plainhttp

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/client"
	"github.com/stanch-dev/stanch/internal/work/spool"
)

// Config says how one worker is reached.
type Config struct {
	Dial  func(ctx context.Context) (net.Conn, error) // to the worker
	Path  func(function string) string                // where a function's deliveries go
	Spool string                                      // directory for large answers
	// Lend makes the inputs besides the trigger readable and the outputs writable,
	// and returns their URLs by binding; end is called when the delivery has ended.
	// nil where functions have neither.
	Lend func(ctx context.Context, inv *contract.Invocation) (urls map[string]string, end func())
}

// Client speaks to one worker. It is safe for concurrent use.
type Client struct {
	cfg  Config
	http *client.Client
}

var _ contract.Contract = (*Client)(nil)

// New makes a client; nothing is sent yet.
func New(cfg Config) *Client {
	return &Client{cfg: cfg, http: client.New(cfg.Dial)}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.Close() }

// Busy says that the worker asks to be left alone for a while. The delivery was
// not its fault.
type Busy struct{ After time.Duration }

// Error says for how long.
func (b *Busy) Error() string { return fmt.Sprintf("the worker is busy for %v", b.After) }

// Invoke posts one delivery.
func (c *Client) Invoke(ctx context.Context, inv *contract.Invocation) (*contract.Result, func(), error) {
	end := func() {}
	var urls map[string]string
	if c.cfg.Lend != nil {
		urls, end = c.cfg.Lend(ctx, inv)
	}
	result, err := c.post(ctx, inv, urls)
	if err != nil {
		end()
		return nil, nil, err
	}
	return result.Result, func() { result.kept.Close(); end() }, nil
}

type answered struct {
	*contract.Result
	kept *spool.Kept
}

func (c *Client) post(ctx context.Context, inv *contract.Invocation, urls map[string]string) (answered, error) {
	var trigger contract.Input
	if len(inv.Inputs) > 0 {
		trigger = inv.Inputs[0]
	}
	body, size, err := trigger.Value.Open(ctx, trigger.Name)
	if err != nil {
		return answered{}, err
	}
	req, err := client.Request(ctx, http.MethodPost, client.Origin+c.cfg.Path(inv.Function), body, size)
	if err != nil {
		return answered{}, err
	}
	req.GetBody = func() (io.ReadCloser, error) {
		body, _, err := trigger.Value.Open(ctx, trigger.Name)
		return body, err
	}
	describe(req.Header, inv, trigger, urls)
	answer, err := c.http.Send(req)
	if err != nil {
		return answered{}, err
	}
	defer answer.Body.Close()
	if err := refusal(answer); err != nil {
		return answered{}, err
	}
	kept, err := client.Keep(ctx, c.cfg.Spool, answer.Body)
	if err != nil {
		return answered{}, err
	}
	return answered{&contract.Result{Return: back(answer, kept)}, kept}, nil
}

func refusal(answer *http.Response) error {
	if answer.StatusCode/100 == 2 {
		return nil
	}
	if answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusTooManyRequests {
		if n, err := strconv.ParseInt(answer.Header.Get("Retry-After"), 10, 32); err == nil && n >= 0 {
			return &Busy{time.Duration(n) * time.Second}
		}
	}
	return client.Refused("the worker", answer)
}

// back is the return value: what was answered, nothing if that is empty.
func back(answer *http.Response, kept *spool.Kept) *contract.Value {
	if kept.Size() == 0 {
		return nil
	}
	kind := answer.Header.Get("Content-Type")
	return &contract.Value{Kind: contract.Large, Stream: &contract.Stream{
		Size: kept.Size(), ContentType: kind, Text: strings.HasPrefix(kind, "text/") || strings.Contains(kind, "json"),
		Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
			return io.NopCloser(kept.Part(min(from, kept.Size()), kept.Size())), nil
		},
	}}
}
