package functionrpc_test

import (
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// fake is a worker that does what a test says. It is none of Azure's.
type fake struct {
	t      *testing.T
	stream grpc.BidiStreamingClient[wire.StreamingMessage, wire.StreamingMessage]
	hangUp func()
	sends  sync.Mutex
	ended  chan struct{} // its loop is over
}

// dial makes a fake that does not connect yet.
func dial(t *testing.T, h *functionrpc.Host) (f *fake, open func() error) {
	t.Helper()
	conn, err := grpc.NewClient("127.0.0.1:"+h.Args()[3], grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f = &fake{t: t, ended: make(chan struct{})}
	f.hangUp = sync.OnceFunc(func() { cancel(); conn.Close() })
	t.Cleanup(f.hangUp)
	return f, func() (err error) {
		f.stream, err = wire.NewFunctionRpcClient(conn).EventStream(ctx)
		return err
	}
}

// connect opens a stream to a host that is started, and says nothing yet.
func connect(t *testing.T, h *functionrpc.Host) *fake {
	t.Helper()
	f, open := dial(t, h)
	if err := open(); err != nil {
		t.Fatalf("fake worker: connect: %v", err)
	}
	return f
}

// serve is a worker that connects as soon as the host is started, and behaves like
// this until the test ends.
func serve(t *testing.T, h *functionrpc.Host, b behaviour) *fake {
	t.Helper()
	f, open := dial(t, h)
	go func() {
		defer close(f.ended)
		if err := open(); err != nil {
			t.Errorf("fake worker: connect: %v", err)
			return
		}
		f.hello(h.Args()[5])
		f.run(b)
	}()
	t.Cleanup(func() { f.hangUp(); <-f.ended })
	return f
}

func (f *fake) send(message *wire.StreamingMessage) {
	f.sends.Lock()
	defer f.sends.Unlock()
	if err := f.stream.Send(message); err != nil && !errors.Is(err, io.EOF) {
		f.t.Errorf("fake worker: send: %v", err)
	}
}

func (f *fake) hello(id string) {
	f.send(&wire.StreamingMessage{Content: &wire.StreamingMessage_StartStream{StartStream: &wire.StartStream{WorkerId: id}}})
}

// answer sends the response to an invocation.
func (f *fake) answer(response *wire.InvocationResponse) {
	f.send(&wire.StreamingMessage{Content: &wire.StreamingMessage_InvocationResponse{InvocationResponse: response}})
}

func (f *fake) log(line *wire.RpcLog) {
	f.send(&wire.StreamingMessage{Content: &wire.StreamingMessage_RpcLog{RpcLog: line}})
}

// behaviour is what a fake does instead of the usual.
type behaviour struct {
	init   *wire.WorkerInitResponse
	index  *wire.FunctionMetadataResponse
	load   *wire.StatusResult
	invoke func(*fake, *wire.InvocationRequest) // called one by one
	other  func(*fake, *wire.StreamingMessage)  // whatever else comes
	silent bool                                 // it answers nothing
}

var success = &wire.StatusResult{Status: wire.StatusResult_Success}

// can is the answer of a worker with these capabilities.
func can(names ...string) *wire.WorkerInitResponse {
	response := &wire.WorkerInitResponse{Result: success, Capabilities: map[string]string{}, WorkerMetadata: &wire.WorkerMetadata{RuntimeName: "python", RuntimeVersion: "3.11"}}
	for _, name := range names {
		response.Capabilities[name] = "true"
	}
	return response
}

// run answers the host until the stream ends.
func (f *fake) run(b behaviour) {
	for {
		message, err := f.stream.Recv()
		if err != nil {
			return
		}
		if b.silent {
			continue
		}
		switch c := message.Content.(type) {
		case *wire.StreamingMessage_WorkerInitRequest:
			response := b.init
			if response == nil {
				response = can()
			}
			f.send(&wire.StreamingMessage{Content: &wire.StreamingMessage_WorkerInitResponse{WorkerInitResponse: response}})
		case *wire.StreamingMessage_FunctionsMetadataRequest:
			response := b.index
			if response == nil {
				response = &wire.FunctionMetadataResponse{Result: success, UseDefaultMetadataIndexing: true}
			}
			f.send(&wire.StreamingMessage{Content: &wire.StreamingMessage_FunctionMetadataResponse{FunctionMetadataResponse: response}})
		case *wire.StreamingMessage_FunctionLoadRequest:
			result := b.load
			if result == nil {
				result = success
			}
			f.send(&wire.StreamingMessage{Content: &wire.StreamingMessage_FunctionLoadResponse{
				FunctionLoadResponse: &wire.FunctionLoadResponse{FunctionId: c.FunctionLoadRequest.FunctionId, Result: result},
			}})
		case *wire.StreamingMessage_WorkerStatusRequest:
			f.send(&wire.StreamingMessage{RequestId: message.RequestId, Content: &wire.StreamingMessage_WorkerStatusResponse{WorkerStatusResponse: &wire.WorkerStatusResponse{}}})
		case *wire.StreamingMessage_InvocationRequest:
			b.invoke(f, c.InvocationRequest)
		default:
			if b.other != nil {
				b.other(f, message)
			}
		}
	}
}

// journal collects lines.
type journal struct {
	mu    sync.Mutex
	lines []contract.Line
}

func (j *journal) add(line contract.Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) all() []contract.Line {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]contract.Line{}, j.lines...)
}

// host makes a host over a directory of the test's own.
func host(t *testing.T, change func(*functionrpc.Config)) (h *functionrpc.Host, shared string) {
	t.Helper()
	config := functionrpc.Default()
	config.App, shared = t.TempDir(), t.TempDir()
	config.Shared, config.SharedLeast = []string{shared}, 0
	if change != nil {
		change(&config)
	}
	h, err := functionrpc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(shared, "*")); len(left) > 0 {
			t.Errorf("after Stop %s holds %v, want nothing", shared, left)
		}
	})
	return h, shared
}

// running is a host with a fake that has loaded the function "f".
func running(t *testing.T, b behaviour, change func(*functionrpc.Config)) (*functionrpc.Host, *fake, string) {
	t.Helper()
	h, shared := host(t, change)
	f := serve(t, h, b)
	if _, err := h.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	if err := h.Load(t.Context(), functionrpc.Function{Name: "f", Directory: "/app/f"}); err != nil {
		t.Fatalf("Load: %v", err)
	}
	return h, f, shared
}
