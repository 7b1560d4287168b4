// Package customhandler hands work to an HTTP server under the contract of Azure Functions' custom handlers.
//
// An invocation is a POST to /FUNCTION with {"Data":{…},"Metadata":{…}}, and the
// answer is {"Outputs":{…},"Logs":[…],"ReturnValue":…}. Payloads stand in both as
// strings, bytes as base64. Neither direction passes through memory: the request's
// length is known beforehand and its payloads are encoded as they are sent; an
// answer that is large goes to a file without a name, and its values are read from
// there. A function that is HTTP alone can be forwarded to as it came.
//
// The encoding is clean unless [Config.Compat] asks for that of Azure's host,
// which encodes strings twice, writes numbers as strings, and takes every answer
// that could be base64 for it. Source: Azure/azure-functions-host,
// src/WebJobs.Script/Workers/Http, and the documentation of custom handlers.
package customhandler

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/client"
)

// Config says how one worker is reached.
type Config struct {
	Dial     func(ctx context.Context) (net.Conn, error) // to the worker
	Compat   bool                                        // encode as Azure's host does, oddities included
	Forward  func(function string) bool                  // pass this function's HTTP request on as it came; nil for none
	Binary   func(function, output string) bool          // this output binding has dataType binary: its strings are base64; nil for none
	Spool    string                                      // directory for large answers
	Log      func(contract.Line)                         // gets the lines of functions; nil for nobody
	HostName string                                      // X-Azure-Functions-HostVersion: "4.x.y"
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

// Ready asks the worker for /: any answer means that it serves.
func (c *Client) Ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, client.Origin+"/", nil)
	if err != nil {
		return err
	}
	answer, err := c.http.Send(req)
	if err != nil {
		return fmt.Errorf("ask the custom handler whether it serves: %w", err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	return answer.Body.Close()
}

// Invoke sends one invocation and reads its answer.
func (c *Client) Invoke(ctx context.Context, inv *contract.Invocation) (*contract.Result, func(), error) {
	if request := forwarded(inv); request != nil && c.cfg.Forward != nil && c.cfg.Forward(inv.Function) {
		return c.forward(ctx, inv, request)
	}
	body, err := encode(ctx, inv, c.cfg.Compat)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the invocation of %s: %w", inv.Function, err)
	}
	req, err := client.Request(ctx, http.MethodPost, client.Origin+"/"+url.PathEscape(inv.Function), body, body.length)
	if err != nil {
		return nil, nil, err
	}
	req.GetBody = func() (io.ReadCloser, error) { return body.again(), nil }
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	c.mark(req, inv)
	answer, err := c.http.Send(req)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	return c.read(ctx, inv, answer)
}

// mark sets the headers that every invocation bears.
func (c *Client) mark(req *http.Request, inv *contract.Invocation) {
	req.Header.Set("X-Azure-Functions-InvocationId", inv.ID)
	if c.cfg.HostName != "" {
		req.Header.Set("X-Azure-Functions-HostVersion", c.cfg.HostName)
		req.Header.Set("User-Agent", "Azure-Functions-Host/"+c.cfg.HostName)
	}
	if inv.Trace != "" {
		req.Header.Set("Traceparent", inv.Trace)
	}
}

func (c *Client) read(ctx context.Context, inv *contract.Invocation, answer *http.Response) (*contract.Result, func(), error) {
	if answer.StatusCode/100 != 2 {
		return nil, nil, client.Refused("the custom handler", answer)
	}
	kept, err := client.Keep(ctx, c.cfg.Spool, answer.Body)
	if err != nil {
		return nil, nil, err
	}
	result, logs, err := c.decode(inv.Function, kept)
	if c.cfg.Log == nil {
		logs = nil
	}
	for _, text := range logs {
		c.cfg.Log(contract.Line{At: time.Now(), Invocation: inv.ID, Level: contract.Information, Category: "Function." + inv.Function + ".User", Text: text})
	}
	if err != nil {
		kept.Close()
		return nil, nil, &contract.Failed{Message: fmt.Sprintf("the custom handler's answer is not one: %v", err)}
	}
	return result, kept.Close, nil
}
