package verdict_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// leaks is the case of a leak of more than 5 a second.
func leaks() verdict.Case {
	return verdict.Case{
		Gates:    []verdict.Criterion{{ID: "landed", Place: load, Measure: verdict.Value, Series: "landed", Is: verdict.AtLeast, Threshold: 0.98}},
		Proof:    []verdict.Criterion{{ID: "grows", Place: load, Measure: verdict.Slope, Series: "hard", Is: verdict.Above, Threshold: 5}},
		Disproof: []verdict.Criterion{{ID: "flat", Place: load, Measure: verdict.Slope, Series: "hard", Is: verdict.Within, Threshold: 5}},
	}
}

// growing is a run whose memory has a slope.
func growing(repeat int, variant string, slope float64) verdict.Run {
	r := oneRun(repeat, variant, sampled("hard", 0, 600, noisy(uint64(repeat), 100, line(1e4, slope))))
	r.Facts = []verdict.Fact{{Window: "load", Name: "landed", Value: 1}}
	return r
}

func TestOutcomesCombineAsTheTableSays(t *testing.T) {
	both := leaks()
	both.Disproof = append(both.Disproof, verdict.Criterion{ID: "long", Place: load, Measure: verdict.Count, Series: "hard", Is: verdict.Above, Threshold: 100})
	twice := leaks()
	twice.Repeats = verdict.Repeats{Least: 2}
	for _, row := range []struct {
		why  string
		c    verdict.Case
		runs []verdict.Run
		want verdict.Outcome
		says string
	}{
		{"proof and no disproof", leaks(), []verdict.Run{growing(1, "a", 9)}, verdict.Supported, "all proof holds"},
		{"disproof and no proof", leaks(), []verdict.Run{growing(1, "a", 0)}, verdict.NotSupported, "flat: slope of hard"},
		{"neither: at the threshold", leaks(), []verdict.Run{growing(1, "a", 5)}, verdict.Inconclusive, "neither proof nor disproof"},
		{"both", both, []verdict.Run{growing(1, "a", 9)}, verdict.Inconclusive, "so does disproof: long"},
		{"repeats agree", twice, []verdict.Run{growing(1, "a", 9), growing(2, "a", 9)}, verdict.Supported, ""},
		{"repeats disagree", twice, []verdict.Run{growing(1, "a", 9), growing(2, "a", 0)}, verdict.Inconclusive, "repeats disagree: repeat 2 is not supported"},
		{"a repeat is missing", twice, []verdict.Run{growing(1, "a", 9)}, verdict.Inconclusive, "1 of 2 repeats"},
		{"no run at all", leaks(), nil, verdict.Inconclusive, "0 of 1 repeats"},
	} {
		got := judge(t, row.c, row.runs...)
		if got.Outcome != row.want || !strings.Contains(strings.Join(got.Why, "\n"), row.says) {
			t.Errorf("%s: %s because %q, want %s because %q", row.why, got.Outcome, got.Why, row.want, row.says)
		}
		if (got.Outcome == verdict.Inconclusive) != (got.Next != "") {
			t.Errorf("%s: %s and then %q, want what to do next where it is inconclusive and only there", row.why, got.Outcome, got.Next)
		}
	}
}

