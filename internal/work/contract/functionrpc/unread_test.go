package functionrpc_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

func TestAFunctionThatNeverHadItsPayloadHasNotSucceeded(t *testing.T) {
	large := contract.Value{Kind: contract.Bytes, Bytes: make([]byte, 2<<20)}
	for _, row := range []struct {
		why     string
		runtime string
		reads   bool
		fails   bool
	}{
		{"the worker read it", "python", true, false},
		{"the worker did not find it", "python", false, true},
		{"another worker may read it when the function asks for it", "java", false, false},
	} {
		var dir string
		h, _, shared := running(t, behaviour{init: can("SharedMemoryDataTransfer"), invoke: func(f *fake, r *wire.InvocationRequest) {
			if row.reads {
				found, _ := filepath.Glob(filepath.Join(dir, "*", "AzureFunctions", r.InputData[0].GetRpcSharedMemory().GetName()))
				if file, err := os.Open(strings.Join(found, "")); err != nil {
					t.Errorf("%s: open the map: %v", row.why, err)
				} else {
					_ = file.Close()
				}
			}
			f.answer(&wire.InvocationResponse{InvocationId: r.InvocationId, Result: success})
		}}, func(c *functionrpc.Config) { c.Runtime = row.runtime })
		dir = shared
		_, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "f", Inputs: []contract.Input{{Name: "image", Value: large}}})
		failed, _ := errors.AsType[*contract.Failed](err)
		if row.fails && (failed == nil || failed.Type != "PayloadNotRead" || !strings.Contains(err.Error(), "input image") || !strings.Contains(err.Error(), "hint: ")) {
			t.Errorf("%s: Invoke: %v, want PayloadNotRead of input image, with a hint", row.why, err)
		}
		if !row.fails && err != nil {
			t.Errorf("%s: Invoke: %v", row.why, err)
		}
		if left := maps(t, dir); len(left) > 0 {
			t.Errorf("%s: afterwards there are %v, want no maps", row.why, left)
		}
	}
}

// Somebody's settings name directories of their own.
func TestRealWorkerThatLooksElsewhereForPayloadsIsFoundOut(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		if !form.Shared {
			t.Skipf("the worker %s does not share payloads", form.Name)
		}
		w := realSuite(t, form, "generic", false, true, func(contract.Line) {}, "FUNCTIONS_UNIX_SHARED_MEMORY_DIRECTORIES="+t.TempDir())
		image := contract.Value{Kind: contract.Large, Stream: stream(strings.Repeat("x", 2<<20), 2<<20)}
		_, _, err := w.Invoke(t.Context(), &contract.Invocation{ID: "i", Function: "readbytes", Inputs: []contract.Input{{Name: "payload", Value: image}}})
		if failed, _ := errors.AsType[*contract.Failed](err); failed == nil || failed.Type != "PayloadNotRead" {
			t.Errorf("Invoke: %v, want PayloadNotRead", err)
		}
		// What passes on the stream is not touched by that.
		small := contract.Value{Kind: contract.Text, Text: "hello"}
		result, end, err := w.Invoke(t.Context(), &contract.Invocation{ID: "s", Function: "echo", Inputs: []contract.Input{{Name: "payload", Value: small}}})
		if err != nil {
			t.Fatalf("Invoke with a small payload: %v", err)
		}
		defer end()
		body, _, err := result.Outputs[0].Value.Open(t.Context(), "out")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != "hello" {
			t.Errorf("echo = %q, %v; want hello", got, err)
		}
	})
}
