package ask_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// A worker that is replaced without a gap stands beside its successor for a while: what
// both hold together is fitted with neither.
func TestNothingIsFittedAcrossAReplacementThatOverlaps(t *testing.T) {
	e := &lab.Experiment{
		Proof:    []lab.Criterion{{ID: "grows", Test: lab.Slope, Window: []string{"load"}, Series: lab.Used, Per: lab.PerSecond, Bound: lab.Bound{Above: &lab.Value{Number: 1}}}},
		Disproof: []lab.Criterion{{ID: "flat", Test: lab.Equivalence, Window: []string{"load"}, Series: lab.Used, Per: lab.PerSecond, Within: &lab.Value{Number: 1}}},
		Repeat:   lab.Repeat{Least: 1, Most: 1},
	}
	records := []lab.Record{{
		Number: 1, Role: string(timeline.Trial), Round: 1, Order: 1, Finished: true,
		Spans: []lab.Span{{Name: "load", From: 0, To: 10}},
		Events: []lab.Event{
			{At: -0.1, Kind: lab.EventStarted, Generation: 1},
			{At: 4, Kind: lab.EventStarted, Generation: 2},
			{At: 4.5, Kind: lab.EventExited, Generation: 1},
		},
	}}
	evidence, err := ask.Evidence(e, records, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{4, 4.5}, evidence.Runs[0].Breaks); diff != "" {
		t.Errorf("Evidence of a replacement from 4 s to 4.5 s has breaks (-want +got):\n%s", diff)
	}
}
