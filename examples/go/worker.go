package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// worker is what all handlers share.
type worker struct {
	held       held
	sockets    sockets
	listener   net.Listener
	leakBytes  int64 // kept for good by every /work
	requests   atomic.Int64
	portClosed atomic.Bool
}

func newWorker(l net.Listener, leakBytes, stopAt int64) *worker {
	return &worker{listener: l, leakBytes: leakBytes, held: held{stopAt: stopAt}}
}

func (w *worker) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", w.work)
	mux.HandleFunc("/work", w.work)
	mux.HandleFunc("/slow", w.slow)
	mux.HandleFunc("/echo", w.echo)
	mux.HandleFunc("/stream", w.stream)
	mux.HandleFunc("/sse", w.sse)
	mux.HandleFunc("/ws", w.sockets.serve)
	mux.HandleFunc("/healthz", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ok") })
	mux.HandleFunc("/metrics", w.metrics)
	mux.HandleFunc("/debug/pprof/", pprof.Index) // its heap?gc=1 collects, which a hunt asks for

	mux.HandleFunc("/leak", w.leak)
	mux.HandleFunc("/native", w.native)
	mux.HandleFunc("/fill", w.fill)
	mux.HandleFunc("/spike", w.spike)
	mux.HandleFunc("/free", w.free)

	mux.HandleFunc("/exit", w.exit)
	mux.HandleFunc("/garbage", w.garbage)
	mux.HandleFunc("/closeport", w.closePort)
	mux.HandleFunc("/hang", w.hang)
	return mux
}

// work is the ordinary request: a small answer, a leak if one was asked for,
// and ?ms= of a busy processor.
func (w *worker) work(rw http.ResponseWriter, r *http.Request) {
	for end := time.Now().Add(time.Duration(query(r, "ms", 0)) * time.Millisecond); time.Now().Before(end); {
	}
	w.held.keepUntilStop(w.leakBytes)
	w.answer(rw)
}

// answer tells the facts that every memory endpoint ends with.
func (w *worker) answer(rw http.ResponseWriter) {
	body, _ := json.Marshal(map[string]int64{
		"pid":      int64(os.Getpid()),
		"requests": w.requests.Add(1),
		"leaked":   w.held.leaked.Load(),
		"filled":   w.held.filled.Load(),
	})
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
	rw.Write(body)
}

func (w *worker) slow(rw http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(time.Duration(query(r, "ms", 500)) * time.Millisecond):
		w.answer(rw)
	case <-r.Context().Done():
	}
}

// query reads a whole number from the query; absent and malformed are otherwise.
func query(r *http.Request, name string, otherwise int64) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}
