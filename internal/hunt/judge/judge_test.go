package judge_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/design"
	"github.com/stanch-dev/stanch/internal/hunt/judge"
)

func TestAConfigSaysEverythingThatIsWrongWithIt(t *testing.T) {
	for _, row := range []struct {
		config judge.Config
		want   []string
		why    string
	}{
		{judge.Config{}, []string{"no endpoint", "hint: "}, "nothing to drive"},
		{judge.Config{Endpoints: []string{"GET /a", "GET /b", "GET /a"}}, []string{`"GET /a" is named twice`}, "two of a name can't be told apart"},
		{judge.Config{Endpoints: []string{""}}, []string{"endpoint 1 has no name"}, "the empty name is idleness"},
		{judge.Config{Endpoints: []string{"GET /a"}, Smallest: -1, Longest: -1}, []string{"smallest effect is -1", "at most -1ns"}, "both at once"},
		{judge.Config{Endpoints: []string{"GET /a"}, Smallest: math.NaN()}, []string{"smallest effect is NaN"}, "no number"},
	} {
		_, err := judge.New(row.config)
		for _, want := range row.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("New(%+v) = %v, want it to say %q: %s", row.config, err, want, row.why)
			}
		}
	}
}

func TestWhatCannotBeIsNotObserved(t *testing.T) {
	for _, row := range []struct {
		o    hunt.Observation
		want string
	}{
		{hunt.Observation{Block: hunt.Block{Side: hunt.SideB}}, `side "b" is not in this hunt`},
		{hunt.Observation{Block: hunt.Block{Side: hunt.SideA, Endpoint: "GET /x"}}, `nobody named the endpoint "GET /x"`},
		{hunt.Observation{Block: hunt.Block{Side: hunt.SideA}, Before: hunt.Floor{At: time.Second}}, "earlier than the one before"},
	} {
		j := newJudge(t, judge.Config{Endpoints: endpoints(2)})
		if err := j.Add(row.o); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("Add(%+v) = %v, want it to say %q", row.o, err, row.want)
		}
		if got := j.Report().Blocks; got != 0 {
			t.Errorf("after a refused observation there are %d blocks, want 0", got)
		}
	}
}

func TestWithoutObservationsNothingIsKnown(t *testing.T) {
	r := newJudge(t, judge.Config{Endpoints: endpoints(2)}).Report()
	if r.Decided || r.Verdict != hunt.Undecided || r.Detectable != -1 || r.More != -1 || len(r.Findings) != 2 {
		t.Errorf("Report() = %+v, want two undecided findings and no figure", r)
	}
	for _, f := range r.Findings {
		if f.Verdict != hunt.Undecided || f.PerRequest != nil || f.AtMost != -1 || f.Why != "too few rounds to say" {
			t.Errorf("finding %+v, want undecided, because of too few rounds", f)
		}
	}
}

func TestALeakIsClassedByTheHeap(t *testing.T) {
	const leaking = "GET /1"
	for _, row := range []struct {
		why    string
		w      world
		class  hunt.Class
		rate   float64
		within float64
	}{
		{"no heap is told", world{noise: 300 * kib, leaks: only(leaking, 24_000)}, hunt.Unknown, 24_000, 0.05},
		{"the heap stands still", world{noise: 300 * kib, leaks: only(leaking, 24_000), heap: true}, hunt.Native, 24_000, 0.05},
		{"live objects grow along", world{noise: 300 * kib, retains: only(leaking, 4*kib), heap: true}, hunt.Managed, 4 * kib, 0.01},
		{"live objects grow along, under a saw-tooth of 16 MiB", world{noise: 300 * kib, saw: 16 * mib, churn: 20 * kib, retains: only(leaking, 4*kib), heap: true}, hunt.Managed, 4 * kib, 0.01},
		{"live objects take what the heap had free: the whole stands still", world{noise: 300 * kib, retains: only(leaking, 4*kib), fragments: only(leaking, -4*kib), heap: true}, hunt.Managed, 4 * kib, 0.01},
		{"half and half", world{noise: 300 * kib, retains: only(leaking, 4*kib), leaks: only(leaking, 4*kib), heap: true}, hunt.Mixed, 8 * kib, 0.1},
		{"the heap holds ever more and uses none of it", world{noise: 300 * kib, fragments: only(leaking, 4*kib), heap: true}, hunt.Slack, 4 * kib, 0.1},
	} {
		right := 0
		const times = 20
		for seed := range uint64(times) {
			f := hunts(t, row.w, 3, seed, 24).Findings[1]
			if f.Verdict == hunt.Leaks && f.Class == row.class && math.Abs(f.PerRequest.Mid/row.rate-1) <= row.within {
				right++
				continue
			}
			t.Logf("%s, seed %d: %s, %s, %+v", row.why, seed, f.Verdict, f.Class, f.PerRequest)
		}
		if right < times-1 {
			t.Errorf("%s: %d of %d hunts find a leak that is %s, of %.0f bytes a request within %.0f %%, want all but one", row.why, right, times, row.class, row.rate, 100*row.within)
		}
	}
}

