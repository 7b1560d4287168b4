package verdict_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// judge makes a verdict that has to be made.
func judge(t *testing.T, c verdict.Case, runs ...verdict.Run) verdict.Verdict {
	t.Helper()
	v, err := verdict.Judge(c, verdict.Evidence{Runs: runs})
	if err != nil {
		t.Fatalf("Judge: %v", err)
	}
	return v
}

func written(t *testing.T, v verdict.Verdict) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	return string(text)
}

// sampled is a series of a value a second.
func sampled(name string, from, to int, value func(at float64) float64) verdict.Series {
	s := verdict.Series{Name: name}
	for at := from; at < to; at++ {
		s.At, s.Value = append(s.At, float64(at)), append(s.Value, value(float64(at)))
	}
	return s
}

// noisy adds noise of a standard deviation to a value.
func noisy(seed uint64, sd float64, value func(at float64) float64) func(at float64) float64 {
	r := rand.New(rand.NewPCG(seed, 99))
	return func(at float64) float64 { return value(at) + sd*r.NormFloat64() }
}

func line(level, slope float64) func(at float64) float64 {
	return func(at float64) float64 { return level + slope*at }
}

// oneRun is a run of ten minutes with one window, load.
func oneRun(repeat int, variant string, series ...verdict.Series) verdict.Run {
	return verdict.Run{
		Repeat: repeat, Variant: variant, Order: 1, Finished: true,
		Windows: []verdict.Window{{Name: "load", From: 0, To: 600}}, Series: series,
	}
}

var load = verdict.Place{Window: "load"}

// only is a case of one proof, with a disproof that never holds.
func only(c verdict.Criterion) verdict.Case {
	c.ID = "it"
	return verdict.Case{Proof: []verdict.Criterion{c}, Disproof: []verdict.Criterion{{ID: "never", Place: load, Measure: verdict.Count, Series: c.Series, Is: verdict.Below, Threshold: -1}}}
}

// proved is the one proof's result in the first repeat.
func proved(t *testing.T, c verdict.Criterion, runs ...verdict.Run) verdict.Result {
	t.Helper()
	return judge(t, only(c), runs...).Proof[0]
}

func near(got verdict.Number, want, tolerance float64) bool {
	return math.Abs(float64(got)-want) <= tolerance
}
