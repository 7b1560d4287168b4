package functionrpc

import (
	"context"
	"fmt"
	"sync"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// Invoke runs a loaded function, as contract.Contract says. Large outputs are
// streams over files, which end gives back to the worker. An error of an input's
// stream is wrapped, so that the caller sees what the store said; a payload that
// may not pass on the stream gives *TooLarge. When ctx or the deadline ends
// first, a worker that can is told to cancel.
func (h *Host) Invoke(ctx context.Context, inv *contract.Invocation) (*contract.Result, func(), error) {
	l, err := h.connected()
	if err != nil {
		return nil, nothing, err
	}
	h.mu.Lock()
	id, found := h.loaded[inv.Function]
	h.mu.Unlock()
	if !found {
		return nil, nothing, fmt.Errorf("invoke %s: it is not loaded", inv.Function)
	}
	if !inv.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, inv.Deadline)
		defer cancel()
	}
	out := &encoder{host: h, ctx: ctx, shares: h.Shares()}
	defer out.remove()
	defer out.shut()
	request, err := out.request(inv, id)
	if err != nil {
		return nil, nothing, err
	}
	answer, sent, err := l.write(ctx, "invocation "+inv.ID, &letter{&wire.StreamingMessage{
		RequestId: h.config.Worker,
		Content:   &wire.StreamingMessage_InvocationRequest{InvocationRequest: request},
	}, out.bulks})
	if err != nil {
		if sent && ctx.Err() != nil && h.has("HandlesInvocationCancelMessage") {
			h.cancel(l, inv.ID)
		}
		return nil, nothing, err
	}
	response := answer.GetInvocationResponse()
	maps := mapsOf(response)
	end := sync.OnceFunc(func() { l.close(maps) })
	if err := failure(response.Result); err != nil {
		end()
		return nil, nothing, err
	}
	if err := out.unread(); err != nil {
		end()
		return nil, nothing, err
	}
	result, err := h.result(response)
	if err != nil {
		end()
		return nil, nothing, &contract.Failed{Type: "UnreadableResult", Message: err.Error()}
	}
	return result, end, nil
}

func nothing() {}

// cancel must not wait with Invoke: the sender may be busy for long.
func (h *Host) cancel(l *link, invocation string) {
	l.cleanup.Go(func() {
		// A worker that is gone has nothing to cancel.
		_ = l.tell(context.Background(), &wire.StreamingMessage{
			RequestId: h.config.Worker,
			Content:   &wire.StreamingMessage_InvocationCancel{InvocationCancel: &wire.InvocationCancel{InvocationId: invocation}},
		})
	})
}

// TooLarge says that an input may not pass on the stream, and can't pass beside
// it.
type TooLarge struct {
	Input string
	Size  int64 // bytes; -1 if nobody knows
	Limit int64 // bytes
	Why   string
}

// Error says what would help.
func (e *TooLarge) Error() string {
	size := fmt.Sprintf("has %d bytes", e.Size)
	if e.Size < 0 {
		size = "is of unknown size"
	}
	return fmt.Sprintf("input %s %s, and more than %d do not go to the worker: %s\nhint: use a streamed binding for it", e.Input, size, e.Limit, e.Why)
}
