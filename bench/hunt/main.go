// Command hunt measures whether stanch hunt names the endpoint that leaks, how much, of which kind, and how soon.
//
// The subjects are real servers: a Go program with eight endpoints (worker), a C
// program (native/worker.c, where there is a compiler) and the Python example. Each
// trial is one run of the binary, judged by what it prints as JSON against what the
// server was told to leak. It prints a table and ends in one line RESULT {json}.
//
//	make bench-hunt
//	make bench-hunt ARGS='-seeds 3 -only eight'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "hunt:", err)
		os.Exit(1)
	}
}

// result is the line that the bench ends in.
type result struct {
	Bench   string      `json:"bench"`
	Machine rig.Machine `json:"machine"`
	Trials  []trial     `json:"trials"`
	Kinds   []summary   `json:"kinds"`
}

// summary is one kind of trial.
type summary struct {
	Kind    string  `json:"kind"`
	Trials  int     `json:"trials"`
	Right   int     `json:"right"`
	Median  float64 `json:"median_seconds"`
	Longest float64 `json:"longest_seconds"`
	Error   float64 `json:"largest_error"`    // of the leak's rate, as a share of it; -1 where nothing leaks
	AtMost  float64 `json:"at_most_bytes"`    // the largest bound that a clean server was given; 0 elsewhere
	Missed  int     `json:"intervals_missed"` // 95 % intervals of the leaking endpoint without the truth in them
}

func run(ctx context.Context) error {
	seeds := flag.Int("seeds", 20, "hunts of one leak among eight endpoints; of the others a quarter as many, and one at least")
	first := flag.Uint64("first", 1, "the first seed")
	only := flag.String("only", "", "kinds whose name contains this")
	flag.Parse()
	if *seeds < 1 {
		return errors.New("-seeds is how many hunts there are, one at least")
	}
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	stanch, err := stage.Build("./cmd/stanch", "stanch")
	if err != nil {
		return err
	}
	kinds, err := subjects(stage)
	if err != nil {
		return err
	}
	out := result{Bench: "hunt", Machine: rig.ThisMachine()}
	for _, k := range kinds {
		if !strings.Contains(k.name, *only) {
			continue
		}
		n := *seeds
		if !k.many {
			n = max(n/4, 1)
		}
		var trials []trial
		for i := range n {
			t, err := k.hunt(ctx, stanch, *first+uint64(i))
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", k.name, *first+uint64(i), err)
			}
			fmt.Fprintf(os.Stderr, "%-24s seed %-3d %5.0fs  %s\n", k.name, t.Seed, t.Seconds, t.told())
			trials = append(trials, t)
		}
		out.Trials = append(out.Trials, trials...)
		out.Kinds = append(out.Kinds, summarize(k.name, trials))
	}
	fmt.Printf("%-24s %7s %7s %9s %9s %12s %10s %s\n", "kind", "right", "of", "median s", "longest s", "rate off by", "at most", "intervals without the truth")
	for _, s := range out.Kinds {
		off, most := "", ""
		if s.Error >= 0 {
			off = fmt.Sprintf("%.1f %%", 100*s.Error)
		}
		if s.AtMost > 0 {
			most = fmt.Sprintf("%.0f B", s.AtMost)
		}
		fmt.Printf("%-24s %7d %7d %9.0f %9.0f %12s %10s %d\n", s.Kind, s.Right, s.Trials, s.Median, s.Longest, off, most, s.Missed)
	}
	return rig.Result(os.Stdout, out)
}

// longest is what a hunt may take.
const longest = 10 * time.Minute
