package listen_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/listen"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// shelf is a queue in memory, a fake: its clock is the test's, and it fails when
// it is told to. The real stores are held to the same seam by work/store/storetest.
type shelf struct {
	mu     sync.Mutex
	items  map[string][]*item
	fails  error // what every call answers
	leased []int // how many were asked for
	asked  []time.Time
	next   int
}

type item struct {
	m       queue.Message
	receipt int
}

func (s *shelf) Put(_ context.Context, name string, body []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	id := fmt.Sprint(s.next)
	s.items[name] = append(s.items[name], &item{m: queue.Message{ID: id, Body: body, Inserted: time.Now(), Visible: time.Now()}})
	return id, nil
}

func (s *shelf) Lease(_ context.Context, name string, ask queue.Ask) ([]queue.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.leased = append(s.asked, time.Now()), append(s.leased, ask.Max)
	if s.fails != nil {
		return nil, s.fails
	}
	if s.items[name] == nil {
		return nil, work.ErrAbsent
	}
	var out []queue.Lease
	for _, i := range s.items[name] {
		if len(out) < ask.Max && !i.m.Visible.After(time.Now()) {
			s.next++
			i.receipt = s.next
			i.m.Deliveries++
			i.m.Visible = time.Now().Add(ask.Hold)
			out = append(out, &loan{s, name, i, i.receipt, i.m})
		}
	}
	return out, nil
}

type loan struct {
	s       *shelf
	queue   string
	i       *item
	receipt int
	m       queue.Message
}

func (l *loan) Message() *queue.Message { return &l.m }

func (l *loan) with(do func()) error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.s.fails != nil {
		return l.s.fails
	}
	if l.i.receipt != l.receipt || !slices.Contains(l.s.items[l.queue], l.i) {
		return work.ErrLost
	}
	do()
	return nil
}

func (l *loan) Renew(_ context.Context, hold time.Duration) error {
	return l.with(func() { l.i.m.Visible = time.Now().Add(hold); l.m.Visible = l.i.m.Visible })
}

func (l *loan) drop() {
	l.s.items[l.queue] = slices.DeleteFunc(l.s.items[l.queue], func(i *item) bool { return i == l.i })
}

func (l *loan) Done(context.Context) error { return l.with(l.drop) }

func (l *loan) Return(_ context.Context, delay time.Duration) error {
	return l.with(func() { l.i.m.Visible = time.Now().Add(delay); l.i.receipt = 0 })
}

func (l *loan) Move(_ context.Context, to string) (string, error) {
	err := l.with(func() {
		l.drop()
		l.s.items[to] = append(l.s.items[to], &item{m: queue.Message{ID: "moved", Body: l.m.Body}})
	})
	return "moved", err
}

func (s *shelf) Peek(context.Context, string, int) ([]queue.Message, error) { return nil, nil }
func (s *shelf) Depth(context.Context, string) (queue.Depth, error)         { return queue.Depth{}, nil }
func (s *shelf) Clear(context.Context, string) error                        { return nil }
func (s *shelf) Queues(context.Context) ([]string, error)                   { return nil, nil }

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

// change does something to the first job.
func (s *shelf) change(do func(*item)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s.items["jobs"][0])
}

func (s *shelf) size(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items[name])
}

// run is a listener at work within a synctest bubble.
type run struct {
	*shelf
	*listen.Listener
	mu    sync.Mutex
	news  []listen.News
	stop  context.CancelFunc
	harsh context.CancelFunc
	ended chan struct{}
}

