// Package dispatch brings each request to a worker, or lets it wait for one, within the gate's bounds.
//
// It owns the queue. Workers take a [Desk] when they are ready and are retired
// before they go; a request is given to the desk with the fewest in flight. A
// retired desk gets nothing new, and says when its last request has left: that
// is the moment at which a worker may be told to stop, and not before. Begin
// with [Dispatch.Enter].
package dispatch

import (
	"container/list"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/work/gate"
)

// Config bounds the queue in number and time.
type Config struct {
	Gate    gate.Config
	Timeout time.Duration // the longest that a request waits for a worker
}

// Dispatch is the front of all workers. It is safe for concurrent use.
type Dispatch struct {
	mu      sync.Mutex
	cfg     Config
	gate    *gate.Gate
	reason  string        // why the gate is shut or holds
	retry   time.Duration // what the refused are told to wait
	desks   []*Desk
	turn    int
	waiting list.List     // of *waiter, the oldest first
	patient list.List     // likewise: work, which waits outside of the queue
	yielded bool          // the last seat went to a request while work waited
	opened  chan struct{} // closed when work may enter again; nil while nobody asks
	refused int64
	expired int64
}

type waiter struct {
	seat chan *Desk // has room for one
}

// Desk is one worker's place: a proxy.Seat for each request that it serves.
type Desk struct {
	d        *Dispatch
	id       string
	upstream *proxy.Upstream
	inside   int
	served   int64
	retired  bool
	empty    chan struct{} // closed when retired and the last request has left
}

// New makes an open dispatch without a desk: requests wait.
func New(cfg Config) *Dispatch {
	return &Dispatch{cfg: cfg, gate: gate.New(cfg.Gate)}
}

// Configure changes the bounds for requests to come.
func (d *Dispatch) Configure(cfg Config) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cfg = cfg
	d.gate.Configure(cfg.Gate)
	d.promote()
}

// Set changes the gate's state. Reason and retry are what the refused are told.
func (d *Dispatch) Set(state gate.State, reason string, retry time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate.Set(state)
	d.reason, d.retry = reason, retry
	d.promote()
}

// Add takes a worker in: from now on it gets requests.
func (d *Dispatch) Add(id string, upstream *proxy.Upstream) *Desk {
	d.mu.Lock()
	defer d.mu.Unlock()
	desk := &Desk{d: d, id: id, upstream: upstream, empty: make(chan struct{})}
	d.desks = append(d.desks, desk)
	d.promote()
	return desk
}

// Retire takes the desk out: it gets no more requests. The channel is closed
// when those that it has are done. A second call returns the same channel.
func (desk *Desk) Retire() <-chan struct{} {
	d := desk.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if !desk.retired {
		desk.retired = true
		for i, other := range d.desks {
			if other == desk {
				d.desks = append(d.desks[:i:i], d.desks[i+1:]...)
				break
			}
		}
		if desk.inside == 0 {
			close(desk.empty)
		}
	}
	return desk.empty
}

// Upstream is the worker's socket.
func (desk *Desk) Upstream() *proxy.Upstream { return desk.upstream }

// Leave ends one request on this desk.
func (desk *Desk) Leave() {
	d := desk.d
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate.Leave()
	desk.inside--
	if desk.retired && desk.inside == 0 {
		close(desk.empty)
	}
	if d.waiting.Len() > 0 || d.patient.Len() > 0 {
		d.promote()
	}
}

// InFlight is the number of requests that the desk serves now.
func (desk *Desk) InFlight() int {
	desk.d.mu.Lock()
	defer desk.d.mu.Unlock()
	return desk.inside
}

// Served is the number of requests that the desk has been given so far.
func (desk *Desk) Served() int64 {
	desk.d.mu.Lock()
	defer desk.d.mu.Unlock()
	return desk.served
}

// TryEnter takes a seat if one is free now, and never blocks.
func (d *Dispatch) TryEnter() (proxy.Seat, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.desks) == 0 || d.gate.Queued() > 0 || !d.gate.Free() {
		return nil, false
	}
	d.gate.Offer(true)
	return d.take(), true
}

