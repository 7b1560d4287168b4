package send_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"iter"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/send"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// told keeps what a sender tells.
type told struct {
	mu  sync.Mutex
	all []lab.Sent
}

func (t *told) tell(s lab.Sent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, s)
}

// lost counts by the reason; those with an answer are "".
func (t *told) lost() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := map[string]int{}
	for _, s := range t.all {
		counts[s.Lost]++
	}
	return counts
}

// web is n requests at equal gaps.
func web(n int, gap time.Duration, like timeline.Arrival) iter.Seq[timeline.Arrival] {
	return func(yield func(timeline.Arrival) bool) {
		for i := range n {
			a := like
			a.At, a.Stream, a.Number, a.Content = time.Duration(i)*gap, "web", int64(i)+1, uint64(i)
			if !yield(a) {
				return
			}
		}
	}
}

func get(timeout time.Duration) timeline.Arrival {
	return timeline.Arrival{Method: "GET", Path: "/orders/7?full=1", Key: 7, Timeout: timeout}
}

func fixed(base string) func() string { return func() string { return base } }

func TestEachArrivalIsSentOnceAndToldOnce(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		n, _ := io.Copy(sum, r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.RequestURI]++
		if r.Method == "POST" {
			want := sha256.New()
			_, _ = io.Copy(want, timeline.Payload(uint64(seen[r.Method+" "+r.RequestURI]-1), 300<<10))
			if n != 300<<10 || !slices.Equal(sum.Sum(nil), want.Sum(nil)) || r.ContentLength != n {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	var got told
	s := send.New(send.Config{Base: fixed(server.URL), Tell: got.tell})
	began := time.Now()
	post := timeline.Arrival{Method: "POST", Path: "/orders", Size: 300 << 10, Timeout: 10 * time.Second}
	for _, arrivals := range []iter.Seq[timeline.Arrival]{web(200, time.Millisecond, get(10*time.Second)), web(1, 0, post)} {
		if err := s.Run(t.Context(), began, arrivals); err != nil {
			t.Fatalf("Run = %v", err)
		}
	}
	if diff := cmp.Diff(map[string]int{"GET /orders/7?full=1": 200, "POST /orders": 1}, seen); diff != "" {
		t.Errorf("the server saw other requests (-want +got):\n%s", diff)
	}
	numbers := map[int64]int{}
	for _, a := range got.all {
		numbers[a.Number]++
		if a.Status != http.StatusAccepted || a.Lost != "" || !a.Request || a.Stream != "web" || a.At < a.Due || a.Done < a.At {
			t.Errorf("told %+v, want an answer of 202, at or after its moment", a)
		}
	}
	if len(got.all) != 201 || len(numbers) != 200 {
		t.Errorf("Tell was called %d times for %d numbers, want 201 for 200", len(got.all), len(numbers))
	}
}

// What no answer comes to holds nothing up, and is given up at its own time.
func TestAWorkerThatHangsDelaysNobodysMoment(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	var got told
	const n, gap, patience = 400, time.Millisecond, 2 * time.Second
	if err := send.New(send.Config{Base: fixed(server.URL), Tell: got.tell}).Run(t.Context(), time.Now(), web(n, gap, get(patience))); err != nil {
		t.Fatalf("Run = %v", err)
	}
	if diff := cmp.Diff(map[string]int{"timeout": n}, got.lost()); diff != "" {
		t.Errorf("what was lost differs (-want +got):\n%s", diff)
	}
	open := 0
	for _, a := range got.all {
		if a.At < patience.Seconds() {
			open++
		}
		if !math.IsNaN(a.Done) || a.Status != 0 {
			t.Errorf("told %+v, want no answer", a)
		}
	}
	// A sender that waited for answers would have begun one before the first timeout.
	if open < n/2 {
		t.Errorf("%d of %d were begun before the first was given up, want most", open, n)
	}
}

func TestWhyThereIsNoAnswerIsToldWithoutAddresses(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer cut.Close()
	shut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	}))
	defer shut.Close()
	ill := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer ill.Close()
	for _, test := range []struct {
		why, base, want string
		status          int
	}{
		{"nobody listens", gone.URL, "connection refused", 0},
		{"the answer ends in its middle", cut.URL, "connection reset", 0},
		{"the connection ends without an answer", shut.URL, "connection reset", 0},
		{"there is no worker", "", "nobody serves", 0},
		{"an error is an answer", ill.URL, "", http.StatusServiceUnavailable},
	} {
		var got told
		if err := send.New(send.Config{Base: fixed(test.base), Tell: got.tell}).Run(t.Context(), time.Now(), web(1, 0, get(10*time.Second))); err != nil {
			t.Fatalf("%s: Run = %v", test.why, err)
		}
		a := got.all[0]
		if a.Lost != test.want || a.Status != test.status || math.IsNaN(a.At) || math.IsNaN(a.Done) != (test.want != "") {
			t.Errorf("%s: told %+v, want lost %q and status %d", test.why, a, test.want, test.status)
		}
	}
}

