package told_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/file"
	"github.com/stanch-dev/stanch/internal/work/store/told"
)

// listener keeps what it is told.
type listener struct {
	mu    sync.Mutex
	calls []told.Call
}

func (l *listener) tell(c told.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// heard are the calls so far, in words, and begins anew. All have a time.
func (l *listener) heard(t *testing.T) (said []string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.calls {
		c := &l.calls[i]
		if c.At.IsZero() || c.Duration <= 0 || c.Store != "file" {
			t.Errorf("told of %+v, want a time, a duration and the store", c)
		}
		said = append(said, fmt.Sprintf("%s %s %s in %d out %d: %d", c.What, c.Op, c.Name, c.In, c.Out, c.Status()))
	}
	l.calls = nil
	return said
}

func open(t testing.TB, dir string) *file.Store {
	t.Helper()
	s, err := file.Open(dir, file.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func expect(t *testing.T, l *listener, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, l.heard(t)); diff != "" {
		t.Errorf("told of %s (-want +got)\n%s", what, diff)
	}
}

func TestEachCallToAQueueIsTold(t *testing.T) {
	var l listener
	s := told.Queues(open(t, t.TempDir()), "file", l.tell)
	ctx := t.Context()
	ask := queue.Ask{Max: 10, Hold: time.Minute}
	for _, body := range []string{"a", "bcd", "ef"} {
		must[string](t)(s.Put(ctx, "jobs", []byte(body)))
	}
	expect(t, &l, "Put", "queue Put jobs in 0 out 1: 200", "queue Put jobs in 0 out 3: 200", "queue Put jobs in 0 out 2: 200")

	leases := must[[]queue.Lease](t)(s.Lease(ctx, "jobs", ask))
	if len(leases) != 3 {
		t.Fatalf("Lease: %d messages, want 3", len(leases))
	}
	expect(t, &l, "Lease", "queue Lease jobs in 6 out 0: 200")
	if empty := must[[]queue.Lease](t)(s.Lease(ctx, "jobs", ask)); len(empty) != 0 {
		t.Fatalf("Lease: %d messages, want none", len(empty))
	}
	if _, err := s.Lease(ctx, "nothing", ask); !errors.Is(err, work.ErrAbsent) {
		t.Errorf("Lease of a queue that is not there = %v, want work.ErrAbsent", err)
	}
	expect(t, &l, "leases that got nothing")

	for i, end := range []func(queue.Lease) error{
		func(l queue.Lease) error { return errors.Join(l.Renew(ctx, time.Hour), l.Done(ctx)) },
		func(l queue.Lease) error { return l.Return(ctx, time.Hour) },
		func(l queue.Lease) error { _, err := l.Move(ctx, "jobs-poison"); return err },
	} {
		if err := end(leases[i]); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, &l, "settling", "queue Renew jobs in 0 out 0: 200", "queue Done jobs in 0 out 0: 200", "queue Return jobs in 0 out 0: 200", "queue Move jobs in 0 out 0: 200")

	must[[]queue.Message](t)(s.Peek(ctx, "jobs-poison", 5))
	must[queue.Depth](t)(s.Depth(ctx, "jobs"))
	must[[]string](t)(s.Queues(ctx))
	if err := s.Clear(ctx, "jobs"); err != nil {
		t.Fatal(err)
	}
	_, _ = s.Depth(ctx, "nothing")
	expect(t, &l, "looking", "queue Peek jobs-poison in 2 out 0: 200", "queue Depth jobs in 0 out 0: 200", "queue Queues  in 0 out 0: 200", "queue Clear jobs in 0 out 0: 200", "queue Depth nothing in 0 out 0: 404")
}

func TestABlobThatIsReadIsOneCallUntilItIsClosed(t *testing.T) {
	var l listener
	s := told.Blobs(open(t, t.TempDir()).Blobs(), "file", l.tell)
	ctx := t.Context()
	name := blob.Name{Container: "box", Path: "a/b"}
	info := must[blob.Info](t)(s.Put(ctx, name, blob.Head{}, strings.NewReader("0123456789"), blob.Want{}))
	_, err := s.Put(ctx, name, blob.Head{}, strings.NewReader("x"), blob.Want{Absent: true})
	if !errors.Is(err, work.ErrExists) {
		t.Fatalf("Put of what is there = %v, want work.ErrExists", err)
	}
	expect(t, &l, "Put", "blob Put box/a/b in 0 out 10: 200", "blob Put box/a/b in 0 out 0: 409")

	for _, test := range []struct {
		why  string
		read func(io.Reader) error
		want string
	}{
		{"read to its end", func(r io.Reader) error { _, err := io.Copy(io.Discard, struct{ io.Reader }{r}); return err }, "blob Open box/a/b in 10 out 0: 200"},
		{"written by itself", func(r io.Reader) error { _, err := r.(io.WriterTo).WriteTo(io.Discard); return err }, "blob Open box/a/b in 10 out 0: 200"},
		{"closed early", func(r io.Reader) error { _, err := r.Read(make([]byte, 3)); return err }, "blob Open box/a/b in 3 out 0: 200"},
		{"written to somebody who is gone", func(r io.Reader) error {
			if _, err := r.(io.WriterTo).WriteTo(gone{}); err == nil {
				return errors.New("no error")
			}
			return nil
		}, "blob Open box/a/b in 0 out 0: 200"},
	} {
		r, _, err := s.Open(ctx, name, blob.Range{}, blob.Want{ETag: info.ETag})
		if err != nil {
			t.Fatal(err)
		}
		if err := test.read(r); err != nil {
			t.Errorf("%s: %v", test.why, err)
		}
		expect(t, &l, "a blob that is open still")
		if err := r.Close(); err != nil {
			t.Errorf("%s: Close: %v", test.why, err)
		}
		_ = r.Close() // a second time is no second call
		expect(t, &l, "a blob, "+test.why, test.want)
	}
	stopped, stop := context.WithCancel(ctx)
	r, _, err := s.Open(stopped, name, blob.Range{}, blob.Want{})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Read after the context's end = %v, want context.Canceled", err)
	}
	_ = r.Close()
	expect(t, &l, "a blob whose reader gave up", "blob Open box/a/b in 0 out 0: 0")

	must[blob.Info](t)(s.Stat(ctx, name))
	must[[]string](t)(s.Containers(ctx))
	for _, err := range s.List(ctx, "box", "a/") {
		if err != nil {
			t.Fatal(err)
		}
		break // its reader has enough
	}
	if err := s.Delete(ctx, name, blob.Want{}); err != nil {
		t.Fatal(err)
	}
	_, _, _ = s.Open(ctx, name, blob.Range{}, blob.Want{})
	expect(t, &l, "the rest", "blob Stat box/a/b in 0 out 0: 200", "blob Containers  in 0 out 0: 200", "blob List box in 0 out 0: 200", "blob Delete box/a/b in 0 out 0: 200", "blob Open box/a/b in 0 out 0: 404")
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAStoreThatCanWatchStillCan(t *testing.T) {
	plain := struct{ blob.Store }{open(t, t.TempDir()).Blobs()}
	if _, ok := told.Blobs(plain, "file", nil).(blob.Watcher); ok {
		t.Error("Blobs of a store that can't watch is a blob.Watcher")
	}
	var l listener
	for _, test := range []struct {
		why  string
		end  error
		want []string
	}{
		{"ends with its context", nil, nil},
		{"breaks", &work.Unavailable{Err: errors.New("cut off")}, []string{"blob Watch box in 0 out 0: 503"}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		w, ok := told.Blobs(watching{plain, test.end, cancel}, "file", l.tell).(blob.Watcher)
		if !ok {
			t.Fatal("Blobs of a store that watches is no blob.Watcher")
		}
		seen := 0
		if err := w.Watch(ctx, "box", func(blob.Info) { seen++ }); !errors.Is(err, test.end) && test.end != nil {
			t.Errorf("a watch that %s: %v, want %v", test.why, err, test.end)
		}
		if seen != 1 {
			t.Errorf("a watch that %s saw %d blobs, want 1", test.why, seen)
		}
		expect(t, &l, "a watch that "+test.why, test.want...)
		cancel()
	}
}

// watching tells of one blob, then ends its context or breaks.
type watching struct {
	blob.Store
	end  error
	stop context.CancelFunc
}

func (w watching) Watch(ctx context.Context, _ string, see func(blob.Info)) error {
	see(blob.Info{})
	if w.end == nil {
		w.stop()
		return ctx.Err()
	}
	return w.end
}

func TestEachCallToALedgerIsTold(t *testing.T) {
	var l listener
	s := told.Ledger(open(t, t.TempDir()).Ledger(), "file", l.tell)
	ctx := t.Context()
	version := must[string](t)(s.Put(ctx, "timer/a", []byte("12345"), ""))
	must[ledger.Entry](t)(s.Get(ctx, "timer/a"))
	if _, err := s.Put(ctx, "timer/a", nil, "another"); !errors.Is(err, work.ErrChanged) {
		t.Errorf("Put over another version = %v, want work.ErrChanged", err)
	}
	for _, err := range s.Each(ctx, "timer/") {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, "timer/a", version); err != nil {
		t.Fatal(err)
	}
	expect(t, &l, "a ledger", "ledger Put timer/a in 0 out 5: 200", "ledger Get timer/a in 5 out 0: 200", "ledger Put timer/a in 0 out 0: 412", "ledger Each timer/ in 5 out 0: 200", "ledger Delete timer/a in 0 out 0: 200")
}

func TestWhatAStoreAnswersIsNoFailure(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		failed bool
	}{
		{nil, 200, false},
		{fmt.Errorf("open: %w", work.ErrAbsent), 404, false},
		{work.ErrExists, 409, false},
		{work.ErrLost, 410, false},
		{work.ErrChanged, 412, false},
		{&work.TooLarge{Size: 2, Limit: 1}, 413, true},
		{context.Canceled, 0, false},
		{context.DeadlineExceeded, 504, true},
		{fmt.Errorf("put: %w", &work.Unavailable{Err: errors.New("429")}), 503, true},
		{&work.Unavailable{Err: context.Canceled}, 0, false},
		{errors.New("disk full"), 500, true},
	} {
		c := told.Call{Err: test.err}
		if status, failed := c.Status(), c.Failed(); status != test.status || failed != test.failed {
			t.Errorf("a call that ended with %v: status %d, failed %v; want %d, %v", test.err, status, failed, test.status, test.failed)
		}
	}
}

func TestACallHasTheTraceOfItsContext(t *testing.T) {
	var l listener
	s := open(t, t.TempDir())
	ctx := told.WithTrace(t.Context(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	must[string](t)(told.Queues(s, "file", l.tell).Put(ctx, "jobs", nil))
	must[blob.Info](t)(told.Blobs(s.Blobs(), "file", l.tell).Put(ctx, blob.Name{Container: "box", Path: "a"}, blob.Head{}, bytes.NewReader(nil), blob.Want{}))
	must[string](t)(told.Ledger(s.Ledger(), "file", l.tell).Put(ctx, "k", nil, ""))
	must[string](t)(told.Queues(s, "file", l.tell).Put(t.Context(), "jobs", nil))
	for i, want := range []string{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ""} {
		if got := l.calls[i].Trace; got != want {
			t.Errorf("the trace of %s %s is %q, want %q", l.calls[i].What, l.calls[i].Op, got, want)
		}
	}
}

// nothing is a store that costs nothing, so that what is measured is the telling.
type nothing struct {
	queue.Store
	lease [1]queue.Lease
}

func (n *nothing) Put(context.Context, string, []byte) (string, error) { return "", nil }
func (n *nothing) Lease(context.Context, string, queue.Ask) ([]queue.Lease, error) {
	n.lease[0] = done{}
	return n.lease[:], nil
}

type done struct{ queue.Lease }

var message queue.Message

func (done) Message() *queue.Message    { return &message }
func (done) Done(context.Context) error { return nil }

func BenchmarkWhatTellingCosts(b *testing.B) {
	calls := 0
	s := told.Queues(&nothing{}, "file", func(told.Call) { calls++ })
	ctx := told.WithTrace(context.Background(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	b.Run("Put", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = s.Put(ctx, "jobs", nil)
		}
	})
	b.Run("LeaseAndDone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			all, _ := s.Lease(ctx, "jobs", queue.Ask{})
			_ = all[0].Done(ctx)
		}
	})
}
