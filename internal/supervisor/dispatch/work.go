package dispatch

import (
	"context"

	"github.com/stanch-dev/stanch/internal/work/gate"
)

// Take takes a seat for work, which nobody is refused: it waits until the gate
// is open and a worker serves, for as long as ctx lasts. The error is ctx's
// cause.
func (d *Dispatch) Take(ctx context.Context) (*Desk, error) {
	d.mu.Lock()
	w := &waiter{seat: make(chan *Desk, 1)}
	place := d.patient.PushBack(w)
	d.promote()
	d.mu.Unlock()
	select {
	case desk := <-w.seat:
		return desk, nil
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case desk := <-w.seat:
		d.undo(desk)
	default:
		d.patient.Remove(place)
	}
	return nil, context.Cause(ctx)
}

// AwaitOpen waits until work would be let in: the gate is open and a worker
// serves. The error is ctx's cause.
func (d *Dispatch) AwaitOpen(ctx context.Context) error {
	for {
		d.mu.Lock()
		if d.gate.State() == gate.Open && len(d.desks) > 0 {
			d.mu.Unlock()
			return context.Cause(ctx)
		}
		if d.opened == nil {
			d.opened = make(chan struct{})
		}
		opened := d.opened
		d.mu.Unlock()
		select {
		case <-opened:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Worker is the id of the desk's worker.
func (desk *Desk) Worker() string { return desk.id }
