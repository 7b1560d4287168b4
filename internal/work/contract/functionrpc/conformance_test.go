package functionrpc_test

import (
	"bytes"
	"context"
	"encoding/binary"
	stdjson "encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/contracttest"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// conforming is what a fake does that has the functions of the suite. The fake
// lives in this process, and its death is that its connection breaks.
type conforming struct {
	dir     string // of shared payloads
	journal *contracttest.Journal
	running sync.WaitGroup
	mu      sync.Mutex
	gone    map[string]chan struct{} // by invocation: closed when it is cancelled
}

func (c *conforming) cancelled(id string) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone[id] == nil {
		c.gone[id] = make(chan struct{})
	}
	return c.gone[id]
}

func (c *conforming) other(_ *fake, m *wire.StreamingMessage) {
	if cancel := m.GetInvocationCancel(); cancel != nil {
		close(c.cancelled(cancel.InvocationId))
	}
	for _, name := range m.GetCloseSharedMemoryResourcesRequest().GetMapNames() {
		_ = os.Remove(filepath.Join(c.maps(), name))
	}
}

// maps is the directory that the host made for this worker.
func (c *conforming) maps() string {
	found, _ := filepath.Glob(filepath.Join(c.dir, "stanch-maps-*", "AzureFunctions")) // a sound pattern
	return strings.Join(found, "")
}

// payload opens an input as it came, on the stream or in a file.
func (c *conforming) payload(b *wire.ParameterBinding) (io.Reader, error) {
	if part := b.GetRpcSharedMemory(); part != nil {
		file, err := os.Open(filepath.Join(c.maps(), part.Name))
		if err != nil {
			return nil, err
		}
		return io.NewSectionReader(file, 9, part.Count), nil
	}
	switch d := b.GetData().GetData().(type) {
	case nil, *wire.TypedData_Http:
		return strings.NewReader(""), nil
	case *wire.TypedData_Bytes:
		return bytes.NewReader(d.Bytes), nil
	case *wire.TypedData_String_:
		return strings.NewReader(d.String_), nil
	case *wire.TypedData_Json:
		return strings.NewReader(d.Json), nil
	}
	return nil, errors.New("an input of a kind that nobody sends")
}

func factsOf(from map[string]*wire.TypedData) (facts map[string]string) {
	for name, data := range from {
		if facts == nil {
			facts = map[string]string{}
		}
		value := data.GetString_()
		if json := data.GetJson(); json != "" && stdjson.Unmarshal([]byte(json), &value) != nil {
			value = json
		}
		facts[strings.ToLower(name)] = value
	}
	return facts
}

func (c *conforming) invoke(f *fake, r *wire.InvocationRequest) {
	c.running.Go(func() {
		function := strings.TrimPrefix(r.FunctionId, "function-")
		answer := &wire.InvocationResponse{InvocationId: r.InvocationId, Result: success}
		if function == "hello" {
			in := r.InputData[0].GetData().GetHttp()
			body := in.GetBody()
			_, path, _ := strings.Cut(strings.TrimPrefix(in.Url, "http://"), "/")
			answer.ReturnValue = &wire.TypedData{Data: &wire.TypedData_Http{Http: &wire.RpcHttp{
				StatusCode: "201", Headers: map[string]string{"x-answer": in.Method + " /" + path + " " + in.Headers["x-one"]}, Body: body,
			}}}
			f.answer(answer)
			return
		}
		payload, broken := c.payload(r.InputData[0])
		if file, ok := payload.(io.Closer); ok {
			defer file.Close()
		}
		reply := contracttest.Answer(contracttest.Call{
			ID: r.InvocationId, Function: function, Raw: payload,
			Decode: func() (io.Reader, map[string]string, error) { return payload, factsOf(r.TriggerMetadata), broken },
			Trace:  r.TraceContext.GetTraceParent(),
			Retry:  contract.Retry{Count: int(r.RetryContext.GetRetryCount()), Max: int(r.RetryContext.GetMaxRetryCount())},
			Log: func(line string) {
				f.log(&wire.RpcLog{InvocationId: r.InvocationId, Level: wire.RpcLog_Information, Message: line})
			},
			Die: f.hangUp, Gone: c.cancelled(r.InvocationId), Journal: c.journal,
		})
		switch v := reply.Value; {
		case reply.Nothing:
			return
		case reply.Half: // a stream has no half messages: it breaks instead of the answer
			f.hangUp()
			return
		case reply.Failure != "":
			answer.Result = &wire.StatusResult{Status: wire.StatusResult_Failure, Exception: &wire.RpcException{Type: "ValueError", Message: reply.Failure}}
		case reply.Garbage:
			answer.ReturnValue = json("{")
		case v.Kind == contract.Large:
			if err := c.share(f.t.Context(), answer, r.InvocationId, v); err != nil {
				f.t.Errorf("fake worker: share an output: %v", err)
			}
		case v.Kind == contract.JSON:
			answer.ReturnValue = json(v.Text)
		case v.Kind == contract.Bytes:
			answer.ReturnValue = raw(v.Bytes...)
		case v.Kind == contract.Text:
			answer.ReturnValue = text(v.Text)
		}
		f.answer(answer)
	})
}

