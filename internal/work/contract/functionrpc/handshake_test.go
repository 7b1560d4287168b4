package functionrpc_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

func TestOnlyTheExpectedWorkerIsServedAndOnce(t *testing.T) {
	var notes journal
	h, _ := host(t, func(c *functionrpc.Config) { c.System = notes.add })
	started := make(chan error, 1)
	go func() {
		_, err := h.Start(t.Context())
		started <- err
	}()
	refused := func(why string, first *wire.StreamingMessage, want codes.Code) {
		t.Helper()
		f := connect(t, h)
		f.send(first)
		if _, err := f.stream.Recv(); status.Code(err) != want {
			t.Errorf("%s: got %v, want %v", why, err, want)
		}
	}
	hello := func(id string) *wire.StreamingMessage {
		return &wire.StreamingMessage{Content: &wire.StreamingMessage_StartStream{StartStream: &wire.StartStream{WorkerId: id}}}
	}
	refused("wrong id", hello("somebody"), codes.PermissionDenied)
	refused("no id", hello(""), codes.PermissionDenied)
	refused("no hello", &wire.StreamingMessage{Content: &wire.StreamingMessage_RpcLog{RpcLog: &wire.RpcLog{}}}, codes.InvalidArgument)

	serve(t, h, behaviour{})
	if err := <-started; err != nil {
		t.Fatalf("Start: got %v, want the right worker to be served after the wrong ones", err)
	}
	refused("second stream", hello(h.Args()[5]), codes.AlreadyExists)
	if got := len(notes.all()); got != 4 {
		t.Errorf("refusals that were told: got %d, want 4", got)
	}
}

func TestAWorkerThatDoesNotAnswerIsNamedAsSuch(t *testing.T) {
	soon := 50 * time.Millisecond
	for _, row := range []struct {
		why, want string
		change    func(*functionrpc.Config)
		connects  bool
	}{
		{"never connects", "took longer than 50ms to connect\nhint: ", func(c *functionrpc.Config) { c.HelloTime = soon }, false},
		{"connects and is silent", "took longer than 50ms to answer the request to initialise", func(c *functionrpc.Config) { c.InitTime = soon }, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			h, _ := host(t, row.change)
			if row.connects {
				serve(t, h, behaviour{silent: true})
			}
			_, err := h.Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("Start: got %v, want %q", err, row.want)
			}
			if _, _, err := h.Invoke(t.Context(), &contract.Invocation{ID: "1", Function: "f"}); err == nil {
				t.Error("Invoke after that: got no error")
			}
		})
	}
}

func TestAWorkerThatComesAfterTheStopIsNotServed(t *testing.T) {
	h, _ := host(t, func(c *functionrpc.Config) { c.HelloTime = time.Millisecond })
	if _, err := h.Start(t.Context()); err == nil {
		t.Fatal("Start without a worker: got no error")
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, open := dial(t, h); status.Code(open()) != codes.Unavailable {
		t.Error("late worker: somebody answered, want that nobody is there")
	}
}

func TestAProcessThatEndsBeforeItConnectsEndsTheStart(t *testing.T) {
	h, _ := host(t, nil)
	h.Exited(errors.New("exit status 1"))
	h.Exited(errors.New("again"))
	_, err := h.Start(t.Context())
	if gone := (*contract.Gone)(nil); !errors.As(err, &gone) || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("Start: got %v, want Gone with the exit status", err)
	}
}

