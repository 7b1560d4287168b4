package guard

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/archive"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

// stallWindow is over which the pressure before a death is told.
const stallWindow = 10 * time.Second

// death tells of a worker that ended untold, and writes its post-mortem, unless
// the freeze has done so already. failure is why it never became ready, or nil.
func (g *Guard) death(t *tenure, failure error) {
	exit := t.worker.Exit()
	if g.wasFrozen(t) {
		g.tell(telemetry.WorkerDied, t.worker.ID, fmt.Sprintf("Worker process %s: stanch had stopped it before its memory limit", status(exit.Status, int(exit.Signal))),
			telemetry.Amount("pid", float64(t.worker.PID())), telemetry.Amount("exitCode", float64(code(exit.Code, int(exit.Signal)))))
		return
	}
	var r memory.Reading
	g.look(time.Now(), &r)
	g.mu.Lock()
	last, before := g.status, t.oom
	g.mu.Unlock()
	e := postmortem.Evidence{
		Code: exit.Code, Signal: int(exit.Signal), OwnKill: exit.OwnKill,
		OOMBefore: before, OOMAfter: kills(&r, t.worker.ID),
		CountersKnown: r.Container.Known || r.Group.Known, OwnCgroup: t.worker.Group() != nil,
		OOMGroup: r.Container.OOMGroup,
		LastUsed: last.Used, Limit: r.Limit, Slope: last.Slope,
	}
	var never *worker.ErrNeverReady
	var exited *worker.ErrExited
	switch {
	case errors.As(failure, &never):
		e.NeverReady = never.Error()
	case errors.As(failure, &exited):
		e.NeverReady = exited.Error()
	case failure != nil:
		e.NeverReady = failure.Error()
	}
	report := g.compile(t, &last, e)
	facts := append(amounts(&r), verdict(&report.Verdict)...)
	facts = append(facts, telemetry.Amount("pid", float64(t.worker.PID())), telemetry.Amount("exitCode", float64(code(exit.Code, int(exit.Signal)))),
		telemetry.Amount("lifeSeconds", time.Since(t.worker.Started).Seconds()), telemetry.Amount("requestsInFlight", float64(len(report.InFlight))))
	g.tell(telemetry.WorkerDied, t.worker.ID, fmt.Sprintf("Worker process %s: %s (%s)", status(exit.Status, int(exit.Signal)), report.Verdict.Text, report.Verdict.Confidence), facts...)
	g.save(t, report)
}

// verdict is what the post-mortem says, as facts.
func verdict(v *postmortem.Verdict) []telemetry.Fact {
	return []telemetry.Fact{
		telemetry.Said("cause", string(v.Cause)), telemetry.Said("confidence", string(v.Confidence)),
		telemetry.Said("evidence", strings.Join(v.Because, "; ")),
	}
}

// code is the exit code as a shell tells it.
func code(exited, signal int) int {
	if signal != 0 {
		return 128 + signal
	}
	return exited
}

// status puts a death by signal into the words that operators search for.
func status(text string, signal int) string {
	if signal != 0 {
		return fmt.Sprintf("exited with code %d (%s)", code(0, signal), text)
	}
	return text
}

// autopsy compiles the report of a worker that stands frozen, while its
// requests are still there to be named.
func (g *Guard) autopsy(t *tenure, r *memory.Reading, s band.Situation, reason string) postmortem.Report {
	g.mu.Lock()
	last, before := g.status, t.oom
	g.mu.Unlock()
	last.At, last.Used, last.Slope, last.Trend, last.Band = r.At, r.Used, s.Steady, s.Trend, s.Band
	last.Decided, last.Pressure = r.Decided, r.Pressure
	last.Limit = r.Limit
	return g.compile(t, &last, postmortem.Evidence{
		Signal: int(syscall.SIGKILL), OwnKill: reason, Frozen: true,
		OOMBefore: before, OOMAfter: kills(r, t.worker.ID),
		CountersKnown: r.Container.Known || r.Group.Known,
		LastUsed:      r.Used, Limit: r.Limit, Slope: s.Steady,
		OwnCgroup: t.worker.Group() != nil,
	})
}

func (g *Guard) compile(t *tenure, last *Status, e postmortem.Evidence) postmortem.Report {
	w, remains := t.worker, g.parts.Recorder.Snapshot()
	e.FullStall = stall(remains.Samples)
	report := postmortem.Report{
		Version: postmortem.Version, At: time.Now(), Worker: w.ID, PID: w.PID(),
		Started: w.Started, Ready: w.ReadyAt(),
		Used: last.Used, Limit: e.Limit, DecidedBy: string(last.Decided), Band: last.Band.String(),
		Slope: last.Slope, Trend: last.Trend,
		PSISomeAvg10: last.Pressure.SomeAvg10, PSIFullAvg10: last.Pressure.FullAvg10,
		Verdict: postmortem.Judge(e),
	}
	report.Leak = leakOf(g.trendOf(w.ID))
	// As one text: a secret may be an argument whose name is the one before.
	command := strings.Join(g.parts.Nursery.Plan().Command, " ")
	report.Command = strings.Split(string(telemetry.Redact([]byte(command))), " ")
	for _, q := range g.parts.InFlight(w) {
		report.InFlight = append(report.InFlight, postmortem.Request(q))
	}
	history(&report, remains, w.ID)
	return report
}

