package gauge

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

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
)

const (
	scrapeTime = time.Second
	scrapeSize = 4 << 20
	// A worker without an endpoint is asked 16 times less often in the end.
	scrapeBackOff = 4
)

// A scrape is one worker's endpoint. It has a client of its own that keeps no
// connection: an idle one would hold up a worker that shuts down.
type scrape struct {
	url    string
	client *http.Client

	// guarded by the gauge's mu
	due      time.Time
	failures int
	busy     bool
}

func newScrape(text string) (*scrape, error) {
	transport := &http.Transport{
		Proxy:                  nil, // the worker is on this machine
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if rest, ok := strings.CutPrefix(text, "unix://"); ok {
		socket, path, _ := strings.Cut(rest, ":")
		if !strings.HasPrefix(socket, "/") {
			return nil, fmt.Errorf("heap endpoint %q has no socket\nhint: write it as unix:///run/worker.sock or unix:///run/worker.sock:/metrics", text)
		}
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
		if path == "" {
			path = "/metrics"
		}
		text = "http://worker" + path
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("heap endpoint %q is no URL\nhint: write it as http://127.0.0.1:9000/metrics or unix:///run/worker.sock", text)
	}
	return &scrape{url: u.String(), client: &http.Client{
		Transport: transport,
		Timeout:   scrapeTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a worker has no say in where we look
		},
	}}, nil
}

// fetch asks the endpoint once.
func (s *scrape) fetch(ctx context.Context) (memory.Heap, error) {
	body, err := s.get(ctx)
	if err != nil {
		return memory.Heap{}, fmt.Errorf("read heap: %w", err)
	}
	t := read(body)
	h := t.heap()
	h.At = time.Now()
	if h.Known {
		return h, nil
	}
	resident := t.sum("process_resident_memory_bytes")
	switch {
	case h.Runtime != "" && resident > 0:
		return h, fmt.Errorf("read heap: %s tells that it is %s with %v resident, and no heap", s.url, h.Runtime, bytesize.Size(resident))
	case h.Runtime != "":
		return h, fmt.Errorf("read heap: %s tells that it is %s, and no heap", s.url, h.Runtime)
	}
	return h, fmt.Errorf("read heap: %s tells of no heap that stanch knows", s.url)
}

func (s *scrape) get(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("User-Agent", "stanch")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", s.url, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, scrapeSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.url, err)
	}
	if len(body) > scrapeSize {
		return nil, fmt.Errorf("%s answers with more than %v", s.url, bytesize.Size(scrapeSize))
	}
	return body, nil
}

// scrapeHeaps asks every endpoint in its time until ctx ends.
func (g *Gauge) scrapeHeaps(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.heapDue:
		case <-timer.C:
		}
		next := g.scrapeDue(ctx, time.Now(), false)
		g.say()
		timer.Reset(time.Until(next))
	}
}

// scrapeDue asks the endpoints whose time has come, or all, at once, and
// returns when the next is due.
func (g *Gauge) scrapeDue(ctx context.Context, now time.Time, all bool) (next time.Time) {
	var asked sync.WaitGroup
	g.mu.Lock()
	for _, w := range g.workers {
		s := w.scrape
		if s == nil || s.busy || (!all && now.Before(s.due)) {
			continue
		}
		s.busy = true
		asked.Go(func() {
			h, err := s.fetch(ctx)
			g.mu.Lock()
			defer g.mu.Unlock()
			g.settle(w, s, h, err)
		})
	}
	g.mu.Unlock()
	asked.Wait()

	g.mu.Lock()
	defer g.mu.Unlock()
	next = now.Add(g.cfg.HeapEvery)
	for _, w := range g.workers {
		if w.scrape != nil && !w.scrape.busy && w.scrape.due.Before(next) {
			next = w.scrape.due
		}
	}
	return next
}

// settle notes what one scrape found.
func (g *Gauge) settle(w *worker, s *scrape, h memory.Heap, err error) {
	s.busy = false
	if errors.Is(err, context.Canceled) {
		return
	}
	wait := g.cfg.HeapEvery
	if err != nil {
		wait <<= min(s.failures, scrapeBackOff)
		s.failures++
	} else {
		s.failures = 0
	}
	s.due = time.Now().Add(wait)
	// It may have been untracked, or given another endpoint, meanwhile.
	if g.worker(w.id) != w || w.scrape != s {
		return
	}
	g.problems.set(topic{aboutHeap, w.id}, err)
	if err == nil || h.Runtime != "" {
		w.heap = h
	}
}
