package room_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/room"
)

func TestOneThatIsAloneHasNobodyBesideIt(t *testing.T) {
	for name, begin := range map[string]func(*room.Room){
		"where memory is bounded":     func(*room.Room) {},
		"where no ceiling is known":   func(r *room.Room) { r.Observe(50*mib, 0, "w1") },
		"where the ceiling is absurd": func(r *room.Room) { r.Observe(50*mib, -1, "w1") },
		"in a shadow": func(r *room.Room) {
			r.Configure(room.Config{Shadow: true, Patience: time.Second})
		},
	} {
		at := time.Unix(0, 0)
		r := begun(room.Config{Patience: time.Second}, "a", "b")
		begin(r)
		r.Queue(at, "a", 1, false)
		first := r.Next(at)
		r.Queue(at, "a", 1, true)
		if s := r.Next(at); s != nil {
			t.Fatalf("%s: it entered beside another", name)
		}
		r.Queue(at, "b", 1, false)
		overtook := r.Next(at)
		if overtook == nil {
			t.Fatalf("%s: nobody overtook it before its patience ended", name)
		}
		later := at.Add(time.Second)
		r.Queue(later, "b", 1, false)
		if s := r.Next(later); s != nil {
			t.Errorf("%s: %s overtook it after its patience", name, s.Function)
		}
		r.Leave(first, false)
		if s := r.Next(later); s != nil {
			t.Errorf("%s: %s entered while another was inside", name, s.Function)
		}
		r.Leave(overtook, false)
		in := r.Next(later)
		if in == nil || !in.Alone {
			t.Fatalf("%s: Next = %+v in an empty room, want the one that is alone", name, in)
		}
		if s := r.Next(later); s != nil {
			t.Errorf("%s: %s entered beside it", name, s.Function)
		}
		r.Leave(in, false)
		if s := r.Next(later); s == nil {
			t.Errorf("%s: nobody entered after it", name)
		}
	}
}

func TestManyThatAreAloneLetOthersHaveTheirTurn(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{Patience: time.Second}, "a", "b")
	for range 8 {
		r.Queue(at, "a", 1, true)
	}
	at = at.Add(10 * time.Millisecond)
	r.Queue(at, "b", 1, false)
	for turn := 0; ; turn++ {
		in := r.Next(at)
		if in == nil {
			t.Fatalf("turn %d: nobody entered", turn)
		}
		if in.Function == "b" {
			if turn > 1 {
				t.Errorf("it entered after %d that are alone, want at most one: functions take turns", turn)
			}
			return
		}
		at = at.Add(50 * time.Millisecond)
		r.Leave(in, false)
	}
}

func TestAWorkerThatIsStillBeginningIsNotTakenForOneThatKeepsTooMuch(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{}, "f")
	r.Observe(700*mib, 1000*mib, "w1") // it has loaded its model, and was given nothing yet
	if err := r.Never("f", 400*mib); err == nil {
		t.Error("Never = nil for 441 MiB in a worker that holds 700 of 1000 when it is ready")
	}
	r.Queue(at, "f", 100*mib, false)
	if r.Wants() || r.Next(at) == nil {
		t.Error("one of 221 MiB did not enter it")
	}
}

func TestNobodyWantsAnotherWorkerWhereNoCeilingIsKnown(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{}, "f")
	r.Queue(at, "f", 1, false)
	r.Leave(r.Next(at), false)
	r.Observe(700*mib, 0, "w1")
	r.Queue(at, "f", 1000*mib, false)
	if r.Wants() {
		t.Error("Wants = true without a ceiling")
	}
	if r.Next(at) == nil {
		t.Error("it did not enter")
	}
}

func TestAFunctionMadeKnownAgainKeepsWhatWasLearnt(t *testing.T) {
	at := time.Unix(0, 0)
	r := begun(room.Config{}, "f")
	r.Queue(at, "f", 100*mib, false)
	in := r.Next(at)
	r.Observe(550*mib, 1000*mib, "w1")
	r.Leave(in, true)
	before := r.Books().Functions[0].Factor
	r.Function("f", room.NewCost(room.SharedFactor), 1)
	if after := r.Books().Functions[0]; after.Factor != before || after.Seen != 1 {
		t.Errorf("books %+v, want the factor of %.2f that was learnt", after, before)
	}
	r.Observe(50*mib, 1000*mib, "w1")
	for range 2 {
		r.Queue(at, "f", 1, false)
	}
	if got := len(enter(r, at)); got != 1 {
		t.Errorf("%d entered, want its new cap of 1", got)
	}
}

