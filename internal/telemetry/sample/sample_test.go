package sample_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/sample"
)

// drive takes one second's requests and rolls; it returns the weights of the
// rows that each class got.
func drive(s *sample.Sampler, counts [sample.Classes]int, random *rand.Rand, room func() bool) (rows [sample.Classes][]int) {
	left := counts
	for total := sum(left[:]); total > 0; total-- {
		c := sample.Class(0)
		for n := random.IntN(total); n >= left[c]; c++ {
			n -= left[c]
		}
		left[c]--
		if _, weight := s.Take(c, room()); weight > 0 {
			rows[c] = append(rows[c], weight)
		}
	}
	for c := range sample.Classes {
		if weight := s.Flush(c); weight > 0 {
			rows[c] = append(rows[c], weight)
		}
	}
	s.Roll()
	return rows
}

func sum(all []int) (n int) {
	for _, x := range all {
		n += x
	}
	return n
}

func always() bool { return true }

func TestTheWeightsOfEachClassAddUpToItsRequests(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		s := sample.New(random.IntN(300), uint64(round))
		for range 4 {
			var counts [sample.Classes]int
			for c := range counts {
				counts[c] = random.IntN(1 << random.IntN(14))
			}
			full := random.Float64()
			rows := drive(s, counts, random, func() bool { return random.Float64() > full*full })
			for c := range counts {
				if got := sum(rows[c]); got != counts[c] {
					t.Fatalf("round %d, class %d: the weights add up to %d, want %d", round, c, got, counts[c])
				}
			}
		}
	}
}

func TestBelowTheRateNothingIsLeftOut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := sample.New(100, 1)
	for second := range 5 {
		rows := drive(s, [sample.Classes]int{sample.Plain: 30, sample.Slow: 15, sample.Failed: 10}, random, always)
		if n := len(rows[sample.Plain]) + len(rows[sample.Slow]) + len(rows[sample.Failed]); n != 55 {
			t.Errorf("second %d: %d rows for 55 requests at a rate of 100, want 55", second, n)
		}
	}
}

func TestOneClassMayUseWhatTheOthersDoNot(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := sample.New(100, 1)
	var rows [sample.Classes][]int
	for range 3 {
		rows = drive(s, [sample.Classes]int{sample.Plain: 90}, random, always)
	}
	if n := len(rows[sample.Plain]); n != 90 {
		t.Errorf("%d rows for 90 plain requests at a rate of 100, want 90", n)
	}
}

func TestTheRateHoldsAndFailuresKeepMoreRows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := sample.New(200, 1)
	counts := [sample.Classes]int{sample.Plain: 50_000, sample.Slow: 2000, sample.Refused: 20_000, sample.Failed: 30}
	for second := range 4 {
		rows := drive(s, counts, random, always)
		total := 0
		for _, r := range rows {
			total += len(r)
		}
		limit := 260
		if second == 0 {
			limit = 500 // it could not know
		}
		if total > limit {
			t.Errorf("second %d: %d rows at a rate of 200, want at most %d", second, total, limit)
		}
		if n := len(rows[sample.Failed]); n != 30 {
			t.Errorf("second %d: %d of 30 failures have a row, want all", second, n)
		}
	}
}

// The candidates of a block are chosen with equal chances.
func TestTheChoiceIsUniform(t *testing.T) {
	const block, rounds = 10, 20_000
	var chosen [block]int
	s := sample.New(1, 7)
	for range rounds {
		last := 0
		for i := range block {
			if candidate, _ := s.Take(sample.Plain, false); candidate {
				last = i
			}
		}
		s.Flush(sample.Plain)
		chosen[last]++
	}
	// Chi squared with 9 degrees of freedom: above 27.9 in one of 1000 cases.
	chi, want := 0.0, float64(rounds)/block
	for _, n := range chosen {
		chi += math.Pow(float64(n)-want, 2) / want
	}
	if chi > 27.9 {
		t.Errorf("chosen by place %v: chi squared %.1f, want at most 27.9", chosen, chi)
	}
}

func TestSlowIsTheLastTwentieth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var tail sample.Tail
	slow := 0
	for i := range 40_000 {
		above := tail.Above(time.Duration(random.ExpFloat64() * float64(20*time.Millisecond)))
		if i >= 20_000 && above {
			slow++
		}
	}
	if slow < 800 || slow > 1200 {
		t.Errorf("%d of 20000 are slow, want about 1000", slow)
	}
}
