package functionrpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

type stream = grpc.BidiStreamingServer[wire.StreamingMessage, wire.StreamingMessage]

// link is the worker's stream: questions go out one by one, answers go to whoever
// waits for them.
type link struct {
	host    *Host
	out     chan parcel
	gone    chan struct{}
	cleanup sync.WaitGroup

	mu    sync.Mutex
	err   error // why gone is closed
	waits map[string]chan *wire.StreamingMessage
}

// parcel is a message with the way to tell that it could not be sent.
type parcel struct {
	message *letter
	unsent  chan error // has room for one
}

func newLink(h *Host) *link {
	return &link{host: h, out: make(chan parcel), gone: make(chan struct{}), waits: map[string]chan *wire.StreamingMessage{}}
}

// end closes gone. The first reason counts.
func (l *link) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
		close(l.gone)
	}
}

func (l *link) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// run carries messages until the stream breaks or somebody ends the link.
func (l *link) run(s stream) error {
	var sending sync.WaitGroup
	sending.Go(func() { l.send(s) })
	for {
		message, err := s.Recv()
		if err != nil {
			l.end(broken(err))
			break
		}
		l.take(message)
	}
	sending.Wait()
	l.cleanup.Wait()
	return nil
}

func broken(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("worker closed its stream")
	case status.Code(err) == codes.ResourceExhausted:
		return fmt.Errorf("worker sent too large a message: %w\nhint: let the function write large results to a blob through an output binding, which passes through shared memory", err)
	}
	return fmt.Errorf("stream broke: %w", err)
}

func (l *link) send(s stream) {
	for {
		select {
		case p := <-l.out:
			err := send(s, p.message)
			if s.Context().Err() != nil {
				l.end(fmt.Errorf("stream broke: %w", cmp.Or(err, context.Cause(s.Context()))))
				return
			}
			if err != nil {
				p.unsent <- err
			}
		case <-l.gone:
			return
		}
	}
}

// hand gives a message to the sender. It returns before the message is on the
// wire; what is wrong with it goes to the parcel's channel.
func (l *link) hand(ctx context.Context, p parcel) error {
	select {
	case l.out <- p:
		return nil
	case <-l.gone:
		return &contract.Gone{Err: l.reason()}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tell sends what has no answer.
func (l *link) tell(ctx context.Context, message *wire.StreamingMessage) error {
	return l.hand(ctx, parcel{&letter{message, nil}, make(chan error, 1)})
}

// ask is write for a message without bulks.
func (l *link) ask(ctx context.Context, key string, message *wire.StreamingMessage) (answer *wire.StreamingMessage, sent bool, err error) {
	return l.write(ctx, key, &letter{message, nil})
}

// write sends a message and waits for the answer with this key (see keyOf). sent
// tells whether the worker may have the message.
func (l *link) write(ctx context.Context, key string, message *letter) (answer *wire.StreamingMessage, sent bool, err error) {
	wait := make(chan *wire.StreamingMessage, 1)
	l.mu.Lock()
	_, taken := l.waits[key]
	if !taken {
		l.waits[key] = wait
	}
	l.mu.Unlock()
	if taken {
		return nil, false, fmt.Errorf("%s is already being waited for", key)
	}
	defer func() {
		l.mu.Lock()
		delete(l.waits, key)
		l.mu.Unlock()
	}()
	p := parcel{message, make(chan error, 1)}
	if err := l.hand(ctx, p); err != nil {
		return nil, false, err
	}
	select {
	case answer = <-wait:
		return answer, true, nil
	case err = <-p.unsent:
		return nil, false, fmt.Errorf("send to worker: %w", err)
	case <-l.gone:
		err = &contract.Gone{Err: l.reason()}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	select {
	case answer = <-wait: // it came at the same time
		return answer, true, nil
	default:
		return nil, true, err
	}
}

// take brings an answer to whoever waits for it.
func (l *link) take(message *wire.StreamingMessage) {
	if line := message.GetRpcLog(); line != nil {
		l.host.line(line)
		return
	}
	key := keyOf(message)
	l.mu.Lock()
	wait := l.waits[key]
	delete(l.waits, key)
	l.mu.Unlock()
	if wait != nil {
		wait <- message
		return
	}
	late := message.GetInvocationResponse()
	if late == nil {
		if message.GetCloseSharedMemoryResourcesResponse() == nil {
			l.host.system(contract.Warning, fmt.Sprintf("worker sent what nobody waits for: %T", message.Content))
		}
		return
	}
	l.host.system(contract.Warning, "worker answered invocation "+late.InvocationId+", which nobody waits for")
	// The reader must not wait for the sender: the worker may not read before it has written.
	l.cleanup.Go(func() { l.close(mapsOf(late)) })
}

// close lets the worker remove maps that it made.
func (l *link) close(maps []string) {
	if len(maps) == 0 {
		return
	}
	// A worker that is gone leaves them to Stop.
	_ = l.tell(context.Background(), &wire.StreamingMessage{
		RequestId: l.host.config.Worker,
		Content: &wire.StreamingMessage_CloseSharedMemoryResourcesRequest{
			CloseSharedMemoryResourcesRequest: &wire.CloseSharedMemoryResourcesRequest{MapNames: maps},
		},
	})
}

// keyOf names what a message from the worker answers. Workers answer most
// questions with a request id of their own, so that the kind has to do.
func keyOf(message *wire.StreamingMessage) string {
	switch c := message.Content.(type) {
	case *wire.StreamingMessage_WorkerInitResponse:
		return "init"
	case *wire.StreamingMessage_FunctionMetadataResponse:
		return "index"
	case *wire.StreamingMessage_FunctionLoadResponse:
		return "load " + c.FunctionLoadResponse.FunctionId
	case *wire.StreamingMessage_WorkerStatusResponse:
		return "status " + message.RequestId
	case *wire.StreamingMessage_InvocationResponse:
		return "invocation " + c.InvocationResponse.InvocationId
	}
	return ""
}