// Enter takes a seat, waiting in the queue for at most the timeout. The error
// is a *proxy.Refusal, or the context's.
func (d *Dispatch) Enter(ctx context.Context) (proxy.Seat, error) {
	d.mu.Lock()
	switch d.gate.Offer(len(d.desks) > 0) {
	case gate.Enter:
		desk := d.take()
		d.mu.Unlock()
		return desk, nil
	case gate.RefusedBy:
		defer d.mu.Unlock()
		return nil, d.refuse(d.reason)
	case gate.Full:
		defer d.mu.Unlock()
		return nil, d.refuse(fmt.Sprintf("the queue is full: %d requests wait already", d.gate.Queued()))
	case gate.Wait:
	}
	w := &waiter{seat: make(chan *Desk, 1)}
	place := d.waiting.PushBack(w)
	timeout := d.cfg.Timeout
	d.promote()
	d.mu.Unlock()

	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	var err error
	select {
	case desk := <-w.seat:
		return desk, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-deadline.C:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case desk := <-w.seat: // it came at the last moment: don't refuse what can be served
		if err == nil {
			return desk, nil
		}
		d.undo(desk)
		return nil, err
	default:
	}
	d.waiting.Remove(place)
	d.gate.Abandon()
	if err != nil {
		return nil, err
	}
	d.expired++
	return nil, d.refuse(fmt.Sprintf("no worker was free within %v", timeout))
}

func (d *Dispatch) refuse(reason string) *proxy.Refusal {
	d.refused++
	retry := d.retry
	if retry <= 0 {
		retry = time.Second
	}
	return &proxy.Refusal{Status: http.StatusServiceUnavailable, RetryAfter: retry, Reason: reason}
}

// promote gives free seats to those who wait: to requests and to work by turns,
// since neither may starve the other. The caller holds the lock.
func (d *Dispatch) promote() {
	for len(d.desks) > 0 {
		from := &d.waiting
		if d.patient.Len() > 0 && (d.yielded || d.waiting.Len() == 0) {
			from = &d.patient
		}
		first := from.Front()
		if first == nil || !d.enter(from) {
			break
		}
		d.yielded = from == &d.waiting && d.patient.Len() > 0
		first.Value.(*waiter).seat <- d.take()
		from.Remove(first)
	}
	if d.opened != nil && d.gate.State() == gate.Open && len(d.desks) > 0 {
		close(d.opened)
		d.opened = nil
	}
}

// enter counts one of a list as inside, if the gate lets it.
func (d *Dispatch) enter(from *list.List) bool {
	if from == &d.patient {
		return d.gate.Admit()
	}
	return d.gate.Promote()
}

// undo returns a seat that nobody sat on. The caller holds the lock.
func (d *Dispatch) undo(desk *Desk) {
	d.gate.Leave()
	desk.inside--
	desk.served--
	if desk.retired && desk.inside == 0 {
		close(desk.empty)
	}
	d.promote()
}

// take picks the desk with the fewest in flight, in turn among equals. The
// caller holds the lock and has entered the gate.
func (d *Dispatch) take() *Desk {
	var best *Desk
	for i := range d.desks {
		desk := d.desks[(d.turn+i)%len(d.desks)]
		if best == nil || desk.inside < best.inside {
			best = desk
		}
	}
	d.turn++
	best.inside++
	best.served++
	return best
}

// Counts is a look at the dispatch.
type Counts struct {
	State    gate.State `json:"gate"`
	Reason   string     `json:"reason,omitempty"`
	InFlight int        `json:"in_flight"`
	Queued   int        `json:"queued"`
	Desks    int        `json:"serving"`
	Refused  int64      `json:"refused_total"`
	Expired  int64      `json:"expired_total"` // of the refused, those that waited in vain
}

// Counts returns the present counts.
func (d *Dispatch) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := Counts{
		State: d.gate.State(), InFlight: d.gate.Inside(), Queued: d.gate.Queued(),
		Desks: len(d.desks), Refused: d.refused, Expired: d.expired,
	}
	if c.State != gate.Open {
		c.Reason = d.reason
	}
	return c
}