func begin(t *testing.T, p listen.Policy, handle listen.Handler, may func(context.Context) error) *run {
	t.Helper()
	r := &run{shelf: &shelf{items: map[string][]*item{}}, ended: make(chan struct{})}
	if may == nil {
		may = func(context.Context) error { return nil }
	}
	l, err := listen.New(r.shelf, "jobs", p, handle, may, func(n listen.News) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.news = append(r.news, n)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Listener = l
	ctx, stop := context.WithCancel(t.Context())
	grace, harsh := context.WithCancel(t.Context())
	r.stop, r.harsh = stop, harsh
	go func() { l.Run(ctx, grace); close(r.ended) }()
	return r
}

func (r *run) end() {
	r.stop()
	r.harsh()
	<-r.ended
}

func (r *run) kinds() (all []listen.NewsKind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.news {
		all = append(all, n.Kind)
	}
	return all
}

func policy() listen.Policy {
	return listen.Policy{Batch: 4, Refill: 2, Hold: time.Minute, MaxDeliveries: 3, MaxKills: 2, RetryDelay: 5 * time.Second, IdleMax: time.Minute}
}

func (s *shelf) fill(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.Put(t.Context(), "jobs", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABatchIsWorkedOnAtOnceAndRefilledAtItsThreshold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return listen.Verdict{}
		}, nil)
		r.fill(t, 50)
		time.Sleep(5 * time.Minute)
		r.end()
		if left := r.size("jobs"); left != 0 {
			t.Errorf("%d messages are left", left)
		}
		if most > 6 || most < 4 {
			t.Errorf("%d were worked on at once, want the batch and the threshold (6) at most", most)
		}
	})
}

func TestALeaseIsRenewedAtHalfItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict {
			calls.Add(1)
			time.Sleep(10 * time.Minute)
			return listen.Verdict{}
		}, nil)
		r.fill(t, 1)
		time.Sleep(12 * time.Minute)
		r.end()
		if calls.Load() != 1 || r.size("jobs") != 0 {
			t.Errorf("%d deliveries, %d messages left; want one delivery of ten minutes with leases of one", calls.Load(), r.size("jobs"))
		}
	})
}

func TestWhatFailsIsTriedAgainAndThenPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			return listen.Verdict{Ending: settle.Failed, Reason: "boom"}
		}, nil)
		r.fill(t, 1)
		time.Sleep(10 * time.Minute)
		r.end()
		if len(at) != 3 || r.size("jobs") != 0 || r.size("jobs-poison") != 1 {
			t.Fatalf("%d tries, %d in the queue, %d poison; want 3, 0, 1", len(at), r.size("jobs"), r.size("jobs-poison"))
		}
		if pause := at[1].Sub(at[0]); pause < 5*time.Second {
			t.Errorf("tried again after %v, want the 5s that are set", pause)
		}
		last := r.news[len(r.news)-1]
		if last.Settled.Act != settle.Poison || last.MovedTo != "moved" || last.Settled.Why == "" {
			t.Errorf("the last news are %+v", last)
		}
	})
}

func TestWhatCannotBeReadIsPoisonWithoutATry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict {
			t.Error("it was given to a function")
			return listen.Verdict{}
		}, nil)
		r.fill(t, 2)
		r.shelf.mu.Lock()
		r.items["jobs"][0].m.Fault = "it is not base64"
		r.items["jobs"][1].m.Deliveries = 3 // three hosts died with it
		r.shelf.mu.Unlock()
		time.Sleep(2 * time.Minute)
		r.end()
		if r.size("jobs") != 0 || r.size("jobs-poison") != 2 {
			t.Errorf("%d in the queue, %d poison; want both poison", r.size("jobs"), r.size("jobs-poison"))
		}
	})
}

func TestAnIdleQueueIsAskedMoreAndMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict { return listen.Verdict{} }, nil)
		time.Sleep(10 * time.Minute)
		r.shelf.mu.Lock()
		asked := slices.Clone(r.asked)
		r.shelf.mu.Unlock()
		r.end()
		if len(asked) < 15 || len(asked) > 30 {
			t.Errorf("asked %d times in ten minutes, want about 20", len(asked))
		}
		if last := asked[len(asked)-1].Sub(asked[len(asked)-2]); last < 40*time.Second || last > time.Minute {
			t.Errorf("at last it waited %v, want nearly a minute", last)
		}
	})
}

