// Command detect measures how well leaks are called on labelled traces that no constant was chosen on.
//
// The same traces go through stanch's detector and through the rules that people
// use today, in one pass. It prints a table and ends in one line RESULT {json}.
//
//	make bench-detect
//	make bench-detect ARGS='-split train -each 20'
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/stanch-dev/stanch/bench/traces/synth"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "detect:", err)
		os.Exit(1)
	}
}

func run() error {
	split := flag.String("split", "test", "train or test")
	each := flag.Int("each", 40, "traces of each kind")
	days := flag.Int("days", 500, "clean worker-days")
	only := flag.String("only", "", "kinds whose name contains this")
	peers := flag.Bool("peers", true, "run the other rules too")
	verbose := flag.Bool("v", false, "tell every trace that was called wrong")
	jobs := flag.Int("j", 1, "traces at the same time")
	real := flag.Bool("recorded", true, "measure the recorded traces too")
	flag.Parse()
	rules := all
	if !*peers {
		rules = func() []rule { return nil }
	}
	first, ok := map[string]uint64{"train": synth.Train, "test": synth.Test}[*split]
	if !ok {
		return fmt.Errorf("there is no split %q\nhint: -split train, or -split test", *split)
	}
	var todo []*synth.Trace
	for _, kind := range synth.Kinds() {
		if !strings.Contains(kind.Name, *only) {
			continue
		}
		n := *each
		if kind.Day {
			n = *days
		}
		for i := range n {
			todo = append(todo, synth.Make(kind, first+uint64(i)))
		}
	}
	outcomes := make([]outcome, len(todo))
	var wait sync.WaitGroup
	next := make(chan int)
	for range *jobs {
		wait.Go(func() {
			for i := range next {
				outcomes[i] = measure(todo[i].Label, todo[i].Each, rules())
			}
		})
	}
	for i := range todo {
		next <- i
	}
	close(next)
	wait.Wait()
	result := tell(outcomes, rules(), *split, *verbose)
	result.Cost = price()
	fmt.Printf("cost: %.0f ns a sample at 1 Hz, %d bytes a worker\n", result.Cost.NanosecondsASample, result.Cost.BytesAWorker)
	for _, stretch := range stretches {
		if !*real {
			break
		}
		outcomes, err := recorded(stretch, rules)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("recorded, stretched %d times", stretch)
		if stretch == 1 {
			name = "recorded, as they are"
		}
		fmt.Println()
		result.Recorded = append(result.Recorded, tell(outcomes, rules(), name, *verbose))
	}
	line, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	fmt.Printf("RESULT %s\n", line)
	return nil
}

// tell prints what became of a split.
func tell(outcomes []outcome, rules []rule, split string, verbose bool) result {
	if verbose {
		for i := range outcomes {
			outcomes[i].complain(os.Stdout)
		}
	}
	r := tally(outcomes, rules)
	r.Split = split
	r.print(os.Stdout)
	return r
}
