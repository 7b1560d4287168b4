package host_test

import (
	"context"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// hostJSON allows three deliveries.
func TestStopsAreNotHeldAgainstAMessage(t *testing.T) {
	store := openStore(t)
	if _, err := store.Put(t.Context(), "jobs", []byte("patient")); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		given := make(chan struct{}, 1)
		a := startOn(t, store, map[string]string{"f": plain}, func(ctx context.Context, _ *contract.Invocation) (*contract.Result, error) {
			given <- struct{}{}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		<-given
		a.stop()
	}
	runs := make(chan string, 10)
	a := startOn(t, store, map[string]string{"f": plain}, func(_ context.Context, inv *contract.Invocation) (*contract.Result, error) {
		runs <- inv.Inputs[0].Value.Text
		if len(runs) == 1 {
			return nil, &contract.Failed{Message: "one failure is allowed"}
		}
		return &contract.Result{}, nil
	})
	a.empty(t, "jobs")
	a.stop()
	if d, err := store.Depth(t.Context(), "jobs-poison"); err == nil && d.Total > 0 || len(runs) != 2 {
		t.Errorf("after six stops it ran %d times, poison %+v; want a failure and a success", len(runs), d)
	}
}

// A host may die between a lease and its worker again and again: the queue counts
// these deliveries, and nobody has seen the message.
func TestDeliveriesThatNoWorkerGotAreNotHeldAgainstAMessage(t *testing.T) {
	store := openStore(t)
	if _, err := store.Put(t.Context(), "jobs", []byte("unseen")); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		all, err := store.Lease(t.Context(), "jobs", queue.Ask{Max: 1, Hold: time.Minute})
		if err != nil || len(all) != 1 {
			t.Fatalf("Lease = %d messages, %v", len(all), err)
		}
		if err := all[0].Return(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	runs := make(chan string, 10)
	a := startOn(t, store, map[string]string{"f": plain}, func(_ context.Context, inv *contract.Invocation) (*contract.Result, error) {
		runs <- inv.Inputs[0].Value.Text
		return &contract.Result{}, nil
	})
	a.empty(t, "jobs")
	a.stop()
	if d, err := store.Depth(t.Context(), "jobs-poison"); err == nil && d.Total > 0 || len(runs) != 1 {
		t.Errorf("it ran %d times, poison %+v; want once and none", len(runs), d)
	}
	for e, err := range store.Ledger().Each(t.Context(), "kills/") {
		t.Errorf("the ledger still holds %s, %v; want nothing of a message that is settled", e.Key, err)
	}
}

func TestFailuresAreHeldAgainstAMessageWhateverElseHappens(t *testing.T) {
	store := openStore(t)
	if _, err := store.Put(t.Context(), "jobs", []byte("bad")); err != nil {
		t.Fatal(err)
	}
	runs := 0
	for i := range 3 {
		stopped := make(chan struct{}, 1)
		a := startOn(t, store, map[string]string{"f": plain}, func(ctx context.Context, _ *contract.Invocation) (*contract.Result, error) {
			if runs++; runs%2 == 1 {
				return nil, &contract.Failed{Message: "no"}
			}
			stopped <- struct{}{}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		if i < 2 {
			<-stopped
		} else {
			a.await(t, "jobs-poison", 1)
		}
		a.stop()
	}
	if runs != 5 {
		t.Errorf("it ran %d times, want three failures and two stops between them", runs)
	}
}

func TestAPolicyWithoutAPauseTriesAgainToo(t *testing.T) {
	runs := make(chan int, 10)
	a := start(t, map[string]string{"f": `{"retry":{"strategy":"fixedDelay","maxRetryCount":2,"delayInterval":"00:00:00"},` + plain[1:]},
		func(_ context.Context, inv *contract.Invocation) (*contract.Result, error) {
			runs <- inv.Retry.Count
			return nil, &contract.Failed{Message: "no"}
		})
	a.put(t, "jobs", "bad")
	a.await(t, "jobs-poison", 1)
	a.stop()
	if len(runs) != 9 {
		t.Errorf("it ran %d times, want three deliveries of three tries", len(runs))
	}
}
