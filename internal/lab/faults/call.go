package faults

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// spell is a time of one fault, or of none.
type spell struct {
	fault *lab.Fault
	over  chan struct{} // closed when the next begins
	calls atomic.Uint64 // that came in it
}

// seed is the same for all: what two runs are to have alike.
const seed = 0x5374616e6368

// call is one call of a dependency. Its luck stays the same as long as it lasts.
type call struct {
	proxy *Proxy
	ctx   context.Context
	luck  float64 // from 0 to before 1; a fault befalls it whose share is above
	ill   atomic.Bool
}

func (p *Proxy) call(ctx context.Context) *call {
	p.all.Add(1)
	source := rand.NewPCG(seed, p.now.Load().calls.Add(1))
	return &call{proxy: p, ctx: ctx, luck: float64(source.Uint64()>>11) / (1 << 53)}
}

// suffers is the spell that there is, and its fault if that befalls the call with one
// of these kinds.
func (c *call) suffers(kinds ...lab.FaultKind) (*spell, *lab.Fault) {
	s := c.proxy.now.Load()
	if s.fault == nil || c.luck >= s.fault.Share {
		return s, nil
	}
	for _, kind := range kinds {
		if s.fault.Kind == kind {
			if !c.ill.Swap(true) {
				c.proxy.ill.Add(1)
			}
			return s, s.fault
		}
	}
	return s, nil
}

// clear waits while the dependency is down; an error if the call ends before it is
// well.
func (c *call) clear() error {
	for c.ctx.Err() == nil {
		s, fault := c.suffers(lab.Down)
		if fault == nil {
			return nil
		}
		select {
		case <-s.over:
		case <-c.ctx.Done():
		}
	}
	return c.ctx.Err()
}

// wait lets some time of a slow spell pass, or the rest of the spell if that is shorter.
func (c *call) wait(s *spell, d time.Duration) {
	if d <= 0 {
		return
	}
	alarm := time.NewTimer(d)
	defer alarm.Stop()
	select {
	case <-alarm.C:
	case <-s.over:
	case <-c.ctx.Done():
	}
}