func TestWithoutAValidInstrumentThereIsNoVerdict(t *testing.T) {
	slope := verdict.Criterion{Place: load, Measure: verdict.Slope, Series: "hard", Is: verdict.Above, Threshold: 5}
	differs := verdict.Criterion{
		Place: verdict.Place{Variant: "one", Window: "load"}, Measure: verdict.Slope, Series: "hard",
		Against: &verdict.Against{Place: verdict.Place{Variant: "other"}}, Is: verdict.Within, Threshold: 5,
	}
	c := leaks()
	c.Controls = []verdict.Control{{Name: "planted", Kind: verdict.Positive, Criterion: slope}, {Name: "twice", Kind: verdict.Negative, Criterion: differs}}
	of := func(control, variant string, seed int, slope float64) verdict.Run {
		r := growing(1, variant, 0)
		r.Control, r.Series[0] = control, sampled("hard", 0, 600, noisy(uint64(seed), 100, line(1e4, slope)))
		return r
	}
	valid := []verdict.Run{growing(1, "a", 9), of("planted", "a", 2, 20), of("twice", "one", 3, 0), of("twice", "other", 4, 0)}
	broken := func(change func(runs []verdict.Run) []verdict.Run) []verdict.Run { return change(slices.Clone(valid)) }
	for _, row := range []struct {
		why  string
		runs []verdict.Run
		want verdict.Outcome
		says string
	}{
		{"all of it is valid", valid, verdict.Supported, ""},
		{"load that did not land", broken(func(runs []verdict.Run) []verdict.Run {
			runs[0].Facts = []verdict.Fact{{Window: "load", Name: "landed", Value: 0.5}}
			return runs
		}), verdict.Inconclusive, "gate landed, repeat 1: value of landed in load is 0.5, not at least 0.98"},
		{"a gate that nobody read", broken(func(runs []verdict.Run) []verdict.Run {
			runs[0].Facts = nil
			return runs
		}), verdict.Inconclusive, `no fact "landed"`},
		{"a run that was aborted", broken(func(runs []verdict.Run) []verdict.Run {
			runs[0].Finished = false
			return runs
		}), verdict.Inconclusive, "did not come to its end"},
		{"a planted leak that was not found", broken(func(runs []verdict.Run) []verdict.Run {
			runs[1] = of("planted", "a", 2, 0)
			return runs
		}), verdict.Inconclusive, "control planted: slope of hard"},
		{"the same twice that differs", broken(func(runs []verdict.Run) []verdict.Run {
			runs[2] = of("twice", "one", 3, 20)
			return runs
		}), verdict.Inconclusive, "control twice: slope of hard"},
		{"a control that was not run", valid[:2], verdict.Inconclusive, "control twice was not run"},
	} {
		got := judge(t, c, row.runs...)
		if got.Outcome != row.want || !strings.Contains(strings.Join(got.Why, "\n"), row.says) {
			t.Errorf("%s: %s because %q, want %s because %q", row.why, got.Outcome, got.Why, row.want, row.says)
		}
	}
	// A blind instrument proves nothing by not differing.
	c.Controls[1].Criterion.Threshold = 0.0001
	if got := judge(t, c, valid...); got.Outcome != verdict.Inconclusive {
		t.Errorf("a negative control that could not have seen a difference: %s, want inconclusive", got.Outcome)
	}
	// What the same twice differ by is no proof.
	c.Controls[1].Criterion.Threshold = 30
	wobbly := broken(func(runs []verdict.Run) []verdict.Run {
		runs[2] = of("twice", "one", 3, 15)
		return runs
	})
	if got := judge(t, c, wobbly...); got.Outcome != verdict.Inconclusive || !got.Proof[0].Raised || !near(got.Proof[0].Threshold, 15, 2) {
		t.Errorf("the same twice differ by 15, the variant grows by 9: %s against a threshold of %s, want inconclusive against 15", got.Outcome, got.Proof[0].Threshold)
	}
}

func TestAVerdictIsTheSameInAnyOrderOfItsEvidence(t *testing.T) {
	c := pairs()
	c.Proof = append(c.Proof, leaks().Proof[0])
	c.Proof[1].Place.Variant = "a"
	c.Disproof = append(c.Disproof, verdict.Criterion{ID: "kept", Place: verdict.Place{Variant: "a", Window: "load"}, Measure: verdict.Retained, Series: "hard", Base: "early", Peak: "late", Is: verdict.Below, Threshold: 0.1})
	c.Gates = leaks().Gates
	c.Gates[0].Place.Variant = "a"
	var runs []verdict.Run
	for repeat := 1; repeat <= 5; repeat++ {
		for i, variant := range []string{"a", "b"} {
			r := growing(repeat, variant, 9-8*float64(i)+float64(repeat)/3)
			r.Order = 1 + (i+repeat)%2
			r.Windows = append(r.Windows, verdict.Window{Name: "early", From: 0, To: 100}, verdict.Window{Name: "late", From: 500, To: 600})
			r.Facts = append(r.Facts, verdict.Fact{Name: "seed", Value: 7})
			r.Series = append(r.Series, sampled("requests", 0, 600, line(0, 10)))
			runs = append(runs, r)
		}
	}
	want := written(t, judge(t, c, runs...))
	if !strings.Contains(want, `"outcome":"supported"`) {
		t.Fatalf("the example is not supported: %s", want)
	}
	r := rand.New(rand.NewPCG(6, 6))
	for range 30 {
		shuffled := slices.Clone(runs)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for i := range shuffled {
			one := &shuffled[i]
			one.Windows, one.Series, one.Facts = slices.Clone(one.Windows), slices.Clone(one.Series), slices.Clone(one.Facts)
			r.Shuffle(len(one.Windows), func(i, j int) { one.Windows[i], one.Windows[j] = one.Windows[j], one.Windows[i] })
			r.Shuffle(len(one.Series), func(i, j int) { one.Series[i], one.Series[j] = one.Series[j], one.Series[i] })
			r.Shuffle(len(one.Facts), func(i, j int) { one.Facts[i], one.Facts[j] = one.Facts[j], one.Facts[i] })
		}
		if got := written(t, judge(t, c, shuffled...)); got != want {
			t.Fatalf("another order makes another verdict:\n%s", cmp.Diff(want, got))
		}
	}
}

