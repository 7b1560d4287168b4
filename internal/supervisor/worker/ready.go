package worker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// ErrExited says that an instance ended before it was ready.
type ErrExited struct{ Exit process.Exit }

func (e *ErrExited) Error() string {
	return fmt.Sprintf("it ended before it was ready: %s", e.Exit.Status)
}

// ErrNeverReady says that an instance was not ready in time.
type ErrNeverReady struct {
	After time.Duration
	Probe string // what was tried
	Last  string // what the last try brought
}

func (e *ErrNeverReady) Error() string {
	text := fmt.Sprintf("it was not ready within %v (%s", e.After, e.Probe)
	if e.Last != "" {
		text += ": " + e.Last
	}
	return text + ")"
}

// the pauses between two tries, which begin short since most workers start
// fast, and grow since some take minutes.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 100 * time.Millisecond
)

// AwaitReady waits until the instance is ready. The error is an *ErrExited, an
// *ErrNeverReady or the context's; in all three cases the instance is still to
// be killed and released.
func (w *Worker) AwaitReady(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, w.plan.StartTime)
	defer cancel()
	if w.hired != nil {
		// Who names a probe is asked for more than the contract does.
		if err := w.awaitContract(ctx, limit); err != nil || w.plan.Ready == (Ready{}) {
			return err
		}
	}
	probe, describe := w.probe()
	var last string
	if w.plan.Ready.Text != "" {
		select {
		case <-w.said:
		case <-w.Done():
			return &ErrExited{w.Exit()}
		case <-limit.Done():
			return w.late(ctx, fmt.Sprintf("no line with %q", w.plan.Ready.Text), "")
		}
	}
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		err := probe(limit)
		if err == nil {
			break
		}
		if limit.Err() == nil {
			last = err.Error()
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-w.Done():
			timer.Stop()
			return &ErrExited{w.Exit()}
		case <-limit.Done():
			timer.Stop()
			return w.late(ctx, describe, last)
		}
	}
	w.markReady()
	return nil
}

func (w *Worker) markReady() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready = time.Now()
}

// awaitContract waits until the instance says under its contract that it can take
// work.
func (w *Worker) awaitContract(ctx, limit context.Context) error {
	waiting, cancel := context.WithCancel(limit)
	defer cancel()
	ready := make(chan error, 1)
	go func() { ready <- w.hired.Ready(waiting) }()
	select {
	case err := <-ready:
		select {
		case <-w.Done(): // that is why, whatever was noticed of it
			return &ErrExited{w.Exit()}
		default:
		}
		if err == nil {
			w.markReady()
			return nil
		}
		if limit.Err() != nil {
			return w.late(ctx, "the contract's handshake", err.Error())
		}
		return err
	case <-w.Done():
		cancel()
		<-ready
		return &ErrExited{w.Exit()}
	}
}

func (w *Worker) late(ctx context.Context, probe, last string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return &ErrNeverReady{After: w.plan.StartTime, Probe: probe, Last: last}
}

func (w *Worker) probe() (func(context.Context) error, string) {
	dial := func(ctx context.Context) (net.Conn, error) {
		d := net.Dialer{Timeout: time.Second}
		return d.DialContext(ctx, w.place.network, w.place.address)
	}
	if w.plan.Ready.Path == "" {
		return func(ctx context.Context) error {
			conn, err := dial(ctx)
			if err != nil {
				return err
			}
			return conn.Close()
		}, "connecting to " + w.place.address
	}
	client := http.Client{
		Timeout: 2 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://worker"+w.plan.Ready.Path, nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(req)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
		if answer.StatusCode < 200 || answer.StatusCode > 399 {
			return fmt.Errorf("it answered %s", strings.TrimSpace(answer.Status))
		}
		return nil
	}, "GET " + w.plan.Ready.Path
}
