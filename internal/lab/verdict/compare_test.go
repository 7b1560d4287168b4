package verdict_test

import (
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// pairs is a case in which b has to grow by less than half of what a does.
func pairs() verdict.Case {
	half := verdict.Criterion{
		ID: "half", Place: verdict.Place{Variant: "b", Window: "load"}, Measure: verdict.Slope, Series: "hard",
		Against: &verdict.Against{Place: verdict.Place{Variant: "a"}, Ratio: true, Paired: true}, Is: verdict.Below, Threshold: 0.5,
	}
	same := half
	same.ID, same.Is, same.Threshold = "same", verdict.Above, 0.8
	return verdict.Case{
		Proof: []verdict.Criterion{half}, Disproof: []verdict.Criterion{same},
		Comparisons: []verdict.Comparison{{Name: "memory", A: "a", B: "b", Window: "load", Measure: verdict.Slope, Series: "hard", Smallest: 1}},
	}
}

// abba are repeats of a and b, each going first in turn.
func abba(repeats int, a, b float64, spread float64) (runs []verdict.Run) {
	for repeat := 1; repeat <= repeats; repeat++ {
		other := spread * float64(repeat%3-1)
		one, two := growing(repeat, "a", a), growing(repeat+100, "b", b+other)
		two.Repeat = repeat
		one.Order, two.Order = 1+repeat%2, 2-repeat%2
		runs = append(runs, one, two)
	}
	return runs
}

func TestVariantsAreComparedInPairs(t *testing.T) {
	for _, row := range []struct {
		why    string
		runs   []verdict.Run
		change verdict.Change
		proof  verdict.Decision
	}{
		{"b mends it", abba(6, 9, 1, 0.2), verdict.Better, verdict.Holds},
		{"b is worse", abba(6, 3, 9, 0.2), verdict.Worse, verdict.Fails},
		{"b is the same", abba(6, 9, 9, 0.2), verdict.Equivalent, verdict.Fails},
		{"b is better by less than matters", abba(6, 9, 8.5, 0.1), verdict.Equivalent, verdict.Fails},
		{"pairs that differ too much", abba(4, 9, 6, 6), verdict.Undecided, verdict.Unclear},
		{"two pairs are too few", abba(2, 9, 1, 0), verdict.Undecided, verdict.Unclear},
	} {
		got := judge(t, pairs(), row.runs...)
		if c := got.Comparisons[0]; c.Change != row.change || got.Proof[0].Decision != row.proof {
			t.Errorf("%s: %s, proof %s (%s; %s), want %s and %s", row.why, c.Change, got.Proof[0].Decision, c.Result.Why, got.Proof[0].Why, row.change, row.proof)
		}
	}
	share := pairs()
	share.Comparisons[0].Share, share.Comparisons[0].Smallest = true, 0.1
	for _, row := range []struct {
		why    string
		b      float64
		change verdict.Change
	}{{"a third less", 6, verdict.Better}, {"half more", 13.5, verdict.Worse}, {"a fiftieth less", 8.8, verdict.Equivalent}} {
		got := judge(t, share, abba(6, 9, row.b, 0.1)...).Comparisons[0]
		if got.Change != row.change || !near(got.Result.Estimate, row.b/9-1, 0.05) {
			t.Errorf("%s: %s by %s, want %s by %.3f", row.why, got.Change, got.Result.Estimate, row.change, row.b/9-1)
		}
	}
	first := abba(6, 9, 1, 0.2)
	for i := range first {
		first[i].Order = 1 + i%2
	}
	if got := judge(t, pairs(), first...); got.Comparisons[0].Change != verdict.Undecided || !strings.Contains(got.Comparisons[0].Result.Why, "went first") {
		t.Errorf("a always goes first: %s (%s), want undecided because of it", got.Comparisons[0].Change, got.Comparisons[0].Result.Why)
	}
}

func TestLookingAfterEachRepeatCostsConfidence(t *testing.T) {
	c := pairs()
	c.Repeats = verdict.Repeats{Least: 3, Most: 6}
	spent := 0.0
	for repeats := 3; repeats <= 6; repeats++ {
		got := judge(t, c, abba(repeats, 9, 1, 0.2)...).Proof[0]
		spent += 1 - float64(got.Confidence)
		if float64(got.Confidence) <= 0.99 {
			t.Errorf("after %d of 6 repeats the confidence is %s, want it above 0.99", repeats, got.Confidence)
		}
	}
	if spent < 0.0099 || spent > 0.0101 {
		t.Errorf("all looks spend %v, want 0.01", spent)
	}
}

// told are pairs in which a fact of b is above a's by each of the differences, and another
// fact is the same.
func told(differences ...float64) (runs []verdict.Run) {
	for i, d := range differences {
		for k, variant := range []string{"a", "b"} {
			r := oneRun(i+1, variant, sampled("hard", 0, 10, line(0, 0)))
			r.Order = 1 + (i+k)%2
			r.Facts = []verdict.Fact{{Window: "load", Name: "cost", Value: 5 + d*float64(k)}, {Window: "load", Name: "same", Value: 1 + float64(k*(i%2*2-1))}}
			runs = append(runs, r)
		}
	}
	return runs
}

func TestAFewPairsHaveToConvinceBySignsToo(t *testing.T) {
	c := verdict.Criterion{
		Place: verdict.Place{Variant: "b", Window: "load"}, Measure: verdict.Value, Series: "cost",
		Against: &verdict.Against{Place: verdict.Place{Variant: "a"}, Paired: true}, Is: verdict.Above, Confidence: 0.995,
	}
	plan := only(c)
	plan.Disproof[0].Place.Variant, plan.Disproof[0].Series = "a", "hard"
	// t is 4.3 and would do at 7 degrees; of 256 signs 4 are as far out, which is 0.016.
	got := judge(t, plan, told(1, 1, 1, 1, 1, 1, 1, -0.5)...).Proof[0]
	if got.Decision != verdict.Unclear || !(got.Lo > 0) || !strings.Contains(got.Why, "by signs alone p 0.015625") {
		t.Errorf("%s from %s (%s), want unclear in spite of a bound above 0", got.Decision, got.Lo, got.Why)
	}
	if got := judge(t, plan, told(1, 1.1, 1, 0.9, 1, 1, 1, 1)...).Proof[0]; got.Decision != verdict.Holds {
		t.Errorf("eight of one sign: %s (%s), want it to hold", got.Decision, got.Why)
	}
}

func TestComparisonsShareTheirOdds(t *testing.T) {
	one := verdict.Comparison{Name: "cost", A: "a", B: "b", Window: "load", Measure: verdict.Value, Series: "cost", Smallest: 0.1}
	other := one
	other.Name, other.Series = "nothing", "same"
	plan := pairs()
	plan.Comparisons = []verdict.Comparison{one}
	runs := told(0.22, 1.78, 0.22, 1.78, 0.22, 1.78) // t is 2.87: beyond the 2.57 of one, not the 3.16 of two
	if got := judge(t, plan, runs...).Comparisons[0]; got.Change != verdict.Worse {
		t.Errorf("by itself: %s (%s), want worse", got.Change, got.Result.Why)
	}
	plan.Comparisons = []verdict.Comparison{other, one}
	if got := judge(t, plan, runs...).Comparisons[1]; got.Change != verdict.Undecided {
		t.Errorf("beside another: %s (%s), want undecided", got.Change, got.Result.Why)
	}
	small := told(0.01, 0.02, 0.01, 0.02, 0.01, 0.02)
	if got := judge(t, plan, small...).Comparisons[1]; got.Change != verdict.Equivalent {
		t.Errorf("seen, but less than matters: %s (%s), want equivalent", got.Change, got.Result.Why)
	}
}
