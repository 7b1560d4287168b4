package dispatch_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/work/gate"
)

func upstream() *proxy.Upstream {
	return proxy.NewUpstream("tcp", "127.0.0.1:1", proxy.UpstreamConfig{})
}

func refusal(t *testing.T, err error) *proxy.Refusal {
	t.Helper()
	var r *proxy.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("Enter = %v, want a refusal", err)
	}
	if r.Status != http.StatusServiceUnavailable || r.RetryAfter <= 0 || r.Reason == "" {
		t.Errorf("refusal %+v, want 503 with a reason and a time to wait", r)
	}
	return r
}

func TestARequestWaitsForTheFirstWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatch.New(dispatch.Config{Gate: gate.Config{Queue: 1}, Timeout: time.Minute})
		if _, ok := d.TryEnter(); ok {
			t.Fatal("TryEnter without a worker = true")
		}
		got := make(chan proxy.Seat, 1)
		go func() {
			seat, err := d.Enter(t.Context())
			if err != nil {
				t.Error(err)
			}
			got <- seat
		}()
		synctest.Wait()
		if c := d.Counts(); c.Queued != 1 {
			t.Errorf("%d wait, want 1", c.Queued)
		}
		if _, err := d.Enter(t.Context()); refusal(t, err).Reason == "" {
			t.Error("the second, for whom the queue has no room, is not told")
		}
		up := upstream()
		d.Add("w1", up)
		seat := <-got
		if seat.Upstream() != up {
			t.Error("the seat is at another worker")
		}
		seat.Leave()
	})
}

func TestWhoWaitsTooLongIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatch.New(dispatch.Config{Gate: gate.Config{Queue: 1}, Timeout: 3 * time.Second})
		before := time.Now()
		_, err := d.Enter(t.Context())
		refusal(t, err)
		if waited := time.Since(before); waited != 3*time.Second {
			t.Errorf("refused after %v, want 3s", waited)
		}
		if c := d.Counts(); c.Queued != 0 || c.Expired != 1 {
			t.Errorf("counts %+v, want nobody waiting and one expired", c)
		}
	})
}

func TestAClientThatLeavesLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatch.New(dispatch.Config{Gate: gate.Config{Queue: 1}, Timeout: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { _, err := d.Enter(ctx); done <- err }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Enter = %v, want the context's error", err)
		}
		if c := d.Counts(); c.Queued != 0 || c.InFlight != 0 {
			t.Errorf("counts %+v, want all zero", c)
		}
	})
}

func TestTheGateDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatch.New(dispatch.Config{Gate: gate.Config{Queue: 9}, Timeout: time.Minute})
		d.Add("w1", upstream())
		d.Set(gate.Shut, "memory is critical", 2*time.Second)
		if _, ok := d.TryEnter(); ok {
			t.Error("TryEnter at a shut gate = true")
		}
		_, err := d.Enter(t.Context())
		if r := refusal(t, err); r.Reason != "memory is critical" || r.RetryAfter != 2*time.Second {
			t.Errorf("refusal %+v, want the gate's reason and time", r)
		}
		d.Set(gate.Hold, "a moment", time.Second)
		done := make(chan proxy.Seat, 1)
		go func() { seat, _ := d.Enter(t.Context()); done <- seat }()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("a held request was let in")
		default:
		}
		d.Set(gate.Open, "", 0)
		(<-done).Leave()
	})
}

func TestARetiredDeskSaysWhenItsLastRequestHasLeft(t *testing.T) {
	d := dispatch.New(dispatch.Config{Timeout: time.Minute})
	desk := d.Add("w1", upstream())
	seat, ok := d.TryEnter()
	if !ok {
		t.Fatal("TryEnter = false")
	}
	empty := desk.Retire()
	if _, ok := d.TryEnter(); ok {
		t.Error("a retired desk was given a request")
	}
	select {
	case <-empty:
		t.Fatal("empty, while a request is in flight")
	default:
	}
	seat.Leave()
	<-empty
	<-desk.Retire() // a second call is the same
}

func TestRequestsGoWhereTheFewestAre(t *testing.T) {
	d := dispatch.New(dispatch.Config{Timeout: time.Minute})
	a, b := d.Add("a", upstream()), d.Add("b", upstream())
	for range 10 {
		if _, ok := d.TryEnter(); !ok {
			t.Fatal("TryEnter = false")
		}
	}
	if a.InFlight() != 5 || b.InFlight() != 5 {
		t.Errorf("%d and %d in flight, want 5 each", a.InFlight(), b.InFlight())
	}
}

// Workers come and go under requests that come from everywhere: each request is
// served once or refused, no desk is used after it said that it was empty, and
// in the end nothing is left.
func TestNothingIsLostWhileWorkersComeAndGo(t *testing.T) {
	d := dispatch.New(dispatch.Config{Gate: gate.Config{Concurrency: 8, Queue: 100}, Timeout: time.Minute})
	var emptied sync.Map
	var served, refused atomic.Int64
	stop := make(chan struct{})
	var turning, asking sync.WaitGroup
	turning.Go(func() {
		up := upstream()
		desk := d.Add("first", up)
		for {
			next := upstream()
			nextDesk := d.Add("next", next)
			<-desk.Retire()
			emptied.Store(up, true)
			up, desk = next, nextDesk
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	const askers, each = 16, 500
	for range askers {
		asking.Go(func() {
			for i := range each {
				seat, ok := d.TryEnter()
				if !ok {
					var err error
					if seat, err = d.Enter(t.Context()); err != nil {
						refused.Add(1)
						continue
					}
				}
				if i%7 == 0 {
					time.Sleep(time.Microsecond) // a request takes some time; nothing waits for this
				}
				if _, gone := emptied.Load(seat.Upstream()); gone {
					t.Error("a request was on a desk that had said it was empty")
				}
				seat.Leave()
				served.Add(1)
			}
		})
	}
	asking.Wait()
	close(stop)
	turning.Wait()
	if served.Load()+refused.Load() != askers*each || refused.Load() != 0 {
		t.Errorf("%d served and %d refused of %d", served.Load(), refused.Load(), askers*each)
	}
	if c := d.Counts(); c.InFlight != 0 || c.Queued != 0 {
		t.Errorf("counts at the end: %+v, want nothing in flight and nobody waiting", c)
	}
}
