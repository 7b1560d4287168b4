package room_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/room"
)

const mib = 1 << 20

// begun is a room with one function whose payloads cost twice their size, and a
// worker that holds 50 of 1000 MiB.
func begun(cfg room.Config, functions ...string) *room.Room {
	r := room.New(cfg)
	for _, f := range functions {
		r.Function(f, room.NewCost(room.SharedFactor), 0)
	}
	r.Observe(50*mib, 1000*mib, "w1")
	return r
}

// enter lets in whoever may.
func enter(r *room.Room, at time.Time) (all []*room.Stay) {
	for s := r.Next(at); s != nil; s = r.Next(at) {
		all = append(all, s)
	}
	return all
}

func TestNobodyEntersWhoseCostDoesNotFitBesideTheReserved(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{Patience: time.Minute}, "f")
	for range 10 {
		r.Queue(at, "f", 100*mib, false) // 1.1 × (1 + 200) = 221 MiB each
	}
	in := enter(r, at)
	if len(in) != 4 {
		t.Fatalf("%d entered 950 MiB at 221 MiB each, want 4", len(in))
	}
	if b := r.Books(); b.Inside != 4 || b.Waiting != 6 || b.Reserved != 4*in[0].Cost {
		t.Errorf("books %+v", b)
	}
	// The worker has not grown yet: what is reserved keeps others out.
	r.Observe(60*mib, 1000*mib, "w1")
	if s := r.Next(at); s != nil {
		t.Errorf("a fifth entered")
	}
	r.Leave(in[0], false)
	if got := len(enter(r, at)); got != 1 {
		t.Errorf("%d entered after one left, want 1", got)
	}
}

func TestWhatIsUsedCountsThoughNobodyReservedIt(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{}, "f")
	r.Queue(at, "f", 10*mib, false)
	in := enter(r, at)
	r.Observe(900*mib, 1000*mib, "w1")
	r.Queue(at, "f", 50*mib, false)
	if s := r.Next(at); s != nil {
		t.Errorf("one of 111 MiB entered beside 900 of 1000 MiB used")
	}
	r.Leave(in[0], false)
	r.Observe(60*mib, 1000*mib, "w1")
	if s := r.Next(at); s == nil {
		t.Error("it did not enter when there was room")
	}
}

func TestADearerInvocationIsLearntAtOnceAndACheaperOneSlowly(t *testing.T) {
	c := room.NewCost(2)
	c.Learn(100*mib, 501*mib, 1)
	if got := c.Factor(); got < 4.9 || got > 5.1 {
		t.Errorf("factor %.2f after one that took 5, want 5", got)
	}
	c.Learn(100*mib, 101*mib, 1)
	if got := c.Factor(); got < 4.4 || got > 4.8 {
		t.Errorf("factor %.2f after one that took 1, want a tenth of the way", got)
	}
	for range 100 {
		c.Learn(100*mib, 101*mib, 1)
	}
	if got := c.Factor(); got > 1.1 {
		t.Errorf("factor %.2f after a hundred that took 1", got)
	}
	c.Learn(10, 30*mib, 1)
	if got := c.Of(0); got < 30*mib {
		t.Errorf("a small payload costs %d after one took 30 MiB", got)
	}
}

func TestWhatAnInvocationLeavesBehindIsNotBlamedOnOthers(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{}, "large", "small")
	r.Queue(at, "large", 100*mib, false)
	r.Queue(at, "small", 1*mib, false)
	in := enter(r, at)
	if len(in) != 2 {
		t.Fatalf("%d entered, want 2", len(in))
	}
	r.Observe(350*mib, 1000*mib, "w1")
	for _, s := range in {
		if s.Function == "large" {
			r.Leave(s, true)
		}
	}
	r.Observe(350*mib, 1000*mib, "w1") // it keeps all
	for _, s := range in {
		if s.Function == "small" {
			r.Leave(s, true)
		}
	}
	for _, f := range r.Books().Functions {
		if f.Name == "small" && f.Factor > 10 {
			t.Errorf("the small function is said to take %.0f bytes a byte", f.Factor)
		}
		if f.Name == "large" && (f.Factor < 2.5 || f.Factor > 3.5) {
			t.Errorf("the large function is said to take %.1f bytes a byte, want about 3", f.Factor)
		}
	}
}

