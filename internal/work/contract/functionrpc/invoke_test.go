package functionrpc_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// once is a fake's invoke that keeps the request and answers with success.
func once(requests chan *wire.InvocationRequest) func(*fake, *wire.InvocationRequest) {
	return func(f *fake, r *wire.InvocationRequest) {
		requests <- r
		f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success})
	}
}

func text(s string) *wire.TypedData {
	return &wire.TypedData{Data: &wire.TypedData_String_{String_: s}}
}
func json(s string) *wire.TypedData { return &wire.TypedData{Data: &wire.TypedData_Json{Json: s}} }
func raw(b ...byte) *wire.TypedData { return &wire.TypedData{Data: &wire.TypedData_Bytes{Bytes: b}} }
func held(s string) contract.Value  { return contract.Value{Kind: contract.Text, Text: s} }
func stream(body string, size int64) *contract.Stream {
	return &contract.Stream{Size: size, Open: func(context.Context, int64) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(body)), nil
	}}
}

func TestAnInvocationIsPutOnTheWireAsAzuresHostDoes(t *testing.T) {
	requests := make(chan *wire.InvocationRequest, 1)
	h, _, _ := running(t, behaviour{invoke: once(requests)}, nil)
	small := stream("blob", 4)
	smallText := stream("blob", 4)
	smallText.Text = true
	inv := &contract.Invocation{
		ID: "i-1", Function: "f", Trace: "00-1-2-01", Retry: contract.Retry{Count: 1, Max: 3},
		Inputs: []contract.Input{
			{Name: "msg", Binding: "queueTrigger", Value: held("hello")},
			{Name: "odd", Binding: "queueTrigger", Value: held("\xff")},
			{Name: "timer", Binding: "timerTrigger", Value: held(`{"IsPastDue":false}`)},
			{Name: "bytes", Binding: "blob", Value: contract.Value{Kind: contract.Bytes, Bytes: []byte{1, 2}}},
			{Name: "blob", Binding: "blob", Value: contract.Value{Kind: contract.Large, Stream: small}},
			{Name: "blobText", Binding: "blob", Value: contract.Value{Kind: contract.Large, Stream: smallText}},
			{Name: "unknownSize", Binding: "blob", Value: contract.Value{Kind: contract.Large, Stream: stream("12345", -1)}},
			{Name: "nothing", Binding: "blob"},
		},
		Metadata: []contract.Datum{{Name: "DequeueCount", Value: contract.Value{Kind: contract.JSON, Text: "1"}}, {Name: "Id", Value: held("m")}},
	}
	if _, end, err := h.Invoke(t.Context(), inv); err != nil {
		t.Fatalf("Invoke: %v", err)
	} else {
		end()
	}
	data := func(name string, d *wire.TypedData) *wire.ParameterBinding {
		return &wire.ParameterBinding{Name: name, RpcData: &wire.ParameterBinding_Data{Data: d}}
	}
	want := &wire.InvocationRequest{
		InvocationId: "i-1", FunctionId: "function-f",
		InputData: []*wire.ParameterBinding{
			data("msg", text("hello")), data("odd", raw(0xff)), data("timer", json(`{"IsPastDue":false}`)), data("bytes", raw(1, 2)),
			data("blob", raw([]byte("blob")...)), data("blobText", text("blob")), data("unknownSize", raw([]byte("12345")...)),
			data("nothing", &wire.TypedData{}),
		},
		TriggerMetadata: map[string]*wire.TypedData{"DequeueCount": json("1"), "Id": text("m")},
		TraceContext:    &wire.RpcTraceContext{TraceParent: "00-1-2-01"},
		RetryContext:    &wire.RetryContext{RetryCount: 1, MaxRetryCount: 3},
	}
	if diff := cmp.Diff(want, <-requests, protocmp.Transform()); diff != "" {
		t.Errorf("request -want +got:\n%s", diff)
	}
}

