package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Run is one run of a plan. Do may be called once; Summary at any time, by
// anyone.
type Run struct {
	plan  Plan
	wire  *wire
	wheel []Kind
	tally tally

	start   atomic.Pointer[time.Time]
	stopped atomic.Int64 // when sending stopped, since the start; 0 while it goes on
	ended   atomic.Int64
	next    atomic.Int64
}

// New makes a run of the plan, or reports everything wrong with it.
func New(p Plan) (*Run, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return &Run{plan: p, wire: newWire(p), wheel: wheel(p.Mix)}, nil
}

// wheel spreads each kind evenly over one turn of the whole mix.
func wheel(m Mix) []Kind {
	total := 0
	for _, n := range m {
		total += n
	}
	turn := make([]Kind, 0, total)
	var owed Mix
	for range total {
		most := Get
		for kind, n := range m {
			owed[kind] += n
			if owed[kind] > owed[most] {
				most = Kind(kind)
			}
		}
		owed[most] -= total
		turn = append(turn, most)
	}
	return turn
}

// Do sends until the plan's end or until ctx is done, waits for what is in
// flight, and returns the summary. A cancelled run has counted only what it
// sent.
func (r *Run) Do(ctx context.Context) Summary {
	start := time.Now()
	r.start.Store(&start)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	if r.plan.Duration > 0 {
		sending, stop = context.WithDeadline(ctx, start.Add(r.plan.Duration))
		defer stop()
	}

	var held sync.WaitGroup
	for i := range r.plan.WebSockets {
		held.Go(func() { r.holdWebSocket(sending, i) })
	}
	for range r.plan.SSEs {
		held.Go(func() { r.holdSSE(sending) })
	}
	switch {
	case len(r.wheel) == 0:
		<-sending.Done()
	case r.plan.Rate > 0:
		r.open(sending)
	default:
		r.closed(sending)
	}
	stop()
	held.Wait()
	r.ended.Store(int64(time.Since(start)))
	return r.Summary()
}

// Summary is how the run stands, or stood at its end.
func (r *Run) Summary() Summary {
	start := r.start.Load()
	if start == nil {
		return Summary{}
	}
	now := time.Since(*start)
	elapsed, sending := now, now
	if t := r.ended.Load(); t > 0 {
		elapsed = time.Duration(t)
	}
	if t := r.stopped.Load(); t > 0 {
		sending = time.Duration(t)
	}
	return r.tally.summary(elapsed, sending)
}

// take draws the next request's number, or false at the end of the plan.
func (r *Run) take(ctx context.Context) (int64, bool) {
	n := r.next.Add(1) - 1
	return n, ctx.Err() == nil && (r.plan.Requests <= 0 || n < r.plan.Requests)
}

// closed has each connection send when it has its answer.
func (r *Run) closed(ctx context.Context) {
	var clients sync.WaitGroup
	for range r.plan.Conns {
		clients.Go(func() {
			c := &client{wire: r.wire}
			defer r.retire(c)
			for {
				n, more := r.take(ctx)
				if !more {
					return
				}
				r.one(c, n, time.Now())
			}
		})
	}
	<-r.whenSent(ctx)
	r.stopped.CompareAndSwap(0, int64(time.Since(*r.start.Load())))
	clients.Wait()
}

// whenSent is closed when the closed model sends nothing more.
func (r *Run) whenSent(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for r.plan.Requests <= 0 || r.next.Load() < r.plan.Requests {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return done
}

type due struct {
	number int64
	at     time.Time
}

// open sends when requests are due. A request that finds no free connection
// gets a new one, so that answers which stay away do not slow the sending.
func (r *Run) open(ctx context.Context) {
	var clients sync.WaitGroup
	queue := make(chan due)
	opened := 0
	more := func(first *due) {
		opened++
		clients.Go(func() {
			c := &client{wire: r.wire}
			defer r.retire(c)
			if first != nil {
				r.one(c, first.number, first.at)
			}
			for d := range queue {
				r.one(c, d.number, d.at)
			}
		})
	}
	for range r.plan.Conns {
		more(nil)
	}
	most := r.plan.MaxConns
	if most == 0 {
		most = maxConns
	}
	start := *r.start.Load()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		n, ok := r.take(ctx)
		if !ok {
			break
		}
		d := due{n, start.Add(time.Duration(float64(n) / r.plan.Rate * float64(time.Second)))}
		if wait := time.Until(d.at); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			if ctx.Err() != nil {
				break
			}
		}
		select {
		case queue <- d:
		default:
			if opened < most {
				more(&d)
			} else {
				queue <- d
			}
		}
	}
	r.stopped.Store(int64(time.Since(start)))
	close(queue)
	clients.Wait()
}

// one sends one request and counts it.
func (r *Run) one(c *client, number int64, at time.Time) {
	start := *r.start.Load()
	kind := r.wheel[number%int64(len(r.wheel))]
	sent := time.Since(start)
	err := c.send(kind, number)
	finished := time.Since(start)
	r.tally.add(kind, at.Sub(start), sent, finished, err)
	if r.plan.Each != nil {
		r.plan.Each(Request{kind, start.Add(sent), start.Add(finished), err})
	}
}

func (r *Run) retire(c *client) {
	c.close()
	r.tally.reconnects.Add(c.reconnects)
}
