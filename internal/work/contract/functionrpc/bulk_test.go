package functionrpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// onTheStream is a host that shares nothing, with a spool of its own.
func onTheStream(dir string) func(*functionrpc.Config) {
	return func(c *functionrpc.Config) { c.Shared, c.Spool, c.Plain = nil, dir, 16<<20 }
}

func TestALargePayloadOnTheStreamComesWholeAndInItsPlace(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 5<<16) // 5 MiB
	greek := strings.Repeat("aλέξη", 3<<17)           // characters lie across every border
	value := func(body string, size int64, text bool) contract.Value {
		s := stream(body, size)
		s.Text = text
		return contract.Value{Kind: contract.Large, Stream: s}
	}
	inputs := []contract.Input{
		{Name: "first", Value: held("small")},
		{Name: "bytes", Value: value(long, int64(len(long)), false)},
		{Name: "between", Value: contract.Value{Kind: contract.JSON, Text: `{"a":1}`}},
		{Name: "text", Value: value(greek, int64(len(greek)), true)},
		{Name: "no text", Value: value(greek+"\xce", int64(len(greek))+1, true)},
		{Name: "unknown size", Value: value(long[:3<<20], -1, false)},
		{Name: "a little over a piece", Value: value(long[:2<<20+1], 2<<20+1, false)},
		{Name: "unknown and short", Value: value("short", -1, true)},
		{Name: "last", Value: contract.Value{Kind: contract.Bytes, Bytes: []byte{1}}},
	}
	want := []*wire.TypedData{
		{Data: &wire.TypedData_String_{String_: "small"}},
		{Data: &wire.TypedData_Bytes{Bytes: []byte(long)}},
		{Data: &wire.TypedData_Json{Json: `{"a":1}`}},
		{Data: &wire.TypedData_String_{String_: greek}},
		{Data: &wire.TypedData_Bytes{Bytes: []byte(greek + "\xce")}},
		{Data: &wire.TypedData_Bytes{Bytes: []byte(long[:3<<20])}},
		{Data: &wire.TypedData_Bytes{Bytes: []byte(long[:2<<20+1])}},
		{Data: &wire.TypedData_String_{String_: "short"}},
		{Data: &wire.TypedData_Bytes{Bytes: []byte{1}}},
	}
	requests := make(chan *wire.InvocationRequest, 1)
	dir := t.TempDir()
	h, _, _ := running(t, behaviour{invoke: once(requests)}, onTheStream(dir))
	inv := &contract.Invocation{ID: "i", Function: "f", Inputs: inputs, Trace: "00-1-2-03", Metadata: []contract.Datum{{Name: "m", Value: held("of it")}}}
	if _, _, err := h.Invoke(t.Context(), inv); err != nil {
		t.Fatal(err)
	}
	got := <-requests
	if got.InvocationId != "i" || got.TraceContext.TraceParent != "00-1-2-03" || got.TriggerMetadata["m"].GetString_() != "of it" {
		t.Errorf("beside the payloads: got %q, %v, %v", got.InvocationId, got.TraceContext, got.TriggerMetadata)
	}
	if len(got.InputData) != len(want) {
		t.Fatalf("%d inputs came, want %d", len(got.InputData), len(want))
	}
	for i, input := range got.InputData {
		if input.Name != inputs[i].Name || !proto.Equal(input.GetData(), want[i]) {
			t.Errorf("input %d: got %s of %d bytes (%T), want %s of %d (%T)", i, input.Name, proto.Size(input.GetData()), input.GetData().GetData(),
				inputs[i].Name, proto.Size(want[i]), want[i].Data)
		}
	}
	if maps := mapped(t, dir); maps != "" {
		t.Errorf("after the invocation there are still mapped:\n%s", maps)
	}
}

// mapped are the maps of this process of files in a directory.
func mapped(t *testing.T, dir string) (lines string) {
	t.Helper()
	all, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		if strings.Contains(line, dir) {
			lines += line
		}
	}
	return lines
}

func TestAPayloadThatCantBeKeptFailsItsInvocationAlone(t *testing.T) {
	dir := t.TempDir()
	h, _, _ := running(t, behaviour{invoke: func(f *fake, r *wire.InvocationRequest) {
		f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success})
	}}, onTheStream(dir))
	broken := errors.New("the store is away")
	for _, row := range []struct {
		why  string
		from *contract.Stream
		want string
	}{
		{"the store breaks off", &contract.Stream{Size: 9 << 20, Open: func(context.Context, int64) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 4<<20)), iotest.ErrReader(broken))), nil
		}}, broken.Error()},
		{"it ends early", stream(strings.Repeat("x", 4<<20), 9<<20), "changed"},
		{"no message can hold it", stream("", 3<<30), "more than"},
	} {
		_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: row.why, Function: "f", Inputs: []contract.Input{{Name: "in", Value: contract.Value{Kind: contract.Large, Stream: row.from}}}})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want it to say %q", row.why, err, row.want)
		}
	}
	if _, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "after", Function: "f"}); err != nil {
		t.Errorf("the invocation after: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("the spool holds %v, want nothing", left)
	}
}

func TestAWorkerThatGoesInTheMiddleOfAPayloadLeavesNothingMapped(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("0123456789abcdef", 4<<20) // 64 MiB: more than any window takes
	for i := range 3 {
		// The fake does not read what comes after its first invocation.
		stop := make(chan struct{})
		h, f, _ := running(t, behaviour{invoke: func(*fake, *wire.InvocationRequest) { <-stop }}, onTheStream(dir))
		go func() { _, _, _ = h.Invoke(t.Context(), &contract.Invocation{ID: "first", Function: "f"}) }()
		failed := make(chan error, 1)
		go func() {
			_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: fmt.Sprint(i), Function: "f", Inputs: []contract.Input{
				{Name: "in", Value: contract.Value{Kind: contract.Large, Stream: stream(long, int64(len(long)))}},
			}})
			failed <- err
		}()
		for mapped(t, dir) == "" {
			select {
			case err := <-failed:
				t.Fatalf("it ended before the payload was under way: %v", err)
			default:
			}
		}
		close(stop)
		f.hangUp()
		if err := <-failed; !errors.As(err, new(*contract.Gone)) {
			t.Errorf("got %v, want that the worker is gone", err)
		}
	}
	eventuallyUnmapped(t, dir)
}

// eventuallyUnmapped waits for the collector, which has to find what gRPC forgot.
func eventuallyUnmapped(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); mapped(t, dir) != ""; {
		if time.Now().After(end) {
			t.Fatalf("still mapped:\n%s", mapped(t, dir))
		}
		runtime.GC()
	}
}
