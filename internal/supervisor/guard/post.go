package guard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/telemetry"
)

// State is where a worker is in its life.
type State string

// The states.
//
//	Starting ──► Serving ──► Draining ──► gone
//	    └───────────┴───────────┴──► dies
const (
	Starting State = "starting"
	Serving  State = "serving"
	Draining State = "draining"
)

// order tells a post to replace its worker.
type order struct {
	victim string
	how    band.ReplaceOrder
	why    string
	memory bool        // ordered by the ladder: it spends of the budget, and its effect is measured
	leak   bool        // for a leak, not for want of memory
	done   chan report // told of the outcome too; nil if nobody waits

	before int64         // memory used when it was ordered
	held   int64         // of that, what the victim held
	lived  time.Duration // how long the victim had served
}

type report struct {
	order *order
	Replacement
	err error
}

func errNoSuchWorker(id string) error {
	return fmt.Errorf("no worker %q serves\nhint: GET /status lists them", id)
}

func wayName(how band.ReplaceOrder) string {
	return [...]string{"kept", "overlap", "swap"}[how]
}

// post is one worker's position, held by one after the other.
type post struct {
	guard  *Guard
	index  int
	orders chan *order

	leaving  sync.WaitGroup // of workers that drain beside the present one
	restarts purse
	crashes  int // in a row
}

// run fills the post until ctx ends, then drains and stops its worker.
func (p *post) run(ctx context.Context, stop func() context.Context) {
	defer p.leaving.Wait()
	var pending *order // a swap, finished by the next worker's readiness
	var since time.Time
	for ctx.Err() == nil {
		t := p.launch(ctx)
		if t == nil {
			break
		}
		p.seat(t)
		if pending != nil {
			p.report(pending, t, since)
			pending = nil
		}
		for t != nil && pending == nil {
			select {
			case <-t.worker.Done():
				p.died(ctx, t)
				t = nil
			case o := <-p.orders:
				if o.how == band.Overlap {
					t = p.overlap(ctx, t, o)
					continue
				}
				pending, since = o, time.Now()
				p.seeOff(ctx, t, o.why)
			case <-ctx.Done():
				p.seeOff(stop(), t, "stanch stops")
				t = nil
			}
		}
	}
	if pending != nil {
		p.guard.reports <- report{order: pending, err: ctx.Err()}
	}
	for {
		select {
		case o := <-p.orders:
			p.guard.reports <- report{order: o, err: errors.New("stanch stops")}
		default:
			return
		}
	}
}

// launch starts workers until one is ready, with pauses that grow; nil when
// ctx ended before.
func (p *post) launch(ctx context.Context) *tenure {
	g := p.guard
	for ctx.Err() == nil {
		if !p.pause(ctx) {
			return nil
		}
		t, err := p.start()
		if err == nil {
			if err = t.worker.AwaitReady(ctx); err == nil {
				return t
			}
			p.failed(ctx, t, err)
		} else {
			g.event(telemetry.WorkerDied, "", "Worker process could not be started: %v", err)
		}
		if ctx.Err() == nil {
			p.crashes++
		}
	}
	return nil
}

// pause waits before a start that follows a crash. The first one is immediate.
func (p *post) pause(ctx context.Context) bool {
	g, cfg := p.guard, p.guard.cfg.Load()
	if p.crashes == 0 {
		return true
	}
	pause := min(50*time.Millisecond<<min(p.crashes, 20), cfg.LongestBackoff)
	if p.crashes == 1 {
		pause = 0
	}
	if !p.restarts.spend(cfg.Restarts, time.Now()) {
		pause = cfg.LongestBackoff
		g.giveUp(fmt.Sprintf("the worker was started %d times within %v and did not stay; stanch goes on trying every %v", cfg.Restarts.Count, cfg.Restarts.Window, pause))
	}
	if pause > 0 {
		g.event(telemetry.WorkerStarting, "", "Restarting worker process in %v", pause)
	} else {
		g.event(telemetry.WorkerStarting, "", "Restarting worker process")
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *post) start() (*tenure, error) {
	w, err := p.guard.parts.Nursery.Start()
	if err != nil {
		return nil, err
	}
	p.guard.tell(telemetry.WorkerStarted, w.ID, fmt.Sprintf("Worker process started (pid %d, %s)", w.PID(), w.Address),
		telemetry.Amount("pid", float64(w.PID())), telemetry.Said("address", w.Address))
	return p.guard.enter(w, p), nil
}

// failed ends a worker that did not become ready.
func (p *post) failed(ctx context.Context, t *tenure, err error) {
	if ctx.Err() != nil {
		t.worker.Stop(ctx, 0)
	} else {
		t.worker.Kill("it never became ready")
		<-t.worker.Done()
		p.guard.death(t, err)
	}
	t.worker.Release()
	p.guard.leave(t)
}

// seat lets a ready worker serve.
func (p *post) seat(t *tenure) {
	g := p.guard
	g.teach(t)
	desk := g.parts.Dispatch.Add(t.worker.ID, t.worker.Upstream)
	g.mu.Lock()
	t.state, t.desk = Serving, desk
	g.mu.Unlock()
	g.poke()
	took := t.worker.ReadyAt().Sub(t.worker.Started)
	g.tell(telemetry.WorkerReady, t.worker.ID, fmt.Sprintf("Worker process ready after %v", took.Round(time.Millisecond)),
		telemetry.Amount("tookSeconds", took.Seconds()))
}

// teach remembers what a start takes.
func (g *Guard) teach(t *tenure) {
	var r memory.Reading
	g.look(time.Now(), &r)
	took := t.worker.ReadyAt().Sub(t.worker.Started)
	g.mu.Lock()
	defer g.mu.Unlock()
	if w := r.Worker(t.worker.ID); w != nil {
		t.peak = max(t.peak, w.Used())
	}
	// The last start counts most; a slower or larger one is forgotten slowly.
	g.learnt.swap = max(took, g.learnt.swap*7/10)
	g.learnt.peak = max(t.peak, g.learnt.peak*7/10)
}

// overlap starts a successor beside the old worker, switches over when it is
// ready, and sees the old one off. It returns the tenure that holds the post
// afterwards; nil if there is none.
func (p *post) overlap(ctx context.Context, old *tenure, o *order) *tenure {
	g, since := p.guard, time.Now()
	next, err := p.start()
	if err == nil {
		ready := make(chan error, 1)
		go func() { ready <- next.worker.AwaitReady(ctx) }()
		select {
		case err = <-ready:
		case <-old.worker.Done(): // it did not live to see its successor
			p.died(ctx, old)
			old = nil
			err = <-ready
		}
		if err != nil {
			p.failed(ctx, next, err)
		}
	}
	if err != nil {
		g.reports <- report{order: o, err: err}
		return old
	}
	p.seat(next)
	if old == nil {
		p.report(o, next, since)
		return next
	}
	// The old worker drains beside the post, which goes on with the new one:
	// that one may die, too, and must be replaced without waiting.
	p.leaving.Go(func() {
		p.seeOff(ctx, old, o.why)
		p.report(o, next, since)
	})
	return next
}

func (p *post) report(o *order, t *tenure, since time.Time) {
	p.guard.reports <- report{order: o, Replacement: Replacement{
		Old: o.victim, New: t.worker.ID, How: wayName(o.how),
		Swap: t.worker.ReadyAt().Sub(t.worker.Started), Took: time.Since(since),
	}}
}
