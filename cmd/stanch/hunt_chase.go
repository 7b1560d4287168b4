package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/design"
	"github.com/stanch-dev/stanch/internal/hunt/drive"
	"github.com/stanch-dev/stanch/internal/hunt/judge"
	"github.com/stanch-dev/stanch/internal/hunt/subject"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// chase is one hunt under way: block after block until the judge has decided.
type chase struct {
	w      world
	q      huntRequest
	teams  []*team
	chosen *chosen
	began  time.Time
	most   int64 // bytes that the workers may hold together

	judge  *judge.Judge
	report hunt.Report
	all    []hunt.Observation
	deaths int
	notes  []string
	told   time.Time
	shown  int // columns of the progress line on the terminal
}

// mostDeaths ends a hunt: a worker that dies that often is found out.
const mostDeaths = 12

func (c *chase) run(ctx context.Context) error {
	names := c.chosen.names()
	var err error
	c.judge, err = judge.New(judge.Config{
		Endpoints: names, Pair: len(c.teams) > 1, Smallest: float64(c.q.least),
		Garbage: slices.ContainsFunc(c.teams, func(t *team) bool { return t.subject.Garbage() }),
	})
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	plan := design.New(c.q.seed, names, len(c.teams) > 1)
	defer c.clear()
	hunting, cancel := context.WithDeadline(ctx, c.began.Add(c.q.most))
	defer cancel()
	for _, t := range c.teams {
		if err := c.rest(hunting, t); err != nil {
			return c.stopped(ctx, hunting, err)
		}
	}
	for c.report = c.judge.Report(); !c.report.Decided; c.report = c.judge.Report() {
		block := plan.Next(c.judge.Size)
		c.progress(block)
		if err := c.block(hunting, block); err != nil {
			c.report = c.judge.Report()
			return c.stopped(ctx, hunting, err)
		}
	}
	return nil
}

// stopped tells the ways to end before the decision apart: those with something to
// show are notes.
func (c *chase) stopped(ctx, hunting context.Context, err error) error {
	var ended *subject.Ended
	switch {
	case ctx.Err() != nil:
		c.notes = append(c.notes, "interrupted: this is what was known by then")
	case hunting.Err() != nil:
		c.notes = append(c.notes, fmt.Sprintf("the %v of --for are over: this is what was known by then", c.q.most))
	case errors.As(err, &ended):
		c.notes = append(c.notes, "the hunt ended early: "+err.Error())
	case errors.Is(err, errDies):
		c.notes = append(c.notes, err.Error())
	default:
		return err
	}
	return nil
}

var errDies = errors.New("the worker dies too often to go on")

// team is the one on this side.
func (c *chase) team(side hunt.Side) *team {
	for _, t := range c.teams {
		if t.side == side {
			return t
		}
	}
	return c.teams[0]
}

// rest lets a team's worker come to rest, and notes its floor.
func (c *chase) rest(ctx context.Context, t *team) error {
	floor, err := t.subject.Settle(ctx)
	if err != nil {
		return err
	}
	floor.At = time.Since(c.began)
	t.floor = floor
	return nil
}

// block drives one block and gives what came of it to the judge.
func (c *chase) block(ctx context.Context, b hunt.Block) error {
	t := c.team(b.Side)
	if c.heavy(t) {
		if err := c.anew(ctx, t); err != nil {
			return err
		}
	}
	o := hunt.Observation{Block: b, Before: t.floor}
	c.load(ctx, t, &o)
	if err := ctx.Err(); err != nil {
		return err // half a block says nothing
	}
	err := c.rest(ctx, t)
	if ended := new(subject.Ended); errors.As(err, &ended) {
		o.Ended = ended.How
		if err = c.mourn(ctx, t, &o); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	o.After = t.floor
	return c.add(o)
}

func (c *chase) add(o hunt.Observation) error {
	if err := c.judge.Add(o); err != nil {
		return err
	}
	c.all = append(c.all, o)
	return nil
}

// load is the block itself: requests, or idleness.
func (c *chase) load(ctx context.Context, t *team, o *hunt.Observation) {
	loading, cancel := context.WithCancel(ctx)
	defer cancel()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		select {
		case <-t.subject.Done(): // of a dead worker nothing more is to be had
			cancel()
		case <-loading.Done():
		}
	}()
	defer func() { cancel(); <-finished }()
	if o.Block.Endpoint == "" || o.Block.Size.Requests == 0 {
		began := time.Now()
		timer := time.NewTimer(o.Block.Size.For)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-loading.Done():
		}
		o.Took = time.Since(began)
		return
	}
	out := t.driver.Block(loading, drive.Block{
		Shot: t.shots[o.Block.Endpoint], Requests: int64(o.Block.Size.Requests), For: o.Block.Size.For,
		Number: number(o.Block),
	})
	o.Requests, o.Failed, o.Took = int(out.Requests-out.Failed), int(out.Failed), out.Took
	o.P50, o.P99 = out.P50, out.P99
}

