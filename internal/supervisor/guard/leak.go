package guard

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

// gravity orders what a person is told of.
func gravity(s trend.State) int {
	switch s {
	case trend.Suspect:
		return 1
	case trend.Confirmed:
		return 2
	case trend.Critical:
		return 3
	case trend.OK, trend.Warming, trend.Filling:
	}
	return 0
}

// tellTrend tells of a change between what leaks and what does not. What is too
// young to say unsays nothing.
func (w *watch) tellTrend(f *follower) {
	now := gravity(f.found.State)
	if now == f.told || f.found.State == trend.Warming {
		return
	}
	before := f.told
	f.told = now
	var text string
	switch {
	case now > before:
		text = fmt.Sprintf("Leak %s in worker process %s: %s", map[int]string{1: "suspected", 2: "confirmed", 3: "critical"}[now], f.worker, figures(&f.found.Report))
	case now == 0 && before == 1:
		text = fmt.Sprintf("Leak no longer suspected in worker process %s: %s", f.worker, f.found.Why)
	case now < 2:
		text = fmt.Sprintf("Leak over in worker process %s: %s", f.worker, f.found.Why)
		f.alerted = false
	default:
		text = fmt.Sprintf("Leak no longer critical in worker process %s: %s", f.worker, figures(&f.found.Report))
	}
	w.g.tell(telemetry.LeakChanged, f.worker, text, append(leakFacts(&f.found), telemetry.Amount("usedBytes", float64(f.used)))...)
	if now >= 2 && !f.alerted {
		f.alerted = true
		w.alert("Worker process %s leaks %s. %s", f.worker, figures(&f.found.Report), w.remedy(f.found.State))
	}
}

// remedy is what follows a leak, by the settings.
func (w *watch) remedy(state trend.State) string {
	switch ladder := w.g.cfg.Load().Ladder; {
	case ladder.Mode == band.Signal:
		return "It is left to the orchestrator (on-unhealthy: signal)"
	case ladder.Mode == band.Watch:
		return "It is only watched (on-unhealthy: watch)"
	case !ladder.Leaks:
		return "It is left alone until its band says otherwise (leak-replace: never)"
	case state == trend.Critical:
		return "It is replaced as soon as that helps"
	}
	return "It is replaced at a calm moment, once that gives enough memory back"
}

// figures tells a leak's rates, kind and time left.
func figures(r *trend.Report) string {
	var parts []string
	if r.PerRequest != nil && r.Driver != trend.ByTime {
		parts = append(parts, interval(*r.PerRequest, 1)+" a request")
	}
	if r.PerSecond != nil {
		parts = append(parts, interval(*r.PerSecond, 3600)+" an hour")
	}
	kind := string(r.Class)
	if r.Class == trend.Unknown {
		kind = "of unknown kind"
	}
	if r.Cause != "" {
		kind += ", along with " + r.Cause
	}
	parts = append(parts, kind)
	if t := r.TimeToLimit; t != nil && !math.IsInf(t.Mid, 1) {
		parts = append(parts, fmt.Sprintf("%v from the limit", seconds(t.Mid)))
	}
	return strings.Join(parts, ", ") + "; " + r.Why
}

func interval(i trend.Interval, times float64) string {
	size := func(v float64) bytesize.Size { return bytesize.Size(math.Round(v * times)) }
	return fmt.Sprintf("%v (%v to %v)", size(i.Mid), size(i.Lo), size(i.Hi))
}

func seconds(s float64) time.Duration {
	d := time.Duration(min(s, 1e9) * float64(time.Second))
	if d > time.Hour {
		return d.Round(time.Minute)
	}
	return d.Round(time.Second)
}

// leakFacts are a trend as facts. What never comes has no figure.
func leakFacts(t *Trend) []telemetry.Fact {
	facts := []telemetry.Fact{
		telemetry.Said("state", string(t.State)), telemetry.Said("class", string(t.Class)),
		telemetry.Said("driver", string(t.Driver)), telemetry.Said("reason", t.Why),
		telemetry.Amount("leakedBytes", float64(t.Grown)), telemetry.Amount("servedSeconds", t.Age),
	}
	if t.Cause != "" {
		facts = append(facts, telemetry.Said("cause", t.Cause))
	}
	if t.PerSecond != nil {
		facts = append(facts, telemetry.Said("since", t.SinceAt().UTC().Format(time.RFC3339)))
	}
	facts = amountsOf(facts, "bytesPerSecond", t.PerSecond)
	facts = amountsOf(facts, "bytesPerRequest", t.PerRequest)
	return amountsOf(facts, "secondsToLimit", t.TimeToLimit)
}

func amountsOf(facts []telemetry.Fact, name string, i *trend.Interval) []telemetry.Fact {
	if i == nil {
		return facts
	}
	for _, f := range []telemetry.Fact{telemetry.Amount(name, i.Mid), telemetry.Amount(name+"Low", i.Lo), telemetry.Amount(name+"High", i.Hi)} {
		if !math.IsInf(f.Amount, 0) && !math.IsNaN(f.Amount) {
			facts = append(facts, f)
		}
	}
	return facts
}

// leakOf is a trend as a post-mortem has it.
func leakOf(t *Trend) *postmortem.Leak {
	if t == nil {
		return nil
	}
	l := &postmortem.Leak{State: t.State, Class: t.Class, Cause: t.Cause, PerSecond: t.PerSecond, PerRequest: t.PerRequest, Why: t.Why}
	if t.PerSecond != nil {
		l.Since = t.SinceAt()
	}
	return l
}