func TestHTTPTakesTheShapeThatTheWorkerAsksFor(t *testing.T) {
	request := &contract.Request{
		Method: "POST", URL: "http://h/api/a?q=1&q=2", Header: map[string][]string{"X-A": {"1", "2"}, "X-Empty": {""}, "Content-Type": {"text/plain"}},
		Query: map[string][]string{"q": {"1", "2"}}, Params: map[string]string{"id": "7"}, Body: held("body"),
	}
	http := func(h *wire.RpcHttp) *wire.TypedData { return &wire.TypedData{Data: &wire.TypedData_Http{Http: h}} }
	nullable := func(s string) *wire.NullableString {
		return &wire.NullableString{String_: &wire.NullableString_Value{Value: s}}
	}
	for _, row := range []struct {
		why  string
		can  []string
		want *wire.RpcHttp
	}{
		{"Python", []string{"RawHttpBodyBytes", "RpcHttpBodyOnly", "RpcHttpTriggerMetadataRemoved"}, &wire.RpcHttp{
			Method: "POST", Url: request.URL, Headers: map[string]string{"x-a": "1,2", "x-empty": "", "content-type": "text/plain"},
			Query: map[string]string{"q": "1,2"}, Params: map[string]string{"id": "7"}, Body: raw([]byte("body")...),
		}},
		{"Node", []string{"RpcHttpBodyOnly", "IgnoreEmptyValuedRpcHttpHeaders", "UseNullableValueDictionaryForHttp", "RpcHttpTriggerMetadataRemoved"}, &wire.RpcHttp{
			Method: "POST", Url: request.URL,
			NullableHeaders: map[string]*wire.NullableString{"x-a": nullable("1,2"), "content-type": nullable("text/plain")},
			NullableQuery:   map[string]*wire.NullableString{"q": nullable("1,2")}, NullableParams: map[string]*wire.NullableString{"id": nullable("7")},
			Body: text("body"),
		}},
		{"one that says nothing", nil, &wire.RpcHttp{
			Method: "POST", Url: request.URL, Headers: map[string]string{"x-a": "1,2", "x-empty": "", "content-type": "text/plain"},
			Query: map[string]string{"q": "1,2"}, Params: map[string]string{"id": "7"}, Body: text("body"), RawBody: text("body"),
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			requests := make(chan *wire.InvocationRequest, 1)
			h, _, _ := running(t, behaviour{init: can(row.can...), invoke: once(requests)}, nil)
			value := contract.Value{Kind: contract.HTTPIn, Request: request}
			if _, _, err := h.Invoke(t.Context(), &contract.Invocation{
				ID: "i", Function: "f", Inputs: []contract.Input{{Name: "req", Binding: "httpTrigger", Value: value}},
				Metadata: []contract.Datum{{Name: "$request", Value: value}},
			}); err != nil {
				t.Fatal(err)
			}
			got := <-requests
			if diff := cmp.Diff(http(row.want), got.InputData[0].GetData(), protocmp.Transform()); diff != "" {
				t.Errorf("request -want +got:\n%s", diff)
			}
			if _, has := got.TriggerMetadata["$request"]; has != (row.can == nil) {
				t.Errorf("request among the metadata: got %v, want %v", has, row.can == nil)
			}
		})
	}
}

