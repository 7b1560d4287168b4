package guard

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/telemetry"
)

// freeze stops the worker that would take memory over the limit before the next
// look, and ends it. The order is what counts: first it stands still, so that
// there is time; then its clients are answered or sent on to its successor;
// then what is known is written down; then it is killed, and its post, which
// sees it die, starts the next one.
//
// At the limit itself everything in the cgroup stalls, for many seconds, before
// the kernel kills: not getting there is the point.
func (g *Guard) freeze(now time.Time, r *memory.Reading, s band.Situation, why string) {
	t := g.tenure(g.fullest(r))
	if t == nil || g.wasFrozen(t) {
		return
	}
	stopped := time.Now()
	err := t.worker.Freeze()
	took := time.Since(stopped)
	g.mu.Lock()
	t.frozen = true
	desk := t.desk
	g.mu.Unlock()

	id, reason := t.worker.ID, fmt.Sprintf("the worker was stopped at %v of %v, before it could reach its memory limit", bytesize.Size(r.Used), bytesize.Size(r.Limit))
	if desk != nil {
		desk.Retire()
	}
	report := g.autopsy(t, r, s, reason) // before Abort: it names the requests in flight
	t.worker.Upstream.Abort(reason)
	g.tell(telemetry.Frozen, id, fmt.Sprintf("Worker process frozen within %v: %s", took.Round(10*time.Microsecond), why),
		append(append(amounts(r), verdict(&report.Verdict)...), telemetry.Amount("pid", float64(t.worker.PID())), telemetry.Amount("tookSeconds", took.Seconds()),
			telemetry.Amount("slopeBytesPerSecond", s.Steady), telemetry.Amount("requestsInFlight", float64(len(report.InFlight))))...)
	if err != nil {
		g.event(telemetry.Alert, id, "Freezing worker process %s: %v", id, err)
	}
	t.worker.Kill(reason)
	g.save(t, report)
}

// fullest is the worker that uses most, in whatever state.
func (g *Guard) fullest(r *memory.Reading) string {
	return g.most(r, func(t *tenure) bool { return !t.frozen })
}

// largest is the worker that uses most among those that serve.
func (g *Guard) largest(r *memory.Reading) string {
	return g.most(r, func(t *tenure) bool { return t.state == Serving && !t.frozen })
}

func (g *Guard) most(r *memory.Reading, counts func(*tenure) bool) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	best, most := "", int64(-1)
	for i := range r.Workers {
		w := &r.Workers[i]
		if t := g.tenures[w.ID]; t != nil && counts(t) && w.Used() > most {
			best, most = w.ID, w.Used()
		}
	}
	return best
}

func (g *Guard) tenure(id string) *tenure {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tenures[id]
}
