package main

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

func TestEveryPlantedExperimentIsJudgedRight(t *testing.T) {
	thirds := map[verdict.Outcome]int{}
	for _, e := range experiments() {
		thirds[e.truth]++
		for seed := range uint64(5) {
			v, err := judged(&e, seed+1)
			if err != nil {
				t.Fatal(err)
			}
			if v.Outcome != e.truth {
				t.Errorf("%s, seed %d: %s because %q, want %s", e.name, seed+1, v.Outcome, v.Why, e.truth)
			}
		}
	}
	for truth, n := range thirds {
		if n < 8 {
			t.Errorf("%d experiments are %s, want 8 at least", n, truth)
		}
	}
}

func TestTheOtherCauseIsNamed(t *testing.T) {
	for _, e := range experiments() {
		if e.name != "the dependency was at fault" {
			continue
		}
		v, err := judged(&e, 1)
		if err != nil || len(v.Causes) != 1 || v.Causes[0] != "a dependency fails" {
			t.Errorf("causes %q, %v, want that a dependency fails", v.Causes, err)
		}
		return
	}
	t.Error("the experiment is gone")
}
