package design_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/design"
)

func names(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("GET /%d", i))
	}
	return all
}

func alike(string) hunt.Size { return hunt.Size{Requests: 100, For: time.Second} }

// rounds takes blocks until n rounds are complete.
func rounds(p *design.Plan, n int, size func(string) hunt.Size) (all [][]hunt.Block) {
	for range n {
		var round []hunt.Block
		for {
			block := p.Next(size)
			round = append(round, block)
			if block.Last {
				break
			}
		}
		all = append(all, round)
	}
	return all
}

func TestEveryRoundHoldsEveryEndpointOnceAndItsControls(t *testing.T) {
	for _, row := range []struct {
		endpoints, controls int
		pair                bool
		why                 string
	}{
		{1, 1, false, "one endpoint has one control"},
		{3, 1, false, "so have three"},
		{4, 2, false, "from four on there are two"},
		{8, 2, true, "on each side"},
	} {
		sides := 1
		if row.pair {
			sides = 2
		}
		number := 0
		for r, round := range rounds(design.New(1, names(row.endpoints), row.pair), 5, alike) {
			count := map[string]int{}
			for _, block := range round {
				count[string(block.Side)+block.Endpoint]++
				if block.Round != r || block.Number != number {
					t.Errorf("block %d of round %d calls itself %d of %d", number, r, block.Number, block.Round)
				}
				number++
			}
			if got, want := len(count), (row.endpoints+1)*sides; got != want {
				t.Errorf("%s: round %d holds %d kinds of block, want %d", row.why, r, got, want)
			}
			for what, n := range count {
				want := 1
				if what == "a" || what == "b" {
					want = row.controls
				}
				if n != want {
					t.Errorf("%s: round %d holds %q %d times, want %d", row.why, r, what, n, want)
				}
			}
		}
	}
}

func TestTheSameSeedGivesTheSamePlan(t *testing.T) {
	one := rounds(design.New(7, names(6), true), 4, alike)
	again := rounds(design.New(7, names(6), true), 4, alike)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("two plans of seed 7 differ: %s", diff)
	}
	if diff := cmp.Diff(one, rounds(design.New(8, names(6), true), 4, alike)); diff == "" {
		t.Error("plans of seeds 7 and 8 are the same, want another order")
	}
}

func TestEachEndpointStandsEverywhereInARound(t *testing.T) {
	const n, times = 4, 3000
	counts := [n][n + 2]int{}
	all := names(n)
	for _, round := range rounds(design.New(3, all, false), times, alike) {
		for place, block := range round {
			if e := slices.Index(all, block.Endpoint); e >= 0 {
				counts[e][place]++
			}
		}
	}
	// 500 each; five standard deviations are 102.
	for e := range counts {
		for place, got := range counts[e] {
			if want := times / (n + 2); got < want-102 || got > want+102 {
				t.Errorf("endpoint %d stood at place %d in %d rounds, want about %d", e, place, got, want)
			}
		}
	}
}

func TestSidesTakeTurnsAtGoingFirst(t *testing.T) {
	last := map[string]hunt.Side{}
	for r, round := range rounds(design.New(5, names(3), true), 6, alike) {
		for i := 0; i < len(round); i += 2 {
			first, second := round[i], round[i+1]
			if first.Endpoint != second.Endpoint || first.Side == second.Side || first.Size != second.Size {
				t.Fatalf("round %d, place %d: %+v is followed by %+v, want the same block on the other side", r, i, first, second)
			}
			if before, ok := last[first.Endpoint]; ok && before == first.Side {
				t.Errorf("round %d: side %s goes first at %q again", r, first.Side, first.Endpoint)
			}
			last[first.Endpoint] = first.Side
		}
	}
}

func TestWhatIsDecidedIsLeftOut(t *testing.T) {
	p := design.New(2, names(3), false)
	rounds(p, 1, alike)
	round := rounds(p, 1, func(endpoint string) hunt.Size {
		if endpoint == "GET /1" {
			return hunt.Size{}
		}
		return alike(endpoint)
	})[0]
	if len(round) != 3 {
		t.Errorf("a round without one of three endpoints has %d blocks, want 3: %+v", len(round), round)
	}
	for _, block := range round {
		if block.Endpoint == "GET /1" {
			t.Errorf("block %+v, want none of an endpoint whose size is zero", block)
		}
	}
	// The control stays, though nothing else is driven.
	if alone := rounds(p, 1, func(string) hunt.Size { return hunt.Size{} })[0]; len(alone) != 1 || alone[0].Endpoint != "" {
		t.Errorf("a round with every endpoint left out is %+v, want the control alone", alone)
	}
}
