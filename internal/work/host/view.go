package host

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// measureEvery is how often the queues are asked how full they are.
const measureEvery = 10 * time.Second

// depths are how full the queues were, by their place among the watched.
type depths struct {
	mu  sync.Mutex
	all []view.Queue
}

// measure asks the queues how full they are, until ctx ends.
func (h *Host) measure(ctx context.Context) {
	for {
		var all []view.Queue
		for _, w := range h.queues {
			all = append(all, w.look(ctx))
		}
		if ctx.Err() != nil {
			return
		}
		h.depths.mu.Lock()
		h.depths.all = all
		h.depths.mu.Unlock()
		if !sleep(ctx, measureEvery) {
			return
		}
	}
}

// View is the host at this moment.
func (h *Host) View() view.View {
	v := view.View{Functions: []view.Function{}}
	books := h.cfg.Admission.Books()
	v.Room = view.Room{
		Used: books.Used, Ceiling: books.Ceiling, Base: books.Base, Reserved: books.Reserved,
		Inside: books.Inside, Waiting: books.Waiting, Shadow: h.cfg.Shadow,
	}
	for _, f := range h.order {
		one := view.Function{
			Name: f.def.Name, Trigger: string(f.def.Trigger.Type), State: view.Running,
			Succeeded: f.succeeded.Load(), Failed: f.failed.Load(), Poisoned: f.poisoned.Load(), LastError: f.lastError(),
		}
		for _, b := range books.Functions {
			if b.Name == f.def.Name {
				one.InFlight, one.Waiting = b.Inside, b.Waiting
				one.Cost = view.Cost{Factor: b.Factor, Fixed: b.Fixed, Seen: b.Seen}
			}
		}
		v.Functions = append(v.Functions, one)
	}
	h.depths.mu.Lock()
	defer h.depths.mu.Unlock()
	v.Queues = append([]view.Queue{}, h.depths.all...)
	return v
}

// look asks how full a queue and its poison queue are.
func (w *watched) look(ctx context.Context) view.Queue {
	q := view.Queue{Store: w.stores.Kind, Name: w.name}
	d, err := w.stores.Queues.Depth(ctx, w.name)
	if err != nil && !errors.Is(err, work.ErrAbsent) {
		q.Err = err.Error()
		return q
	}
	q.Total, q.Leased, q.OldestSeconds = d.Total, d.Leased, d.Oldest.Seconds()
	if p, err := w.stores.Queues.Depth(ctx, w.name+queue.PoisonSuffix); err == nil {
		q.PoisonTotal = p.Total
	}
	if q.PoisonTotal > 0 {
		q.Poison = w.reasons(ctx)
	}
	return q
}

// mostReasons is how many messages that were given up are shown, the latest ones.
const mostReasons = 20

// reasons are why the latest messages were given up.
func (w *watched) reasons(ctx context.Context) (all []view.Reason) {
	for n, err := range poison.Each(ctx, w.stores.Ledger, w.name+queue.PoisonSuffix) {
		if err != nil {
			return all // shown at the next look
		}
		at, _ := slices.BinarySearchFunc(all, n.At, func(r view.Reason, t time.Time) int { return t.Compare(r.At) })
		if at < mostReasons {
			all = slices.Insert(all, at, view.Reason{ID: n.ID, Why: n.Why, At: n.At, Postmortem: n.Postmortem})
			all = all[:min(len(all), mostReasons)]
		}
	}
	return all
}

// Flying is a call that a worker has.
type Flying struct {
	Trigger, Function, Source string
	Size                      int64 // bytes of the trigger's payload
	Age                       time.Duration
}

// Flying are the calls that a worker has.
func (h *Host) Flying(worker string) (all []Flying) {
	h.live.Range(func(_, found any) bool {
		if c := found.(*call); c.worker == worker {
			all = append(all, Flying{string(c.f.def.Trigger.Type), c.f.def.Name, c.source, c.payload, time.Since(c.begun)})
		}
		return true
	})
	return all
}
