package guard

import (
	"context"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/telemetry"
)

// seeOff drains a worker to zero and ends it. Requests in flight are waited
// for: at most for the drain time where memory presses or stanch stops, else
// for as long as they take.
func (p *post) seeOff(ctx context.Context, t *tenure, why string) {
	g, cfg, w := p.guard, p.guard.cfg.Load(), t.worker
	empty := t.desk.Retire()
	g.setState(t, Draining)
	g.tell(telemetry.WorkerDraining, w.ID, fmt.Sprintf("Worker process %s is drained of %d requests: %s", w.ID, t.desk.InFlight(), why),
		telemetry.Said("reason", why), telemetry.Amount("requestsInFlight", float64(t.desk.InFlight())))

	hangUp := time.NewTimer(cfg.Streams)
	defer hangUp.Stop()
	late := time.NewTimer(cfg.Drain)
	defer late.Stop()
	pressure := time.NewTicker(50 * time.Millisecond)
	defer pressure.Stop()
	for drained := false; !drained; {
		select {
		case <-empty:
			drained = true
		case <-w.Done():
			g.bury(ctx, t)
			return
		case <-hangUp.C:
			if n := w.Upstream.Streams(); n > 0 {
				g.event(telemetry.WorkerDraining, w.ID, "Ending %d upgraded connections and event streams of worker process %s after %v", n, w.ID, cfg.Streams)
			}
			w.Upstream.HangUp()
			hangUp.Reset(time.Second) // those that begin late: a request in flight may still be upgraded
		case <-pressure.C:
			if !g.pressed() {
				continue
			}
			// What streams hold up is the room that everybody waits for.
			w.Upstream.HangUp()
		case <-late.C:
			if ctx.Err() == nil && !g.pressed() {
				late.Reset(time.Second)
				continue
			}
			g.event(telemetry.Alert, w.ID, "%d requests were not done within the drain time of %v and are ended with worker process %s", t.desk.InFlight(), cfg.Drain, w.ID)
			w.Upstream.Abort("the worker was stopped before it had answered; the drain time was over")
			drained = true
		case <-ctx.Done():
			w.Upstream.Abort("stanch stopped before the worker had answered")
			drained = true
		}
	}
	w.Stop(ctx, g.parts.Nursery.Plan().StopGrace)
	g.tell(telemetry.WorkerStopped, w.ID, "Worker process stopped: "+status(w.Exit().Status, int(w.Exit().Signal)), telemetry.Amount("pid", float64(w.PID())),
		telemetry.Amount("exitCode", float64(code(w.Exit().Code, int(w.Exit().Signal)))), telemetry.Amount("lifeSeconds", time.Since(w.Started).Seconds()))
	w.Release()
	g.leave(t)
}

// stays is how long a worker has to serve to count as one that stays: some
// accept connections before they find that they can't work.
const stays = 10 * time.Second

// died is the end of the post's present worker, untold: the next start may have
// to pause.
func (p *post) died(ctx context.Context, t *tenure) {
	if time.Since(t.worker.ReadyAt()) > stays || p.guard.wasFrozen(t) {
		p.crashes = 0 // it had been fine, or it was us
	} else {
		p.crashes++
	}
	p.guard.bury(ctx, t)
}

// bury is the end of any worker that was not told to stop.
func (g *Guard) bury(ctx context.Context, t *tenure) {
	w := t.worker
	t.desk.Retire()
	w.Upstream.Abort("the worker died: " + w.Exit().Status)
	if ctx.Err() == nil || w.Exit().OwnKill == "" {
		g.death(t, nil)
	}
	w.Release()
	g.leave(t)
}

// pressed says whether memory is critical, so that nobody can be waited for
// without end.
func (g *Guard) pressed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.status.Band >= band.Critical
}

func (g *Guard) wasFrozen(t *tenure) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return t.frozen
}

// giveUp marks stanch as dead to its liveness probe, until a worker stays.
func (g *Guard) giveUp(why string) {
	g.mu.Lock()
	known := g.dead != ""
	g.dead = why
	g.mu.Unlock()
	if !known {
		g.event(telemetry.Alert, "", "Restart budget used up: %s", why)
	}
}
