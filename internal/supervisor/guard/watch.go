package guard

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/telemetry"
)

const (
	// fastWindow is over which the slope is taken that decides at the brink:
	// as long as the look ahead, so that what grew in it is expected once more.
	fastWindow = 25 * time.Millisecond
	// steadyWindow smooths the slope that decides about the gate.
	steadyWindow = 100 * time.Millisecond
	// surgeTime is how long a surge is remembered: a worker that takes memory as
	// fast as it can stumbles now and then, and is no calmer for it.
	surgeTime = 250 * time.Millisecond
	// settle is how long after a cleanup or a replacement its effect is
	// measured.
	settle = 500 * time.Millisecond
	// retryAfter is what the refused are told to wait.
	retryAfter = time.Second
)

// watch is the loop's state; it belongs to one goroutine.
type watch struct {
	g       *Guard
	machine *band.Machine
	ladder  *band.Ladder
	slope   band.Slope

	reading memory.Reading
	cast    cast      // of the last reading: another one starts the slopes anew
	surge   float64   // the steepest slope of late
	surged  time.Time // when that was
	order   band.GateOrder
	limits  [2]int64 // the container's and the operator's, as they were announced
	limited bool     // they were
	relimit bool     // they have changed, and what follows is told with the next look
	set     int64    // on the workers' cgroup; -1 before

	busy     *order // the replacement under way
	waiting  []*order
	purse    purse
	outcomes []outcome // replacements whose effect is to be measured
	cleanup  *cleanup  // the last one, until its effect is measured
	hooks    sync.WaitGroup
	told     string // the last alert, so that it is told once

	clock     time.Time   // the zero of the detectors' times; zero before the first sample
	followed  time.Time   // when they had their last one
	followers []*follower // by post
	load      band.Load
}

func newWatch(g *Guard, cfg *Config) *watch {
	w := &watch{g: g, set: -1, machine: band.NewMachine(cfg.Bands), ladder: band.NewLadder(cfg.Ladder)}
	for range g.posts {
		w.followers = append(w.followers, &follower{detector: trend.New(trend.Config{}), course: newCourse()})
	}
	return w
}

func (g *Guard) watch(ctx context.Context) {
	cfg := g.cfg.Load()
	w := newWatch(g, cfg)
	defer w.hooks.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			w.refuse(ctx.Err())
			return
		case <-timer.C:
			timer.Reset(w.look(time.Now()))
		case <-g.changed:
			cfg := g.cfg.Load()
			w.machine.Configure(cfg.Bands)
			w.ladder.Configure(cfg.Ladder)
			timer.Reset(w.look(time.Now()))
		case o := <-g.demands:
			w.waiting = append(w.waiting, o)
			timer.Reset(w.look(time.Now()))
		case r := <-g.reports:
			w.reported(r)
			timer.Reset(w.look(time.Now()))
		}
	}
}

// look reads, judges and gives orders; it returns the time until the next look.
func (w *watch) look(now time.Time) time.Duration {
	g, cfg := w.g, w.g.cfg.Load()
	r := &w.reading
	g.look(now, r)
	starting := g.account(r)
	if starting.cast != w.cast {
		if starting.gone > w.cast.gone {
			w.machine.Ease()
		}
		w.cast = starting.cast
		w.slope.Reset()
		w.surge = 0
	}
	// A worker that starts beside others grows by what the last ones took; only
	// what the others add is a leak.
	settled := r.Used
	if starting.serving > 0 {
		settled -= starting.used
	}
	w.slope.Add(now, settled)
	fast, steady := w.slope.Fast(fastWindow), w.slope.Fast(steadyWindow)

	w.bound(r, cfg)
	sample := band.Sample{At: now, Used: r.Used, Limit: r.Limit, Slope: fast}
	sample.Next = band.Cadence(w.machine.LevelsFor(r.Limit), r.Used, fast)
	change := w.machine.Step(sample)
	levels := w.machine.Levels()
	w.announce(change, r, cfg)

	g.mu.Lock()
	swap, peak := g.learnt.swap, g.learnt.peak
	g.mu.Unlock()
	trend := w.slope.Slow()
	if steady >= w.surge || now.Sub(w.surged) > surgeTime {
		w.surge, w.surged = steady, now
	}
	steady = w.surge
	if starting.serving > 0 && starting.alive > starting.serving {
		// A start also grows what no process owns (page tables, slabs): that
		// must not hold back the requests which the others still serve.
		steady = max(trend, 0)
	}
	s := band.Situation{
		Sample: sample, Band: change.To, Levels: levels,
		Steady: steady, Trend: trend, Swap: swap,
		Serving: starting.serving > 0, Present: starting.alive > 0, Busy: w.busy != nil,
	}
	s.Fits = w.fits(r, s, peak)
	victim := g.largest(r)
	if v := r.Worker(victim); v != nil && cfg.Unhealthy > 0 && v.Used() >= cfg.Unhealthy {
		s.Unhealthy = true
	}
	orders := w.ladder.Step(s)

	if orders.Gate != w.order {
		w.order = orders.Gate
		g.gate(orders.Gate, orders.Why, retryAfter)
		w.gateChanged(orders)
	}
	if orders.Freeze {
		g.freeze(now, r, s, orders.Why)
	}
	if orders.Cleanup {
		w.clean(now, victim, orders.Why)
	}
	w.measure(now, r)
	if orders.Replace != band.Keep {
		w.replace(now, r, &order{victim: victim, how: orders.Replace, why: orders.Why, memory: true})
	}
	w.serveDemands(now, r, s)
	w.reach(now, r, s)
	if now.Sub(w.followed) >= followEvery {
		w.followed = now
		w.follow(now, g.seats(r), r, s)
	}
	w.record(r, s)
	g.publish(r, s, w)
	w.show(r)
	return sample.Next
}

