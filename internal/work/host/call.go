package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/plainhttp"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/settle"
	"github.com/stanch-dev/stanch/internal/work/spool"
	"github.com/stanch-dev/stanch/internal/work/store/told"
)

// call is one delivery to one function.
type call struct {
	f        *function
	id       string // of the invocation
	trace    string // W3C traceparent
	begun    time.Time
	trigger  contract.Input
	metadata []contract.Datum
	values   expression.Values // that binding expressions name
	payload  int64             // bytes of the trigger

	source     string // queue, container/blob or path; for people
	deliveries int64
	lines      *lines                     // collects the function's log; nil where nobody reads it
	worker     string                     // that has it, once it is among the live ones
	alone      bool                       // a worker died with it: nobody else is to be beside it
	stale      func(context.Context) bool // says whether the trigger's blob is another than the one that was looked up; nil where there is none
	begin      func() error               // called when a worker is about to get it; nil for nothing
}

// outcome is how a call ended.
type outcome struct {
	ending  settle.Ending
	reason  string           // one sentence; empty where it succeeded
	err     error            // what it failed with; nil where it succeeded
	failure *contract.Failed // what the function said; nil if it didn't fail itself
	fate    Fate             // of WorkerGone
	result  *contract.Result
	worker  string
	waited  time.Duration // for room
	cost    int64         // bytes that were reserved
	in, out int64         // bytes of all payloads, and of all that came back
}

// patience is how long a delivery waits for a store that is away, or a worker
// that is busy, before it is given back.
const patience = 2 * time.Minute

// errTimeout ends a call that has run for too long.
var errTimeout = errors.New("it ran longer than functionTimeout allows")

// trouble is what keeps a call from running and is nobody's fault who is called.
type trouble struct {
	after  time.Duration // how long to wait at least
	moving bool          // what was read is not what was looked up: soon it rests, or it is damaged
	err    error
}

// mostMoving is how often a payload is looked up that was never what it should be.
const mostMoving = 4

func (t *trouble) Error() string { return t.err.Error() }

// do runs a call until it has ended: again, where its trouble passes or its
// function has a policy. release is to be called when the result is no longer
// needed.
func (h *Host) do(ctx context.Context, c *call) (o outcome, release func()) {
	ctx = told.WithTrace(ctx, c.trace)
	since, retries := time.Now(), 0
	for tries := 0; ; tries++ {
		var t *trouble
		o, release, t = h.attempt(ctx, c, retries)
		pause := time.Duration(-1) // no more tries
		switch policy := c.f.def.Retry; {
		case t != nil && t.moving && tries+1 >= mostMoving:
			o.ending, o.reason, o.err = settle.Failed, t.Error(), t.err
		case t != nil && time.Since(since) < patience && ctx.Err() == nil:
			pause = max(t.after, backoff(tries))
		case t != nil:
			o.ending, o.reason = settle.Interrupted, t.Error()
		case o.ending == settle.Failed && policy != nil && (policy.Max < 0 || retries < policy.Max):
			pause = policy.Delay
			if policy.Exponential {
				pause = min(max(policy.Least, time.Second)<<min(retries, 30), max(policy.Most, policy.Least))
			}
			retries++
		}
		if pause < 0 {
			break
		}
		release()
		if !sleep(ctx, pause) {
			o.ending, o.reason = settle.Interrupted, "stanch stops"
			release = func() {}
			break
		}
	}
	h.account(c, &o)
	return o, release
}

