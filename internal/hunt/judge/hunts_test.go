package judge_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/design"
	"github.com/stanch-dev/stanch/internal/hunt/judge"
)

const kib, mib = 1024.0, 1024 * 1024.0

// only is a leak, or what else, of one endpoint.
func only(endpoint string, bytes float64) map[string]float64 {
	return map[string]float64{endpoint: bytes}
}

// tally is how hunts went.
type tally struct {
	hunts, right         int
	blamed, missed, open int // findings
	held, of             int // intervals
	heldOfLeaks, ofLeaks int
	rounds, seconds      []float64
}

// quantile sorts what it is given.
func quantile(of []float64, share float64) float64 {
	slices.Sort(of)
	return of[min(int(share*float64(len(of))), len(of)-1)]
}

// held is where the seeds of the surveys begin: no constant was chosen on any of them.
const held = 3 << 40

func survey(t *testing.T, w world, n, times, rounds int) *tally {
	t.Helper()
	var y tally
	for seed := range uint64(times) {
		y.add(w, hunts(t, w, n, held+seed, rounds))
	}
	return &y
}

func (y *tally) add(w world, h hunted) {
	right := true
	y.hunts++
	for _, f := range h.Findings {
		truth := w.leaks[f.Endpoint] + w.retains[f.Endpoint] + w.fragments[f.Endpoint]
		leak := truth > 256
		switch ok := f.Verdict == hunt.Clean || f.Verdict == hunt.Filling; {
		case f.Verdict == hunt.Leaks && !leak:
			y.blamed++
			right = false
		case ok && leak:
			y.missed++
			right = false
		case !ok && f.Verdict != hunt.Leaks:
			y.open++
			right = false
		}
		if f.PerRequest == nil {
			continue
		}
		holds := f.PerRequest.Lo <= truth && truth <= f.PerRequest.Hi
		y.of++
		if holds {
			y.held++
		}
		if leak {
			y.ofLeaks++
			if holds {
				y.heldOfLeaks++
			}
		}
	}
	if right {
		y.right++
	}
	y.rounds, y.seconds = append(y.rounds, float64(h.Rounds)), append(y.seconds, h.took.Seconds())
}

