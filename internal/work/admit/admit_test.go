package admit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/room"
)

const mib = 1 << 20

// begun is an admission to a worker that holds 50 of 1000 MiB; payloads cost
// 1.1 × (1 MiB + twice their size).
func begun(cfg room.Config) *admit.Admission {
	a := admit.New(cfg)
	a.Function("f", room.SharedFactor, 0)
	a.Function("g", room.SharedFactor, 0)
	a.Observe(50*mib, 1000*mib, "w1")
	return a
}

func enter(t *testing.T, a *admit.Admission, payload int64, alone bool) *admit.Ticket {
	t.Helper()
	ticket, err := a.Enter(t.Context(), "f", payload, alone)
	if err != nil {
		t.Fatalf("Enter(%d) = %v", payload, err)
	}
	return ticket
}

// outcome is what one Enter in a goroutine ended with.
type outcome struct {
	ticket *admit.Ticket
	err    error
}

func wait(ctx context.Context, a *admit.Admission, payload int64, alone bool) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		ticket, err := a.Enter(ctx, "f", payload, alone)
		done <- outcome{ticket, err}
	}()
	return done
}

func TestACallWaitsUntilThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := begun(room.Config{Patience: time.Minute})
		defer a.Close()
		first := enter(t, a, 300*mib, false)
		second := wait(t.Context(), a, 300*mib, false)
		synctest.Wait()
		time.Sleep(3 * time.Second)
		if b := a.Books(); b.Inside != 1 || b.Waiting != 1 {
			t.Errorf("books %+v, want one inside and one waiting", b)
		}
		first.Leave(false)
		if got := <-second; got.err != nil || got.ticket.Waited != 3*time.Second || got.ticket.Cost < 600*mib {
			t.Errorf("Enter = %+v, %v; want a ticket after 3 s", got.ticket, got.err)
		}
	})
}

func TestAReadingThatMakesRoomLetsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := begun(room.Config{Patience: time.Minute})
		defer a.Close()
		enter(t, a, 1, false).Leave(false)
		a.Observe(900*mib, 1000*mib, "w1")
		waiting := wait(t.Context(), a, 100*mib, false)
		synctest.Wait()
		if !a.Wants() {
			t.Error("Wants = false, want true: the worker keeps 900 MiB")
		}
		a.Observe(50*mib, 1000*mib, "w2")
		if got := <-waiting; got.err != nil || a.Wants() {
			t.Errorf("Enter with a fresh worker: %v, Wants = %v", got.err, a.Wants())
		}
	})
}

func TestNobodyOvertakesOneWhosePatienceHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := begun(room.Config{Patience: time.Second})
		defer a.Close()
		first := enter(t, a, 300*mib, false)
		large := wait(t.Context(), a, 300*mib, false)
		synctest.Wait()
		if _, err := a.Enter(t.Context(), "g", 1*mib, false); err != nil {
			t.Errorf("a small one did not overtake: %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		small := make(chan outcome, 1)
		go func() {
			ticket, err := a.Enter(t.Context(), "g", 1*mib, false)
			small <- outcome{ticket, err}
		}()
		synctest.Wait()
		if b := a.Books(); b.Waiting != 2 {
			t.Errorf("%d wait, want 2: nobody overtakes one whose patience has ended", b.Waiting)
		}
		first.Leave(false)
		if got := <-large; got.err != nil {
			t.Errorf("the large one: %v", got.err)
		}
		if got := <-small; got.err != nil {
			t.Errorf("the small one: %v", got.err)
		}
	})
}

