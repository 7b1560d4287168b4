// Package trial runs an experiment's timeline once: it starts the worker below a real
// memory limit, gives it the load that is due, does to it what the phases say, and
// hands on all that it sees.
//
// The worker stands behind a `stanch run` of its own, as it would in a pod: its calls
// are recorded, and it is guarded or only watched, as the experiment says. The kernel
// enforces its limit: of a guarded worker together with its stanch, of a bare one
// alone. What is sampled is read from
// outside, from /proc and the cgroup, and not told by the stanch that is looked at.
// Nothing is judged here, and what could not be read or done is an event and no
// silence. Whatever way a trial ends, no process and no cgroup of it stays. Begin
// with [Trial.Run].
package trial

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// Config is what all trials of an experiment have in common.
type Config struct {
	Experiment *lab.Experiment
	Folder     string   // of the experiment
	Program    string   // stanch's own executable
	Environ    []string // of the lab; the subject gets it without stanch's own settings
	Host       *process.Host
	Scratch    string       // a directory for what no bundle keeps; each trial clears its own
	Azurite    string       // a directory to install Azure's emulator into
	Log        *slog.Logger // nil for none
	// Show is told how a trial goes, a few times a second, from one goroutine; nil is
	// nobody.
	Show func(Progress)
}

// Sink takes what is seen, as it is seen. Its methods are called from several
// goroutines.
type Sink interface {
	Sample(lab.Sample)
	Sent(lab.Sent)
	Event(lab.Event)
	Telemetry() string // the directory of the tables
	Log() string       // the file of the worker's lines
	Err() error        // why nothing more can be taken, such as a full disk
}

// Trial is one run under way.
type Trial struct {
	cfg   Config
	e     *lab.Experiment
	run   timeline.Run
	sink  Sink
	spans []timeline.Span

	began time.Time // of the timeline; zero before
	mu    sync.Mutex
	early []lab.Event // before there was a beginning

	group   *group
	store   *store
	stage   *stage // nil between two variants
	sampler *sampler
	ill     *dependencies
	planter *planter // nil without a planted leak
	score   *score

	variant lab.Variant
	limit   lab.Limit
}

// New prepares a run.
func New(cfg Config, run timeline.Run, sink Sink) *Trial {
	return &Trial{cfg: cfg, e: cfg.Experiment, run: run, sink: sink, spans: timeline.Spans(cfg.Experiment, run.Phases...)}
}

// grace is how long the answers of the last requests are waited for.
const grace = 5 * time.Second

// Run runs the timeline. The record is what happened, whatever came of it; it is not
// finished when the subject could not go on, and Why says why. The error is about
// the lab itself: the limit can't be set, the bundle can't be written, ctx ended.
func (t *Trial) Run(ctx context.Context) (lab.Record, error) {
	record := lab.Record{Number: t.run.Number, Role: string(t.run.Role), Variant: t.run.Variant, Round: t.run.Round}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer t.close()
	if err := t.prepare(ctx); err != nil {
		record.Why, record.Began = err.Error(), time.Now()
		var broken *Broken
		if errors.As(err, &broken) {
			return record, nil
		}
		return record, err
	}
	t.begin()
	record.Began = t.began
	stop := t.watch(ctx, cancel)
	spans, err := t.phases(ctx)
	stop()
	record.Spans = spans
	if err == nil {
		err = t.sink.Err()
	}
	switch cause := context.Cause(ctx); {
	case err == nil:
		record.Finished = true
	case errors.As(err, new(*Broken)):
		record.Why, err = err.Error(), nil
	case errors.As(cause, new(*Broken)):
		record.Why, err = cause.Error(), nil
	default:
		record.Why = err.Error()
	}
	return record, err
}

// Broken says that the subject could not go on: a finding about it, and no fault of
// the lab.
type Broken struct{ Why string }

func (b *Broken) Error() string { return b.Why }

func broken(format string, args ...any) error { return &Broken{fmt.Sprintf(format, args...)} }

// begin starts the clock that all seconds count from.
func (t *Trial) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.began = time.Now()
	for _, event := range t.early {
		event.At -= seconds(t.began.Sub(epoch))
		t.sink.Event(event)
	}
	t.early = nil
}

// epoch is what the seconds of events count from before there is a beginning.
var epoch = time.Unix(0, 0)

func seconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e6 }

// now is the second of the run.
func (t *Trial) now() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return seconds(time.Since(t.began))
}

// tell notes an event.
func (t *Trial) tell(at time.Time, event lab.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		event.At = seconds(at.Sub(epoch))
		t.early = append(t.early, event)
		return
	}
	event.At = seconds(at.Sub(t.began))
	t.sink.Event(event)
	t.score.event(event)
}

func (t *Trial) note(format string, args ...any) {
	t.tell(time.Now(), lab.Event{Kind: lab.EventNote, Text: fmt.Sprintf(format, args...)})
}

// prepare brings the subject to the point where load can come.
func (t *Trial) prepare(ctx context.Context) error {
	t.score = newScore(t)
	t.variant = variantOf(t.e, t.run.Variant)
	t.limit = limitOf(t.e, t.variant)
	var err error
	if t.group, err = newGroup(t.run.Number, t.limit, t.e.Subject.Guard == lab.Bare); err != nil {
		return err
	}
	if t.store, err = openStore(ctx, t.cfg, t.run.Number); err != nil {
		return err
	}
	if t.ill, err = t.dependencies(ctx); err != nil {
		return err
	}
	if t.sampler, err = newSampler(t); err != nil {
		return err
	}
	if err := t.open(ctx); err != nil {
		return err
	}
	if t.run.Role == timeline.Planted {
		if t.planter, err = newPlanter(t); err != nil {
			return err
		}
	}
	return t.store.fill(ctx, t.e)
}

// open puts a variant on stage.
func (t *Trial) open(ctx context.Context) error {
	s, err := newStage(t)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.stage = s
	t.mu.Unlock()
	return s.ready(ctx)
}

// current is the stage; nil between two.
func (t *Trial) current() *stage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stage
}

// base is where requests go.
func (t *Trial) base() string {
	if s := t.current(); s != nil {
		return s.url
	}
	return ""
}

// shut takes the variant off the stage.
func (t *Trial) shut() {
	s := t.current()
	t.mu.Lock()
	t.stage = nil
	t.mu.Unlock()
	if s != nil {
		s.stop()
	}
	if t.group != nil {
		t.group.forget()
	}
}

// close takes down all that a trial has put up, last first.
func (t *Trial) close() {
	if t.planter != nil {
		t.planter.close()
	}
	t.shut()
	if t.sampler != nil {
		t.sampler.close()
	}
	if t.ill != nil {
		t.ill.close()
	}
	if t.store != nil {
		t.store.close()
	}
	if t.group != nil {
		if err := t.group.close(); err != nil && t.cfg.Log != nil {
			t.cfg.Log.Warn("clear the trial's cgroup", "error", err)
		}
	}
}

func variantOf(e *lab.Experiment, name string) lab.Variant {
	for _, v := range e.Subject.Variants {
		if v.Name == name {
			return v
		}
	}
	return lab.Variant{Name: name}
}

// limitOf is a variant's limit, and the subject's where it has none of its own.
func limitOf(e *lab.Experiment, v lab.Variant) lab.Limit {
	return withLimit(e.Subject.Limit, v.Limit)
}

func withLimit(l, over lab.Limit) lab.Limit {
	if over.Memory > 0 {
		l.Memory = over.Memory
	}
	if over.Allocation > 0 {
		l.Allocation = over.Allocation
	}
	return l
}
