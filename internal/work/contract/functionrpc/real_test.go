package functionrpc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
)

// forms are the real workers that make test-azure-worker has installed.
func forms(t *testing.T) []pyworker.Form {
	t.Helper()
	cache := os.Getenv("STANCH_PYWORKER")
	if cache == "" {
		t.Skip("needs Azure's Python worker: make test-azure-worker")
	}
	found, err := pyworker.Installed(cache, "../../../../bench/pyworker/loop.py")
	if err != nil || len(found) == 0 {
		t.Fatalf("workers installed in %s: got %v, %v; want at least one", cache, found, err)
	}
	return found
}

// worker is a real one, with a host that has started it.
type worker struct {
	*functionrpc.Host
	functions    []functionrpc.Function
	process      *exec.Cmd
	ended        chan struct{} // closed when the process is, and the host has been told
	user, system journal
	shared       string
}

// start runs a real worker over an app, and loads what it lists. env is what it has
// in its environment besides.
func start(t *testing.T, form pyworker.Form, app string, change func(*functionrpc.Config), env ...string) (*worker, error) {
	t.Helper()
	w := &worker{}
	dir, err := filepath.Abs(filepath.Join("testdata", app))
	if err != nil {
		t.Fatal(err)
	}
	w.Host, w.shared = host(t, func(c *functionrpc.Config) {
		c.App, c.Index = dir, form.V2
		c.Line, c.System = w.user.add, w.system.add
		if change != nil {
			change(c)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	w.process = form.Command(ctx, dir, w.Args(), slices.Concat(w.Env(), []string{"PYTHONDONTWRITEBYTECODE=1", "AzureWebJobsFeatureFlags=EnableWorkerIndexing"}, env))
	var output bytes.Buffer
	w.process.Stdout, w.process.Stderr = &output, &output
	if err := w.process.Start(); err != nil {
		t.Fatal(err)
	}
	w.ended = make(chan struct{})
	go func() { defer close(w.ended); w.Exited(fmt.Errorf("it exited: %w", w.process.Wait())) }()
	t.Cleanup(func() {
		cancel()
		<-w.ended
		if t.Failed() {
			t.Logf("the worker's own output:\n%s", &output)
			for _, line := range w.system.all() {
				t.Logf("system: %v %s", line.Level, line.Text)
			}
		}
	})
	w.functions, err = w.Start(t.Context())
	if err != nil {
		return w, err
	}
	for _, f := range w.functions {
		if err := w.Load(t.Context(), f); err != nil {
			t.Fatalf("Load %s: %v", f.Name, err)
		}
	}
	return w, nil
}

// kill ends the worker as the kernel does.
func (w *worker) kill() {
	_ = w.process.Process.Kill() // it may be dead
	<-w.ended
}

func v2(t *testing.T, form pyworker.Form, change func(*functionrpc.Config)) *worker {
	t.Helper()
	if !form.V2 {
		t.Skipf("the worker %s does not know the second model", form.Name)
	}
	w, err := start(t, form, "v2", change)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func each(t *testing.T, test func(*testing.T, pyworker.Form)) {
	for _, form := range forms(t) {
		t.Run(form.Name, func(t *testing.T) { test(t, form) })
	}
}

// large is a blob that is made as it is read; nobody holds it.
func large(size int64) (*contract.Stream, string) {
	source := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), size) }
	digest := sha256.New()
	io.Copy(digest, source())
	return &contract.Stream{Size: size, Open: func(context.Context, int64) (io.ReadCloser, error) {
		return io.NopCloser(source()), nil
	}}, fmt.Sprintf("%x", digest.Sum(nil))
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func message(function, id, body string, image contract.Value) *contract.Invocation {
	fact := func(name, value string) contract.Datum {
		return contract.Datum{Name: name, Value: contract.Value{Kind: contract.JSON, Text: value}}
	}
	inv := &contract.Invocation{
		ID: id, Function: function, Trace: traceparent, Retry: contract.Retry{Count: 1, Max: 2},
		Inputs: []contract.Input{{Name: "msg", Binding: "queueTrigger", Value: contract.Value{Kind: contract.Text, Text: body}}},
		Metadata: []contract.Datum{
			{Name: "Id", Value: contract.Value{Kind: contract.Text, Text: "m-1"}},
			{Name: "PopReceipt", Value: contract.Value{Kind: contract.Text, Text: "r"}},
			fact("DequeueCount", "2"), fact("InsertionTime", `"2026-11-21T08:00:00+00:00"`),
			fact("ExpirationTime", `"2026-11-28T08:00:00+00:00"`), fact("NextVisibleTime", `"2026-11-21T08:10:00+00:00"`),
		},
	}
	if image.Kind != contract.None {
		inv.Inputs = append(inv.Inputs, contract.Input{Name: "image", Binding: "blob", Binary: true, Value: image})
	}
	return inv
}

func TestRealWorkerListsTheFunctionsOfTheSecondModel(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w := v2(t, form, nil)
		types := map[string][]string{}
		for _, f := range w.functions {
			for _, raw := range f.Bindings {
				var b struct{ Type string }
				if err := stdjson.Unmarshal([]byte(raw), &b); err != nil {
					t.Errorf("binding of %s: %s: %v", f.Name, raw, err)
				}
				types[f.Name] = append(types[f.Name], b.Type)
			}
		}
		for name, want := range map[string]string{
			"resize": "queue blob queueTrigger", "tick": "blob timerTrigger", "hello": "httpTrigger http", "fail": "queueTrigger",
		} {
			for kind := range strings.FieldsSeq(want) {
				if !strings.Contains(" "+strings.Join(types[name], " ")+" ", " "+kind+" ") {
					t.Errorf("bindings of %s: got %v, want %s", name, types[name], want)
				}
			}
		}
		if took, err := w.Status(t.Context()); err != nil || took > 10*time.Second {
			t.Errorf("Status: got %v, %v; want an answer", took, err)
		}
		if got := w.Shares(); got != form.Shared {
			t.Errorf("Shares: got %v, want %v (it can %v)", got, form.Shared, w.Capabilities())
		}
	})
}