func TestSmallOnesOvertakeALargeOneUntilItsPatienceEnds(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{Patience: time.Second}, "large", "small")
	r.Queue(at, "small", 100*mib, false)
	r.Queue(at, "small", 100*mib, false)
	first := enter(r, at)
	r.Queue(at, "large", 280*mib, false) // 617 MiB: not beside two of 221
	for range 3 {
		r.Queue(at, "small", 10*mib, false)
	}
	if got := enter(r, at); len(got) != 3 {
		t.Errorf("%d small ones overtook, want 3", len(got))
	}
	later := at.Add(time.Second)
	r.Queue(later, "small", 10*mib, false)
	if got := enter(r, later); len(got) != 0 {
		t.Errorf("%d overtook one that has waited its time", len(got))
	}
	r.Leave(first[0], false)
	got := enter(r, later)
	if len(got) == 0 || got[0].Function != "large" {
		t.Errorf("%d entered when there was room, want the large one first", len(got))
	}
}

func TestOneThatGivesUpHoldsNobodyUp(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{}, "f")
	r.Queue(at, "f", 300*mib, false)
	in := enter(r, at)
	large := r.Queue(at, "f", 300*mib, false)
	r.Queue(at, "f", 1*mib, false)
	if got := enter(r, at.Add(time.Hour)); len(got) != 0 {
		t.Fatalf("%d overtook one that has waited its time", len(got))
	}
	r.Abandon(large)
	r.Abandon(large)
	if got := enter(r, at.Add(time.Hour)); len(got) != 1 {
		t.Errorf("%d entered after it gave up, want 1", len(got))
	}
	r.Abandon(in[0]) // one that is inside stays
	if b := r.Books(); b.Inside != 2 || b.Waiting != 0 {
		t.Errorf("books %+v", b)
	}
}

func TestFunctionsTakeTurns(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{Concurrency: 4, Patience: time.Minute}, "a", "b")
	for range 10 {
		r.Queue(at, "a", 1, false)
	}
	for range 2 {
		r.Queue(at, "b", 1, false)
	}
	count := map[string]int{}
	for _, s := range enter(r, at) {
		count[s.Function]++
	}
	if count["a"] != 2 || count["b"] != 2 {
		t.Errorf("%v entered, want two of each", count)
	}
}

func TestAFunctionsOwnCapHoldsItAndNobodyElse(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{})
	r.Function("one", room.NewCost(1), 1)
	r.Function("many", room.NewCost(1), 0)
	for range 3 {
		r.Queue(at, "one", 1, false)
		r.Queue(at, "many", 1, false)
	}
	count := map[string]int{}
	for _, s := range enter(r, at.Add(time.Hour)) {
		count[s.Function]++
	}
	if count["one"] != 1 || count["many"] != 3 {
		t.Errorf("%v entered, want one and three", count)
	}
}

func TestWhatNeverFitsIsToldWithItsSum(t *testing.T) {
	r := begun(room.Config{}, "resize")
	if err := r.Never("resize", 500*mib); err != nil {
		t.Errorf("500 MiB at a factor that is only a guess: %v", err)
	}
	if err := r.Never("resize", 1000*mib); err == nil {
		t.Error("Never = nil for a payload that is itself more than there is")
	}
	at := time.Unix(0, 0)
	r.Queue(at, "resize", 100*mib, false)
	first := r.Next(at)
	r.Observe(251*mib, 1000*mib, "w1")
	r.Leave(first, true)
	r.Observe(50*mib, 1000*mib, "w1")
	if err := r.Never("resize", 400*mib); err != nil {
		t.Errorf("400 MiB at 2.2 of 950: %v", err)
	}
	err := r.Never("resize", 500*mib)
	big, ok := errors.AsType[*room.TooBig](err)
	if !ok || big.Cost/mib != 1101 {
		t.Fatalf("Never = %v", err)
	}
	for _, part := range []string{"resize", "500MiB", "50MiB", "1000MiB", "2.0"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %s", err, part)
		}
	}
}

func TestAWorkerThatKeepsTooMuchIsToBeReplaced(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{}, "f")
	r.Queue(at, "f", 1, false)
	r.Leave(r.Next(at), false)
	r.Observe(700*mib, 1000*mib, "w1") // idle, and it keeps that
	r.Queue(at, "f", 200*mib, false)   // 441 MiB
	if s := r.Next(at); s != nil {
		t.Fatal("it entered a worker without room")
	}
	if !r.Wants() {
		t.Error("Wants = false, want true: a fresh worker would take it")
	}
	r.Observe(55*mib, 1000*mib, "w2")
	if s := r.Next(at); s == nil || r.Wants() {
		t.Errorf("Next = %v, Wants = %v with a fresh worker", s, r.Wants())
	}
}

