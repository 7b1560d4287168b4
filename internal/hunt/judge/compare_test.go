package judge_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/design"
	"github.com/stanch-dev/stanch/internal/hunt/judge"
)

func cmpReports(a, b hunt.Report) string { return cmp.Diff(a, b) }

// compares drives two worlds on one clock until the judge has decided.
func compares(t *testing.T, a, b world, n int, seed uint64, rounds int) hunt.Report {
	t.Helper()
	names := endpoints(n)
	j := newJudge(t, judge.Config{Endpoints: names, Pair: true})
	p := design.New(seed, names, true)
	sides := map[hunt.Side]*run{hunt.SideA: newRun(a, seed), hunt.SideB: newRun(b, seed+1<<20)}
	var now time.Duration
	for block := p.Next(j.Size); block.Round <= rounds; block = p.Next(j.Size) {
		g := sides[block.Side]
		waited := now - g.now
		g.level += g.w.drift * waited.Seconds()
		g.now = now
		add(t, j, g.drive(block))
		now = g.now
		if block.Last && j.Report().Decided {
			break
		}
	}
	return j.Report()
}

func TestAComparisonSaysWhatChanged(t *testing.T) {
	const leaking = "GET /1"
	leaky := world{noise: 300 * kib, leaks: only(leaking, 4*kib)}
	fixed := world{noise: 300 * kib}
	for _, row := range []struct {
		why  string
		a, b world
		want hunt.Change
		leak float64
	}{
		{"the leak is mended", leaky, fixed, hunt.Improved, -4 * kib},
		{"a leak came in", fixed, leaky, hunt.Worse, 4 * kib},
		{"neither leaks", fixed, fixed, hunt.Equivalent, 0},
		{"both leak alike", leaky, leaky, hunt.Equivalent, 0},
		{"both grow without load, one leaks besides", world{noise: 300 * kib, drift: 100 * kib, leaks: only(leaking, 2*kib)}, world{noise: 300 * kib, drift: 100 * kib}, hunt.Improved, -2 * kib},
	} {
		const times = 30
		right, others, held := 0, 0, 0
		for seed := range uint64(times) {
			r := compares(t, row.a, row.b, 3, seed, 24)
			for i, c := range r.Comparisons {
				if i == 1 && c.Change == row.want {
					right++
				}
				if i == 1 && c.Leak.Lo <= row.leak && row.leak <= c.Leak.Hi {
					held++
				}
				if i != 1 && c.Change != hunt.Equivalent {
					others++
				}
			}
			if !r.Decided {
				t.Errorf("%s, seed %d: undecided after %d rounds", row.why, seed, r.Rounds)
			}
		}
		if right < times-1 || others > 1 || held < times-6 {
			t.Errorf("%s: %d of %d say %s, %d of 60 others say a change, %d intervals hold %.0f; want all but one, at most one, all but six", row.why, right, times, row.want, others, held, row.leak)
		}
	}
}

func TestAComparisonSaysWhichSideIsFaster(t *testing.T) {
	for _, row := range []struct {
		why  string
		a, b float64
		want hunt.Change
	}{
		{"half as fast again", 1000, 1500, hunt.Improved},
		{"a third slower", 1500, 1000, hunt.Worse},
		{"as fast", 1000, 1000, hunt.Equivalent},
		{"less faster than matters", 1000, 1010, hunt.Equivalent},
	} {
		r := compares(t, world{noise: 300 * kib, rate: row.a, unsteady: 0.006}, world{noise: 300 * kib, rate: row.b, unsteady: 0.006}, 2, 1, 24)
		for _, c := range r.Comparisons {
			if c.Pace != row.want || c.Speed.Lo > row.b/row.a || c.Speed.Hi < row.b/row.a {
				t.Errorf("%s: pace %s, %+v times as fast, want %s and an interval that holds %.2f", row.why, c.Pace, *c.Speed, row.want, row.b/row.a)
			}
			if c.A.Mid < 0.9*row.a || c.A.Mid > 1.1*row.a || c.B.Mid < 0.9*row.b || c.B.Mid > 1.1*row.b {
				t.Errorf("%s: %.0f and %.0f requests a second, want %.0f and %.0f", row.why, c.A.Mid, c.B.Mid, row.a, row.b)
			}
		}
	}
}
