// Package client is how the contracts that speak HTTP reach their worker, and how they tell what became of it.
//
// Both contracts share three things: a connection that goes where the supervisor
// says, not where a URL does; answers that are never redirected; and errors that
// tell a worker that went away from a time that is over.
//
// A request goes one of two ways. A small one, whose body is known to its end
// before a byte is sent, is written and answered in its caller's goroutine
// (exchange.go): most deliveries are such, and handing them from goroutine to
// goroutine costs more than all the rest. What is large, or of unknown length,
// takes net/http's transport, which reads the answer while the body is still being
// sent. Begin with [New].
package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/spool"
)

// Origin is what the URLs of requests begin with. It is only a name.
const Origin = "http://127.0.0.1"

// Client is the way to one worker. It is safe for concurrent use.
type Client struct {
	dial  func(ctx context.Context) (net.Conn, error)
	large *http.Transport

	mu    sync.Mutex
	idle  []*link     // the last one is the one used last
	prune *time.Timer // runs while there are idle links
}

// New makes a client whose connections dial makes. It makes none yet.
func New(dial func(ctx context.Context) (net.Conn, error)) *Client {
	return &Client{dial: dial, large: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     idleFor,
		DisableCompression:  true,
		WriteBufferSize:     64 << 10,
		ReadBufferSize:      64 << 10,
	}}
}

// Gone is what an error of a connection means: the cause of ctx if that has
// ended, *contract.Gone otherwise.
func Gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the made-up address
	}
	return &contract.Gone{Err: err}
}

// Keep reads an answer to its end; dir is where a large one may be kept. Its
// errors are those of Gone, and *spool.Error.
func Keep(ctx context.Context, dir string, body io.Reader) (*spool.Kept, error) {
	kept, err := spool.Keep(dir, body)
	if err == nil {
		return kept, nil
	}
	if _, ours := errors.AsType[*spool.Error](err); ours {
		return nil, err
	}
	return nil, Gone(ctx, err)
}

// complaint is how much of a refusal's body is told.
const complaint = 2 << 10

// Refused is a *contract.Failed for an answer whose status is none of success;
// who names the worker.
func Refused(who string, answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, complaint))
	return &contract.Failed{Message: fmt.Sprintf("%s answered %s: %s", who, answer.Status, strings.TrimSpace(string(text)))}
}
