package room_test

import (
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/room"
)

// streaming is a room of one function that is given URLs, in a worker that holds 50
// of 1000 MiB.
func streaming() *room.Room {
	r := room.New(room.Config{Patience: time.Minute})
	r.Function("f", room.NewCost(room.StreamedFactor), 0)
	r.Observe(50*mib, 1000*mib, "w1")
	return r
}

// Whether a function reads a stream in pieces or all of it, nobody knows before it
// was seen: what enters beside others is taken to read it all.
func TestAFunctionHasToProveThatItReadsInPieces(t *testing.T) {
	for _, row := range []struct {
		name   string
		prove  int64 // payload of one that is measured alone first; 0: none
		grows  int64
		enter  int // of ten with 400 MiB
		reason string
	}{
		{"unknown", 0, 0, 2, "two of 441 MiB fit 950"},
		{"in pieces", 400 * mib, 2 * mib, 10, "44 MiB each"},
		{"in pieces, of a little", 10 * mib, 2 * mib, 2, "10 MiB prove nothing about 400"},
		{"all of it", 400 * mib, 401 * mib, 2, "441 MiB each"},
		{"twice", 400 * mib, 801 * mib, 1, "882 MiB each"},
	} {
		at, r := time.Unix(0, 0), streaming()
		if row.prove > 0 {
			r.Queue(at, "f", row.prove, false)
			s := r.Next(at)
			r.Observe(50*mib+row.grows, 1000*mib, "w1")
			r.Leave(s, true)
			r.Observe(50*mib, 1000*mib, "w1")
		}
		for range 10 {
			r.Queue(at, "f", 400*mib, false)
		}
		if got := len(enter(r, at)); got != row.enter {
			t.Errorf("%s: %d entered, want %d: %s", row.name, got, row.enter, row.reason)
		}
	}
}

func TestOneThatIsLargerThanMemoryEntersAloneUntilItIsKnown(t *testing.T) {
	at, r := time.Unix(0, 0), streaming()
	if err := r.Never("f", 4000*mib); err != nil {
		t.Errorf("Never = %v for a stream of 4000 MiB, want nil: 441 MiB by the first factor", err)
	}
	for range 2 {
		r.Queue(at, "f", 4000*mib, false)
	}
	if got := len(enter(r, at)); got != 1 {
		t.Errorf("%d entered, want one alone", got)
	}
}

// Beside a large one whose cost is not known yet, a small one is seen at the large
// one's height. It must not be learnt that small ones are as dear, and nobody may be
// given up for it.
func TestASmallOneIsNotBlamedForALargeOne(t *testing.T) {
	at, r := time.Unix(0, 0), streaming()
	r.Queue(at, "f", 400*mib, false)
	r.Queue(at, "f", mib, false)
	in := enter(r, at)
	if len(in) != 2 {
		t.Fatalf("%d entered, want both", len(in))
	}
	r.Observe(900*mib, 1000*mib, "w1")
	r.Leave(in[1], true)
	if f := r.Books().Functions[0].Factor; f > 2.2 {
		t.Errorf("the factor is %.1f after 850 MiB for 401 MiB of payloads, want at most 2.2", f)
	}
	for _, payload := range []int64{100 * mib, 800 * mib} {
		if err := r.Never("f", payload); err != nil {
			t.Errorf("Never(%d MiB) = %v, want nil: nothing sure is known", payload/mib, err)
		}
	}
	r.Leave(in[0], true)
	if err := r.Never("f", 800*mib); err == nil {
		t.Error("Never(800 MiB) = nil, want why not: 400 MiB were seen to take 850")
	}
}