// Whatever comes in whatever order: what is let in fits, who is alone is alone,
// and everybody enters in the end.
func TestRandomDaysKeepTheRules(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		cfg := room.Config{Concurrency: random.IntN(6), Patience: time.Duration(random.IntN(3)) * time.Second, Shadow: random.IntN(8) == 0}
		ceiling := int64(1000 * mib)
		if random.IntN(4) == 0 {
			ceiling = 0
		}
		r := room.New(cfg)
		r.Function("a", room.NewCost(room.SharedFactor), 0)
		r.Function("b", room.NewCost(room.GRPCFactor), random.IntN(3))
		r.Function("c", room.NewCost(room.StreamedFactor), 0)
		at, worker := time.Unix(0, 0), 0
		observe := func(used int64) { r.Observe(used, ceiling, string(rune('A'+worker%26))) }
		observe(50 * mib)
		var inside, waiting []*room.Stay
		pump := func() {
			for {
				before := r.Books()
				s := r.Next(at)
				if s == nil {
					return
				}
				sum := max(before.Used, before.Base+before.Reserved) + s.Cost
				if ceiling > 0 && !cfg.Shadow && sum > ceiling && len(inside) > 0 {
					t.Fatalf("seed %d: %s was let in for %d MiB of %d, %d inside", seed, s.Function, sum/mib, ceiling/mib, len(inside))
				}
				if s.Alone && len(inside) > 0 || len(inside) > 0 && inside[0].Alone {
					t.Fatalf("seed %d: %s (alone %v) entered beside %d, the first alone %v", seed, s.Function, s.Alone, len(inside), inside[0].Alone)
				}
				if cfg.Concurrency > 0 && len(inside) >= cfg.Concurrency {
					t.Fatalf("seed %d: %d inside, the cap is %d", seed, len(inside)+1, cfg.Concurrency)
				}
				inside = append(inside, s)
				waiting = remove(waiting, s)
			}
		}
		leave := func(measured bool) {
			s := inside[random.IntN(len(inside))]
			inside = remove(inside, s)
			r.Leave(s, measured)
		}
		for range 300 {
			at = at.Add(time.Duration(random.IntN(300)) * time.Millisecond)
			switch random.IntN(6) {
			case 0, 1, 2:
				waiting = append(waiting, r.Queue(at, string(rune('a'+random.IntN(3))), random.Int64N(150*mib), random.IntN(5) == 0))
			case 3:
				if len(inside) > 0 {
					leave(random.IntN(2) == 0)
				}
			case 4:
				observe(50*mib + random.Int64N(800*mib))
			case 5:
				if len(waiting) > 0 && random.IntN(3) == 0 {
					s := waiting[random.IntN(len(waiting))]
					r.Abandon(s)
					waiting = remove(waiting, s)
				}
			}
			pump()
		}
		// The day ends: those inside leave, a worker that keeps too much is replaced.
		for steps := 0; len(waiting)+len(inside) > 0; steps++ {
			if steps > 5000 {
				t.Fatalf("seed %d: %d still wait: %+v", seed, len(waiting), r.Books())
			}
			if len(inside) > 0 {
				leave(false)
			}
			at = at.Add(100 * time.Millisecond)
			if len(inside) == 0 && r.Wants() {
				worker++
				observe(50 * mib)
			}
			pump()
		}
		if b := r.Books(); b.Reserved != 0 || b.Inside != 0 || b.Waiting != 0 {
			t.Errorf("seed %d: books of an empty room: %+v", seed, b)
		}
	}
}

func remove(all []*room.Stay, one *room.Stay) (rest []*room.Stay) {
	for _, s := range all {
		if s != one {
			rest = append(rest, s)
		}
	}
	return rest
}