func TestALargeInputPassesThroughAFileThatIsGoneAfterwards(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	for _, row := range []struct {
		why   string
		value contract.Value
		kind  wire.RpcDataType
	}{
		{"stream", contract.Value{Kind: contract.Large, Stream: stream(body, int64(len(body)))}, wire.RpcDataType_bytes},
		{"stream of unknown size", contract.Value{Kind: contract.Large, Stream: stream(body, -1)}, wire.RpcDataType_bytes},
		{"bytes", contract.Value{Kind: contract.Bytes, Bytes: []byte(body)}, wire.RpcDataType_bytes},
		{"text", held(body), wire.RpcDataType_string},
	} {
		t.Run(row.why, func(t *testing.T) {
			var h *functionrpc.Host
			var dir string
			h, _, dir = running(t, behaviour{init: can("SharedMemoryDataTransfer"), invoke: func(f *fake, r *wire.InvocationRequest) {
				part := r.InputData[0].GetRpcSharedMemory()
				if part == nil || part.Count != int64(len(body)) || part.Offset != 0 || part.Type != row.kind {
					t.Errorf("input: got %v, want %d shared bytes of type %v", part, len(body), row.kind)
				}
				names, _ := filepath.Glob(filepath.Join(dir, "stanch-maps-*", "AzureFunctions", part.GetName()))
				if len(names) != 1 {
					t.Fatalf("files named %s: got %v, want 1", part.GetName(), names)
				}
				file, err := os.ReadFile(names[0])
				if err != nil {
					t.Fatal(err)
				}
				head := binary.LittleEndian.AppendUint64([]byte{1}, uint64(len(body)))
				if !bytes.Equal(file[:9], head) || string(file[9:]) != body {
					t.Errorf("file: header %x and %d bytes, want %x and the body", file[:9], len(file)-9, head)
				}
				f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success})
			}}, nil)
			_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f", Inputs: []contract.Input{{Name: "in", Value: row.value}}})
			if err != nil {
				t.Fatal(err)
			}
			if left := maps(t, dir); len(left) > 0 {
				t.Errorf("after the invocation: got %v, want no maps", left)
			}
		})
	}
}

func maps(t *testing.T, dir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*", "AzureFunctions", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestWhatMayNotPassOnTheStreamIsRefusedWithAHint(t *testing.T) {
	h, _, _ := running(t, behaviour{invoke: func(*fake, *wire.InvocationRequest) { t.Error("the worker was given the invocation") }},
		func(c *functionrpc.Config) { c.Plain, c.Spool = 10, "" })
	for _, row := range []struct {
		why   string
		value contract.Value
		size  int64
	}{
		{"stream", contract.Value{Kind: contract.Large, Stream: stream("12345678901", 11)}, 11},
		{"stream of unknown size", contract.Value{Kind: contract.Large, Stream: stream("12345678901", -1)}, -1},
		{"bytes", contract.Value{Kind: contract.Bytes, Bytes: make([]byte, 11)}, 11},
		{"text", held("12345678901"), 11},
		{"JSON", contract.Value{Kind: contract.JSON, Text: `"123456789"`}, 11},
		{"body of a request", contract.Value{Kind: contract.HTTPIn, Request: &contract.Request{Body: held("12345678901")}}, 11},
	} {
		_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f", Inputs: []contract.Input{{Name: "in", Value: row.value}}})
		var got *functionrpc.TooLarge
		if !errors.As(err, &got) || got.Size != row.size || got.Limit != 10 || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("%s: got %v, want TooLarge of %d bytes with a hint", row.why, err, row.size)
		}
	}
}

func TestEverythingThatWaitsEndsWhenTheWorkerDoes(t *testing.T) {
	for _, row := range []struct {
		why string
		end func(*functionrpc.Host, *fake)
	}{
		{"the connection breaks", func(_ *functionrpc.Host, f *fake) { f.hangUp() }},
		{"the worker closes its side", func(_ *functionrpc.Host, f *fake) { f.stream.CloseSend() }},
		{"the supervisor says so", func(h *functionrpc.Host, _ *fake) { h.Exited(errors.New("signal: killed")) }},
	} {
		t.Run(row.why, func(t *testing.T) {
			const many = 20
			have := make(chan struct{}, many)
			h, f, _ := running(t, behaviour{invoke: func(*fake, *wire.InvocationRequest) { have <- struct{}{} }}, nil)
			results := make(chan error, many)
			for i := range many {
				go func() {
					_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: fmt.Sprint(i), Function: "f"})
					results <- err
				}()
			}
			for range many {
				<-have
			}
			row.end(h, f)
			for range many {
				if err := <-results; !errors.As(err, new(*contract.Gone)) {
					t.Fatalf("Invoke: got %v, want *contract.Gone", err)
				}
			}
			if _, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "later", Function: "f"}); !errors.As(err, new(*contract.Gone)) {
				t.Errorf("Invoke after that: got %v, want *contract.Gone", err)
			}
		})
	}
}

