package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/stanch-dev/stanch/internal/supervisor/worker"
)

// hook asks a worker to give memory back: by a signal, by a POST, or both. It
// is nil where neither is set.
func hook(sig syscall.Signal, url string) func(context.Context, *worker.Worker) error {
	if sig == 0 && url == "" {
		return nil
	}
	return func(ctx context.Context, w *worker.Worker) error {
		var errs []error
		if sig != 0 {
			if err := w.Signal(sig); err != nil {
				errs = append(errs, fmt.Errorf("send %v: %w", sig, err))
			}
		}
		if url != "" {
			errs = append(errs, post(ctx, w, url))
		}
		return errors.Join(errs...)
	}
}

func post(ctx context.Context, w *worker.Worker, url string) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if strings.HasPrefix(url, "/") {
		client.Transport = &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, w.Network(), w.Address)
			},
		}
		url = "http://localhost" + url
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask for a cleanup: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 1<<20)
	if answer.StatusCode >= 300 {
		return fmt.Errorf("ask for a cleanup: it answered %s", answer.Status)
	}
	return nil
}
