package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/supervisor/crew"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/work/room"
)

func roomConfig(cfg *config.Run) room.Config {
	return room.Config{Concurrency: cfg.Concurrency, Patience: overtaking, Shadow: cfg.Admission != "on"}
}

// hire has the workers engaged under the app's contract.
func (f *feed) hire(p *worker.Plan, desk *dispatch.Dispatch) {
	if f == nil {
		return
	}
	f.crew = crew.New(desk, f.maker, func(id, why string) {
		f.running.Go(func() { f.replace(id, why) })
	})
	p.Hire, p.Env, p.Dir = f.crew.Hire, f.app.Settings.Environ(), f.folder
	if f.language != nil {
		p.Ready = worker.Ready{} // it listens nowhere
	}
	if h := f.app.Host.Handler; h != nil && h.WorkingDirectory != "" {
		p.Dir = filepath.Join(f.folder, h.WorkingDirectory)
	}
}

func (f *feed) replace(id, why string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if _, err := f.keeper.Replace(ctx, id, why); err != nil {
		f.j.say("Worker process %s should be replaced, since %s: %v", id, why, err)
	}
}

// seen passes what the guard sees on to the admission.
func (f *feed) seen() func(guard.Seen) {
	if f == nil {
		return nil
	}
	return func(s guard.Seen) {
		ceiling := int64(0)
		left := int64(memory.Unlimited)
		if s.Limit != memory.Unlimited {
			// Critical shuts the gate: what is let in ends before it.
			ceiling = (s.Levels.Degraded + s.Levels.Critical) / 2
			left = max(ceiling-s.Used, 0)
		}
		f.left.Store(left)
		f.admission.Observe(s.Used, ceiling, s.Cast)
	}
}

func (f *feed) gone() func(guard.Departure) {
	if f == nil {
		return nil
	}
	return f.crew.Departed
}

// How often the guard is to look while somebody is inside, so that what a short
// invocation takes is seen, and how often it is asked whether somebody is.
const (
	attentive = 25 * time.Millisecond
	relaxed   = 100 * time.Millisecond
)

// kept is how many looks in a row have to find that a worker keeps too much: what an
// invocation has just let go of is still in the last reading.
const kept = 6

// attend looks after those who wait for room or are inside: it has the guard look
// often, and has a worker replaced that keeps too much of what it took.
func (f *feed) attend(ctx context.Context) {
	timer := time.NewTimer(relaxed)
	defer timer.Stop()
	for keeps := 0; ; {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		b := f.admission.Books()
		if b.Waiting == 0 && (b.Inside == 0 || b.Ceiling == 0) {
			timer.Reset(relaxed)
			continue
		}
		timer.Reset(attentive)
		f.keeper.Look()
		if !f.admission.Wants() {
			keeps = 0
		} else if keeps++; keeps >= kept {
			f.replace("", "it keeps memory that work waits for")
			keeps = 0
		}
	}
}