// number is the same for both sides of a pair, so that they have the same load.
func number(b hunt.Block) uint64 { return uint64(b.Round) }

// mourn is after a worker's death in a block: it is started anew, or waited for.
func (c *chase) mourn(ctx context.Context, t *team, o *hunt.Observation) error {
	c.deaths++
	t.deadly[o.Block.Endpoint] = true
	dead := t.floor
	if t.subject.Launched() && c.deaths < mostDeaths {
		return c.anew(ctx, t)
	}
	err := errDies
	if !t.subject.Launched() {
		err = c.await(ctx, t)
	}
	if err == nil {
		return nil
	}
	o.After = dead
	o.After.At = time.Since(c.began)
	o.After.Generation++
	if bad := c.add(*o); bad != nil {
		return bad
	}
	return err
}

// comeBack is how long a worker that others start is waited for.
const comeBack = 30 * time.Second

func (c *chase) await(ctx context.Context, t *team) (err error) {
	late := time.NewTimer(comeBack)
	defer late.Stop()
	for {
		if err = c.rest(ctx, t); err == nil || ctx.Err() != nil {
			return err
		}
		again := time.NewTimer(time.Second)
		select {
		case <-again.C:
		case <-late.C:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// warmth is what a new instance is asked of each endpoint before it is looked at:
// what is done once in a life is not done in a block.
const warmth = 200

// anew starts a team's worker anew, and warms it up.
func (c *chase) anew(ctx context.Context, t *team) error {
	if err := t.subject.Revive(ctx); err != nil {
		return t.printed.explain(ctx, err)
	}
	if err := t.aim(c.q.drive, c.chosen); err != nil {
		return err
	}
	for _, name := range c.chosen.names() {
		if t.deadly[name] {
			continue
		}
		t.driver.Block(ctx, drive.Block{Shot: t.shots[name], Requests: warmth, For: time.Second, Number: 1<<62 + 1})
	}
	return c.rest(ctx, t)
}

// heavy says whether a started worker holds so much that it is better replaced
// before the next block.
func (c *chase) heavy(t *team) bool {
	return t.subject.Launched() && t.floor.Hard > c.most/int64(len(c.teams))
}

// mostHeld is what the workers of a hunt may hold together: half of the memory that
// there is, or 4 GiB where nobody tells.
func mostHeld() int64 {
	group, err := cgroup.System().Own()
	if err != nil {
		return 4 << 30
	}
	defer group.Close()
	var charge memory.Charge
	if group.Read(&charge) != nil || !charge.Known || charge.Limit == memory.Unlimited {
		return 4 << 30
	}
	return charge.Limit / 2
}

// result is all there is to tell.
func (c *chase) result() huntResult {
	r := huntResult{Report: c.report, Seed: c.q.seed, Took: time.Since(c.began), Observations: c.all}
	r.Notes = append(append(r.Notes, c.chosen.notes...), c.notes...)
	for _, t := range c.teams {
		for _, note := range t.subject.Notes() {
			if len(c.teams) > 1 {
				note = "side " + string(t.side) + ": " + note
			}
			r.Notes = append(r.Notes, note)
		}
	}
	for i, note := range r.Notes {
		r.Notes[i] = strings.ReplaceAll(note, "\nhint: ", "; ")
	}
	return r
}
