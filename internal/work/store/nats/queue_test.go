package nats_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/nats"
	"github.com/stanch-dev/stanch/internal/work/store/natsrig"
)

func TestEachLeaseHasAHoldOfItsOwn(t *testing.T) {
	t.Parallel()
	s := open(t, nats.Options{Server: embedded(t, nats.EmbedOptions{})})
	for i := range 3 {
		must(t, "Put", second(s.Put(t.Context(), "jobs", fmt.Appendf(nil, "m%d", i))))
	}
	lease := func(hold time.Duration) queue.Lease {
		t.Helper()
		all, err := s.Lease(t.Context(), "jobs", queue.Ask{Max: 1, Hold: hold, Wait: 20 * time.Second})
		if err != nil || len(all) != 1 {
			t.Fatalf("Lease = %d messages, %v", len(all), err)
		}
		return all[0]
	}
	first := lease(2 * time.Second) // the server holds by itself what this asks for
	long := lease(time.Minute)
	short := lease(time.Second)
	began := time.Now()
	// What comes next is what lapses next: the short one, then the first.
	if got := lease(time.Minute).Message(); got.ID != short.Message().ID || got.Deliveries != 2 {
		t.Errorf("message %s came in delivery %d, want %s in 2", got.ID, got.Deliveries, short.Message().ID)
	}
	if got := lease(time.Minute).Message(); got.ID != first.Message().ID || time.Since(began) < time.Second {
		t.Errorf("message %s came after %v, want %s after 2s", got.ID, time.Since(began), first.Message().ID)
	}
	must(t, "Done of the long one", long.Done(t.Context()))
}

func TestALeaseThatWaitsAndIsBrokenOffTakesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, nats.Options{Server: embedded(t, nats.EmbedOptions{})})
	must(t, "Put", second(s.Put(t.Context(), "jobs", []byte("x"))))
	all, err := s.Lease(t.Context(), "jobs", queue.Ask{Max: 1, Hold: 10 * time.Minute})
	must(t, "Lease", err)
	must(t, "Done", all[0].Done(t.Context()))
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		taken := 0
		group.Go(func() {
			all, err := s.Lease(ctx, "jobs", queue.Ask{Max: 1, Hold: 10 * time.Minute, Wait: time.Minute})
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("Lease: %v", err)
			}
			for _, l := range all {
				taken++
				if err := l.Done(t.Context()); err != nil {
					t.Errorf("Done: %v", err)
				}
			}
		})
		group.Go(cancel)
		must(t, "Put", second(s.Put(t.Context(), "jobs", []byte("x"))))
		group.Wait()
		if taken > 0 {
			continue
		}
		all, err := s.Lease(t.Context(), "jobs", queue.Ask{Max: 1, Hold: 10 * time.Minute, Wait: 20 * time.Second})
		if err != nil || len(all) != 1 {
			t.Fatalf("round %d: Lease = %d messages, %v; want the one that nobody took", i, len(all), err)
		}
		must(t, "Done", all[0].Done(t.Context()))
	}
}

func TestPutsAtTheSameTimeAreEachOnce(t *testing.T) {
	t.Parallel()
	s := open(t, nats.Options{Server: embedded(t, nats.EmbedOptions{})})
	const putters, each = 32, 20
	ids := make([]map[string]string, putters)
	var group sync.WaitGroup
	for p := range putters {
		ids[p] = map[string]string{}
		group.Go(func() {
			for i := range each {
				body := fmt.Sprintf("%d/%d", p, i)
				id, err := s.Put(t.Context(), "jobs", []byte(body))
				if err != nil {
					t.Errorf("Put: %v", err)
					return
				}
				ids[p][id] = body
			}
		})
	}
	group.Wait()
	want := map[string]string{}
	for _, some := range ids {
		for id, body := range some {
			want[id] = body
		}
	}
	if len(want) != putters*each {
		t.Errorf("%d ids for %d messages", len(want), putters*each)
	}
	for {
		all, err := s.Lease(t.Context(), "jobs", queue.Ask{Max: 32, Hold: time.Minute})
		must(t, "Lease", err)
		if len(all) == 0 {
			break
		}
		for _, l := range all {
			m := l.Message()
			if want[m.ID] != string(m.Body) {
				t.Errorf("message %s holds %q, want %q", m.ID, m.Body, want[m.ID])
			}
			delete(want, m.ID)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d messages did not come: %v", len(want), want)
	}
}

func TestAPutThatWaitsForOthersCanBeCalledOff(t *testing.T) {
	t.Parallel()
	s := open(t, nats.Options{Server: embedded(t, nats.EmbedOptions{})})
	put := 0
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		done := make([]bool, 8)
		for i := range done {
			group.Go(func() {
				_, err := s.Put(ctx, "jobs", []byte("x"))
				done[i] = err == nil
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("Put: %v", err)
				}
			})
		}
		group.Go(cancel)
		group.Wait()
		for _, ok := range done {
			if ok {
				put++
			}
		}
	}
	must(t, "Put after all that", second(s.Put(t.Context(), "jobs", []byte("x"))))
	d, err := s.Depth(t.Context(), "jobs")
	must(t, "Depth", err)
	if d.Total < int64(put)+1 {
		t.Errorf("%d messages are there, want the %d that were acknowledged at least", d.Total, put+1)
	}
	t.Logf("of 1600 Puts that were called off %d were done all the same", put)
}

