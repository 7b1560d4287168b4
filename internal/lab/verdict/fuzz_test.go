package verdict_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// everything is a case with each measure, alone and against another place.
func everything(r *rand.Rand) verdict.Case {
	place := verdict.Place{Variant: "a", Window: "w"}
	var all []verdict.Criterion
	for _, measure := range []verdict.Measure{verdict.Value, verdict.Count, verdict.Coverage, verdict.Max, verdict.Min, verdict.MeanOf, verdict.Percentile, verdict.Slope, verdict.Growth, verdict.Weakest, verdict.Saturating, verdict.Shift, verdict.Retained, verdict.Endpoint, verdict.Aligned} {
		c := verdict.Criterion{ID: string(measure), Place: place, Measure: measure, Series: "s", At: 0.9, Is: verdict.Above, Threshold: math.Abs(r.NormFloat64()) + 0.1, Base: "v", Peak: "w", Streams: []string{"n"}, Tolerance: 3}
		c.Signals = []verdict.Signal{{Name: "x", Series: "s", Is: verdict.Above}, {Name: "y", Series: "n", Is: verdict.Below, Threshold: 3}}
		c.Others = c.Signals[:1]
		switch measure {
		case verdict.Shift:
			c.Against = &verdict.Against{Place: verdict.Place{Window: "v"}}
		case verdict.Slope, verdict.Max, verdict.MeanOf:
			ratio, paired := c, c
			ratio.ID, ratio.Against = c.ID+" ratio", &verdict.Against{Place: verdict.Place{Window: "v"}, Ratio: true}
			paired.ID, paired.Against = c.ID+" paired", &verdict.Against{Place: verdict.Place{Variant: "b"}, Paired: true, Ratio: r.IntN(2) == 0}
			all = append(all, ratio, paired)
		}
		all = append(all, c)
	}
	half := len(all) / 2
	return verdict.Case{Proof: all[:half], Disproof: all[half:], Repeats: verdict.Repeats{Least: 1, Most: 1 + r.IntN(4)}}
}

// anything is evidence with gaps, single samples, windows beyond the data and numbers of any size.
func anything(r *rand.Rand) (e verdict.Evidence) {
	for repeat := range r.IntN(5) {
		for i, variant := range []string{"a", "b"}[:1+r.IntN(2)] {
			run := verdict.Run{Repeat: repeat + 1, Variant: variant, Order: i + 1, Finished: r.IntN(9) > 0}
			for _, name := range []string{"w", "v"}[:r.IntN(3)] {
				from := r.Float64() * 100
				run.Windows = append(run.Windows, verdict.Window{Name: name, From: from, To: from + r.ExpFloat64()*100 + 1e-9})
			}
			for _, name := range []string{"s", "n"}[:r.IntN(3)] {
				s, at, size := verdict.Series{Name: name}, 0.0, math.Pow(10, r.Float64()*600-300)
				for range r.IntN(120) {
					at += math.Floor(r.ExpFloat64()*3) / 2 // some moments twice
					s.At, s.Value = append(s.At, at), append(s.Value, size*math.Floor(r.NormFloat64()*3))
				}
				run.Series = append(run.Series, s)
			}
			if r.IntN(3) == 0 {
				run.Breaks = []float64{r.Float64() * 200}
			}
			e.Runs = append(e.Runs, run)
		}
	}
	return e
}

func FuzzAnyEvidenceHasOneVerdict(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		c, e := everything(rand.New(rand.NewPCG(seed, 1))), anything(rand.New(rand.NewPCG(seed, 2)))
		v, err := verdict.Judge(c, e)
		if err != nil {
			t.Fatalf("Judge: %v", err)
		}
		first, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("Marshal: %v", err)
		}
		again, _ := verdict.Judge(c, e)
		if second, _ := json.Marshal(again); string(first) != string(second) {
			t.Errorf("the same evidence has two verdicts:\n%s\n%s", first, second)
		}
		for _, run := range e.Runs {
			if !run.Finished && v.Outcome != verdict.Inconclusive {
				t.Errorf("a run was cut short, and it is %s", v.Outcome)
			}
		}
		if len(v.Why) == 0 {
			t.Errorf("%s without a reason", v.Outcome)
		}
	})
}