func TestOneThatIsAloneIsAloneAndOthersGoOnAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := begun(room.Config{Patience: time.Second})
		defer a.Close()
		first := enter(t, a, 1, false)
		suspect := wait(t.Context(), a, 1, true)
		synctest.Wait()
		time.Sleep(2 * time.Second)
		other := wait(t.Context(), a, 1, false)
		synctest.Wait()
		if b := a.Books(); b.Inside != 1 || b.Waiting != 2 {
			t.Fatalf("books %+v, want one inside and two that wait", b)
		}
		first.Leave(false)
		got := <-suspect
		synctest.Wait()
		if b := a.Books(); got.err != nil || b.Inside != 1 || b.Waiting != 1 {
			t.Fatalf("books %+v, %v; want the suspect inside and nobody beside it", b, got.err)
		}
		got.ticket.Leave(false)
		if got := <-other; got.err != nil {
			t.Errorf("after it: %v", got.err)
		}
	})
}

func TestWhatNeverFitsIsRefused(t *testing.T) {
	a := begun(room.Config{})
	defer a.Close()
	_, err := a.Enter(t.Context(), "f", 1000*mib, false)
	if big, ok := errors.AsType[*room.TooBig](err); !ok || big.Ceiling != 1000*mib {
		t.Errorf("Enter = %v, want a *room.TooBig", err)
	}
}

func TestOneThatWaitsIsRefusedWhenItIsKnownThatItNeverFits(t *testing.T) {
	for name, learn := range map[string]func(a *admit.Admission, first *admit.Ticket){
		"by what another took": func(a *admit.Admission, first *admit.Ticket) {
			a.Observe(950*mib, 1000*mib, "w1")
			first.Leave(true)
		},
		"by a lower ceiling": func(a *admit.Admission, _ *admit.Ticket) { a.Observe(50*mib, 450*mib, "w1") },
	} {
		synctest.Test(t, func(t *testing.T) {
			a := begun(room.Config{})
			defer a.Close()
			first := enter(t, a, 300*mib, false)
			waiting := wait(t.Context(), a, 400*mib, false)
			synctest.Wait()
			learn(a, first)
			if got := <-waiting; !isTooBig(got.err) {
				t.Errorf("%s: Enter = %v, want a *room.TooBig", name, got.err)
			}
		})
	}
}

func isTooBig(err error) bool {
	_, ok := errors.AsType[*room.TooBig](err)
	return ok
}

func TestWithoutACeilingOnlyTheCapHolds(t *testing.T) {
	a := admit.New(room.Config{Concurrency: 2})
	defer a.Close()
	a.Function("f", room.EncodedFactor, 0)
	a.Observe(50*mib, -1, "w1")
	enter(t, a, 10_000*mib, false)
	enter(t, a, 10_000*mib, false)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("no more time")
	cancel(reason)
	if _, err := a.Enter(ctx, "f", 1, false); !errors.Is(err, reason) {
		t.Errorf("Enter with a context that has ended = %v, want its cause", err)
	}
}

func TestANewCapCountsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := begun(room.Config{Concurrency: 1})
		defer a.Close()
		enter(t, a, 1, false)
		waiting := wait(t.Context(), a, 1, false)
		synctest.Wait()
		a.Configure(room.Config{Concurrency: 2})
		if got := <-waiting; got.err != nil {
			t.Errorf("Enter after the cap was raised = %v", got.err)
		}
		a.Function("f", room.SharedFactor, 2)
		third := wait(t.Context(), a, 1, false)
		a.Configure(room.Config{})
		synctest.Wait()
		if b := a.Books(); b.Inside != 2 || b.Waiting != 1 {
			t.Errorf("books %+v, want two inside by the function's own cap", b)
		}
		a.Function("f", room.SharedFactor, 0)
		if got := <-third; got.err != nil {
			t.Errorf("Enter after the function's cap was lifted = %v", got.err)
		}
	})
}

func TestOneThatGivesUpMakesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := begun(room.Config{})
		defer a.Close()
		enter(t, a, 300*mib, false)
		ctx, cancel := context.WithCancelCause(t.Context())
		large := wait(ctx, a, 300*mib, false)
		synctest.Wait()
		small := wait(t.Context(), a, 1, false)
		synctest.Wait()
		if b := a.Books(); b.Waiting != 2 {
			t.Fatalf("%d wait, want both: there is no patience", b.Waiting)
		}
		reason := errors.New("the lease is lost")
		cancel(reason)
		if got := <-large; !errors.Is(got.err, reason) {
			t.Errorf("Enter = %v, want the cause of its context", got.err)
		}
		if got := <-small; got.err != nil {
			t.Errorf("the one behind it: %v", got.err)
		}
	})
}

func TestClosedItLetsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := begun(room.Config{Patience: time.Second})
		inside := enter(t, a, 300*mib, false)
		waiting := wait(t.Context(), a, 300*mib, false)
		synctest.Wait()
		a.Close()
		a.Close()
		if got := <-waiting; !errors.Is(got.err, admit.ErrClosed) {
			t.Errorf("one that waited: %v, want ErrClosed", got.err)
		}
		if _, err := a.Enter(t.Context(), "f", 1, false); !errors.Is(err, admit.ErrClosed) {
			t.Errorf("one that came later: %v, want ErrClosed", err)
		}
		a.Observe(60*mib, 1000*mib, "w1")
		inside.Leave(true)
		if b := a.Books(); b.Inside != 0 || b.Reserved != 0 {
			t.Errorf("books %+v after the last one left", b)
		}
	})
}

// Many goroutines at once, of which some give up: every Enter ends, the sum of
// what is inside never passes what there is, and who is alone is alone.
func TestACrowdKeepsTheRules(t *testing.T) {
	for seed := range uint64(4) {
		a := begun(room.Config{Concurrency: 12, Patience: 2 * time.Millisecond})
		a.Function("h", room.GRPCFactor, 3)
		var reserved, inside, entered, gaveUp, loners atomic.Int64
		var crowd sync.WaitGroup
		for i := range uint64(24) {
			crowd.Go(func() {
				random := rand.New(rand.NewPCG(seed, i))
				for range 60 {
					function := []string{"f", "g", "h"}[random.IntN(3)]
					alone := random.IntN(12) == 0
					ctx, cancel := context.WithCancel(t.Context())
					if random.IntN(4) == 0 {
						stop := time.AfterFunc(time.Duration(random.IntN(3))*time.Millisecond, cancel)
						defer stop.Stop()
					}
					ticket, err := a.Enter(ctx, function, random.Int64N(150*mib), alone)
					if err != nil {
						if !errors.Is(err, context.Canceled) {
							t.Errorf("Enter = %v", err)
						}
						gaveUp.Add(1)
						cancel()
						continue
					}
					now := inside.Add(1)
					if alone {
						loners.Add(1)
					}
					if sum := reserved.Add(ticket.Cost); sum > 950*mib {
						t.Errorf("%d MiB are reserved of 950", sum/mib)
					}
					if now > 12 || alone && now != 1 {
						t.Errorf("%d inside, alone %v", now, alone)
					}
					if alone {
						for range 100 {
							if n := inside.Load(); n != 1 {
								t.Errorf("%d inside beside one that is alone", n)
							}
						}
					}
					entered.Add(1)
					reserved.Add(-ticket.Cost)
					inside.Add(-1)
					ticket.Leave(false)
					cancel()
				}
			})
		}
		stop := make(chan struct{})
		var gauge sync.WaitGroup
		gauge.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					a.Observe(50*mib, 1000*mib, "w1")
					_, _ = a.Books(), a.Wants()
				}
			}
		})
		crowd.Wait()
		close(stop)
		gauge.Wait()
		if b := a.Books(); b.Inside != 0 || b.Waiting != 0 || b.Reserved != 0 {
			t.Errorf("books %+v of an empty room", b)
		}
		if entered.Load() < 500 || loners.Load() == 0 || entered.Load()+gaveUp.Load() != 24*60 {
			t.Errorf("%d entered (%d alone), %d gave up: want most, some, and %d together", entered.Load(), loners.Load(), gaveUp.Load(), 24*60)
		}
		a.Close()
	}
}
