// Package admin answers probes, scrapes and questions about the guard, on a listener of its own that load can't shed.
//
// Liveness says whether stanch can do its work, and is never touched by load;
// readiness says whether a new request would be served; health says whether the
// workers are what their operator wants. Reading is open to whoever reaches the
// listener, as probes need it to be; what changes something (POST) is taken
// from this machine only. Begin with [New].
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/work/gate"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// Config is what the admin listener answers from.
type Config struct {
	Guard   *guard.Guard
	Stats   func() proxy.Stats
	Flights func() []proxy.Request // the requests in flight
	Drain   func(context.Context) error
	Signal  bool // the orchestrator restarts: health follows the bands
	Version string
	Counts  func() map[string]int64 // events so far, by kind
	// Take takes rows of telemetry that a worker reports, and returns how many;
	// nil where nothing is recorded.
	Take func(io.Reader) (int, error)
	// Work is how the functions and their queues are; nil where there are none.
	Work func() view.View
	// Invoke invokes a function by hand; nil where there are none.
	Invoke Invoke
}

// Admin is the handler. Safe for concurrent use.
type Admin struct {
	cfg      Config
	mux      *http.ServeMux
	draining atomic.Bool
	signal   atomic.Bool
}

// New makes the handler.
func New(cfg Config) *Admin {
	a := &Admin{cfg: cfg, mux: http.NewServeMux()}
	a.signal.Store(cfg.Signal)
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{admin: a})
	if cfg.Work != nil {
		registry.MustRegister(&workCollector{look: cfg.Work})
	}
	a.mux.HandleFunc("GET /livez", a.probe(a.Live))
	a.mux.HandleFunc("GET /readyz", a.probe(a.Ready))
	a.mux.HandleFunc("GET /healthz", a.probe(a.Healthy))
	a.mux.HandleFunc("GET /status", a.status)
	a.mux.HandleFunc("GET /trend", a.trend)
	a.mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	a.mux.HandleFunc("POST /replace", local(a.replace))
	a.mux.HandleFunc("POST /drain", local(a.drain))
	a.mux.HandleFunc("POST /telemetry", local(a.take))
	a.mux.HandleFunc("POST /functions/{name}", local(a.invoke))
	a.mux.HandleFunc("GET /debug/pprof/", local(pprof.Index))
	a.mux.HandleFunc("GET /debug/pprof/profile", local(pprof.Profile))
	a.mux.HandleFunc("GET /debug/pprof/trace", local(pprof.Trace))
	a.mux.HandleFunc("GET /{$}", a.index)
	return a
}

// ServeHTTP answers.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// SetDraining takes readiness away: stanch is going to stop.
func (a *Admin) SetDraining() { a.draining.Store(true) }

// SetSignal says whether the orchestrator restarts what is unhealthy.
func (a *Admin) SetSignal(on bool) { a.signal.Store(on) }

// Live returns why stanch can't do its work any more, or nil.
func (a *Admin) Live() error {
	if dead := a.cfg.Guard.Status().Dead; dead != "" {
		return fmt.Errorf("%s", dead)
	}
	return nil
}

// Ready returns why a new request would not be served, or nil.
func (a *Admin) Ready() error {
	s := a.cfg.Guard.Status()
	switch {
	case a.draining.Load():
		return fmt.Errorf("stanch is draining")
	case s.Gate.State == gate.Shut:
		return fmt.Errorf("new requests are refused: %s", s.Gate.Reason)
	case s.Gate.Desks == 0:
		return fmt.Errorf("no worker is ready")
	case a.signal.Load() && s.Unhealthy != "":
		return fmt.Errorf("%s", s.Unhealthy)
	}
	return nil
}

// Healthy returns why an orchestrator should restart the container, or nil.
// Where stanch replaces workers itself, there is no reason but a worker that
// does not stay.
func (a *Admin) Healthy() error {
	if err := a.Live(); err != nil {
		return err
	}
	if !a.signal.Load() {
		return nil
	}
	s := a.cfg.Guard.Status()
	switch {
	case s.Unhealthy != "":
		return fmt.Errorf("%s", s.Unhealthy)
	case s.Band >= band.Emergency:
		return fmt.Errorf("memory is in the emergency band: %d of %d bytes", s.Used, s.Limit)
	}
	return nil
}

func (a *Admin) probe(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := check(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, err)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// replaceTime bounds how long POST /replace waits for the outcome.
const replaceTime = 5 * time.Minute

func (a *Admin) replace(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), replaceTime)
	defer cancel()
	why := r.URL.Query().Get("why")
	if why == "" {
		why = "asked for by POST /replace"
	}
	done, err := a.cfg.Guard.Replace(ctx, r.URL.Query().Get("worker"), why)
	if err != nil {
		problem(w, http.StatusConflict, err)
		return
	}
	answer(w, http.StatusOK, done)
}

func (a *Admin) drain(w http.ResponseWriter, r *http.Request) {
	a.SetDraining()
	if err := a.cfg.Drain(r.Context()); err != nil {
		problem(w, http.StatusConflict, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"drained": "ok"})
}

// mostTold bounds what a worker may report at once.
const mostTold = 1 << 20

// take records what a worker reports: one JSON object a line, with the member
// "table" and columns of that table.
func (a *Admin) take(w http.ResponseWriter, r *http.Request) {
	if a.cfg.Take == nil {
		problem(w, http.StatusNotFound, fmt.Errorf("nothing is recorded\nhint: stanch run --telemetry on"))
		return
	}
	rows, err := a.cfg.Take(http.MaxBytesReader(w, r.Body, mostTold))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		problem(w, http.StatusRequestEntityTooLarge, fmt.Errorf("%d rows were taken, then the body was longer than %d bytes", rows, mostTold))
	case err != nil:
		problem(w, http.StatusBadRequest, fmt.Errorf("%d rows were taken, then %w", rows, err))
	default:
		answer(w, http.StatusOK, map[string]int{"rows": rows})
	}
}

func (a *Admin) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, `stanch `+a.cfg.Version+`
GET  /livez    is stanch able to work (never touched by load)
GET  /readyz   would a new request be served
GET  /healthz  are the workers as their operator wants them
GET  /status   everything, as JSON
GET  /trend    whether each worker leaks, and its memory so far, as JSON
GET  /metrics  Prometheus
POST /replace  replace a worker without losing a request (?worker=w3; from this machine only)
POST /drain    readiness off, then wait until nothing is in flight (from this machine only)
POST /telemetry  rows that a worker reports by itself, NDJSON (from this machine only)
POST /functions/NAME  invoke a function; the body is what triggers it (from this machine only)
`)
}

// local lets only this machine in, and no page in a browser on it.
func local(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		remote := err == nil && (ip == nil || !ip.IsLoopback())
		if remote || r.Header.Get("Origin") != "" || r.Header.Get("X-Forwarded-For") != "" {
			problem(w, http.StatusForbidden, fmt.Errorf("%s %s is taken from this machine only", r.Method, r.URL.Path))
			return
		}
		next(w, r)
	}
}

func problem(w http.ResponseWriter, status int, err error) {
	message, hint, _ := strings.Cut(err.Error(), "\nhint: ")
	body := map[string]string{"error": message}
	if hint != "" {
		body["hint"] = hint
	}
	answer(w, status, body)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // the client has gone: nobody is left to tell
}
