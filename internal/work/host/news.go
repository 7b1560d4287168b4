package host

import (
	"context"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/listen"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// Done is a call that has ended.
type Done struct {
	At         time.Time // when it began
	Duration   time.Duration
	ID, Trace  string
	Function   string
	Trigger    string // type of the trigger
	Source     string // the queue, blob or path
	Worker     string
	Ending     settle.Ending
	Reason     string
	Failure    *contract.Failed // nil if the function didn't fail itself
	Status     int              // of an HTTP answer; else 0
	Deliveries int64
	Waited     time.Duration // for room
	Cost       int64         // bytes that were reserved
	In, Out    int64         // bytes of the payloads, and of what came back
}

// account counts a call that has ended, and tells of it.
func (h *Host) account(c *call, o *outcome) {
	f := c.f
	switch o.ending {
	case settle.Succeeded:
		f.succeeded.Add(1)
	case settle.Interrupted:
	default:
		f.failed.Add(1)
		f.failing(o.reason)
	}
	d := Done{
		At: c.begun, Duration: time.Since(c.begun), ID: c.id, Trace: c.trace, Function: f.def.Name,
		Trigger: string(f.def.Trigger.Type), Source: c.source, Worker: o.worker, Ending: o.ending, Reason: o.reason,
		Failure: o.failure, Deliveries: c.deliveries, Waited: o.waited, Cost: o.cost, In: o.in, Out: o.out,
	}
	if o.result != nil && o.result.Response != nil {
		d.Status = o.result.Response.Status
	}
	h.cfg.Done(&d)
}

// news tells what people should know of a queue.
func (h *Host) news(w *watched, k pasts, n listen.News) {
	switch n.Kind {
	case listen.Settled:
		if n.Settled.Act == settle.Poison {
			w.f.poisoned.Add(1)
			w.f.failing(n.Settled.Why)
			h.cfg.Say("Message %s of queue %s is poison and is now %s in %s: %s", n.Message.ID, w.name, n.MovedTo, n.Settled.To, n.Settled.Why)
			h.note(w, k, n)
		}
		if n.Settled.Act != settle.Return && n.Message.Deliveries > 1 {
			k.forget(n.Message.ID)
		}
	case listen.LeaseLost:
		h.cfg.Say("The lease of message %s of queue %s was lost while %s had it: it may run twice", n.Message.ID, w.name, w.f.def.Name)
	case listen.Unsettled:
		h.cfg.Say("Message %s of queue %s could not be settled, and comes back: %v", n.Message.ID, w.name, n.Err)
	case listen.StoreDown:
		h.cfg.Say("Queue %s can't be asked, it is tried again: %v", w.name, n.Err)
	case listen.StoreBack:
		h.cfg.Say("Queue %s answers again", w.name)
	}
}

// note keeps why a message is poison, for whoever looks into the queue.
func (h *Host) note(w *watched, k pasts, n listen.News) {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTime)
	defer cancel()
	note := poison.Note{
		Queue: n.Settled.To, ID: n.MovedTo, Why: n.Settled.Why, At: time.Now(),
		Function: w.f.def.Name, Deliveries: n.Message.Deliveries,
	}
	if r, _, err := k.get(ctx, n.Message.ID); err == nil && len(r.Postmortems) > 0 {
		note.Postmortem = r.Postmortems[len(r.Postmortems)-1]
	}
	if err := poison.Write(ctx, w.stores.Ledger, note); err != nil {
		h.cfg.Say("Why message %s of queue %s is poison could not be noted: %v", n.MovedTo, n.Settled.To, err)
	}
}

// wakers wake the listener of a queue into which this host has put something.
type wakers struct {
	mu  sync.Mutex
	all map[waker]func()
}

type waker struct {
	store queue.Store
	name  string
}

func (w *wakers) add(store queue.Store, name string, wake func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[waker]func(){}
	}
	w.all[waker{store, name}] = wake
}

func (w *wakers) wake(store queue.Store, name string) {
	w.mu.Lock()
	wake := w.all[waker{store, name}]
	w.mu.Unlock()
	if wake != nil {
		wake()
	}
}
