package judge_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/judge"
)

// traffic is n minutes in which two endpoints go their own way and a third goes
// with the first, as far as tied says.
func traffic(n int, seed uint64, leak map[string]float64, tied float64) (all []hunt.Stretch) {
	r := rand.New(rand.NewPCG(seed, 5))
	level := 100 * mib
	floor := func(i int) hunt.Floor {
		return hunt.Floor{At: time.Duration(i) * time.Minute, Hard: int64(level + 300*kib*r.NormFloat64()), Generation: 1}
	}
	before := floor(0)
	for i := range n {
		a, b, own := 500+r.IntN(5000), 500+r.IntN(5000), 500+r.IntN(5000)
		sent := map[string]int{"GET /a": a, "GET /b": b, "GET /c": int(tied*float64(a) + (1-tied)*float64(own))}
		for name, k := range sent {
			level += leak[name] * float64(k)
		}
		after := floor(i + 1)
		all = append(all, hunt.Stretch{Requests: sent, Before: before, After: after})
		before = after
	}
	return all
}

func TestMixedTrafficTellsWhatGoesItsOwnWay(t *testing.T) {
	names := []string{"GET /a", "GET /b", "GET /c"}
	right := 0
	for seed := range uint64(50) {
		r, err := judge.Mixed(names, 256, traffic(60, seed, only("GET /b", 2*kib), 0))
		if err != nil {
			t.Fatal(err)
		}
		ok := r.Verdict == hunt.Leaks
		for i, want := range []hunt.Verdict{hunt.Clean, hunt.Leaks, hunt.Clean} {
			ok = ok && r.Findings[i].Verdict == want
		}
		if ok {
			right++
		}
	}
	if right < 48 {
		t.Errorf("%d of 50 hours of mixed traffic are judged right, want 48", right)
	}
}

func TestTwinsInMixedTrafficAreNotTold(t *testing.T) {
	names := []string{"GET /a", "GET /b", "GET /c", "GET /never"}
	for _, row := range []struct {
		tied float64
		why  string
	}{
		{1, "each request of one comes with one of the other"},
		{0.9, "nearly each"},
	} {
		r, err := judge.Mixed(names, 256, traffic(60, 3, only("GET /a", 4*kib), row.tied))
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, 2} {
			f, twin := r.Findings[i], names[2-i]
			if f.Verdict != hunt.Unidentifiable || f.PerRequest != nil || f.Inflation < 10 || !strings.Contains(f.Why, twin) || !strings.Contains(f.Decides, "stanch hunt") {
				t.Errorf("%s: %s is %s, inflation %.1f, %q, %q; want unidentifiable beside %s, and what would decide", row.why, f.Endpoint, f.Verdict, f.Inflation, f.Why, f.Decides, twin)
			}
		}
		if f := r.Findings[3]; f.Verdict != hunt.Unidentifiable || f.Why != "it had no request" {
			t.Errorf("an endpoint without traffic is %s, %q; want unidentifiable for want of requests", f.Verdict, f.Why)
		}
		if r.Verdict != hunt.Undecided {
			t.Errorf("%s: the whole is %s, want undecided", row.why, r.Verdict)
		}
	}
	// Without its twin in the way, the third is judged all the same.
	r, err := judge.Mixed(names[:3], 256, traffic(120, 3, only("GET /b", 4*kib), 0.9))
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Findings[1]; f.Verdict != hunt.Leaks || f.PerRequest.Lo > 4*kib || f.PerRequest.Hi < 4*kib {
		t.Errorf("%s beside twins is %s with %+v, want a leak of 4 KiB", f.Endpoint, f.Verdict, f.PerRequest)
	}
}

func TestTooLittleMixedTrafficSaysNothing(t *testing.T) {
	for _, n := range []int{0, 1, 4} {
		r, err := judge.Mixed([]string{"GET /a", "GET /b", "GET /c"}, 256, traffic(n, 1, nil, 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Findings {
			if f.Verdict == hunt.Clean || f.Verdict == hunt.Leaks || f.PerRequest != nil {
				t.Errorf("%d minutes of traffic: %+v, want no verdict", n, f)
			}
		}
	}
	if _, err := judge.Mixed(nil, 256, nil); err == nil {
		t.Error("Mixed without endpoints has no error, want one")
	}
}