// While the old worker ends, what it holds is used beside the new one: nobody may be
// given up for that, and the new one is not to be replaced for it.
func TestWhatAnOldWorkerStillHoldsIsNotTheNewOnes(t *testing.T) {
	for _, inside := range []bool{true, false} {
		at := time.Unix(0, 0)
		r := begun(room.Config{}, "f")
		r.Queue(at, "f", 100*mib, false)
		first := r.Next(at)
		r.Observe(250*mib, 1000*mib, "w1")
		if !inside {
			r.Leave(first, true)
			r.Observe(650*mib, 1000*mib, "w1") // it keeps that
		}
		r.Observe(700*mib, 1000*mib, "w1 and w2")
		if err := r.Never("f", 300*mib); err != nil {
			t.Errorf("Never = %v beside a worker that ends, want nil: 661 MiB fit beside 50", err)
		}
		if inside {
			r.Leave(first, true)
		}
		r.Queue(at, "f", 300*mib, false)
		if r.Next(at) != nil {
			t.Error("one of 661 MiB entered beside 700 MiB")
		}
		r.Observe(50*mib, 1000*mib, "w2")
		if r.Wants() || r.Next(at) == nil {
			t.Error("it did not enter when the old worker was gone")
		}
	}
}

func TestAShadowLetsInAndTells(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{Shadow: true, Concurrency: 6}, "f")
	for range 10 {
		r.Queue(at, "f", 100*mib, false)
	}
	in := enter(r, at)
	over := 0
	for _, s := range in {
		if s.Over > 0 {
			over++
		}
	}
	if len(in) != 6 || over != 2 {
		t.Errorf("%d entered, %d of them told as too many; want the cap of 6, and 2", len(in), over)
	}
	if err := r.Never("f", 10_000*mib); err != nil {
		t.Errorf("Never = %v in a shadow", err)
	}
}

// A worker that takes four bytes a byte, of which the room at first knows two,
// keeps a part of what it took and sometimes gives it back. Its memory may pass
// the ceiling while the room learns, and not after.
func TestASimulatedWorkerStaysBelowItsCeilingOnceItIsKnown(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := begun(room.Config{Concurrency: 48, Patience: time.Second}, "f", "g")
		const ceiling = 1000 * mib
		at := time.Unix(0, 0)
		type running struct {
			stay        *room.Stay
			peak, taken int64
		}
		var in []*running
		kept := int64(0)
		used := func() int64 {
			sum := 50*mib + kept
			for _, x := range in {
				sum += x.taken
			}
			return sum
		}
		done, waiting := 0, 0
		for step := 0; done < 400; step++ {
			at = at.Add(10 * time.Millisecond)
			if step > 100_000 {
				t.Fatalf("seed %d: %d of 400 done: nobody enters any more (%+v)", seed, done, r.Books())
			}
			for waiting < 20 {
				payload := int64(random.IntN(100)+1) * mib
				name := "f"
				if random.IntN(2) == 0 {
					name, payload = "g", payload/20
				}
				if r.Never(name, payload) != nil {
					continue
				}
				r.Queue(at, name, payload, false)
				waiting++
			}
			for s := r.Next(at); s != nil; s = r.Next(at) {
				in = append(in, &running{stay: s, peak: mib + 4*s.Payload})
				waiting--
			}
			for i := len(in) - 1; i >= 0; i-- {
				x := in[i]
				x.taken += max(x.peak/10, 1)
				if x.taken < x.peak {
					continue
				}
				kept = max(kept, x.peak/4)
				r.Observe(used(), ceiling, "w1")
				in = append(in[:i], in[i+1:]...)
				r.Leave(x.stay, true)
				done++
			}
			if random.IntN(50) == 0 {
				kept = 0
			}
			if used() > ceiling && done > 20 {
				t.Errorf("seed %d: %d MiB used of %d after %d invocations: %+v", seed, used()/mib, ceiling/mib, done, r.Books())
				break
			}
			r.Observe(used(), ceiling, "w1")
		}
	}
}