// share makes an output as a worker does that shares it.
func (c *conforming) share(ctx context.Context, answer *wire.InvocationResponse, id string, v contract.Value) error {
	file, err := os.Create(filepath.Join(c.maps(), "out-"+id))
	if err != nil {
		return err
	}
	defer file.Close()
	body, size, err := v.Open(ctx, "out")
	if err != nil {
		return err
	}
	if _, err := file.Write(binary.LittleEndian.AppendUint64([]byte{1}, uint64(size))); err != nil {
		return err
	}
	if _, err := io.Copy(file, body); err != nil {
		return err
	}
	answer.OutputData = []*wire.ParameterBinding{{Name: "out", RpcData: &wire.ParameterBinding_RpcSharedMemory{
		RpcSharedMemory: &wire.RpcSharedMemory{Name: "out-" + id, Count: size, Type: wire.RpcDataType_bytes},
	}}}
	return nil
}

// The worker is a fake, which is quick and shares or not as it is told to. Real ones
// are held to the same in real_suite_test.go.
func TestTheContractIsKeptWithAFakeWorker(t *testing.T) {
	for _, shares := range []bool{true, false} {
		t.Run("shared "+strconv.FormatBool(shares), func(t *testing.T) {
			contracttest.Run(t, contracttest.Case{
				HTTP: true, Logs: true, Garbage: true, Reason: true, OddNames: true, Holds: !shares,
				Start: func(t *testing.T, log func(contract.Line)) *contracttest.Worker { return conform(t, shares, log) },
			})
		})
	}
}

func conform(t *testing.T, shares bool, log func(contract.Line)) *contracttest.Worker {
	abilities := []string{"HandlesInvocationCancelMessage", "RawHttpBodyBytes", "RpcHttpBodyOnly"}
	if shares {
		abilities = append(abilities, "SharedMemoryDataTransfer")
	}
	var h *functionrpc.Host
	var notes bytes.Buffer
	c := &conforming{journal: &contracttest.Journal{To: &notes}, gone: map[string]chan struct{}{}}
	h, c.dir = host(t, func(config *functionrpc.Config) { config.Line = log })
	f := serve(t, h, behaviour{init: can(abilities...), invoke: c.invoke, other: c.other})
	if _, err := h.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	for _, name := range contracttest.Functions() {
		if err := h.Load(t.Context(), functionrpc.Function{Name: name, Directory: "/app/" + name}); err != nil {
			t.Fatalf("Load %s: %v", name, err)
		}
	}
	return &contracttest.Worker{
		Contract: h,
		Held:     func() int { return len(maps(t, c.dir)) },
		Stop: func() []string {
			done := make(chan struct{})
			go func() { defer close(done); c.running.Wait() }()
			select {
			case <-done: // what was cancelled has been told by then
			case <-time.After(30 * time.Second):
				t.Error("functions of the fake worker still run")
			}
			f.hangUp()
			<-f.ended
			return strings.Split(notes.String(), "\n")
		},
	}
}
