package crew

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/customhandler"
	"github.com/stanch-dev/stanch/internal/work/contract/plainhttp"
)

// web is a worker that speaks HTTP.
type web struct {
	contract.Contract
	env   []string
	ready func(ctx context.Context) error
	close func()
}

// dialer reaches a worker where it listens.
func dialer(at worker.Address) func(ctx context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		d := net.Dialer{Timeout: 10 * time.Second}
		return d.DialContext(ctx, at.Network, at.Address)
	}
}

// CustomHandler hires workers under Azure's contract for custom handlers. cfg is
// without Dial; environ is what the app's settings say.
func CustomHandler(cfg customhandler.Config, folder string, environ []string) Maker {
	return func(id string, at worker.Address) (Hand, error) {
		cfg := cfg
		cfg.Dial = dialer(at)
		client := customhandler.New(cfg)
		port := fmt.Sprint(at.Port)
		return &web{
			Contract: client, ready: client.Ready, close: client.Close,
			env: append(environ[:len(environ):len(environ)],
				"FUNCTIONS_CUSTOMHANDLER_PORT="+port, "FUNCTIONS_HTTPWORKER_PORT="+port,
				"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id, "FUNCTIONS_HTTPWORKER_ID="+id,
				"FUNCTIONS_APP_ROOT_PATH="+folder),
		}, nil
	}
}

// PlainHTTP hires workers that take deliveries as plain requests. cfg is without
// Dial.
func PlainHTTP(cfg plainhttp.Config, environ []string) Maker {
	return func(_ string, at worker.Address) (Hand, error) {
		cfg := cfg
		cfg.Dial = dialer(at)
		client := plainhttp.New(cfg)
		return &web{Contract: client, close: client.Close, env: environ, ready: func(ctx context.Context) error {
			conn, err := cfg.Dial(ctx)
			if err != nil {
				return err
			}
			return conn.Close()
		}}, nil
	}
}

// The pauses between two questions whether a worker serves.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 100 * time.Millisecond
)

// Ready asks until the worker serves or ctx ends.
func (w *web) Ready(ctx context.Context) error {
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		err := w.ready(ctx)
		if err == nil {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// Args are none: the port is in the environment.
func (w *web) Args() []string { return nil }

// Env is what the worker is told.
func (w *web) Env() []string { return w.env }

// Exited changes nothing: its connections break of themselves.
func (w *web) Exited(error) {}

// End changes nothing: a signal ends such a worker.
func (w *web) End(context.Context) {}

// Release gives the idle connections up.
func (w *web) Release() { w.close() }