func TestAStoreThatIsDownIsToldOnceAndLeftAsLongAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Int64
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict { done.Add(1); return listen.Verdict{} }, nil)
		r.fill(t, 1)
		r.fail(&work.Unavailable{After: 90 * time.Second, Err: errors.New("503")})
		time.Sleep(200 * time.Millisecond)
		r.shelf.mu.Lock()
		before := len(r.asked)
		r.shelf.mu.Unlock()
		time.Sleep(80 * time.Second)
		r.shelf.mu.Lock()
		after := len(r.asked)
		r.shelf.mu.Unlock()
		if after > before+1 {
			t.Errorf("asked %d times in the 80s that it wanted to be left alone", after-before)
		}
		r.fail(nil)
		time.Sleep(4 * time.Minute)
		r.end()
		kinds := r.kinds()
		down := slices.Index(kinds, listen.StoreDown)
		back := slices.Index(kinds, listen.StoreBack)
		if done.Load() > 1 || r.size("jobs") != 0 || down >= 0 != (back > down) {
			t.Errorf("%d deliveries, %d left, news %v", done.Load(), r.size("jobs"), kinds)
		}
	})
}

func TestALeaseThatIsLostSettlesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict {
			if calls.Add(1) == 1 {
				time.Sleep(5 * time.Minute)
			}
			return listen.Verdict{}
		}, nil)
		r.fill(t, 1)
		time.Sleep(time.Second)
		r.fail(&work.Unavailable{Err: errors.New("down")}) // renewals fail until it lapses
		time.Sleep(2 * time.Minute)
		r.fail(nil)
		time.Sleep(10 * time.Minute)
		r.end()
		if !slices.Contains(r.kinds(), listen.LeaseLost) {
			t.Errorf("news %v, want that the lease was lost", r.kinds())
		}
		if calls.Load() != 2 || r.size("jobs") != 0 {
			t.Errorf("%d deliveries, %d left; want two, the second of which settled it", calls.Load(), r.size("jobs"))
		}
	})
}

func TestAShutGateLeasesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		var done atomic.Int64
		r := begin(t, policy(), func(context.Context, *queue.Message) listen.Verdict { done.Add(1); return listen.Verdict{} }, func(ctx context.Context) error {
			select {
			case <-open:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		r.fill(t, 1)
		time.Sleep(time.Hour)
		if done.Load() != 0 {
			t.Error("a message was leased behind a gate that is shut")
		}
		close(open)
		time.Sleep(time.Minute)
		r.end()
		if done.Load() != 1 {
			t.Errorf("%d deliveries after it opened", done.Load())
		}
	})
}

func TestAStopWaitsForWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, policy(), func(ctx context.Context, m *queue.Message) listen.Verdict {
			long := 10 * time.Second
			if string(m.Body) == "1" {
				long = time.Hour
			}
			select {
			case <-time.After(long):
				return listen.Verdict{}
			case <-ctx.Done():
				return listen.Verdict{Ending: settle.Interrupted, Reason: "stanch stops"}
			}
		}, nil)
		r.fill(t, 2)
		time.Sleep(time.Second)
		r.stop()
		time.Sleep(20 * time.Second)
		select {
		case <-r.ended:
			t.Error("it ended while a message was in hand")
		default:
		}
		r.harsh()
		<-r.ended
		if r.size("jobs") != 1 {
			t.Fatalf("%d messages are left, want the one that was interrupted", r.size("jobs"))
		}
		if i := r.items["jobs"][0]; i.m.Visible.After(time.Now()) {
			t.Errorf("it is visible in %v, want at once", time.Until(i.m.Visible))
		}
	})
}

