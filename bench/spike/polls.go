package main

import (
	"context"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
)

// polls is the client that asks a thousand times a second, and what it saw.
// Safe for concurrent use.
type polls struct {
	mu   sync.Mutex
	seen []load.Request
}

func (p *polls) run(address string) (*load.Run, error) {
	plan := load.DefaultPlan(address)
	plan.Mix, plan.Rate, plan.Duration = load.Mix{load.Get: 1}, 1000, time.Hour
	plan.Timeout = 30 * time.Second
	plan.Each = func(r load.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, r)
		p.mu.Unlock()
	}
	return load.New(plan)
}

// waitOK waits until so many polls in a row, sent after a time, were ok. It
// gives up after patience.
func (p *polls) waitOK(ctx context.Context, row int, after time.Time) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if p.inARow(after) >= row {
			return true
		}
	}
	return false
}

func (p *polls) inARow(after time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	row := 0
	for i := len(p.seen) - 1; i >= 0 && p.seen[i].Err == nil && p.seen[i].Sent.After(after); i-- {
		row++
	}
	return row
}

// firstLost is the time from an event to the end of the first poll, of those
// that finished after from, that was not ok.
func (p *polls) firstLost(event, from time.Time) (time.Duration, bool) {
	return p.first(event, func(r load.Request) bool { return r.Err != nil && r.Finished.After(from) })
}

// firstOK is the time from an event to the end of the first poll, of those sent
// after from, that was ok.
func (p *polls) firstOK(event, from time.Time) (time.Duration, bool) {
	return p.first(event, func(r load.Request) bool { return r.Err == nil && r.Sent.After(from) })
}

func (p *polls) first(event time.Time, counts func(load.Request) bool) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first time.Time
	for _, r := range p.seen {
		if counts(r) && (first.IsZero() || r.Finished.Before(first)) {
			first = r.Finished
		}
	}
	if first.IsZero() {
		return 0, false
	}
	return first.Sub(event), true
}
