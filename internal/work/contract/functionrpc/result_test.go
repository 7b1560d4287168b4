package functionrpc_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

func output(name string, d *wire.TypedData) *wire.ParameterBinding {
	return &wire.ParameterBinding{Name: name, RpcData: &wire.ParameterBinding_Data{Data: d}}
}

// answering is a host whose worker answers everything in the same way.
func answering(t *testing.T, response *wire.InvocationResponse) *functionrpc.Host {
	t.Helper()
	h, _, _ := running(t, behaviour{invoke: func(f *fake, r *wire.InvocationRequest) {
		response.InvocationId = r.InvocationId
		f.answer(response)
	}}, nil)
	return h
}

func TestResultsAreReadWhateverTheirKind(t *testing.T) {
	number := func(i int64) *wire.TypedData { return &wire.TypedData{Data: &wire.TypedData_Int{Int: i}} }
	body := contract.Value{Kind: contract.Bytes, Bytes: []byte("b")}
	for _, row := range []struct {
		why      string
		response *wire.InvocationResponse
		want     *contract.Result
	}{
		{"nothing", &wire.InvocationResponse{}, &contract.Result{}},
		{"text", &wire.InvocationResponse{ReturnValue: text("t")}, &contract.Result{Return: &contract.Value{Kind: contract.Text, Text: "t"}}},
		{"a number", &wire.InvocationResponse{ReturnValue: number(-3)}, &contract.Result{Return: &contract.Value{Kind: contract.JSON, Text: "-3"}}},
		{"outputs", &wire.InvocationResponse{OutputData: []*wire.ParameterBinding{
			output("a", json(`{"x":1}`)), output("b", raw(1)),
			output("c", &wire.TypedData{Data: &wire.TypedData_CollectionString{CollectionString: &wire.CollectionString{String_: []string{"1", "2"}}}}),
			output("d", &wire.TypedData{Data: &wire.TypedData_CollectionBytes{CollectionBytes: &wire.CollectionBytes{Bytes: [][]byte{{1}, {2}}}}}),
		}}, &contract.Result{Outputs: []contract.Output{
			{Name: "a", Value: contract.Value{Kind: contract.JSON, Text: `{"x":1}`}},
			{Name: "b", Value: contract.Value{Kind: contract.Bytes, Bytes: []byte{1}}},
			{Name: "c", Value: contract.Value{Kind: contract.JSON, Text: `["1","2"]`}},
			{Name: "d", Value: contract.Value{Kind: contract.Bytes, Bytes: []byte{1}}},
			{Name: "d", Value: contract.Value{Kind: contract.Bytes, Bytes: []byte{2}}},
		}}},
		{"an HTTP answer", &wire.InvocationResponse{ReturnValue: &wire.TypedData{Data: &wire.TypedData_Http{Http: &wire.RpcHttp{
			StatusCode: "404", Headers: map[string]string{"x-a": "1"}, Body: raw('b'),
			Cookies: []*wire.RpcHttpCookie{{
				Name: "c", Value: "v", SameSite: wire.RpcHttpCookie_Lax,
				MaxAge: &wire.NullableDouble{Double: &wire.NullableDouble_Value{Value: 60}},
				Secure: &wire.NullableBool{Bool: &wire.NullableBool_Value{Value: true}},
			}},
		}}}}, &contract.Result{Response: &contract.Response{
			Status: 404, Header: map[string][]string{"X-A": {"1"}, "Set-Cookie": {"c=v; Max-Age=60; Secure; SameSite=Lax"}}, Body: body,
		}}},
		{"an HTTP answer in an output", &wire.InvocationResponse{OutputData: []*wire.ParameterBinding{
			output("res", &wire.TypedData{Data: &wire.TypedData_Http{Http: &wire.RpcHttp{}}}),
		}}, &contract.Result{Response: &contract.Response{Status: 200, Header: map[string][]string{}}}},
	} {
		t.Run(row.why, func(t *testing.T) {
			row.response.Result = success
			got, end, err := answering(t, row.response).Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f"})
			if err != nil {
				t.Fatal(err)
			}
			end()
			end()
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("result -want +got:\n%s", diff)
			}
		})
	}
}