// Deliveries that are excused make no message poison, and one whose past can't be
// looked up waits.
func TestAMessageThatCameOftenIsPoisonOnlyIfThatIsHeldAgainstIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		var handled sync.Map
		p := policy()
		p.Excused = func(_ context.Context, m *queue.Message) (int64, error) {
			switch string(m.Body) {
			case "0":
				return 5, nil
			case "1":
				return 1, nil
			}
			if asked.Add(1) < 4 {
				return 0, &work.Unavailable{Err: errors.New("down")}
			}
			return 9, nil
		}
		r := begin(t, p, func(_ context.Context, m *queue.Message) listen.Verdict {
			handled.Store(string(m.Body), true)
			return listen.Verdict{}
		}, nil)
		r.fill(t, 3)
		r.shelf.mu.Lock()
		for _, i := range r.items["jobs"] {
			i.m.Deliveries = 6 // the next is the seventh, and three are allowed
		}
		r.shelf.mu.Unlock()
		time.Sleep(10 * time.Minute)
		r.end()
		_, innocent := handled.Load("0")
		_, guilty := handled.Load("1")
		_, unknown := handled.Load("2")
		if !innocent || guilty || !unknown || asked.Load() != 4 {
			t.Errorf("handled were 0: %v, 1: %v, 2: %v after %d looks; want 0, and 2 when its past was known at the fourth", innocent, guilty, unknown, asked.Load())
		}
		if r.size("jobs") != 0 || r.size("jobs-poison") != 1 {
			t.Errorf("%d in the queue, %d poison; want 0 and the one", r.size("jobs"), r.size("jobs-poison"))
		}
	})
}

func TestAStopDoesNotWaitForAStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		r := begin(t, policy(), func(ctx context.Context, _ *queue.Message) listen.Verdict {
			close(held)
			<-ctx.Done()
			return listen.Verdict{Ending: settle.Interrupted, Reason: "stanch stops"}
		}, nil)
		r.fill(t, 1)
		<-held
		r.fail(&work.Unavailable{Err: errors.New("down")})
		begun := time.Now()
		r.end()
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it ended %v after its grace, want a few seconds and not the lease of %v", took, policy().Hold)
		}
		if !slices.Contains(r.kinds(), listen.Unsettled) {
			t.Errorf("news %v, want that a message could not be settled", r.kinds())
		}
	})
}

func TestAPolicyWithMistakesNamesThemAll(t *testing.T) {
	_, err := listen.New(&shelf{}, "NOT A QUEUE", listen.Policy{Batch: 33, Refill: -1}, nil, nil, nil)
	if err == nil {
		t.Fatal("New took it")
	}
	for _, part := range []string{"NOT A QUEUE", "batch 33", "refill -1", "hold 0s", "idle"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
	if err := listen.Default(2).Check(); err != nil {
		t.Errorf("the default has mistakes: %v", err)
	}
}

func TestWhatIsDoneIsNotDoneAgainWhereOnlyItsEndWasNotTaken(t *testing.T) {
	for _, row := range []struct {
		why     string
		meet    func(r *run) // while it is worked on
		change  bool         // somebody changes its text meanwhile
		verdict settle.Ending
		runs    int64
		left    int
		poison  int
	}{
		{"the store is away until the lease has lapsed", func(r *run) { r.fail(&work.Unavailable{Err: errors.New("away")}) }, false, settle.Succeeded, 1, 0, 0},
		{"somebody else had the lease", func(r *run) {
			r.change(func(i *item) { i.receipt, i.m.Visible = 0, time.Now() })
		}, false, settle.Succeeded, 1, 0, 0},
		{"it is another message by now", func(r *run) { r.fail(&work.Unavailable{Err: errors.New("away")}) }, true, settle.Succeeded, 2, 0, 0},
		{"what failed is tried again", func(r *run) { r.fail(&work.Unavailable{Err: errors.New("away")}) }, false, settle.Failed, 3, 0, 1},
	} {
		t.Run(row.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int64
				var r *run
				p := policy()
				p.MaxDeliveries = 3
				r = begin(t, p, func(context.Context, *queue.Message) listen.Verdict {
					time.Sleep(time.Second)
					if runs.Add(1) == 1 {
						row.meet(r)
					}
					return listen.Verdict{Ending: row.verdict}
				}, nil)
				r.fill(t, 1)
				time.Sleep(2 * time.Minute)
				r.fail(nil)
				if row.change {
					r.change(func(i *item) { i.m.Body = []byte("another") })
				}
				time.Sleep(5 * time.Minute)
				r.end()
				if runs.Load() != row.runs || r.size("jobs") != row.left || r.size("jobs-poison") != row.poison {
					t.Errorf("it was worked on %d times, %d are left and %d poison; want %d, %d and %d", runs.Load(), r.size("jobs"), r.size("jobs-poison"), row.runs, row.left, row.poison)
				}
			})
		})
	}
}