// show tells in short what was seen.
func (w *watch) show(r *memory.Reading) {
	if w.g.parts.Seen == nil {
		return
	}
	seen := Seen{Used: r.Used, Limit: r.Limit, Cast: strconv.Itoa(w.cast.serving) + "/" + strconv.Itoa(w.cast.gone)}
	if r.Limit != memory.Unlimited {
		seen.Levels = levelsOf(w.machine.Levels())
	}
	w.g.parts.Seen(seen)
}

// bound keeps the limit of the workers' own cgroup in step with the container's
// and the operator's. It stays a little below the container's, so that a kill
// of the kernel hits the workers' group and not the container as a whole,
// stanch included, as memory.oom.group would have it.
func (w *watch) bound(r *memory.Reading, cfg *Config) {
	limit := memory.Unlimited
	if own := r.Container.Limit; r.Container.Known && own != memory.Unlimited {
		limit = own - min(max(own/32, int64(8*bytesize.MiB)), int64(32*bytesize.MiB))
	}
	if cfg.Limit > 0 {
		limit = min(limit, cfg.Limit)
	}
	if cfg.Ladder.Mode == band.Watch {
		limit = memory.Unlimited // what waits there, nobody would end
		if w.set < 0 {
			w.set = limit // and a limit that somebody else has set stays
		}
	}
	if limit == w.set {
		return
	}
	w.set = limit
	if err := w.g.parts.Nursery.SetLimit(limit, cfg.Bands.For(limit).Brink()); err != nil {
		w.alert("the limit of the workers' cgroup could not be set: %v", err)
	}
}

// fits says whether a second worker has room beside the present ones: what a
// start took at most, and a quarter more, and what the others grow meanwhile.
func (w *watch) fits(r *memory.Reading, s band.Situation, peak int64) bool {
	if !w.g.parts.Nursery.Plan().Overlaps() {
		return false
	}
	if r.Limit == memory.Unlimited {
		return true
	}
	if peak == 0 {
		peak = r.Limit / 4
	}
	grown := max(s.Trend, s.Steady, 0) * 2 * s.Swap.Seconds()
	return float64(r.Used)+1.25*float64(peak)+grown <= float64(s.Levels.Brink())
}

// replace gives a post the order, within the budget.
func (w *watch) replace(now time.Time, r *memory.Reading, o *order) bool {
	g := w.g
	t := g.tenure(o.victim)
	if t == nil {
		return false
	}
	if o.memory && !w.purse.spend(g.cfg.Load().Replacements, now) {
		b := g.cfg.Load().Replacements
		w.alert("%d replacements within %v are the budget, and it is used up: none more until it has recovered", b.Count, b.Window)
		return false
	}
	o.before, o.lived = r.Used, now.Sub(t.worker.ReadyAt())
	if v := r.Worker(o.victim); v != nil {
		o.held = v.Used()
	}
	select {
	case t.post.orders <- o:
		w.busy = o
		g.tell(telemetry.ReplaceStarted, o.victim, fmt.Sprintf("Replacing worker process %s (%s): %s", o.victim, wayName(o.how), o.why),
			append(amounts(r), telemetry.Said("how", wayName(o.how)), telemetry.Said("reason", o.why), telemetry.Amount("servedSeconds", o.lived.Seconds()))...)
		return true
	default:
		return false
	}
}

// serveDemands gives the next replacement that a person asked for.
func (w *watch) serveDemands(now time.Time, r *memory.Reading, s band.Situation) {
	if w.busy != nil || len(w.waiting) == 0 {
		return
	}
	o := w.waiting[0]
	if o.victim == "" {
		o.victim = w.g.largest(r)
	}
	if o.victim == "" {
		return // no worker serves just now; one will
	}
	w.waiting = w.waiting[1:]
	o.how = band.Swap
	if s.Fits {
		o.how = band.Overlap
	}
	if !w.replace(now, r, o) {
		o.done <- report{order: o, err: errNoSuchWorker(o.victim)}
	}
}

// unreachable is how long a worker that was ready may take no connection.
const unreachable = 500 * time.Millisecond

// reach replaces a worker that lives and takes no connections any more.
func (w *watch) reach(now time.Time, r *memory.Reading, s band.Situation) {
	if w.busy != nil || w.g.cfg.Load().Ladder.Mode == band.Watch {
		return
	}
	id := w.g.most(r, func(t *tenure) bool {
		return t.state == Serving && t.worker.Upstream.Unreachable() >= unreachable
	})
	if id == "" {
		return
	}
	o := &order{victim: id, how: band.Swap, why: fmt.Sprintf("it has taken no connection for %v", unreachable)}
	if s.Fits {
		o.how = band.Overlap
	}
	w.replace(now, r, o)
}

// refuse answers all who still wait for a replacement.
func (w *watch) refuse(err error) {
	for _, o := range append(w.waiting, w.busy) {
		if o != nil && o.done != nil {
			o.done <- report{order: o, err: err}
		}
	}
}
