// Command simulated counts how often the lab's verdicts are right on experiments that
// are simulated, a third of them true, a third false, a third not to be decided.
//
// No worker runs here: each evidence is arithmetic with a seed (world.go), so that the
// truth is known. It prints a table and ends in one line RESULT {json}.
//
//	make bench-verdict-sim
//	make bench-verdict-sim ARGS='-seeds 50 -only cache'
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "verdict:", err)
		os.Exit(1)
	}
}

// tally is how the seeds of one experiment were judged.
type tally struct {
	Name         string          `json:"name"`
	Truth        verdict.Outcome `json:"truth"`
	Seeds        int             `json:"seeds"`
	Supported    int             `json:"supported"`
	NotSupported int             `json:"not_supported"`
	Inconclusive int             `json:"inconclusive"`
}

// wrong are the verdicts that say the contrary of the truth, or anything where nothing
// can be said.
func (t *tally) wrong() int {
	switch t.Truth {
	case verdict.Supported:
		return t.NotSupported
	case verdict.NotSupported:
		return t.Supported
	}
	return t.Supported + t.NotSupported
}

func (t *tally) right() int {
	switch t.Truth {
	case verdict.Supported:
		return t.Supported
	case verdict.NotSupported:
		return t.NotSupported
	}
	return t.Inconclusive
}

func run() error {
	seeds := flag.Int("seeds", 1000, "seeds of each experiment")
	first := flag.Uint64("first", 1_000_001, "the first seed")
	only := flag.String("only", "", "experiments whose name contains this")
	jobs := flag.Int("j", 1, "experiments at the same time")
	flag.Parse()
	var chosen []experiment
	for _, e := range experiments() {
		if strings.Contains(e.name, *only) {
			chosen = append(chosen, e)
		}
	}
	tallies, errs := make([]tally, len(chosen)), make([]error, len(chosen))
	next := make(chan int)
	var wait sync.WaitGroup
	for range *jobs {
		wait.Go(func() {
			for i := range next {
				tallies[i], errs[i] = count(&chosen[i], *first, *seeds)
				fmt.Fprintf(os.Stderr, "%-48s %d of %d right\n", tallies[i].Name, tallies[i].right(), tallies[i].Seeds)
			}
		})
	}
	for i := range chosen {
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return tell(tallies)
}

// count judges an experiment over seeds.
func count(e *experiment, first uint64, seeds int) (tally, error) {
	t := tally{Name: e.name, Truth: e.truth, Seeds: seeds}
	for seed := first; seed < first+uint64(seeds); seed++ {
		v, err := judged(e, seed)
		if err != nil {
			return t, err
		}
		switch v.Outcome {
		case verdict.Supported:
			t.Supported++
		case verdict.NotSupported:
			t.NotSupported++
		default:
			t.Inconclusive++
		}
	}
	return t, nil
}

// judged simulates an experiment and judges it.
func judged(e *experiment, seed uint64) (verdict.Verdict, error) {
	r := rand.New(rand.NewPCG(seed, uint64(len(e.name))))
	v, err := verdict.Judge(e.plan(), verdict.Evidence{Runs: e.runs(r)})
	if err != nil {
		return v, fmt.Errorf("judge %s with seed %d: %w", e.name, seed, err)
	}
	return v, nil
}

func tell(tallies []tally) error {
	fmt.Printf("%-48s %-14s %10s %14s %13s\n", "experiment (simulated)", "truth", "supported", "not supported", "inconclusive")
	falselySupported, falselyNot, ofSupported, ofNot, right, wrong, all := 0, 0, 0, 0, 0, 0, 0
	for _, t := range tallies {
		fmt.Printf("%-48s %-14s %10d %14d %13d\n", t.Name, t.Truth, t.Supported, t.NotSupported, t.Inconclusive)
		right, wrong, all = right+t.right(), wrong+t.wrong(), all+t.Seeds
		if t.Truth != verdict.Supported {
			falselySupported, ofSupported = falselySupported+t.Supported, ofSupported+t.Seeds
		}
		if t.Truth != verdict.NotSupported {
			falselyNot, ofNot = falselyNot+t.NotSupported, ofNot+t.Seeds
		}
	}
	fmt.Printf("\nright: %d of %d, wrong: %d, the rest undecided\nfalsely supported: %d of %d; falsely not supported: %d of %d\n", right, all, wrong, falselySupported, ofSupported, falselyNot, ofNot)
	line, err := json.Marshal(map[string]any{
		"bench": "verdict-sim", "experiments": tallies, "right": right, "wrong": wrong, "verdicts": all,
		"falsely_supported": falselySupported, "falsely_supported_of": ofSupported,
		"falsely_not_supported": falselyNot, "falsely_not_supported_of": ofNot,
	})
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	fmt.Printf("RESULT %s\n", line)
	return nil
}