func TestGarbageIsAFailureAndNotAResult(t *testing.T) {
	http := func(status string) *wire.TypedData {
		return &wire.TypedData{Data: &wire.TypedData_Http{Http: &wire.RpcHttp{StatusCode: status}}}
	}
	shared := func(name string, offset, count int64) []*wire.ParameterBinding {
		return []*wire.ParameterBinding{{Name: "o", RpcData: &wire.ParameterBinding_RpcSharedMemory{
			RpcSharedMemory: &wire.RpcSharedMemory{Name: name, Offset: offset, Count: count},
		}}}
	}
	exception := func(e *wire.RpcException) *wire.StatusResult { return &wire.StatusResult{Exception: e} }
	for _, row := range []struct {
		why      string
		response *wire.InvocationResponse
		want     contract.Failed
	}{
		{"no status at all", &wire.InvocationResponse{}, contract.Failed{Message: "the worker gave no reason"}},
		{"an exception", &wire.InvocationResponse{Result: exception(&wire.RpcException{Message: "ValueError: a: b", StackTrace: "s"})}, contract.Failed{Type: "ValueError", Message: "a: b", Stack: "s"}},
		{"an exception with its type", &wire.InvocationResponse{Result: exception(&wire.RpcException{Message: "a: b", Type: "T"})}, contract.Failed{Type: "T", Message: "a: b"}},
		{"a message that only looks typed", &wire.InvocationResponse{Result: exception(&wire.RpcException{Message: "no file: x"})}, contract.Failed{Message: "no file: x"}},
		{"cancelled", &wire.InvocationResponse{Result: &wire.StatusResult{Status: wire.StatusResult_Cancelled, Result: "stop"}}, contract.Failed{Type: "Cancelled", Message: "stop"}},
		{"no JSON", &wire.InvocationResponse{Result: success, ReturnValue: json("{")}, contract.Failed{Type: "UnreadableResult", Message: "return value: it is said to be JSON, and is not"}},
		{"a number that is none", &wire.InvocationResponse{Result: success, ReturnValue: &wire.TypedData{Data: &wire.TypedData_Double{Double: math.NaN()}}}, contract.Failed{Type: "UnreadableResult", Message: "return value: NaN has no form in JSON"}},
		{"no status code", &wire.InvocationResponse{Result: success, ReturnValue: http("OK")}, contract.Failed{Type: "UnreadableResult", Message: `return value: HTTP status "OK" is no number of three digits`}},
		{"two HTTP answers", &wire.InvocationResponse{Result: success, ReturnValue: http(""), OutputData: []*wire.ParameterBinding{output("res", http(""))}}, contract.Failed{Type: "UnreadableResult", Message: "return value: a second HTTP answer"}},
		{"a map that is not there", &wire.InvocationResponse{Result: success, OutputData: shared("no", 0, 1)}, contract.Failed{Type: "UnreadableResult", Message: "output o: shared payload no is not there"}},
		{"a map elsewhere", &wire.InvocationResponse{Result: success, OutputData: shared("../lock", 0, 1)}, contract.Failed{Type: "UnreadableResult", Message: `output o: worker names a shared payload "../lock", which is no name of a file`}},
		{"less than nothing of a map", &wire.InvocationResponse{Result: success, OutputData: shared("m", 0, -1)}, contract.Failed{Type: "UnreadableResult", Message: "output o: worker means -1 bytes at 0 of a shared payload"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			result, end, err := answering(t, row.response).Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f"})
			end()
			var got *contract.Failed
			if !errors.As(err, &got) || result != nil {
				t.Fatalf("Invoke: got %v, %v; want *contract.Failed", result, err)
			}
			if diff := cmp.Diff(&row.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// place makes a map as a worker does.
func place(t *testing.T, shared, name, body string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(shared, "stanch-maps-*", "AzureFunctions"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("directories for maps: got %v, %v; want 1", dirs, err)
	}
	content := append(binary.LittleEndian.AppendUint64([]byte{1}, uint64(len(body))), body...)
	if err := os.WriteFile(filepath.Join(dirs[0], name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestASharedOutputIsReadFromItsFileAndGivenBack(t *testing.T) {
	closed := make(chan []string, 2)
	var dir string
	h, _, dir := running(t, behaviour{
		init: can("SharedMemoryDataTransfer"),
		invoke: func(f *fake, r *wire.InvocationRequest) {
			place(t, dir, "m-"+r.InvocationId, "content")
			f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success, OutputData: []*wire.ParameterBinding{{
				Name: "o", RpcData: &wire.ParameterBinding_RpcSharedMemory{RpcSharedMemory: &wire.RpcSharedMemory{Name: "m-" + r.InvocationId, Count: 7, Type: wire.RpcDataType_bytes}},
			}}})
		},
		other: func(_ *fake, m *wire.StreamingMessage) {
			closed <- m.GetCloseSharedMemoryResourcesRequest().GetMapNames()
		},
	}, nil)
	result, end, err := h.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f"})
	if err != nil {
		t.Fatal(err)
	}
	stream := result.Outputs[0].Value.Stream
	if stream == nil || stream.Size != 7 || stream.Text {
		t.Fatalf("output: got %+v, want a stream of 7 bytes", result.Outputs[0].Value)
	}
	for from, want := range map[int64]string{0: "content", 3: "tent", 7: ""} {
		r, err := stream.Open(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if string(got) != want || err != nil {
			t.Errorf("output from %d: got %q, %v; want %q", from, got, err, want)
		}
	}
	if len(closed) > 0 {
		t.Error("the map was given back before end was called")
	}
	end()
	if diff := cmp.Diff([]string{"m-i"}, <-closed); diff != "" {
		t.Errorf("maps given back -want +got:\n%s", diff)
	}
}

func TestAnAnswerThatComesTooLateGivesItsMapsBack(t *testing.T) {
	closed := make(chan []string, 1)
	late := make(chan func(), 1)
	h, _, _ := running(t, behaviour{
		invoke: func(f *fake, r *wire.InvocationRequest) {
			late <- func() {
				f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success, OutputData: []*wire.ParameterBinding{{
					Name: "o", RpcData: &wire.ParameterBinding_RpcSharedMemory{RpcSharedMemory: &wire.RpcSharedMemory{Name: "m"}},
				}}})
			}
		},
		other: func(_ *fake, m *wire.StreamingMessage) {
			closed <- m.GetCloseSharedMemoryResourcesRequest().GetMapNames()
		},
	}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	go func() {
		send := <-late
		cancel()
		late <- send
	}()
	if _, _, err := h.Invoke(ctx, &contract.Invocation{ID: "i", Function: "f"}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Invoke: got %v, want %v", err, context.Canceled)
	}
	(<-late)()
	if diff := cmp.Diff([]string{"m"}, <-closed); diff != "" {
		t.Errorf("maps given back -want +got:\n%s", diff)
	}
}
