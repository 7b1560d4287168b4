package host_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/settle"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// workers is a fake crew: a function in place of a worker, which can be told to
// die.
type workers struct {
	run func(ctx context.Context, inv *contract.Invocation) (*contract.Result, error)

	mu     sync.Mutex
	inside int
	most   int
	count  int
	stuck  []string
}

func (w *workers) Take(context.Context) (host.Place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inside++
	w.most = max(w.most, w.inside)
	return &seat{workers: w}, nil
}

// set says what the workers do from now on.
func (w *workers) set(run func(context.Context, *contract.Invocation) (*contract.Result, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run = run
}

func (w *workers) AwaitOpen(ctx context.Context) error { return context.Cause(ctx) }

func (w *workers) Stuck(worker, _ string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stuck = append(w.stuck, worker)
}

type seat struct{ workers *workers }

// died is what run returns if the worker dies of it.
type died struct{ report string }

func (d *died) Error() string { return "died, " + d.report }

func (s *seat) Invoke(ctx context.Context, inv *contract.Invocation) (*contract.Result, func(), error) {
	s.workers.mu.Lock()
	run := s.workers.run
	s.workers.mu.Unlock()
	result, err := run(ctx, inv)
	if d := (*died)(nil); errors.As(err, &d) {
		err = &contract.Gone{Err: d}
	}
	return result, func() {}, err
}

func (s *seat) Worker() string { return "w1" }

func (s *seat) Fate(context.Context) (host.Fate, bool) {
	s.workers.mu.Lock()
	defer s.workers.mu.Unlock()
	s.workers.count++
	return host.Fate{Died: true, Why: "exit code 137", Report: fmt.Sprintf("pm-%d", s.workers.count)}, true
}

func (s *seat) Leave() {
	s.workers.mu.Lock()
	defer s.workers.mu.Unlock()
	s.workers.inside--
}

// app is a host over a file store.
type app struct {
	*host.Host
	store *file.Store
	crew  *workers
	done  chan host.Done
	stop  func()
}

const hostJSON = `{"version":"2.0","functionTimeout":"00:10:00","extensions":{"queues":{"maxPollingInterval":"00:00:00.100","maxDequeueCount":3,"messageEncoding":"none"}},
	"customHandler":{"description":{"defaultExecutablePath":"true"}}}`

func start(t *testing.T, functions map[string]string, run func(context.Context, *contract.Invocation) (*contract.Result, error)) *app {
	t.Helper()
	return startOn(t, openStore(t), functions, run)
}

func openStore(t *testing.T) *file.Store {
	t.Helper()
	store, err := file.Open(t.TempDir(), file.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// startOn starts a host over a store, which other hosts may have had before.
func startOn(t *testing.T, store *file.Store, functions map[string]string, run func(context.Context, *contract.Invocation) (*contract.Result, error)) *app {
	t.Helper()
	folder := fstest.MapFS{"host.json": {Data: []byte(hostJSON)}}
	for name, text := range functions {
		folder[name+"/function.json"] = &fstest.MapFile{Data: []byte(text)}
	}
	read, mistakes := funcapp.Read(folder, funcapp.Machine{Processors: 1})
	if err := funcapp.Faults(mistakes); err != nil {
		t.Fatal(err)
	}
	a := &app{store: store, crew: &workers{run: run}, done: make(chan host.Done, 1000)}
	admission := admit.New(room.Config{Patience: time.Second})
	var err error
	a.Host, err = host.New(host.Config{
		App: "app", Functions: read.Functions, Settings: read.Host, Holder: "h1", Factor: 2, TextBlobs: true,
		Open: func(string) (host.Stores, error) {
			return host.Stores{Kind: "file", Target: "here", Queues: store, Blobs: store.Blobs(), Ledger: store.Ledger()}, nil
		},
		Crew: a.crew, Admission: admission, Endpoint: endpoint.New("http://127.0.0.1:1"),
		Hold: 5 * time.Second, ScanEvery: 50 * time.Millisecond,
		Done: func(d *host.Done) { a.done <- *d }, Say: func(format string, args ...any) { t.Logf(format, args...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	grace, hurry := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() { defer close(ran); a.Run(ctx, grace) }()
	a.stop = sync.OnceFunc(func() {
		stop()
		hurry()
		<-ran
		admission.Close()
	})
	t.Cleanup(a.stop)
	return a
}

func (a *app) put(t *testing.T, queue string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := a.store.Put(t.Context(), queue, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
}

// await waits for a queue to hold n messages, and returns them sorted by the store.
func (a *app) await(t *testing.T, queue string, n int) (bodies []string) {
	t.Helper()
	for ctx := t.Context(); ; {
		all, err := a.store.Peek(ctx, queue, 32)
		if err == nil && len(all) >= n {
			for _, m := range all {
				bodies = append(bodies, string(m.Body))
			}
			return bodies
		}
		select {
		case <-a.done: // something has ended: look again
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("queue %s: %d messages, want %d", queue, len(all), n)
		}
	}
}

// empty waits for a queue to be empty, of leased messages too.
func (a *app) empty(t *testing.T, queue string) {
	t.Helper()
	for {
		d, err := a.store.Depth(t.Context(), queue)
		if err != nil {
			t.Fatal(err)
		}
		if d.Total == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond) // between two looks at the store
	}
}

const copier = `{"bindings":[
	{"type":"queueTrigger","direction":"in","name":"msg","queueName":"jobs"},
	{"type":"blob","direction":"in","name":"image","path":"images/{file}"},
	{"type":"queue","direction":"out","name":"$return","queueName":"done"},
	{"type":"blob","direction":"out","name":"copy","path":"copies/{file}.{rand-guid}"}]}`

func read(t *testing.T, ctx context.Context, v contract.Value) string {
	if v.Kind != contract.Large {
		return v.Text
	}
	body, err := v.Stream.Open(ctx, 0)
	if err != nil {
		t.Errorf("open an input: %v", err)
		return ""
	}
	defer body.Close()
	all, err := io.ReadAll(body)
	if err != nil {
		t.Errorf("read an input: %v", err)
	}
	return string(all)
}

func TestAMessageGoesThroughItsFunction(t *testing.T) {
	a := start(t, map[string]string{"copy": copier}, func(ctx context.Context, inv *contract.Invocation) (*contract.Result, error) {
		image := read(t, ctx, inv.Inputs[1].Value)
		back := contract.Value{Kind: contract.JSON, Text: `["one",{"two":2}]`}
		return &contract.Result{
			Outputs: []contract.Output{{Name: "COPY", Value: contract.Value{Kind: contract.Text, Text: strings.ToUpper(image)}}},
			Return:  &back,
		}, nil
	})
	if _, err := a.store.Blobs().Put(t.Context(), blob.Name{Container: "images", Path: "cat"}, blob.Head{}, strings.NewReader("meow"), blob.Want{}); err != nil {
		t.Fatal(err)
	}
	a.put(t, "jobs", `{"file":"cat"}`)
	if got := a.await(t, "done", 2); got[0] != "one" || got[1] != `{"two":2}` {
		t.Errorf("queue done holds %q, want the array's elements", got)
	}
	a.empty(t, "jobs")
	var copies []string
	for info, err := range a.store.Blobs().List(t.Context(), "copies", "cat.") {
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := a.store.Blobs().Open(t.Context(), info.Name, blob.Range{}, blob.Want{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		body.Close()
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, string(text))
	}
	if len(copies) != 1 || copies[0] != "MEOW" {
		t.Errorf("the copies are %q, want one of MEOW", copies)
	}
}

const plain = `{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg","queueName":"jobs"}]}`

func TestAMessageThatFailsIsTriedThriceAndIsPoisonThen(t *testing.T) {
	var mu sync.Mutex
	var counts []string
	a := start(t, map[string]string{"f": plain}, func(_ context.Context, inv *contract.Invocation) (*contract.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, d := range inv.Metadata {
			if d.Name == "DequeueCount" {
				counts = append(counts, d.Value.Text)
			}
		}
		return nil, &contract.Failed{Type: "ValueError", Message: "no"}
	})
	a.put(t, "jobs", "bad")
	if got := a.await(t, "jobs-poison", 1); got[0] != "bad" {
		t.Errorf("the poison is %q, want the message as it was", got)
	}
	a.stop()
	if strings.Join(counts, " ") != "1 2 3" {
		t.Errorf("the deliveries were %q, want 1 2 3", counts)
	}
	if v := a.View(); v.Functions[0].Failed != 3 || v.Functions[0].Poisoned != 1 || !strings.Contains(v.Functions[0].LastError, "ValueError") {
		t.Errorf("View = %+v, want 3 failed, 1 poisoned and the error", v.Functions[0])
	}
}

// A worker that dies takes all that it has with it; only who does it again, alone,
// is to blame.
func TestOnlyTheMessageThatKillsIsQuarantined(t *testing.T) {
	const bombs, others = 2, 6 // no more than are leased beside those in hand
	together := make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	inside, runs := map[string]bool{}, map[string]int{}
	a := start(t, map[string]string{"f": plain}, func(ctx context.Context, inv *contract.Invocation) (*contract.Result, error) {
		body := inv.Inputs[0].Value.Text
		mu.Lock()
		inside[body] = true
		runs[body]++
		again := runs[body] > 1
		if len(inside) == bombs+others {
			once.Do(func() { close(together) })
		}
		beside := len(inside) - 1
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			delete(inside, body)
		}()
		if !again {
			<-together // one worker has them all when it dies
			return nil, &died{}
		}
		if beside > 0 {
			t.Errorf("%s runs beside %d others after a death, want it alone", body, beside)
		}
		if strings.HasPrefix(body, "bomb") {
			return nil, &died{}
		}
		return &contract.Result{}, nil
	})
	for i := range bombs {
		a.put(t, "jobs", fmt.Sprintf("bomb %d", i))
	}
	for i := range others {
		a.put(t, "jobs", fmt.Sprintf("innocent %d", i))
	}
	got := a.await(t, "jobs-poison", bombs)
	a.empty(t, "jobs")
	if len(got) != bombs || !strings.HasPrefix(got[0], "bomb") || !strings.HasPrefix(got[1], "bomb") {
		t.Errorf("the poison is %q, want the bombs alone", got)
	}
	a.stop() // the notes are written after the messages are moved
	notes := 0
	for n, err := range poison.Each(t.Context(), a.store.Ledger(), "jobs-poison") {
		if err != nil {
			t.Fatal(err)
		}
		if notes++; n.Function != "f" || !strings.HasPrefix(n.Postmortem, "pm-") || !strings.Contains(n.Why, "2 workers died") {
			t.Errorf("the note of a poison is %+v, want why, of which function, and the post-mortem", n)
		}
	}
	if notes != bombs {
		t.Errorf("%d notes say why, want %d", notes, bombs)
	}
	if v := a.View().Functions[0]; v.Succeeded != others || !strings.Contains(v.LastError, "2 workers died with it (post-mortems pm-") {
		t.Errorf("View = %+v, want %d that succeeded, and the post-mortems named", v, others)
	}
}

func TestAFunctionIsCalledForEachVersionOfABlob(t *testing.T) {
	seen := make(chan string, 10)
	a := start(t, map[string]string{"f": `{"bindings":[{"type":"blobTrigger","direction":"in","name":"b","path":"images/{name}.{ext}"}]}`},
		func(ctx context.Context, inv *contract.Invocation) (*contract.Result, error) {
			facts := map[string]string{}
			for _, d := range inv.Metadata {
				facts[d.Name] = d.Value.Text
			}
			seen <- facts["BlobTrigger"] + " " + facts["name"] + " " + facts["ext"] + " " + read(t, ctx, inv.Inputs[0].Value)
			return &contract.Result{}, nil
		})
	for _, body := range []string{"one", "other"} {
		if _, err := a.store.Blobs().Put(t.Context(), blob.Name{Container: "images", Path: "cat.jpg"}, blob.Head{}, strings.NewReader(body), blob.Want{}); err != nil {
			t.Fatal(err)
		}
		if got, want := <-seen, "images/cat.jpg cat jpg "+body; got != want {
			t.Errorf("the function got %q, want %q", got, want)
		}
	}
	a.empty(t, host.BlobQueue("app", "f"))
	if len(seen) != 0 {
		t.Errorf("it was called once more, with %q", <-seen)
	}
}

func TestATimerRunsWhenItIsDue(t *testing.T) {
	seen := make(chan string, 100)
	a := start(t, map[string]string{"f": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"* * * * * *"}]}`},
		func(_ context.Context, inv *contract.Invocation) (*contract.Result, error) {
			seen <- inv.Inputs[0].Value.Text
			return &contract.Result{}, nil
		})
	for range 2 {
		if got := <-seen; !strings.Contains(got, `"IsPastDue":false`) || !strings.Contains(got, `"AdjustForDST":true`) {
			t.Errorf("the timer's data are %s", got)
		}
	}
	a.stop()
}

func TestAnHTTPFunctionAnswers(t *testing.T) {
	a := start(t, map[string]string{"f": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","route":"x/{id}"},{"type":"http","direction":"out","name":"res"},
		{"type":"queue","direction":"out","name":"q","queueName":"out-{id}"}]}`},
		func(_ context.Context, inv *contract.Invocation) (*contract.Result, error) {
			if inv.Inputs[0].Value.Request.Body.Text == "bad" {
				return nil, &contract.Failed{Message: "no"}
			}
			return &contract.Result{Outputs: []contract.Output{
				{Name: "res", Value: contract.Value{Kind: contract.JSON, Text: `{"status":201,"body":"made","headers":{"X-A":"1"}}`}},
				{Name: "q", Value: contract.Value{Kind: contract.Text, Text: "told"}},
			}}, nil
		})
	request := func(body string) *contract.Request {
		return &contract.Request{Method: "POST", URL: "http://h/api/x/7", Params: map[string]string{"id": "77"}, Body: contract.Value{Kind: contract.Text, Text: body}}
	}
	response, end, err := a.Answer(t.Context(), "f", request("good"))
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != 201 || response.Body.Text != "made" || response.Header["X-A"][0] != "1" {
		t.Errorf("Answer = %+v, want 201, made, and the header", response)
	}
	end()
	if got := a.await(t, "out-77", 1); got[0] != "told" {
		t.Errorf("queue out-77 holds %q", got)
	}
	if _, _, err := a.Answer(t.Context(), "f", request("bad")); !strings.Contains(fmt.Sprint(err), "no") {
		t.Errorf("Answer of a function that fails = %v", err)
	}
}

func TestWorkThatIsBrokenOffIsThereAtOnce(t *testing.T) {
	running := make(chan struct{})
	a := start(t, map[string]string{"f": plain}, func(ctx context.Context, _ *contract.Invocation) (*contract.Result, error) {
		close(running)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})
	a.put(t, "jobs", "long")
	<-running
	a.stop()
	if d := <-a.done; d.Ending != settle.Interrupted {
		t.Errorf("it ended as %+v, want it interrupted", d)
	}
	if d, err := a.store.Depth(t.Context(), "jobs"); err != nil || d.Total != 1 || d.Leased != 0 {
		t.Errorf("queue jobs = %+v, %v; want the message there, and not leased", d, err)
	}
}
