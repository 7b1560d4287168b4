package guard

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// cleanupTime bounds how long a hook may take.
const cleanupTime = 5 * time.Second

// cleanup is one request to a worker to give memory back.
type cleanup struct {
	victim string
	asked  time.Time
	before int64
	done   atomic.Bool // the hook has answered; its effect is measured after
}

// clean asks the worker for memory, without waiting for it.
func (w *watch) clean(now time.Time, victim, why string) {
	g := w.g
	t := g.tenure(victim)
	if t == nil || g.parts.Cleanup == nil || w.cleanup != nil {
		return
	}
	c := &cleanup{victim: victim, asked: now, before: w.reading.Used}
	w.cleanup = c
	g.tell(telemetry.CleanupAsked, victim, fmt.Sprintf("Asking worker process %s to give memory back: %s", victim, why),
		append(amounts(&w.reading), telemetry.Said("reason", why))...)
	w.hooks.Go(func() {
		defer c.done.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
		defer cancel()
		if err := g.parts.Cleanup(ctx, t.worker); err != nil {
			g.event(telemetry.Alert, victim, "Cleanup hook of worker process %s: %v", victim, err)
		}
	})
}
