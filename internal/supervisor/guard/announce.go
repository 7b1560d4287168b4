package guard

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
)

func (w *watch) announce(c band.Change, r *memory.Reading) {
	g := w.g
	if c.LimitChanged || w.limit == -1 {
		first := w.limit == -1
		w.limit = r.Limit
		switch {
		case r.Limit == memory.Unlimited:
			g.event(telemetry.LimitChanged, "", "No memory limit is known: memory is watched, but no band will ever be reached. Set --memory-limit")
		case first:
			g.event(telemetry.LimitChanged, "", "Memory limit %v (by %s)", bytesize.Size(r.Limit), r.Decided)
		default:
			g.event(telemetry.LimitChanged, "", "Memory limit changed to %v (by %s)", bytesize.Size(r.Limit), r.Decided)
		}
	}
	if c.Changed() {
		g.event(telemetry.BandChanged, "", "Memory band changed from %s to %s: %s", c.From, c.To, c.Why)
	}
}

func (w *watch) gateChanged(o band.Orders) {
	switch o.Gate {
	case band.Open:
		w.g.event(telemetry.GateOpened, "", "New requests are let in again")
	case band.Hold:
		w.g.event(telemetry.GateHeld, "", "New requests wait: %s", o.Why)
	case band.Shut:
		w.g.event(telemetry.GateShut, "", "New requests are refused: %s", o.Why)
	}
}

// alert tells a person, once for each new text.
func (w *watch) alert(format string, args ...any) {
	e := telemetry.Event{At: time.Now(), Kind: telemetry.Alert, Text: fmt.Sprintf(format, args...)}
	if e.Text == w.told {
		return
	}
	w.told = e.Text
	w.g.parts.Event(e)
}

func (w *watch) record(r *memory.Reading, s band.Situation) {
	counts := w.g.parts.Dispatch.Counts()
	w.g.parts.Recorder.Sample(flight.Sample{
		At: r.At, Used: r.Used, Limit: r.Limit, Container: r.Container.Usage, Self: r.Self,
		Band: uint8(s.Band), InFlight: counts.InFlight, Queue: counts.Queued,
		SomeTotal: r.Pressure.SomeTotal, FullTotal: r.Pressure.FullTotal,
		OOMKills: max(r.Group.OOMKills, r.Container.OOMKills),
	})
}
