package subject

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// collector asks a worker to collect its garbage.
type collector func(context.Context, *Subject) error

// parseCollect reads how a worker is asked to collect:
//
//	signal:USR1
//	/debug/pprof/heap?gc=1             a GET of the worker itself
//	POST http://127.0.0.1:9000/gc      of anybody
func parseCollect(text string) (collector, error) {
	if name, ok := strings.CutPrefix(text, "signal:"); ok {
		sig := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG"))
		if sig == 0 {
			return nil, fmt.Errorf("collect %q: there is no such signal\nhint: write it as signal:USR1", text)
		}
		return func(_ context.Context, s *Subject) error {
			pid := s.pid()
			if pid <= 0 {
				return errors.New("a signal needs a process, and only --pid, --container and a started worker have one")
			}
			if err := syscall.Kill(pid, sig); err != nil {
				return fmt.Errorf("send %v: %w", sig, err)
			}
			return nil
		}, nil
	}
	method, at := http.MethodGet, text
	if m, rest, ok := strings.Cut(text, " "); ok {
		method, at = m, strings.TrimSpace(rest)
	}
	if _, _, err := place("http://worker", at); err != nil {
		return nil, fmt.Errorf("collect %q: %w", text, err)
	}
	return func(ctx context.Context, s *Subject) error {
		_, err := fetch(ctx, method, s.base, at)
		return err
	}, nil
}

// place finds what an address stands for: a URL of http or https, a socket as
// unix:///run/worker.sock:/path, or a path of the worker at base.
func place(base, at string) (address, socket string, err error) {
	if strings.HasPrefix(at, "/") {
		if rest, ok := strings.CutPrefix(base, "unix://"); ok {
			return "http://localhost" + at, rest, nil
		}
		u, err := url.Parse(base)
		if err != nil {
			return "", "", errors.New("the worker's address is no URL")
		}
		return u.Scheme + "://" + u.Host + at, "", nil
	}
	if rest, ok := strings.CutPrefix(at, "unix://"); ok && strings.HasPrefix(rest, "/") {
		socket, path, _ := strings.Cut(rest, ":")
		if path == "" {
			path = "/metrics"
		}
		return "http://localhost" + path, socket, nil
	}
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", "", errors.New("it is neither a URL nor a path\nhint: write it as /path, http://127.0.0.1:9000/path or unix:///run/worker.sock:/path")
	}
	return at, "", nil
}

// mostAnswer bounds what is read of an answer.
const mostAnswer = 16 << 20

// fetch asks, and returns the body of a good answer. No connection is kept: an
// idle one is memory that the worker holds.
func fetch(ctx context.Context, method, base, at string) ([]byte, error) {
	address, socket, err := place(base, at)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true, Proxy: nil}
	if socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, errors.New("it is no URL")
	}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(req)
	if err != nil {
		var inURL *url.Error
		if errors.As(err, &inURL) {
			err = inURL.Err // the URL may hold a secret
		}
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, fmt.Errorf("it answers %s", answer.Status)
	}
	return body, nil
}