func TestWhenTheRunEndsWhatIsOpenIsToldAndTheRestIsNotBegun(t *testing.T) {
	begun := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	stop := errors.New("somebody pressed a key")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for range 3 {
			<-begun
		}
		cancel(stop)
	}()
	var got told
	arrivals := func(yield func(timeline.Arrival) bool) {
		for a := range web(5, 0, get(time.Minute)) {
			if a.Number > 3 {
				a.At = time.Hour
			}
			if !yield(a) {
				return
			}
		}
	}
	if err := send.New(send.Config{Base: fixed(server.URL), Tell: got.tell}).Run(ctx, time.Now(), arrivals); !errors.Is(err, stop) {
		t.Errorf("Run = %v, want %v", err, stop)
	}
	if diff := cmp.Diff(map[string]int{"the run ended": 3}, got.lost()); diff != "" {
		t.Errorf("what was told differs (-want +got):\n%s", diff)
	}
}

// clerk is a store of queues that takes as long as it is told to.
type clerk struct {
	queue.Store
	take func(ctx context.Context, queue string, body []byte) error
}

func (c clerk) Put(ctx context.Context, queue string, body []byte) (string, error) {
	return "id", c.take(ctx, queue, body)
}

// With a clock that nothing disturbs, each moment is the plan's.
func TestMomentsAreThoseOfThePlanWhateverTheStoreTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got told
		slow := clerk{take: func(ctx context.Context, _ string, _ []byte) error {
			select {
			case <-time.After(3 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		const n, gap = 500, 7 * time.Millisecond
		began := time.Now().Add(-20 * time.Millisecond) // the first three are late when Run is called
		if err := send.New(send.Config{Queues: slow, Tell: got.tell}).Run(t.Context(), began, web(n, gap, timeline.Arrival{Queue: "jobs", Text: "go"})); err != nil {
			t.Fatalf("Run = %v", err)
		}
		slices.SortFunc(got.all, func(a, b lab.Sent) int { return int(a.Number - b.Number) })
		for i, a := range got.all {
			due := float64(i) * gap.Seconds()
			at := max(due, 0.020)
			if math.Abs(a.Due-due) > 1e-9 || math.Abs(a.At-at) > 1e-9 || math.Abs(a.Done-at-3) > 1e-9 || a.Request || a.Lost != "" {
				t.Fatalf("told %+v, want it due at %v, begun at %v, and taken 3 s later", a, due, at)
			}
		}
		if len(got.all) != n {
			t.Errorf("Tell was called %d times, want %d", len(got.all), n)
		}
	})
}

func TestWhatIsOpenIsBoundedAndTheRestIsToldAsNeverBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got told
		hangs := clerk{take: func(ctx context.Context, _ string, _ []byte) error { <-ctx.Done(); return ctx.Err() }}
		const n = 3000
		if err := send.New(send.Config{Queues: hangs, Tell: got.tell}).Run(t.Context(), time.Now(), web(n, time.Millisecond, timeline.Arrival{Queue: "jobs", Text: "go"})); err != nil {
			t.Fatalf("Run = %v", err)
		}
		lost := got.lost()
		if taken := lost["the store did not take it: timeout"]; taken+lost["too many are open"] != n || taken < 100 || taken > 2000 {
			t.Errorf("Run of %d with a store that hangs tells %v", n, lost)
		}
		for _, a := range got.all {
			if never := a.Lost == "too many are open"; never != math.IsNaN(a.At) {
				t.Fatalf("told %+v, want a beginning only of what was begun", a)
			}
		}
	})
}

func TestWhatAStoreRefusesIsToldInItsWords(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&work.Unavailable{Err: errors.New("get https://account/?sig=secret: EOF of a kind")}, "the store did not take it: unavailable"},
		{&work.TooLarge{Size: 2, Limit: 1}, "the store did not take it: too large"},
		{errors.New("secret"), "the store did not take it: error"},
	} {
		var got told
		refuses := clerk{take: func(context.Context, string, []byte) error { return test.err }}
		if err := send.New(send.Config{Queues: refuses, Tell: got.tell}).Run(t.Context(), time.Now(), web(1, 0, timeline.Arrival{Queue: "jobs", Text: "go"})); err != nil {
			t.Fatalf("Run = %v", err)
		}
		if got.all[0].Lost != test.want {
			t.Errorf("a store that says %v: lost %q, want %q", test.err, got.all[0].Lost, test.want)
		}
	}
}

func TestAnArrivalThatNoStoreTakesIsAnError(t *testing.T) {
	for name, a := range map[string]timeline.Arrival{"a message": {Queue: "jobs", Text: "go"}, "a blob": {Path: "large/1.bin", Size: bytesize.KiB}} {
		var got told
		if err := send.New(send.Config{Tell: got.tell}).Run(t.Context(), time.Now(), web(1, 0, a)); err == nil || len(got.all) > 0 {
			t.Errorf("Run of %s without a store = %v and tells %v, want an error", name, err, got.all)
		}
		if err := send.Fill(t.Context(), send.Stores{}, web(1, 0, a)); err == nil {
			t.Errorf("Fill of %s without a store = nil, want an error", name)
		}
	}
}
