package verdict_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

func TestOfSeveralStreamsOneIsFoundToLeak(t *testing.T) {
	// Each stream has its own rhythm, unless they go together.
	of := func(leak [3]float64, together bool) verdict.Run {
		names := []string{"export", "probe", "list"}
		var counts [3]verdict.Series
		var totals [3]float64
		for i, name := range names {
			counts[i].Name = name
		}
		noise := noisy(3, 20e3, line(0, 0))
		hard := sampled("hard", 0, 1200, func(at float64) float64 {
			bytes := 1e8 + noise(at)
			for i := range names {
				rhythm := float64(i)
				if together {
					rhythm = 0
				}
				totals[i] += math.Round(20 + 15*math.Sin(at/(40+13*rhythm)+rhythm))
				counts[i].At, counts[i].Value = append(counts[i].At, at), append(counts[i].Value, totals[i])
				bytes += leak[i] * totals[i]
			}
			return bytes
		})
		run := oneRun(1, "a", hard, counts[0], counts[1], counts[2])
		run.Windows[0].To = 1200
		return run
	}
	c := verdict.Criterion{Place: load, Measure: verdict.Endpoint, Series: "hard", Streams: []string{"export", "probe", "list"}, Is: verdict.Above, Threshold: 256}
	for _, row := range []struct {
		why      string
		run      verdict.Run
		decision verdict.Decision
		says     string
	}{
		{"export leaks, the others do not", of([3]float64{2000, 0, 0}, false), verdict.Holds, "export: leaks"},
		{"another leaks", of([3]float64{0, 2000, 0}, false), verdict.Fails, "probe: leaks"},
		{"another leaks too", of([3]float64{2000, 0, 2000}, false), verdict.Fails, "list: leaks"},
		{"all came in one rhythm", of([3]float64{2000, 0, 0}, true), verdict.Unclear, "unidentifiable"},
		{"nobody counted the lists", oneRun(1, "a", sampled("hard", 0, 600, line(0, 1)), sampled("export", 0, 600, line(0, 1)), sampled("probe", 0, 600, line(0, 1))), verdict.Unclear, `no series "list"`},
	} {
		got := proved(t, c, row.run)
		if got.Decision != row.decision || !strings.Contains(got.Why, row.says) {
			t.Errorf("%s: %s, %q, want %s, %q", row.why, got.Decision, got.Why, row.decision, row.says)
		}
		if row.decision == verdict.Holds && !(float64(got.Lo) < 2000 && 2000 < float64(got.Hi) && near(got.Estimate, 2000, 100)) {
			t.Errorf("%s: %s (%s to %s) a request, want 2000", row.why, got.Estimate, got.Lo, got.Hi)
		}
	}
}