func TestDisproofsShareTheirOdds(t *testing.T) {
	c := leaks()
	for _, id := range []string{"flat2", "flat3"} {
		more := c.Disproof[0]
		more.ID, more.Threshold = id, 0.0001
		c.Disproof = append(c.Disproof, more)
	}
	got := judge(t, c, growing(1, "a", 0)).Disproof
	if !near(got[0].Confidence, 1-0.05/3, 1e-9) || got[0].Decision != verdict.Holds {
		t.Errorf("the first of three is %s at %s, want it to hold at 1-0.05/3", got[0].Decision, got[0].Confidence)
	}
	if !near(got[2].Confidence, 1-0.05/2, 1e-9) || got[2].Decision != verdict.Unclear {
		t.Errorf("the last of three is %s at %s, want it unclear at 1-0.05/2", got[2].Decision, got[2].Confidence)
	}
}

func TestWhatIsWrongIsNamedAllAtOnce(t *testing.T) {
	c := verdict.Case{
		Proof: []verdict.Criterion{
			{ID: "x", Measure: "sum", Is: verdict.Above},
			{ID: "x", Measure: verdict.Percentile, At: 95, Is: "over"},
			{ID: "s", Measure: verdict.Shift, Per: "requests", Is: verdict.Above},
			{ID: "w", Measure: verdict.Slope, Is: verdict.Within},
			{ID: "r", Measure: verdict.Retained, Is: verdict.Below, Confidence: 95},
			{ID: "a", Measure: verdict.Aligned, Signals: []verdict.Signal{{Name: "m", Is: verdict.Within}}},
			{ID: "e", Measure: verdict.Endpoint, Is: verdict.Above},
			{ID: "p", Measure: verdict.Max, Is: verdict.Above, Against: &verdict.Against{Paired: true}},
		},
		Controls: []verdict.Control{{Name: "n", Kind: verdict.Negative, Criterion: verdict.Criterion{Measure: verdict.Max, Is: verdict.Above}}},
		Repeats:  verdict.Repeats{Least: 3, Most: 2},
	}
	evidence := verdict.Evidence{Runs: []verdict.Run{
		{Repeat: 1, Variant: "a", Windows: []verdict.Window{{Name: "w", From: 2, To: 1}, {Name: "w", To: 1}}, Series: []verdict.Series{{Name: "s", At: []float64{2, 1}, Value: []float64{1, 1}}, {Name: "nan", At: []float64{1}, Value: []float64{math.NaN()}}, {Name: "uneven", At: []float64{1}}}, Facts: []verdict.Fact{{Name: "endless", Value: math.Inf(1)}}},
		{Repeat: 1, Variant: "a"},
	}}
	_, err := verdict.Judge(c, evidence)
	if err == nil {
		t.Fatal("Judge of a case with many mistakes gave a verdict")
	}
	for _, want := range []string{
		`no measure "sum"`, `"x": there is another`, "percentile 95", `no relation "over"`, "a shift needs", "not taken per requests", "within needs a margin",
		"before and in the incident", "confidence 95", "two or more", `signal "m"`, "a pair needs the other variant", "an endpoint needs its streams", `control "n"`, "needs proof and disproof", "3 at least and 2 at most",
		`window "w" has no stretch`, `window "w" is there twice`, `series "s" runs backwards`, `series "nan" runs`, `series "uneven" runs`, `fact "endless"`, "variant a: is there twice",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestNumbersAreWrittenWithTwelveDigits(t *testing.T) {
	for _, row := range []struct {
		n    verdict.Number
		want string
		why  string
	}{
		{123456789.0123456, "123456789.012", "the rest is rounding"},
		{3.5e9, "3500000000", "bytes are whole"},
		{verdict.Number(math.Copysign(0, -1)), "0", "zero has no sign"},
		{verdict.Number(math.Inf(1)), "null", "no bound"},
		{verdict.Number(math.NaN()), "null", "no number"},
	} {
		got, err := json.Marshal(row.n)
		if string(got) != row.want || err != nil {
			t.Errorf("Marshal(%v) = %s, %v, want %s: %s", float64(row.n), got, err, row.want, row.why)
		}
	}
}