// history puts what the flight recorder holds into the report. An empty id
// takes the lines of all workers.
func history(report *postmortem.Report, remains flight.Remains, id string) {
	for _, s := range remains.Samples {
		report.Curve = append(report.Curve, postmortem.Point{At: s.At, Used: s.Used, Limit: s.Limit, InFlight: s.InFlight, Queue: s.Queue})
	}
	for _, e := range remains.Notes {
		report.Ladder = append(report.Ladder, postmortem.Line{At: e.At, Source: string(e.Kind), Text: e.Text})
	}
	for _, l := range remains.Lines {
		if id == "" || l.Worker == id {
			report.Output = append(report.Output, postmortem.Line{At: l.At, Source: l.Stream, Text: l.Text})
		}
	}
	const most = 200 // of each; a report is read by a person
	report.Ladder = report.Ladder[max(len(report.Ladder)-most, 0):]
	report.Output = report.Output[max(len(report.Output)-most, 0):]
	report.Curve = thin(report.Curve, 2000)
}

// thin keeps about n points: the last of each stretch, so that the end, where
// one looks, is exact.
func thin(curve []postmortem.Point, n int) []postmortem.Point {
	if len(curve) <= n {
		return curve
	}
	every := (len(curve) + n - 1) / n
	kept := make([]postmortem.Point, 0, n)
	for i := (len(curve) - 1) % every; i < len(curve); i += every {
		kept = append(kept, curve[i])
	}
	return kept
}

// stall is the time in the last seconds in which nothing at all could run for
// want of memory.
func stall(samples []flight.Sample) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	last := samples[len(samples)-1]
	for i := len(samples) - 1; i >= 0; i-- {
		if last.At.Sub(samples[i].At) > stallWindow {
			return last.FullTotal - samples[i].FullTotal
		}
	}
	return last.FullTotal - samples[0].FullTotal
}

// save writes the report beside the one who has it: the watch must not wait for
// a disk. What it holds is in the flight recorder already.
func (g *Guard) save(t *tenure, report postmortem.Report) {
	g.mu.Lock()
	t.died = true
	g.mu.Unlock()
	g.saving.Go(func() {
		path := g.write(report)
		g.departed(Departure{Worker: report.Worker, Died: true, Why: report.Verdict.Text, Report: path})
	})
}

// write returns where the report is; empty if it could not be written.
func (g *Guard) write(report postmortem.Report) string {
	path, err := g.parts.Archive.Write(report)
	if err != nil {
		g.event(telemetry.Alert, report.Worker, "The post-mortem could not be written: %v", err)
		return ""
	}
	g.event(telemetry.PostmortemSaved, report.Worker, "Post-mortem saved: %s", path)
	if log := g.parts.TerminationLog; log != "" {
		if err := archive.TerminationLog(log, report.Summary()); err != nil {
			g.event(telemetry.Alert, report.Worker, "The termination message could not be written: %v", err)
		}
	}
	return path
}

// Remains writes the post-mortem of an earlier stanch that did not end in
// order, from what its flight recorder holds. container is the group of now,
// whose counter of kills goes on from that of then where the container is the
// same.
func (g *Guard) Remains(old flight.Remains, container *cgroup.Group) {
	var now memory.Charge
	if container != nil {
		_ = container.Read(&now) // unknown then; it says so by itself
	}
	e := postmortem.Evidence{Signal: int(syscall.SIGKILL), StanchDied: true, Limit: memory.Unlimited, CountersKnown: now.Known, OOMGroup: now.OOMGroup, OOMAfter: now.OOMKills}
	report := postmortem.Report{
		Version: postmortem.Version, At: old.Last, Worker: "stanch", PID: old.PID, Started: old.Started,
	}
	if n := len(old.Samples); n > 0 {
		last := old.Samples[n-1]
		e.LastUsed, e.Limit, e.OOMBefore = last.Used, last.Limit, last.OOMKills
		var slope band.Slope
		for _, s := range old.Samples {
			slope.Add(s.At, s.Used)
		}
		e.Slope, e.FullStall = slope.Fast(steadyWindow), stall(old.Samples)
		report.Used, report.Limit, report.Slope, report.Trend = last.Used, last.Limit, e.Slope, slope.Slow()
		report.Band = band.Band(last.Band).String()
		if now.OOMKills < last.OOMKills {
			e.CountersKnown = false // another container: its counter began anew
		}
	}
	for _, q := range old.InFlight {
		report.InFlight = append(report.InFlight, postmortem.Request(q))
	}
	report.Verdict = postmortem.Judge(e)
	history(&report, old, "")
	g.event(telemetry.WorkerDied, "", "An earlier stanch (pid %d) did not end in order: %s (%s)", old.PID, report.Verdict.Text, report.Verdict.Confidence)
	g.write(report)
}