func TestRealWorkerRunsAQueueFunctionWithABlobAndAnOutput(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w := v2(t, form, nil)
		body := []byte("small picture")
		result, end, err := w.Invoke(t.Context(), message("resize", "11111111-0000-4000-8000-000000000001", "cat.jpg", contract.Value{Kind: contract.Bytes, Bytes: body}))
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		if len(result.Outputs) != 1 || result.Outputs[0].Name != "again" {
			t.Fatalf("outputs: got %+v, want again", result.Outputs)
		}
		var got map[string]any
		if err := stdjson.Unmarshal([]byte(result.Outputs[0].Value.Text), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"body": "cat.jpg", "id": "m-1", "dequeue_count": 2.0, "inserted": "2026-11-21T08:00:00+00:00",
			"size": float64(len(body)), "sha256": fmt.Sprintf("%x", sha256.Sum256(body)),
			"invocation": "11111111-0000-4000-8000-000000000001", "trace": traceparent, "retry": 1.0,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the function saw -want +got:\n%s", diff)
		}
		levels := map[string]contract.Level{}
		for _, line := range w.user.all() {
			if line.Invocation != "11111111-0000-4000-8000-000000000001" {
				t.Errorf("line %q belongs to %q, want the invocation", line.Text, line.Invocation)
			}
			levels[line.Text] = line.Level
		}
		if diff := cmp.Diff(map[string]contract.Level{"read 13 bytes": contract.Information, "a warning": contract.Warning, "an error": contract.Error}, levels); diff != "" {
			t.Errorf("lines -want +got:\n%s", diff)
		}
		if len(w.system.all()) == 0 {
			t.Error("no line of the worker's own arrived")
		}
	})
}

