package dispatch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/work/gate"
)

func TestWorkWaitsWhereRequestsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatch.New(dispatch.Config{Timeout: time.Second})
		d.Set(gate.Shut, "no memory", time.Second)
		d.Add("w1", upstream())
		took := make(chan *dispatch.Desk, 1)
		go func() {
			desk, err := d.Take(t.Context())
			if err != nil {
				t.Errorf("Take = %v", err)
			}
			took <- desk
		}()
		open := make(chan error, 1)
		go func() { open <- d.AwaitOpen(t.Context()) }()
		time.Sleep(time.Hour) // of the bubble's clock: longer than any request would wait
		synctest.Wait()
		if len(took)+len(open) != 0 {
			t.Fatal("work was let in through a gate that is shut")
		}
		d.Set(gate.Open, "", 0)
		desk := <-took
		if err := <-open; err != nil || desk.Worker() != "w1" || desk.InFlight() != 1 {
			t.Errorf("AwaitOpen = %v, work is at %s with %d in flight, want w1 with 1", err, desk.Worker(), desk.InFlight())
		}
		empty := desk.Retire()
		desk.Leave()
		<-empty // work holds up a drain as a request does
	})
}

func TestWorkAndRequestsEnterByTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatch.New(dispatch.Config{Gate: gate.Config{Concurrency: 1, Queue: 10}, Timeout: time.Minute})
		d.Add("w1", upstream())
		first, _ := d.TryEnter()
		order := make(chan string, 6)
		for range 3 {
			go func() {
				seat, err := d.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				order <- "request"
				seat.Leave()
			}()
			go func() {
				desk, err := d.Take(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				order <- "work"
				desk.Leave()
			}()
		}
		synctest.Wait()
		first.Leave()
		synctest.Wait()
		before := ""
		for range 6 {
			now := <-order
			if now == before {
				t.Errorf("two of %s entered one after the other, want them by turns", now)
			}
			before = now
		}
	})
}

func TestWhoGivesUpLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatch.New(dispatch.Config{Gate: gate.Config{Concurrency: 1}})
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("stanch stops")
		failed := make(chan error, 2)
		go func() {
			_, err := d.Take(ctx)
			failed <- err
		}()
		go func() { failed <- d.AwaitOpen(ctx) }()
		synctest.Wait()
		cancel(why)
		for range 2 {
			if err := <-failed; !errors.Is(err, why) {
				t.Errorf("the error is %v, want %v", err, why)
			}
		}
		desk := d.Add("w1", upstream())
		if n := desk.InFlight(); n != 0 {
			t.Errorf("%d are in flight, want 0", n)
		}
		if _, ok := d.TryEnter(); !ok {
			t.Error("TryEnter = false: the one who gave up holds the only place")
		}
	})
}
