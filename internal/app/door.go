package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/route"
)

// door is where clients of HTTP functions come in.
type door struct {
	http.Server
	handler atomic.Pointer[http.Handler] // nil until the functions are known
}

func (d *door) open(cfg time.Duration, head int, idle time.Duration) {
	d.Handler = d
	d.ReadHeaderTimeout, d.MaxHeaderBytes, d.IdleTimeout = cfg, head, idle
}

// ServeHTTP answers, when it is known by what.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := d.handler.Load()
	if h == nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the functions are not loaded yet", http.StatusServiceUnavailable)
		return
	}
	(*h).ServeHTTP(w, r)
}

// route makes the door's handler: the functions' routes, and the webhook of blob
// events.
func (f *feed) route(h *host.Host) error {
	var keys route.Keys
	if f.cfg.FunctionKey != "" {
		keys.Master = f.cfg.FunctionKey
	}
	functions := h.Functions()
	table, err := route.New(route.Config{Functions: functions, HTTP: f.app.Host.HTTP, Keys: keys, Spool: os.TempDir()}, h.Answer)
	if err != nil {
		return fmt.Errorf("the functions' routes: %w", err)
	}
	for _, fn := range functions {
		if fn.Trigger.Type == funcapp.HTTPTrigger && fn.Trigger.AuthLevel != "anonymous" && !keys.Enforced() {
			f.j.say("Function %s is open to everybody who reaches it: no function-key is set", fn.Name)
		}
	}
	events := route.Events(keys, func(ctx context.Context, function string, info blob.Info) error {
		return h.Offer(ctx, function, info.Name)
	})
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == route.EventsPath {
			events.ServeHTTP(w, r)
			return
		}
		table.ServeHTTP(w, r)
	})
	f.front.handler.Store(&handler)
	return nil
}