func TestAMessageBeyondTheLimitEndsTheWorkersStream(t *testing.T) {
	h, _, _ := running(t, behaviour{invoke: func(f *fake, r *wire.InvocationRequest) {
		f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success, ReturnValue: raw(make([]byte, 2<<20)...)})
	}}, func(c *functionrpc.Config) { c.Answer = 1 << 20 })
	_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f"})
	if !errors.As(err, new(*contract.Gone)) || !strings.Contains(err.Error(), "too large a message") || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("Invoke: got %v, want *contract.Gone with a hint", err)
	}
}

func TestTheWorkerIsToldWhenTheCallerGivesUp(t *testing.T) {
	mine := errors.New("enough")
	for _, knows := range []bool{true, false} {
		var names []string
		if knows {
			names = []string{"HandlesInvocationCancelMessage"}
		}
		have, told := make(chan struct{}), make(chan string, 1)
		h, f, _ := running(t, behaviour{
			init:   can(names...),
			invoke: func(*fake, *wire.InvocationRequest) { close(have) },
			other:  func(_ *fake, m *wire.StreamingMessage) { told <- m.GetInvocationCancel().GetInvocationId() },
		}, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-have; cancel(mine) }()
		_, _, err := h.Invoke(ctx, &contract.Invocation{ID: "i", Function: "f"})
		if !errors.Is(err, mine) {
			t.Errorf("Invoke: got %v, want the cause %v", err, mine)
		}
		if knows {
			if got := <-told; got != "i" {
				t.Errorf("cancelled: got %q, want i", got)
			}
		}
		f.hangUp()
		<-f.ended
		if !knows && len(told) > 0 {
			t.Error("a worker without the capability was told to cancel")
		}
	}
}

func TestTheDeadlineOfAnInvocationHolds(t *testing.T) {
	h, _, _ := running(t, behaviour{invoke: func(*fake, *wire.InvocationRequest) {}}, nil)
	_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f", Deadline: time.Now().Add(20 * time.Millisecond)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Invoke: got %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestLinesArriveWithLevelAndOwnerBeforeTheResult(t *testing.T) {
	var user, system journal
	h, _, _ := running(t, behaviour{invoke: func(f *fake, r *wire.InvocationRequest) {
		f.log(&wire.RpcLog{InvocationId: r.InvocationId, Level: wire.RpcLog_Warning, Category: "root", Message: "hot"})
		f.log(&wire.RpcLog{Level: wire.RpcLog_None, Category: "app", Message: "fine"})
		f.log(&wire.RpcLog{Level: wire.RpcLog_Error, Message: "bad", Exception: &wire.RpcException{Message: "why", StackTrace: "where"}})
		f.log(&wire.RpcLog{Level: wire.RpcLog_Critical, Category: "worker", Message: "own", LogCategory: wire.RpcLog_System})
		f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success})
	}}, func(c *functionrpc.Config) { c.Line, c.System = user.add, system.add })
	if _, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f"}); err != nil {
		t.Fatal(err)
	}
	strip := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".At" }, cmp.Ignore())
	if diff := cmp.Diff([]contract.Line{
		{Invocation: "i", Level: contract.Warning, Category: "root", Text: "hot"},
		{Level: contract.Trace, Category: "app", Text: "fine"},
		{Level: contract.Error, Text: "bad\nwhy\nwhere"},
	}, user.all(), strip); diff != "" {
		t.Errorf("lines of functions -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]contract.Line{{Level: contract.Critical, Category: "worker", Text: "own"}}, system.all(), strip); diff != "" {
		t.Errorf("lines of the worker -want +got:\n%s", diff)
	}
}

func TestPythonFrom313OnIsNotBelievedThatItReadsMaps(t *testing.T) {
	for version, want := range map[string]bool{"3.8": true, "3.12": true, "3.13": false, "3.14": false, "": false} {
		init := can("SharedMemoryDataTransfer")
		init.WorkerMetadata.RuntimeVersion = version
		h, _, _ := running(t, behaviour{init: init}, nil)
		if got := h.Shares(); got != want {
			t.Errorf("Shares with Python %q: got %v, want %v", version, got, want)
		}
	}
}