func TestRealWorkerReadsALargeBlobByteForByte(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w := v2(t, form, nil)
		const size = 16 << 20
		blob, digest := large(size)
		for _, function := range []string{"resize", "pieces"} {
			result, end, err := w.Invoke(t.Context(), message(function, "i-"+function, "big.jpg", contract.Value{Kind: contract.Large, Stream: blob}))
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Size   int64
				Sha256 string
			}
			if err := stdjson.Unmarshal([]byte(result.Outputs[0].Value.Text), &got); err != nil {
				t.Fatal(err)
			}
			end()
			if got.Size != size || got.Sha256 != digest {
				t.Errorf("%s: got %d bytes with %s, want %d with %s", function, got.Size, got.Sha256, size, digest)
			}
		}
		shared := 0
		for _, line := range w.system.all() {
			if strings.HasPrefix(line.Text, "Read 16777216 bytes from memory map") {
				shared++
			}
		}
		if form.Shared && shared != 2 {
			t.Errorf("the worker says of %d maps that it has read them, want 2", shared)
		}
		if left := maps(t, w.shared); len(left) > 0 {
			t.Errorf("afterwards: got %v, want no maps", left)
		}
	})
}

func TestRealWorkerGivesALargeOutput(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w := v2(t, form, nil)
		const size = 4 << 20
		result, end, err := w.Invoke(t.Context(), message("large", "i", fmt.Sprint(size), contract.Value{}))
		if err != nil {
			t.Fatal(err)
		}
		value := result.Outputs[0].Value
		if (value.Kind == contract.Large) != form.Shared {
			t.Errorf("output is of kind %v; want a stream exactly if the worker shares", value.Kind)
		}
		got := value.Bytes
		if value.Stream != nil {
			body, err := value.Stream.Open(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if got, err = io.ReadAll(body); err != nil {
				t.Fatal(err)
			}
			body.Close()
		}
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(i)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("output: got %d bytes, want the %d that the function wrote", len(got), size)
		}
		end()
		if _, err := w.Status(t.Context()); err != nil { // it answers in order: the maps are closed by then
			t.Fatal(err)
		}
		if left := maps(t, w.shared); len(left) > 0 {
			t.Errorf("after end: got %v, want no maps", left)
		}
	})
}

