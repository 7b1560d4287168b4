package host

import (
	"context"

	"github.com/stanch-dev/stanch/internal/work/listen"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// deliver runs a message's call, and keeps its past. A message with which a worker
// died, or a whole host, is delivered alone.
func (h *Host) deliver(ctx context.Context, c *call, k pasts, m *queue.Message) listen.Verdict {
	past, err := k.recall(ctx, m)
	if err != nil && ctx.Err() == nil {
		h.cfg.Say("Message %s of queue %s: what its earlier deliveries came to can't be looked up: %v", m.ID, k.queue, err)
	}
	c.alone = past.suspect()
	c.begin = past.begin
	o, release := h.do(ctx, c)
	release()
	v, err := past.end(o, c.alone)
	if err != nil {
		h.cfg.Say("Message %s of queue %s: how delivery %d ended could not be noted: %v", m.ID, k.queue, m.Deliveries, err)
	}
	return v
}
