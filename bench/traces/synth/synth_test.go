package synth_test

import (
	"testing"

	"github.com/stanch-dev/stanch/bench/traces/synth"
)

func TestATraceIsTheSameEveryTimeAndItsLabelHolds(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range synth.Kinds() {
		if seen[kind.Name] {
			t.Errorf("two kinds are called %s", kind.Name)
		}
		seen[kind.Name] = true
		a, b := synth.Make(kind, synth.Train), synth.Make(kind, synth.Train)
		var first []int64
		reached := false
		for s := range a.Each {
			if len(first) < 1000 {
				first = append(first, s.Bytes)
			}
			reached = reached || s.Bytes >= a.Limit
		}
		i := 0
		for s := range b.Each {
			if i == len(first) {
				break
			}
			if s.Bytes != first[i] {
				t.Fatalf("%s: sample %d is %d and then %d", kind.Name, i, first[i], s.Bytes)
			}
			i++
		}
		if a.Clean && reached {
			t.Errorf("%s: a clean worker reached its limit", kind.Name)
		}
		if leaks := a.Rate.PerSecond > 0 || a.Rate.PerRequest > 0; leaks == a.Clean {
			t.Errorf("%s: clean is %t and the rate %v", kind.Name, a.Clean, a.Rate)
		}
	}
}

func TestOtherSeedsGiveOtherTraces(t *testing.T) {
	kind := synth.Kinds()[0]
	if a, b := synth.Make(kind, synth.Train), synth.Make(kind, synth.Test); a.Limit == b.Limit && sum(a) == sum(b) {
		t.Errorf("seeds %d and %d give the same trace", synth.Train, synth.Test)
	}
}

func sum(t *synth.Trace) (all int64) {
	for s := range t.Each {
		all += s.Bytes
	}
	return all
}