// backoff grows from a tenth of a second to five seconds, and parts those that
// began together.
func backoff(tries int) time.Duration {
	d := min(100*time.Millisecond<<min(tries, 6), 5*time.Second)
	return d - rand.N(d/4)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt runs a call once. With trouble, nothing has come of it.
func (h *Host) attempt(ctx context.Context, c *call, retries int) (o outcome, release func(), t *trouble) {
	var held releases
	defer func() {
		if release == nil {
			held.run()
			release = func() {}
		}
	}()

	in, err := h.inputs(ctx, c)
	if err != nil {
		o, t = h.classify(ctx, c, nil, err)
		return o, nil, t
	}
	o.in = in.bytes
	ticket, err := h.cfg.Admission.Enter(ctx, c.f.def.Name, in.cost, c.alone)
	if err != nil {
		if big := (*room.TooBig)(nil); errors.As(err, &big) {
			return outcome{ending: settle.NeverFits, reason: big.Error(), err: big}, nil, nil
		}
		return outcome{ending: settle.Interrupted, reason: err.Error()}, nil, nil
	}
	o.waited, o.cost = ticket.Waited, ticket.Cost
	measured := false
	held.add(func() { ticket.Leave(measured) })
	place, err := h.cfg.Crew.Take(ctx)
	if err != nil {
		return outcome{ending: settle.Interrupted, reason: err.Error()}, nil, nil
	}
	held.add(place.Leave)
	if c.begin != nil {
		if err := c.begin(); err != nil {
			if away := (*work.Unavailable)(nil); errors.As(err, &away) {
				return o, nil, &trouble{after: away.After, err: err}
			}
			h.cfg.Say("Invocation %s of %s can't be noted before it begins, and begins all the same: %v", c.id, c.f.def.Name, err)
		}
	}

	running := ctx
	var deadline time.Time
	if limit := c.f.bounds.Timeout; limit > 0 {
		var cancel context.CancelFunc
		deadline = time.Now().Add(limit)
		running, cancel = context.WithDeadlineCause(ctx, deadline, errTimeout)
		held.add(cancel)
	}
	inv := &contract.Invocation{
		ID: c.id, Function: c.f.def.Name, Inputs: in.values, Metadata: c.metadata, Deadline: deadline, Trace: c.trace,
	}
	if p := c.f.def.Retry; p != nil {
		inv.Retry = contract.Retry{Count: retries, Max: p.Max}
	}
	if end := h.lend(running, inv, in); end != nil {
		held.add(end)
	}
	h.live.Store(c.id, c.given(place.Worker()))
	held.add(func() { h.live.Delete(c.id) })
	if h.cfg.Fly != nil {
		held.add(h.cfg.Fly(string(c.f.def.Trigger.Type), c.f.def.Name+": "+c.source, in.bytes))
	}
	result, end, err := place.Invoke(running, inv)
	if err != nil {
		waited, cost := o.waited, o.cost
		o, t = h.classify(running, c, place, err)
		o.waited, o.cost, o.in, o.worker = waited, cost, in.bytes, place.Worker()
		measured = o.ending == settle.Failed && t == nil
		return o, nil, t
	}
	measured = true
	held.add(end)
	o.worker, o.result = place.Worker(), result
	if err := h.outputs(running, c, result); err != nil {
		o.ending, o.reason, o.err = settle.Failed, err.Error(), err
		if away := (*work.Unavailable)(nil); ctx.Err() != nil || errors.As(err, &away) {
			o.ending = settle.Interrupted
		}
		return o, nil, nil
	}
	if c.f.def.Trigger.Type == funcapp.HTTPTrigger {
		if result.Response, err = c.f.response(result); err != nil {
			o.failure = &contract.Failed{Message: fmt.Sprintf("its answer is no HTTP response: %v", err)}
			o.ending, o.reason, o.err = settle.Failed, o.failure.Message, o.failure
			return o, nil, nil
		}
	}
	o.out = given(result)
	return o, held.run, nil
}

// given is how many bytes a function gave back.
func given(result *contract.Result) (n int64) {
	for _, out := range result.Outputs {
		n += sizeOf(out.Value)
	}
	if result.Return != nil {
		n += sizeOf(*result.Return)
	}
	if result.Response != nil && len(result.Outputs) == 0 && result.Return == nil {
		n += sizeOf(result.Response.Body)
	}
	return n
}

// given is the call as whoever looks at the live ones sees it: with its worker.
func (c *call) given(worker string) *call {
	seen := *c
	seen.worker = worker
	return &seen
}

// classify says what an error means for the delivery.
func (h *Host) classify(ctx context.Context, c *call, place Place, err error) (o outcome, t *trouble) {
	if away := (*work.Unavailable)(nil); errors.As(err, &away) {
		return o, &trouble{after: away.After, err: err}
	}
	if busy := (*plainhttp.Busy)(nil); errors.As(err, &busy) {
		return o, &trouble{after: busy.After, err: err}
	}
	if full := (*spool.Error)(nil); errors.As(err, &full) {
		return o, &trouble{after: time.Second, err: err}
	}
	if errors.Is(err, work.ErrChanged) || errors.Is(err, work.ErrAbsent) {
		// Replaced or deleted while it was read: the next look finds what is there
		// now. The trigger's own blob was looked up for this delivery: that is the
		// next one's to do.
		if c.stale != nil && c.stale(ctx) {
			return outcome{ending: settle.Interrupted, reason: err.Error(), err: err}, nil
		}
		return o, &trouble{moving: true, err: err}
	}
	o.err, o.reason = err, err.Error()
	switch gone := (*contract.Gone)(nil); {
	case errors.As(err, &o.failure):
		o.ending = settle.Failed
	case errors.As(err, &gone):
		h.bury(c, place, &o)
	case errors.Is(err, errTimeout) || errors.Is(context.Cause(ctx), errTimeout):
		o.ending, o.reason = settle.OutOfTime, fmt.Sprintf("%v, which is %v", errTimeout, c.f.bounds.Timeout)
		if place != nil {
			h.cfg.Crew.Stuck(place.Worker(), fmt.Sprintf("invocation %s of %s went on after its time", c.id, c.f.def.Name))
		}
	case ctx.Err() != nil:
		o.ending, o.reason = settle.Interrupted, "stanch stops"
	case tooLarge(err):
		o.ending = settle.NeverFits
	default:
		o.ending = settle.Failed
	}
	return o, nil
}

// alive is how long after a broken connection a worker may still be found to have
// died.
const alive = 5 * time.Second

// bury finds out how the worker went that had the call.
func (h *Host) bury(c *call, place Place, o *outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), alive)
	defer cancel()
	fate, known := place.Fate(ctx)
	switch {
	case !known:
		o.ending, o.reason = settle.Failed, "the worker broke off without an answer, and lives: "+o.reason
	case fate.Died:
		o.ending, o.fate = settle.WorkerGone, fate
		o.reason = "the worker died: " + fate.Why
	default:
		o.ending, o.reason = settle.Interrupted, "the worker was stopped before it had answered"
	}
}

// releases are what has to be given back, in reverse.
type releases []func()

func (r *releases) add(f func()) { *r = append(*r, f) }

func (r *releases) run() {
	for i := len(*r) - 1; i >= 0; i-- {
		(*r)[i]()
	}
	*r = nil
}