// TestNothingAcknowledgedIsLostWhenNodesAreKilled has hosts put and take while
// the leader of the queue's stream is killed, started again and another is killed.
func TestNothingAcknowledgedIsLostWhenNodesAreKilled(t *testing.T) {
	t.Parallel()
	rig := natsrig.New(t, 3, natsrig.Options{})
	o := nats.Options{URL: rig.URL(), Replicas: 3}
	var mu sync.Mutex
	acknowledged, done := map[string]bool{}, map[string]int{}
	unsettled := 0
	var group sync.WaitGroup
	running, stop := context.WithCancel(t.Context())
	defer stop()
	refused := 0
	for p := range 4 {
		s := open(t, o)
		group.Go(func() {
			for i := 0; running.Err() == nil; i++ {
				body := fmt.Sprintf("%d/%d", p, i)
				_, err := s.Put(t.Context(), "jobs", []byte(body))
				mu.Lock()
				if err == nil {
					acknowledged[body] = true
				} else {
					refused++
				}
				mu.Unlock()
			}
		})
	}
	taking, finish := context.WithCancel(t.Context())
	defer finish()
	var takers sync.WaitGroup
	for range 3 {
		s := open(t, o)
		takers.Go(func() {
			for taking.Err() == nil {
				// Errors are the nodes' being away; what is leased then lapses soon.
				all, _ := s.Lease(taking, "jobs", queue.Ask{Max: 16, Hold: 5 * time.Second, Wait: time.Second})
				for _, l := range all {
					mu.Lock()
					done[string(l.Message().Body)]++ // the work itself
					mu.Unlock()
					if l.Done(t.Context()) != nil { // it may have been deleted all the same
						mu.Lock()
						unsettled++
						mu.Unlock()
					}
				}
			}
		})
	}
	await := func(what string, ok func() bool) {
		t.Helper()
		for late := time.Now().Add(2 * time.Minute); ; {
			mu.Lock()
			fine := ok()
			mu.Unlock()
			if fine {
				return
			}
			if time.Now().After(late) {
				t.Fatalf("%s: not in two minutes", what)
			}
			time.Sleep(50 * time.Millisecond) // real servers take their own time
		}
	}
	for round := range 2 {
		goal := 0
		await("some messages", func() bool { goal = len(acknowledged) + 500; return len(acknowledged) > 0 })
		await("500 more messages", func() bool { return len(acknowledged) >= goal })
		leader := rig.Leader("stanch-queue-jobs")
		rig.Kill(leader)
		mu.Lock()
		goal = len(acknowledged) + 500
		mu.Unlock()
		await(fmt.Sprintf("500 more without node %d", leader), func() bool { return len(acknowledged) >= goal })
		rig.Start(leader)
		rig.Settle("stanch-queue-jobs") // three replicas bear the loss of one node, not of two
		t.Logf("round %d: node %d was killed and is back", round, leader)
	}
	stop()
	group.Wait()
	await("all of them done", func() bool {
		for body := range acknowledged {
			if done[body] == 0 {
				return false
			}
		}
		return true
	})
	s := open(t, o)
	await("an empty queue", func() bool {
		d, err := s.Depth(t.Context(), "jobs")
		return err == nil && d.Total == 0
	})
	finish()
	takers.Wait()
	again, unknown := 0, 0
	for body, n := range done {
		if n > 1 {
			again++
		}
		if !acknowledged[body] {
			unknown++
		}
	}
	t.Logf("%d put, all done; %d done again; %d Dones and %d Puts had an error, and %d of these Puts were done all the same", len(acknowledged), again, unsettled, refused, unknown)
}