func TestRealWorkerRunsTimersAndHTTP(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w := v2(t, form, nil)
		result, _, err := w.Invoke(t.Context(), &contract.Invocation{ID: "t", Function: "tick", Inputs: []contract.Input{{
			Name: "timer", Binding: "timerTrigger", Value: contract.Value{Kind: contract.JSON, Text: `{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-11-21T08:00:00","LastUpdated":"2026-11-21T08:00:00","Next":"2026-11-21T08:05:00"},"IsPastDue":true}`},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := result.Outputs[0].Value.Text, `{"past_due": true, "last": "2026-11-21T08:00:00"}`; got != want {
			t.Errorf("timer: got %s, want %s", got, want)
		}
		result, _, err = w.Invoke(t.Context(), &contract.Invocation{ID: "h", Function: "hello", Inputs: []contract.Input{{
			Name: "req", Binding: "httpTrigger", Value: contract.Value{Kind: contract.HTTPIn, Request: &contract.Request{
				Method: "POST", URL: "http://localhost/api/hello/ann?q=1", Header: map[string][]string{"X-One": {"1"}},
				Query: map[string][]string{"q": {"1"}}, Params: map[string]string{"name": "ann"},
				Body: contract.Value{Kind: contract.Bytes, Bytes: []byte("b\xff")},
			}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if r := result.Response; r == nil || r.Status != 201 || r.Header["X-Answer"][0] != "42" {
			t.Fatalf("HTTP: got %+v, want 201 with X-Answer: 42", result.Response)
		}
		body := result.Response.Body
		if got, want := body.Text+string(body.Bytes), `POST http://localhost/api/hello/ann?q=1 ann 1 1 b'b\xff'`; got != want {
			t.Errorf("HTTP body: got %s, want %s", got, want)
		}
	})
}

func TestRealWorkerTellsWhyAFunctionFailed(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w := v2(t, form, nil)
		_, _, err := w.Invoke(t.Context(), message("fail", "i", "cat", contract.Value{}))
		var failed *contract.Failed
		if !errors.As(err, &failed) || failed.Type != "ValueError" || failed.Message != "no good: cat" || !strings.Contains(failed.Stack, "function_app.py") {
			t.Errorf("Invoke: got %#v, want ValueError with a traceback through function_app.py", err)
		}
		if _, err := start(t, form, "broken", nil); !errors.As(err, &failed) || failed.Type != "ModuleNotFoundError" || !strings.Contains(failed.Stack, "function_app.py") {
			t.Errorf("Start of an app that does not import: got %#v, want ModuleNotFoundError with a traceback", err)
		}
	})
}

func TestRealWorkerThatGoesTakesItsInvocationsWithItAtOnce(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		for _, way := range []string{"exit", "kill"} {
			t.Run(way, func(t *testing.T) {
				leaving := make(chan struct{}, 1)
				w := v2(t, form, func(c *functionrpc.Config) {
					keep := c.Line
					c.Line = func(l contract.Line) {
						keep(l)
						if l.Text == "leaving" {
							leaving <- struct{}{}
						}
					}
				})
				killed := make(chan time.Time, 1)
				go func() {
					<-leaving
					killed <- time.Now()
					if way == "kill" {
						syscall.Kill(w.process.Process.Pid, syscall.SIGKILL)
					}
				}()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				_, _, err := w.Invoke(ctx, message("leave", "i", way, contract.Value{}))
				if !errors.As(err, new(*contract.Gone)) {
					t.Fatalf("Invoke: got %v, want *contract.Gone", err)
				}
				took := time.Since(<-killed)
				t.Logf("%s: noticed after %v", way, took)
				if took > 2*time.Second {
					t.Errorf("%s: noticed after %v, want at once", way, took)
				}
			})
		}
	})
}

func TestRealWorkerThatIsFrozenHoldsNothingUp(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w := v2(t, form, nil)
		if err := w.process.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		blob, _ := large(8 << 20) // more than the connection buffers: the sender is stuck, too
		answers := make(chan error, 2)
		for i := range 2 {
			go func() {
				_, _, err := w.Invoke(t.Context(), message("resize", fmt.Sprint(i), "cat.jpg", contract.Value{Kind: contract.Large, Stream: blob}))
				answers <- err
			}()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := w.Status(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Status: got %v, want %v", err, context.DeadlineExceeded)
		}
		began := time.Now()
		if err := w.Stop(t.Context()); err != nil {
			t.Errorf("Stop: %v", err)
		}
		for range 2 {
			if err := <-answers; !errors.As(err, new(*contract.Gone)) {
				t.Errorf("Invoke: got %v, want *contract.Gone", err)
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("Stop took %v, want at once", took)
		}
	})
}

func TestRealWorkerRunsTheFirstModel(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		w, err := start(t, form, "v1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if w.functions != nil {
			t.Errorf("functions: got %v, want that they are left to the host", w.functions)
		}
		load := func(name string) error {
			dir, err := filepath.Abs(filepath.Join("testdata/v1", name))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, "function.json"))
			if err != nil {
				t.Fatal(err)
			}
			var described struct {
				ScriptFile, EntryPoint string
				Bindings               []stdjson.RawMessage
			}
			if err := stdjson.Unmarshal(text, &described); err != nil {
				t.Fatal(err)
			}
			f := functionrpc.Function{Name: name, Directory: dir, ScriptFile: described.ScriptFile, EntryPoint: described.EntryPoint}
			for _, b := range described.Bindings {
				f.Bindings = append(f.Bindings, string(b))
			}
			return w.Load(t.Context(), f)
		}
		if err := load("hash"); err != nil {
			t.Fatal(err)
		}
		var failed *contract.Failed
		if err := load("broken"); !errors.As(err, &failed) || !strings.Contains(failed.Message+failed.Type, "ModuleNotFoundError") || !strings.Contains(failed.Stack, "__init__.py") {
			t.Errorf("Load of a function that does not import: got %#v, want ModuleNotFoundError with a traceback", err)
		}
		blob, digest := large(3 << 20)
		result, end, err := w.Invoke(t.Context(), message("hash", "i", "cat.jpg", contract.Value{Kind: contract.Large, Stream: blob}))
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		if want := fmt.Sprintf("cat.jpg %d %s", 3<<20, digest); result.Return == nil || result.Return.Text != want {
			t.Errorf("return value: got %+v, want %s", result.Return, want)
		}
		if lines := w.user.all(); len(lines) != 1 || lines[0].Text != "hashing 3145728 bytes" || lines[0].Level != contract.Information {
			t.Errorf("lines: got %v, want one", lines)
		}
	})
}