func TestACacheThatFillsIsNotALeak(t *testing.T) {
	for _, row := range []struct {
		keys float64
		why  string
	}{
		{500, "full within the warm-up"},
		{2000, "full within the first rounds"},
	} {
		filling := 0
		for seed := range uint64(40) {
			h := hunts(t, world{noise: 300 * kib, caches: map[string]cache{"GET /1": {row.keys, 4 * kib}}}, 3, seed, 24)
			f := h.Findings[1]
			if f.Verdict != hunt.Clean && f.Verdict != hunt.Filling {
				t.Errorf("a cache of %.0f keys, %s, seed %d: %s (%s), want clean or filling", row.keys, row.why, seed, f.Verdict, f.Why)
			}
			if f.Verdict == hunt.Filling {
				filling++
			}
			if h.Verdict != hunt.Clean {
				t.Errorf("a cache of %.0f keys, seed %d: the hunt says %s, want clean", row.keys, seed, h.Verdict)
			}
		}
		t.Logf("a cache of %.0f keys: %d of 40 hunts saw it fill", row.keys, filling)
	}
}

func TestWhatOneTakesAndAnotherGivesBackIsSaid(t *testing.T) {
	h := hunts(t, world{noise: 100 * kib, takes: only("GET /0", 8*kib), gives: only("GET /1", 2*kib)}, 2, 4, 8)
	if h.Findings[0].Verdict != hunt.Leaks {
		t.Errorf("the endpoint that takes is %s, want leaks: by itself it does", h.Findings[0].Verdict)
	}
	if h.Findings[1].Verdict != hunt.Clean {
		t.Errorf("the endpoint that gives back is %s, want clean", h.Findings[1].Verdict)
	}
	if len(h.Notes) != 1 || !strings.Contains(h.Notes[0], "GET /1 gives memory back") {
		t.Errorf("notes are %q, want one that GET /1 gives memory back", h.Notes)
	}
}

func TestNoneLeaksMoreThanTheLineSays(t *testing.T) {
	const truth, times = 120.0, 200
	leaks := map[string]float64{}
	for _, name := range endpoints(6) {
		leaks[name] = truth
	}
	wrong, clean := 0, 0
	for seed := range uint64(times / fewer) {
		h := hunts(t, world{noise: 300 * kib, leaks: leaks}, 6, seed, 24)
		atMost := 0.0
		for _, f := range h.Findings {
			atMost = max(atMost, f.AtMost)
		}
		if h.Verdict == hunt.Clean {
			clean++
			if want := "none leaks more than "; !strings.HasPrefix(h.Summary, want) {
				t.Errorf("seed %d: summary is %q, want it to begin %q", seed, h.Summary, want)
			}
			if atMost < truth {
				wrong++
			}
		}
	}
	if clean < times/fewer*9/10 || wrong > times/fewer/20 {
		t.Errorf("of %d hunts %d were clean, and in %d of them the line was below the truth; want 90 %% clean and at most 5 %% wrong", times/fewer, clean, wrong)
	}
	t.Logf("of %d hunts %d were clean, the line was wrong in %d", times/fewer, clean, wrong)
}