func TestStopEndsAStartThatStillWaits(t *testing.T) {
	h, _ := host(t, nil)
	started := make(chan error, 1)
	go func() {
		_, err := h.Start(t.Context())
		started <- err
	}()
	// Somebody who is refused shows that the host serves, and so that Start waits.
	stranger := connect(t, h)
	stranger.hello("somebody")
	if _, err := stranger.stream.Recv(); status.Code(err) != codes.PermissionDenied {
		t.Fatalf("stranger: got %v, want %v", err, codes.PermissionDenied)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-started; !errors.As(err, new(*contract.Gone)) {
		t.Errorf("Start: got %v, want *contract.Gone", err)
	}
}

func TestWhatTheWorkerCannotDoComesWithItsTraceback(t *testing.T) {
	broken := &wire.StatusResult{Exception: &wire.RpcException{Message: "ModuleNotFoundError: No module named 'x'", StackTrace: "File \"app.py\", line 1"}}
	want := &contract.Failed{Type: "ModuleNotFoundError", Message: "No module named 'x'", Stack: "File \"app.py\", line 1"}
	check := func(t *testing.T, err error) {
		t.Helper()
		var got *contract.Failed
		if !errors.As(err, &got) {
			t.Fatalf("got %v, want *contract.Failed", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	for why, b := range map[string]behaviour{
		"initialise": {init: &wire.WorkerInitResponse{Result: broken}},
		"index":      {index: &wire.FunctionMetadataResponse{Result: broken}},
		"one of the functions": {index: &wire.FunctionMetadataResponse{Result: success, FunctionMetadataResults: []*wire.RpcFunctionMetadata{
			{Name: "bad", Status: broken},
		}}},
	} {
		t.Run(why, func(t *testing.T) {
			h, _ := host(t, nil)
			serve(t, h, b)
			_, err := h.Start(t.Context())
			check(t, err)
		})
	}
	t.Run("load", func(t *testing.T) {
		h, _ := host(t, nil)
		serve(t, h, behaviour{load: broken})
		if _, err := h.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, h.Load(t.Context(), functionrpc.Function{Name: "f"}))
	})
}

func TestFunctionsAreHandedOutAsTheWorkerListsThem(t *testing.T) {
	raw := `{"type":"queueTrigger","name":"msg","direction":"IN","queueName":"q"}`
	index := &wire.FunctionMetadataResponse{Result: success, FunctionMetadataResults: []*wire.RpcFunctionMetadata{{
		Name: "f", FunctionId: "id-1", Directory: "/app", ScriptFile: "function_app.py", EntryPoint: "f",
		RawBindings: []string{raw}, Properties: map[string]string{"worker_indexed": "True"},
		RetryOptions: &wire.RpcRetryOptions{MaxRetryCount: 3, RetryStrategy: wire.RpcRetryOptions_fixed_delay},
	}}}
	h, _ := host(t, nil)
	serve(t, h, behaviour{index: index})
	got, err := h.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []functionrpc.Function{{
		ID: "id-1", Name: "f", Directory: "/app", ScriptFile: "function_app.py", EntryPoint: "f", Bindings: []string{raw},
		Retry: &functionrpc.Retry{Max: 3, Fixed: true}, Properties: map[string]string{"worker_indexed": "True"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions -want +got:\n%s", diff)
	}
}

func TestBindingsThatNoWorkerUnderstandsAreRefused(t *testing.T) {
	h, _, _ := running(t, behaviour{}, nil)
	for raw, want := range map[string]string{
		`{`:            "unexpected end",
		`{"name":"a"}`: "both are needed",
		`{"name":"a","type":"b","direction":"up"}`:     `direction "up"`,
		`{"name":"a","type":"b","dataType":"picture"}`: `dataType "picture"`,
	} {
		err := h.Load(t.Context(), functionrpc.Function{Name: "g", Bindings: []string{raw}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load with binding %s: got %v, want %q", raw, err, want)
		}
	}
}

func TestStatusIsASignOfLife(t *testing.T) {
	h, _, _ := running(t, behaviour{init: can("WorkerStatus")}, nil)
	if took, err := h.Status(t.Context()); err != nil || took <= 0 {
		t.Errorf("Status: got %v, %v; want the time it took", took, err)
	}
	without, _, _ := running(t, behaviour{}, nil)
	if _, err := without.Status(t.Context()); err == nil {
		t.Error("Status of a worker that has none: got no error")
	}
}

func TestStopAsksAWorkerToTerminateThatKnowsHow(t *testing.T) {
	told := make(chan *wire.WorkerTerminate, 1)
	h, _, _ := running(t, behaviour{init: can("HandlesWorkerTerminateMessage"), other: func(f *fake, m *wire.StreamingMessage) {
		told <- m.GetWorkerTerminate()
		f.hangUp()
	}}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := h.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if got := (<-told).GetGracePeriod().AsDuration(); got <= 0 || got > time.Minute {
		t.Errorf("grace period: got %v, want what is left of a minute", got)
	}
}

func TestConfigSaysEverythingThatIsWrong(t *testing.T) {
	err := functionrpc.Config{Plain: -1, Shared: []string{"/dev/shm", "/tmp/a,b"}}.Check()
	for _, want := range []string{"id is empty", "runtime", "not absolute", "version", "largest payload", "largest answer", `"/tmp/a,b" for shared payloads has a comma`, "time to connect", "time to load"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check: got %v, want %q", err, want)
		}
	}
}

func TestArgumentsAndEnvironmentAreThoseOfTheContract(t *testing.T) {
	h, shared := host(t, func(c *functionrpc.Config) { c.Worker, c.WorkerDir = "w1", "/worker" })
	args := h.Args()
	port := args[3]
	want := []string{
		"--host", "127.0.0.1", "--port", port, "--workerId", "w1", "--requestId", "w1", "--grpcMaxMessageLength", "2147483647",
		"--functions-uri", "http://127.0.0.1:" + port + "/", "--functions-worker-id", "w1", "--functions-request-id", "w1",
		"--functions-grpc-max-message-length", "2147483647",
	}
	if diff := cmp.Diff(want, args); diff != "" {
		t.Errorf("Args -want +got:\n%s", diff)
	}
	env := h.Env()
	for _, want := range []string{
		"FUNCTIONS_WORKER_RUNTIME=python", "FUNCTIONS_WORKER_DIRECTORY=/worker",
		"FUNCTIONS_WORKER_SHARED_MEMORY_DATA_TRANSFER_ENABLED=1",
		"FUNCTIONS_UNIX_SHARED_MEMORY_DIRECTORIES=" + shared + "/stanch-maps-w1",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("Env: got %q, want %s in it", env, want)
		}
	}
}
