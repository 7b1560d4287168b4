package trial

import (
	"context"
	"fmt"
	"iter"
	"math"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/send"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// phases goes through the timeline. A phase begins when what is done at its start is
// done, so that one that takes its time moves all that follows.
func (t *Trial) phases(ctx context.Context) (spans []lab.Span, err error) {
	loads, quit := context.WithCancel(ctx)
	var sending sync.WaitGroup
	defer func() {
		// The last answers get a moment; then they are given up.
		timer := time.AfterFunc(grace, quit)
		sending.Wait()
		timer.Stop()
		quit()
	}()
	due := timeline.ByPhase(t.e, t.spans)
	for i, span := range t.spans {
		t.tell(time.Now(), lab.Event{Kind: lab.EventPhase, Text: span.Phase.Name})
		for _, action := range span.Phase.Do {
			if err := t.act(ctx, action); err != nil {
				return spans, err
			}
		}
		from := time.Now()
		one := lab.Span{Name: span.Phase.Name, From: t.now()}
		t.score.phase(i, one.From)
		offset := from.Add(-span.Start)
		sending.Go(func() { t.send(loads, span, due[i], offset) })
		cuts, err := t.endure(ctx, span, offset)
		one.To = t.now()
		if err == nil {
			one.Cuts = cuts
		}
		spans = append(spans, one)
		t.heal(span.Phase)
		if err != nil {
			return spans, err
		}
	}
	return spans, nil
}

// send gives a phase's load. Its moments are those of the plan, moved to where the phase
// began in fact.
func (t *Trial) send(ctx context.Context, span timeline.Span, due iter.Seq[timeline.Arrival], offset time.Time) {
	moved := seconds(offset.Sub(t.began))
	sender := send.New(send.Config{
		Base: t.base, Queues: t.store.targets.Queues, Blobs: t.store.targets.Blobs,
		Tell: func(s lab.Sent) {
			s.Due, s.At, s.Done = round(s.Due+moved), round(s.At+moved), round(s.Done+moved)
			t.sink.Sent(s)
			t.score.sent(s)
		},
	})
	if err := sender.Run(ctx, offset, due); err != nil && ctx.Err() == nil {
		t.note("the load of %s ended: %v", span.Phase.Name, err)
	}
}

// round keeps microseconds, which is what evidence is told in.
func round(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// endure waits for the end of a phase, and looks in its rests whether memory comes to
// rest.
func (t *Trial) endure(ctx context.Context, span timeline.Span, offset time.Time) (cuts []float64, err error) {
	cycles := span.Cycles()
	for i, cycle := range cycles {
		if err := until(ctx, offset.Add(cycle.To)); err != nil {
			return nil, err
		}
		if span.Phase.Rest == 0 {
			continue
		}
		t.tell(time.Now(), lab.Event{Kind: lab.EventRest, Text: fmt.Sprintf("%s, cycle %d", span.Phase.Name, i+1)})
		end := offset.Add(cycle.To + span.Phase.Rest)
		if err := t.rest(ctx, end); err != nil {
			return nil, err
		}
		if len(cycles) > 1 {
			cuts = append(cuts, t.now())
		}
	}
	return cuts, until(ctx, offset.Add(span.End))
}

func until(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Memory is at rest when what it moved by, over as long as idle, is less than this.
const (
	restBytes = 1 << 20
	restShare = 0.01
)

// rest waits for the end of a rest, and tells whether memory had come to rest by then.
func (t *Trial) rest(ctx context.Context, end time.Time) error {
	settle := t.e.Subject.Settle
	if settle.Collect {
		t.collect(ctx)
	}
	type look struct {
		at   time.Time
		used float64
	}
	var looks []look
	tick := time.NewTicker(max(t.e.Collect.Every, 10*time.Millisecond))
	defer tick.Stop()
	settled := false
	for time.Now().Before(end) {
		if used, ok := t.sampler.held(); ok {
			looks = append(looks, look{time.Now(), used})
		}
		since := time.Now().Add(-settle.Idle)
		low, high, long := math.Inf(1), math.Inf(-1), len(looks) > 0 && !looks[0].at.After(since)
		for _, l := range looks {
			if !l.at.Before(since) {
				low, high = min(low, l.used), max(high, l.used)
			}
		}
		settled = long && high-low <= max(restBytes, restShare*high)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	kind := lab.EventSettled
	if !settled {
		kind = lab.EventUnsettled
	}
	t.tell(time.Now(), lab.Event{Kind: kind})
	return nil
}

// collect has a worker collect its garbage where it is known how: a Go program with
// net/http/pprof does it for a heap profile.
func (t *Trial) collect(ctx context.Context) {
	if r := t.e.Subject.Runtime; r != lab.GoRuntime && r != lab.AnyRuntime || t.variant.Contract != lab.HTTP || t.base() == "" || t.score.cannotCollect() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base()+"/debug/pprof/heap?gc=1", nil)
	if err != nil {
		return
	}
	answer, err := adminClient.Do(q)
	if err != nil {
		return
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.score.noCollect()
	}
}

// act does one thing to the subject.
func (t *Trial) act(ctx context.Context, a lab.Action) error {
	switch {
	case a.Use != "":
		return t.use(ctx, a.Use)
	case a.Recycle != nil:
		return t.recycle(ctx, a.Recycle)
	case a.Limit != nil:
		return t.relimit(*a.Limit)
	case a.Fault != nil:
		t.ill.set(a.Fault.Dependency, a.Fault)
		t.tell(time.Now(), lab.Event{Kind: lab.EventAction, Text: fmt.Sprintf("%s is %s", a.Fault.Dependency, a.Fault.Kind)})
	}
	return nil
}

// heal ends the faults of a phase.
func (t *Trial) heal(p lab.Phase) {
	for _, a := range p.Do {
		if a.Fault != nil {
			t.ill.set(a.Fault.Dependency, nil)
			t.tell(time.Now(), lab.Event{Kind: lab.EventFaultEnded, Text: a.Fault.Dependency + " is well again"})
		}
	}
}

// use goes on with another variant in a fresh process.
func (t *Trial) use(ctx context.Context, name string) error {
	t.tell(time.Now(), lab.Event{Kind: lab.EventAction, Text: "go on with " + name})
	t.shut()
	t.variant = variantOf(t.e, name)
	limit := limitOf(t.e, t.variant)
	if err := t.relimit(limit); err != nil {
		return err
	}
	return t.open(ctx)
}

// recycle goes on in a fresh process of the same variant.
func (t *Trial) recycle(ctx context.Context, r *lab.Recycle) error {
	s := t.current()
	if !r.Drain {
		t.tell(time.Now(), lab.Event{Kind: lab.EventAction, Text: "the worker is killed"})
		for _, pid := range s.pids() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return nil
	}
	t.tell(time.Now(), lab.Event{Kind: lab.EventAction, Text: "the worker is replaced"})
	ctx, cancel := context.WithTimeout(ctx, r.Grace+startTime)
	defer cancel()
	if err := s.ask(ctx, http.MethodPost, "/replace", nil); err != nil {
		return broken("replace the worker: %v", err)
	}
	return nil
}

// relimit sets other limits; what is zero stays.
func (t *Trial) relimit(l lab.Limit) error {
	next := withLimit(t.limit, l)
	if err := t.group.set(next); err != nil {
		return err
	}
	if next != t.limit {
		t.tell(time.Now(), lab.Event{Kind: lab.EventAction, Text: fmt.Sprintf("limit: memory %v, allocation %v", next.Memory, next.Allocation)})
	}
	t.limit = next
	if s := t.current(); s != nil {
		if err := t.group.confine(t.group.processes(s.pids(), s.process.PID())); err != nil {
			t.note("%v", err)
		}
	}
	return nil
}
