package functionrpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// Start waits for the worker, which was started before or is at the same time,
// initialises it and asks it for its functions. They are nil where the worker
// leaves it to the host to read function.json files. Errors are *contract.Gone,
// *contract.Failed where the worker said why it can't, with the traceback, and
// those that say what took too long. Start is called once.
func (h *Host) Start(ctx context.Context) ([]Function, error) {
	h.serving.Go(func() { _ = h.server.Serve(h.listener) }) // it returns when Stop closes the listener
	l, err := h.await(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.initialise(ctx, l); err != nil {
		return nil, fmt.Errorf("initialise worker: %w", err)
	}
	if !h.config.Index {
		return nil, nil
	}
	functions, err := h.index(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("list functions of %s: %w%s", h.config.App, err, hint(err))
	}
	return functions, nil
}

func (h *Host) await(ctx context.Context) (*link, error) {
	ctx, cancel := within(ctx, h.config.HelloTime, "connect\nhint: its own output says why; it has to be started with the arguments that belong to this host")
	defer cancel()
	var l *link
	select {
	case l = <-h.arrived:
	case <-h.exited:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.exit != nil {
		return nil, &contract.Gone{Err: h.exit}
	}
	h.link = l
	return l, nil
}

func (h *Host) initialise(ctx context.Context, l *link) error {
	ctx, cancel := within(ctx, h.config.InitTime, "answer the request to initialise")
	defer cancel()
	answer, _, err := l.ask(ctx, "init", &wire.StreamingMessage{
		RequestId: h.config.Worker,
		Content: &wire.StreamingMessage_WorkerInitRequest{WorkerInitRequest: &wire.WorkerInitRequest{
			HostVersion:          h.config.HostVersion,
			WorkerDirectory:      h.config.WorkerDir,
			FunctionAppDirectory: h.config.App,
		}},
	})
	if err != nil {
		return err
	}
	init := answer.GetWorkerInitResponse()
	if err := failure(init.Result); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.can = init.Capabilities
	h.shares = h.room != nil && readsMaps(init)
	return nil
}

// readsMaps tells whether a worker reads shared payloads. The Python worker's
// libraries for 3.13 and later (azure-functions-runtime 1.x) say so too, but have
// no code for it.
func readsMaps(init *wire.WorkerInitResponse) bool {
	if _, says := init.Capabilities["SharedMemoryDataTransfer"]; !says {
		return false
	}
	about := init.GetWorkerMetadata()
	if about.GetRuntimeName() != "python" {
		return true
	}
	minor, found := strings.CutPrefix(about.GetRuntimeVersion(), "3.")
	version, err := strconv.Atoi(minor)
	return found && err == nil && version < 13
}

func (h *Host) index(ctx context.Context, l *link) ([]Function, error) {
	ctx, cancel := within(ctx, h.config.IndexTime, "list its functions\nhint: it imports the app for that; what the app does at import takes too long")
	defer cancel()
	answer, _, err := l.ask(ctx, "index", &wire.StreamingMessage{
		RequestId: h.config.Worker,
		Content: &wire.StreamingMessage_FunctionsMetadataRequest{FunctionsMetadataRequest: &wire.FunctionsMetadataRequest{
			FunctionAppDirectory: h.config.App,
		}},
	})
	if err != nil {
		return nil, err
	}
	list := answer.GetFunctionMetadataResponse()
	if err := failure(list.Result); err != nil {
		return nil, err
	}
	if list.UseDefaultMetadataIndexing {
		return nil, nil
	}
	functions := make([]Function, 0, len(list.FunctionMetadataResults))
	for _, f := range list.FunctionMetadataResults {
		// A function without a status is as good as the whole answer is.
		if err := failure(f.Status); f.Status != nil && err != nil {
			return nil, fmt.Errorf("function %s: %w", f.Name, err)
		}
		functions = append(functions, functionOf(f))
	}
	return functions, nil
}

// hint is what to do about a module that the app imports and nobody has installed.
func hint(err error) string {
	failed := (*contract.Failed)(nil)
	if !errors.As(err, &failed) || failed.Type != "ModuleNotFoundError" {
		return ""
	}
	return "\nhint: install the app's requirements.txt into the worker's Python"
}

// within bounds what the worker may take. The cause says what it was to do.
func within(ctx context.Context, limit time.Duration, what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("worker took longer than %v to %s", limit, what))
}

// connected is the worker's stream, or why there is none.
func (h *Host) connected() (*link, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.link == nil {
		return nil, &contract.Gone{Err: errors.New("worker is not started")}
	}
	return h.link, nil
}