func TestTheEndpointThatLeaksIsFound(t *testing.T) {
	const leaking = "GET /3"
	for _, row := range []struct {
		why    string
		w      world
		times  int
		right  float64 // share of hunts in which every finding is right, at least
		blamed int     // endpoints that are blamed and don't leak, at most
		missed int     // leaking ones that are called clean, at most
	}{
		{"4 KiB a request, floors that are off by 300 KiB", world{noise: 300 * kib, leaks: only(leaking, 4*kib)}, 1000, 0.99, 2, 0},
		{"none leaks", world{noise: 300 * kib}, 1000, 0.99, 5, 0},
		{"none leaks, in a level that wanders", world{wander: 150 * kib}, 200, 0.98, 2, 0},
		{"1 KiB a request", world{noise: 300 * kib, leaks: only(leaking, kib)}, 100, 0.98, 1, 0},
		{"a level that wanders", world{wander: 150 * kib, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"both kinds of noise", world{noise: 300 * kib, wander: 100 * kib, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"noise that remembers", world{noise: 300 * kib, forgets: 0.7, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"noise with heavy tails", world{noise: 300 * kib, heavy: true, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"growth without load", world{noise: 300 * kib, drift: 50 * kib, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"an endpoint noisier than the others", world{noise: 100 * kib, own: only("GET /2", 600*kib), leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"one block in 50 leaves 8 MiB for good", world{noise: 100 * kib, jumps: 0.02, leaks: only(leaking, 4*kib)}, 100, 0.9, 1, 0},
		{"arenas of 8 MiB, and no heap is told", world{noise: 100 * kib, arena: 8 * mib, leaks: only(leaking, 4*kib)}, 100, 0.95, 1, 0},
		{"a collector's saw-tooth of 16 MiB, and the heap is told", world{noise: 100 * kib, saw: 16 * mib, churn: 20 * kib, leaks: only(leaking, 4*kib), heap: true}, 100, 0.98, 1, 0},
		{"all requests together touch 10 MiB for the first time", world{noise: 300 * kib, touches: cache{20_000, 512}, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"a start whose 50 MiB die down within two minutes", world{noise: 300 * kib, settles: 50 * mib, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"what an endpoint leaves until another is driven, 2 MiB and 1 MiB", world{noise: 300 * kib, glow: map[string]float64{"GET /2": 2 * mib, "GET /4": mib}, leaks: only(leaking, 4*kib)}, 100, 0.98, 1, 0},
		{"no noise at all", world{leaks: only(leaking, 4*kib)}, 20, 1, 0, 0},
	} {
		y := survey(t, row.w, 8, row.times/fewer, 24)
		right := float64(y.right) / float64(y.hunts)
		if right < row.right || y.blamed > row.blamed || y.missed > row.missed {
			t.Errorf("%s: %.3f of %d hunts right, %d blamed, %d missed, %d open; want %.3f right, at most %d blamed and %d missed",
				row.why, right, y.hunts, y.blamed, y.missed, y.open, row.right, row.blamed, row.missed)
		}
		t.Logf("%-60s right %.3f of %4d, blamed %d, missed %d, open %d; rounds %2.0f (95 %%: %2.0f), minutes %.1f (%.1f); intervals hold %.3f, of leaks %.3f",
			row.why, right, y.hunts, y.blamed, y.missed, y.open, quantile(y.rounds, 0.5), quantile(y.rounds, 0.95),
			quantile(y.seconds, 0.5)/60, quantile(y.seconds, 0.95)/60, float64(y.held)/float64(y.of), float64(y.heldOfLeaks)/float64(max(y.ofLeaks, 1)))
	}
}

func TestWorldsDrawnByLotAreJudgedRight(t *testing.T) {
	const times = 400
	var y tally
	for seed := range uint64(times / fewer) {
		w, n := lot(held + seed)
		y.add(w, hunts(t, w, n, held+seed, 16))
	}
	right := float64(y.right) / float64(y.hunts)
	if right < 0.9 || y.blamed > times/fewer/100 || y.missed > times/fewer/100 {
		t.Errorf("of %d worlds %.3f are judged right in 16 rounds, %d blamed, %d missed, %d open; want 0.9, at most one hunt in 100 wrong each way", y.hunts, right, y.blamed, y.missed, y.open)
	}
	t.Logf("of %d worlds %.3f right, %d blamed, %d missed, %d open of %d; rounds %.0f (95 %%: %.0f), minutes %.1f (%.1f); intervals hold %.3f, of %d leaks %.3f",
		y.hunts, right, y.blamed, y.missed, y.open, y.of, quantile(y.rounds, 0.5), quantile(y.rounds, 0.95), quantile(y.seconds, 0.5)/60,
		quantile(y.seconds, 0.95)/60, float64(y.held)/float64(y.of), y.ofLeaks, float64(y.heldOfLeaks)/float64(max(y.ofLeaks, 1)))
}

// lot draws a world and the number of its endpoints.
func lot(seed uint64) (w world, n int) {
	r := rand.New(rand.NewPCG(seed, 7))
	between := func(low, high float64) float64 { return low * math.Pow(high/low, r.Float64()) }
	often := func(odds float64) bool { return r.Float64() < odds }
	n = 1 + r.IntN(12)
	w = world{noise: between(20, 500) * kib, rate: between(300, 20_000), unsteady: 0.05, heavy: often(0.2), heap: often(0.5)}
	w.settle = time.Duration(between(0.3, 3) * float64(time.Second))
	if often(0.4) {
		w.wander = between(10, 150) * kib
	}
	if often(0.3) {
		w.drift = between(1, 100) * kib
	}
	if often(0.3) {
		w.forgets = 0.9 * r.Float64()
	}
	if often(0.2) {
		w.own = only(endpoints(n)[r.IntN(n)], between(100, 1000)*kib)
	}
	if often(0.2) {
		w.touches = cache{between(1000, 20_000), 512}
	}
	w.leaks, w.retains = map[string]float64{}, map[string]float64{}
	for range r.IntN(3) {
		kind := w.leaks
		if often(0.5) {
			kind = w.retains
		}
		kind[endpoints(n)[r.IntN(n)]] = between(512, 65_536)
	}
	return w, n
}

func TestIntervalsHoldTheTruthNineteenTimesInTwenty(t *testing.T) {
	for _, row := range []struct {
		why string
		w   world
	}{
		{"noise of reading", world{noise: 300 * kib}},
		{"a level that wanders", world{wander: 150 * kib}},
		{"both", world{noise: 200 * kib, wander: 100 * kib}},
		{"noise that remembers", world{noise: 300 * kib, forgets: 0.7}},
		{"heavy tails", world{noise: 300 * kib, heavy: true}},
		{"growth without load", world{noise: 300 * kib, drift: 50 * kib}},
		{"an endpoint noisier than the others", world{noise: 100 * kib, own: only("GET /0", 400*kib)}},
		{"one that leaves a mebibyte for a while", world{noise: 200 * kib, glow: only("GET /0", mib)}},
	} {
		of, inside := 0, 0
		for _, n := range []int{1, 3, 8} {
			for _, rounds := range []int{3, 5, 10} {
				for seed := range uint64(480 / n / min(fewer, 8)) {
					for _, f := range fixed(t, row.w, n, rounds, held+seed).Findings {
						of++
						if f.PerRequest.Lo < 0 && f.PerRequest.Hi > 0 {
							inside++
						}
					}
				}
			}
		}
		// Three standard deviations of the share: 0.01 of 4,320 intervals.
		got, chance := float64(inside)/float64(of), 3*math.Sqrt(0.05*0.95/float64(of))
		if got < 0.94-chance || got > 0.97+chance {
			t.Errorf("%s: %.3f of %d intervals hold the truth, want 0.94 to 0.97, give or take %.3f", row.why, got, of, chance)
		}
		t.Logf("%-40s %.3f of %d", row.why, got, of)
	}
}

// fixed is a hunt of so many rounds, all of one size, that gives no verdict.
func fixed(t *testing.T, w world, n, rounds int, seed uint64) hunt.Report {
	t.Helper()
	names := endpoints(n)
	j := newJudge(t, judge.Config{Endpoints: names})
	p := design.New(seed, names, false)
	g := newRun(w, seed+1000)
	for {
		b := p.Next(func(string) hunt.Size { return hunt.Size{Requests: 2000, For: 2 * time.Second} })
		if b.Round > rounds {
			return j.Report()
		}
		b.Last = false
		add(t, j, g.drive(b))
	}
}

func newJudge(t testing.TB, config judge.Config) *judge.Judge {
	t.Helper()
	j, err := judge.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func add(t testing.TB, j *judge.Judge, o hunt.Observation) {
	t.Helper()
	if err := j.Add(o); err != nil {
		t.Fatal(err)
	}
}