func TestAWorkerThatDiesInItsBlocksIsAFinding(t *testing.T) {
	h := hunts(t, world{noise: 300 * kib, deaths: only("GET /1", 1), leaks: only("GET /2", 4*kib)}, 4, 1, 12)
	if f := h.Findings[1]; f.Verdict != hunt.Kills || f.Deaths < 2 || !strings.Contains(f.Why, "killed by signal 9") {
		t.Errorf("finding %+v, want that it kills, twice at least, and how", f)
	}
	if f := h.Findings[2]; f.Verdict != hunt.Leaks || f.PerRequest.Lo > 4*kib || f.PerRequest.Hi < 4*kib {
		t.Errorf("finding %+v, want the leak of 4 KiB beside it", f)
	}
	for _, i := range []int{0, 3} {
		if f := h.Findings[i]; f.Verdict != hunt.Clean {
			t.Errorf("finding %+v, want clean: a fresh worker's growth is nobody's leak", f)
		}
	}
	if h.Verdict != hunt.Leaks {
		t.Errorf("the hunt says %s, want leaks: a worker that dies is no clean one", h.Verdict)
	}
}

func TestOneDeathCutsAndBlamesNobody(t *testing.T) {
	names := endpoints(3)
	j := newJudge(t, judge.Config{Endpoints: names})
	p := design.New(3, names, false)
	g := newRun(world{noise: 300 * kib, leaks: only("GET /2", 4*kib)}, 3)
	for b := p.Next(j.Size); b.Round <= 12; b = p.Next(j.Size) {
		g.w.deaths = nil
		if b.Round == 2 && b.Endpoint == "GET /0" {
			g.w.deaths = only("GET /0", 1)
		}
		add(t, j, g.drive(b))
		if b.Last && j.Report().Decided {
			break
		}
	}
	r := j.Report()
	for i, want := range []hunt.Verdict{hunt.Clean, hunt.Clean, hunt.Leaks} {
		if f := r.Findings[i]; f.Verdict != want {
			t.Errorf("finding %+v, want %s", f, want)
		}
	}
	if got := r.Findings[0].Deaths; got != 1 {
		t.Errorf("GET /0 has %d deaths, want 1", got)
	}
}

func TestAnEndpointThatAnswersNothingWellIsUnidentifiable(t *testing.T) {
	names := endpoints(2)
	j := newJudge(t, judge.Config{Endpoints: names})
	p := design.New(3, names, false)
	g := newRun(world{noise: 100 * kib}, 3)
	for b := p.Next(j.Size); b.Round <= 6 && !j.Report().Decided; b = p.Next(j.Size) {
		o := g.drive(b)
		if b.Endpoint == names[1] {
			o.Requests, o.Failed = 0, o.Requests
		}
		add(t, j, o)
	}
	r := j.Report()
	if f := r.Findings[1]; f.Verdict != hunt.Unidentifiable || f.Decides == "" || f.Requests != 0 || f.Failed == 0 {
		t.Errorf("finding %+v, want unidentifiable, and what would decide it", f)
	}
	if !r.Decided || r.Verdict != hunt.Undecided {
		t.Errorf("decided %v, verdict %s; want that there is nothing more to find out, and undecided", r.Decided, r.Verdict)
	}
}

func TestSizesFollowTheNoise(t *testing.T) {
	size := func(w world) int {
		names := endpoints(4)
		j := newJudge(t, judge.Config{Endpoints: names})
		p := design.New(1, names, false)
		g := newRun(w, 1)
		if got := j.Size(names[0]); got.Requests != 1000 || got.For != 3*time.Second {
			t.Errorf("Size of a first block = %+v, want 1000 requests or 3 s", got)
		}
		for b := p.Next(j.Size); b.Round <= 2; b = p.Next(j.Size) {
			add(t, j, g.drive(b))
		}
		return j.Size(names[0]).Requests
	}
	quiet, noisy := size(world{noise: 50 * kib}), size(world{noise: 500 * kib})
	if quiet*3 > noisy {
		t.Errorf("blocks are of %d requests in noise of 50 KiB, of %d in 500 KiB; want three times as many at least", quiet, noisy)
	}
	if gluttonous := size(world{noise: 500 * kib, leaks: only("GET /0", 256*kib)}); gluttonous > 1100 {
		t.Errorf("a block of an endpoint that leaves 256 KiB behind has %d requests, want about 1024: no more than 256 MiB", gluttonous)
	}
}

