package functionrpc

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// Status asks the worker for a sign of life and returns how long it took. A
// worker that computes without a pause does not answer in time; a frozen one
// does not at all.
func (h *Host) Status(ctx context.Context) (time.Duration, error) {
	l, err := h.connected()
	if err != nil {
		return 0, err
	}
	if !h.has("WorkerStatus") {
		return 0, errors.New("this worker does not answer requests for its status")
	}
	id, began := rand.Text(), time.Now()
	_, _, err = l.ask(ctx, "status "+id, &wire.StreamingMessage{
		RequestId: id,
		Content:   &wire.StreamingMessage_WorkerStatusRequest{WorkerStatusRequest: &wire.WorkerStatusRequest{}},
	})
	return time.Since(began), err
}

// Stop ends the contract: a worker that knows how is asked to terminate and given
// until ctx ends, then the stream is closed, what still waits gets
// *contract.Gone, and the shared payloads are removed. It does not end the
// process: the Python worker stays, without a host. Stop is safe to call twice,
// and before Start.
func (h *Host) Stop(ctx context.Context) error {
	h.stop.Do(func() {
		if l, err := h.connected(); err == nil && h.has("HandlesWorkerTerminateMessage") {
			h.terminate(ctx, l)
		}
		h.leave(errors.New("host was stopped"))
		h.server.Stop()
		h.serving.Wait()
		// A listener that was never served is not the server's to close.
		h.listener.Close()
		if h.room != nil {
			h.stopErr = h.room.Close()
		}
	})
	return h.stopErr
}

// terminate waits for the worker to hang up.
func (h *Host) terminate(ctx context.Context, l *link) {
	message := &wire.WorkerTerminate{}
	if until, bounded := ctx.Deadline(); bounded {
		message.GracePeriod = durationpb.New(max(time.Until(until), 0))
	}
	err := l.tell(ctx, &wire.StreamingMessage{
		RequestId: h.config.Worker,
		Content:   &wire.StreamingMessage_WorkerTerminate{WorkerTerminate: message},
	})
	if err != nil {
		return // it is gone, or was too busy to be told
	}
	select {
	case <-l.gone:
	case <-ctx.Done():
	}
}
