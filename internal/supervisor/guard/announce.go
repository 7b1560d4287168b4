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

// Which of several limits counts changes with what is fuller, and is no news: a
// limit is, when the container's or the operator's is another.
func (w *watch) announce(c band.Change, r *memory.Reading, cfg *Config) {
	g := w.g
	now := [2]int64{r.Container.Limit, cfg.Limit}
	changed := now != w.limits
	tell := w.relimit || !w.limited
	first := !w.limited
	w.limits, w.limited, w.relimit = now, true, changed && !first
	if tell {
		switch {
		case r.Limit == memory.Unlimited:
			g.event(telemetry.LimitChanged, "", "No memory limit is known: memory is watched, but no band will ever be reached. Set --memory-limit")
		default:
			became := " changed to"
			if first {
				became = ""
			}
			g.tell(telemetry.LimitChanged, "", fmt.Sprintf("Memory limit%s %v (by %s)", became, bytesize.Size(r.Limit), r.Decided),
				telemetry.Amount("limitBytes", float64(r.Limit)), telemetry.Said("decidedBy", string(r.Decided)))
		}
	}
	if c.Changed() {
		g.tell(telemetry.BandChanged, "", fmt.Sprintf("Memory band changed from %s to %s: %s", c.From, c.To, c.Why),
			append(amounts(r), telemetry.Said("from", c.From.String()), telemetry.Said("to", c.To.String()), telemetry.Said("reason", c.Why))...)
	}
}

func (w *watch) gateChanged(o band.Orders) {
	facts := append(amounts(&w.reading), telemetry.Said("reason", o.Why))
	switch o.Gate {
	case band.Open:
		w.g.tell(telemetry.GateOpened, "", "New requests are let in again", facts...)
	case band.Hold:
		w.g.tell(telemetry.GateHeld, "", "New requests wait: "+o.Why, facts...)
	case band.Shut:
		w.g.tell(telemetry.GateShut, "", "New requests are refused: "+o.Why, facts...)
	}
}

// amounts are the facts about memory that an event is told with.
func amounts(r *memory.Reading) []telemetry.Fact {
	facts := []telemetry.Fact{telemetry.Amount("usedBytes", float64(r.Used))}
	if r.Limit != memory.Unlimited {
		facts = append(facts, telemetry.Amount("limitBytes", float64(r.Limit)))
	}
	return facts
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
