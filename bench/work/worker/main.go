// Command worker is the Go worker of bench/work: it answers deliveries of any contract over HTTP, and says when it has seen them all.
//
// A message is "job" and a number. When every number up to BENCH_EXPECT was seen,
// the file BENCH_REPORT says how long that took from the first, and how many came
// twice. A message that is a URL is a blob: it is read to its end.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/bench/work/report"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func serve() error {
	address := os.Getenv("BENCH_LISTEN")
	for _, port := range []string{"FUNCTIONS_CUSTOMHANDLER_PORT", "PORT"} {
		if address == "" && os.Getenv(port) != "" {
			address = "127.0.0.1:" + os.Getenv(port)
		}
	}
	n, err := strconv.Atoi(os.Getenv("BENCH_EXPECT"))
	if err != nil {
		return fmt.Errorf("read BENCH_EXPECT: %w", err)
	}
	h := &handler{seen: make([]bool, n), file: os.Getenv("BENCH_REPORT")}
	return http.ListenAndServe(address, h)
}

type handler struct {
	file string

	mu    sync.Mutex
	seen  []bool
	count int
	twice int
	first time.Time
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		return // whether it serves
	}
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	_, err := body.ReadFrom(r.Body)
	if err == nil {
		err = h.take(body.Bytes())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	_, _ = io.WriteString(w, "{}")
}

// take works on a delivery, however its contract wraps it.
func (h *handler) take(body []byte) error {
	if _, after, found := bytes.Cut(body, []byte("job ")); found && len(after) >= 8 {
		n, err := strconv.Atoi(string(after[:8]))
		if err != nil {
			return err
		}
		return h.job(n)
	}
	if _, after, found := bytes.Cut(body, []byte("\"http://")); found {
		url, _, _ := bytes.Cut(after, []byte(`"`))
		return h.read("http://" + string(url))
	}
	return fmt.Errorf("%d bytes are no job", len(body))
}

func (h *handler) job(n int) error {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if n >= len(h.seen) {
		return fmt.Errorf("there is no job %d", n)
	}
	if h.count == 0 {
		h.first = now
	}
	if h.seen[n] {
		h.twice++
		return nil
	}
	h.seen[n] = true
	if h.count++; h.count < len(h.seen) {
		return nil
	}
	return h.tell(report.Report{Count: h.count, Twice: h.twice, Took: now.Sub(h.first)})
}

// read is what a function does with a blob that is streamed to it.
func (h *handler) read(url string) error {
	began := time.Now()
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.CopyBuffer(onlyWriter{io.Discard}, answer.Body, make([]byte, 256<<10))
	if err == nil && n != answer.ContentLength {
		err = fmt.Errorf("%d bytes came of %d", n, answer.ContentLength)
	}
	if err != nil {
		return err
	}
	return h.tell(report.Report{Count: 1, Bytes: n, Took: time.Since(began)})
}

type onlyWriter struct{ io.Writer }

// tell writes the report under its name when it is whole.
func (h *handler) tell(r report.Report) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(h.file+".part", text, 0o600); err != nil {
		return err
	}
	return os.Rename(h.file+".part", h.file)
}
