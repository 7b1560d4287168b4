package guard

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/telemetry"
)

// outcome is a replacement whose effect is to be measured.
type outcome struct {
	due time.Time
	of  string // the worker whose memory counts; empty for all together
	out band.Outcome
}

func (w *watch) reported(r report) {
	if r.order == w.busy {
		w.busy = nil
	}
	if r.order.done != nil {
		r.order.done <- r
	}
	o := r.order
	if r.err != nil {
		w.g.tell(telemetry.ReplaceFailed, o.victim, fmt.Sprintf("Replacement of worker process %s did not work out: %v", o.victim, r.err),
			append(amounts(&w.reading), telemetry.Said("how", wayName(o.how)), telemetry.Said("reason", r.err.Error()))...)
		if o.memory {
			w.outcomes = append(w.outcomes, o.outcome(o.victim, time.Now(), band.Outcome{}))
		}
		return
	}
	w.g.tell(telemetry.ReplaceDone, r.New, fmt.Sprintf("Worker process %s replaced by %s (%s): ready in %v, the old one gone after %v",
		r.Old, r.New, r.How, r.Swap.Round(time.Millisecond), r.Took.Round(time.Millisecond)),
		telemetry.Said("old", r.Old), telemetry.Said("new", r.New), telemetry.Said("how", r.How), telemetry.Said("reason", o.why),
		telemetry.Amount("readySeconds", r.Swap.Seconds()), telemetry.Amount("tookSeconds", r.Took.Seconds()),
		telemetry.Amount("beforeBytes", float64(o.before)), telemetry.Amount("usedBytes", float64(w.reading.Used)))
	if o.memory {
		w.outcomes = append(w.outcomes, o.outcome(r.New, time.Now().Add(settle), band.Outcome{Lived: o.lived, Swap: r.Swap}))
	}
}

// outcome is what is to be measured of a replacement after which holder has the
// post. A leak is relieved long before memory is scarce: what counts is what its
// own worker held.
func (o *order) outcome(holder string, due time.Time, out band.Outcome) outcome {
	out.Before = o.before
	if !o.leak {
		return outcome{due: due, out: out}
	}
	out.Before = o.held
	return outcome{due: due, of: holder, out: out}
}

// measure looks at what replacements and cleanups have brought.
func (w *watch) measure(now time.Time, r *memory.Reading) {
	for len(w.outcomes) > 0 && !now.Before(w.outcomes[0].due) {
		out := w.outcomes[0].out
		out.After = r.Used
		if of := w.outcomes[0].of; of != "" {
			out.After = 0 // it has gone since
			if holder := r.Worker(of); holder != nil {
				out.After = holder.Used()
			}
		}
		w.outcomes = w.outcomes[1:]
		if alert := w.ladder.Replaced(now, out); alert != "" {
			w.alert("%s", alert)
		}
	}
	if c := w.cleanup; c != nil && c.done.Load() && now.Sub(c.asked) >= settle {
		w.cleanup = nil
		freed := c.before - r.Used
		useful := w.ladder.Cleaned(freed, c.before)
		verdict := "useful"
		if !useful {
			verdict = "not useful, the pause until the next one doubles"
		}
		w.g.tell(telemetry.CleanupDone, c.victim, fmt.Sprintf("Cleanup in worker process %s freed %v of %v: %s",
			c.victim, bytesize.Size(freed), bytesize.Size(c.before), verdict),
			telemetry.Amount("freedBytes", float64(freed)), telemetry.Amount("beforeBytes", float64(c.before)), telemetry.Amount("tookSeconds", now.Sub(c.asked).Seconds()))
	}
}