func TestADecidedEndpointIsLeftOut(t *testing.T) {
	names := endpoints(4)
	j := newJudge(t, judge.Config{Endpoints: names})
	p := design.New(1, names, false)
	g := newRun(world{noise: 100 * kib, own: only("GET /0", 2*mib), leaks: only("GET /1", 64*kib)}, 1)
	for b := p.Next(j.Size); b.Round <= 3; b = p.Next(j.Size) {
		add(t, j, g.drive(b))
	}
	r := j.Report()
	if r.Findings[0].Verdict != hunt.Undecided || r.Findings[1].Verdict != hunt.Leaks {
		t.Fatalf("after three rounds %s and %s, want undecided and leaks", r.Findings[0].Verdict, r.Findings[1].Verdict)
	}
	if got := j.Size("GET /1"); got != (hunt.Size{}) {
		t.Errorf("Size of a leak that was found = %+v, want none", got)
	}
	if got := j.Size("GET /0"); got.Requests == 0 {
		t.Errorf("Size of what is undecided = %+v, want some", got)
	}
}

func TestAHuntForeseesItsEnd(t *testing.T) {
	names := endpoints(6)
	j := newJudge(t, judge.Config{Endpoints: names})
	p := design.New(2, names, false)
	g := newRun(world{noise: 300 * kib}, 2)
	var told []time.Duration
	var at []time.Duration
	for {
		b := p.Next(j.Size)
		add(t, j, g.drive(b))
		r := j.Report()
		if r.Remaining >= 0 {
			told, at = append(told, r.Remaining), append(at, g.now)
		}
		if b.Round == 2 && b.Last && (r.Detectable < 300 || r.Detectable > 4096) {
			t.Errorf("after two rounds a leak of %.0f bytes could be called, want between 300 and 4096", r.Detectable)
		}
		if b.Last && r.Decided {
			break
		}
	}
	// The first estimate stands on two rounds; it has to be of the right order.
	end := at[len(at)-1]
	if first := told[0]; first < (end-at[0])/4 || first > 4*(end-at[0]) {
		t.Errorf("at %v the hunt foresaw %v, and took %v more; want within a factor of four", at[0], first, end-at[0])
	}
	if last := told[len(told)-1]; last != 0 {
		t.Errorf("at its end a hunt foresees %v, want 0", last)
	}
}

func TestTheSameObservationsGiveTheSameReport(t *testing.T) {
	one, again := hunts(t, world{noise: 300 * kib, leaks: only("GET /1", kib)}, 4, 9, 12), hunts(t, world{noise: 300 * kib, leaks: only("GET /1", kib)}, 4, 9, 12)
	if diff := cmpReports(one.Report, again.Report); diff != "" {
		t.Errorf("two hunts of one seed differ: %s", diff)
	}
}

// What a leaking endpoint left since the last collection shows in the block after it.
func TestWithGarbageThatNobodyCanHaveCollectedOnlyTheLeaderIsBlamed(t *testing.T) {
	for _, row := range []struct {
		garbage bool
		other   hunt.Verdict
	}{{false, hunt.Leaks}, {true, hunt.Undecided}} {
		names := []string{"GET /leaks", "GET /innocent"}
		j := newJudge(t, judge.Config{Endpoints: names, Garbage: row.garbage})
		p := design.New(1, names, false)
		at, floor := time.Duration(0), hunt.Floor{Hard: 50 << 20, Stable: true}
		for range 36 {
			b := p.Next(func(string) hunt.Size { return hunt.Size{Requests: 10_000, For: time.Second} })
			o := hunt.Observation{Block: b, Before: floor}
			grown := int64(0)
			switch b.Endpoint {
			case "GET /leaks":
				o.Requests, grown = 10_000, 40<<20
			case "GET /innocent":
				o.Requests, grown = 10_000, 10<<20
			}
			at += 2 * time.Second
			wobble := int64(b.Number%5) * 4096
			floor.At, floor.Hard = at, floor.Hard+grown+wobble
			o.Took, o.After = time.Second, floor
			if err := j.Add(o); err != nil {
				t.Fatal(err)
			}
		}
		r := j.Report()
		for i, want := range []hunt.Verdict{hunt.Leaks, row.other} {
			if got := r.Findings[i]; got.Verdict != want {
				t.Errorf("garbage %v: %s: got %s (%s), want %s", row.garbage, got.Endpoint, got.Verdict, got.Why, want)
			}
		}
		if row.garbage && r.Findings[1].Decides == "" {
			t.Error("nothing is said to decide it")
		}
	}
}
