// Command verdict runs planted experiments with real workers, and counts how often the lab's verdict is the truth.
//
// A third of the claims are true, a third are false, and a third can't be decided: each
// worker does what its experiment tells it (worker/worker.py), so that the truth is known
// before the run. Each is written as a folder of its own, for each seed; `stanch lab run`
// judges it, and `stanch lab verify` recomputes the bundle. Then bundles are tampered
// with, and verify has to catch it. It prints tables, ends in one line RESULT {json},
// and fails if a verdict is wrong, a bundle does not verify or a tampering is not caught.
//
// Begin with planted.go, for what there is. What can be tried by arithmetic alone is in
// the folder simulated.
//
//	make bench-verdict
//	make bench-verdict ARGS='-seeds 1 -only cache -keep /tmp/kept'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"

	"github.com/stanch-dev/stanch/bench/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "verdict:", err)
		os.Exit(1)
	}
}

// result is the line that the bench ends in.
type result struct {
	Bench      string      `json:"bench"`
	Machine    rig.Machine `json:"machine"`
	Trials     []trial     `json:"trials"`
	Right      int         `json:"right"`
	Wrong      int         `json:"wrong"`
	Unverified int         `json:"unverified"`
	Tampered   []tampering `json:"tampered"`
	Caught     int         `json:"caught"`
	Forged     []tampering `json:"forged"` // evidence was edited, and all sums are new
	Shown      int         `json:"shown"`  // of these, what follows from the evidence showed it
	Signed     int         `json:"signed"` // and a signature that was needed
}

func run(ctx context.Context) error {
	seeds := flag.Int("seeds", 5, "seeds of each experiment")
	first := flag.Uint64("first", 101, "the first seed")
	only := flag.String("only", "", "experiments whose name contains this, or one of these with commas between them")
	parallel := flag.Int("parallel", 2, "experiments at the same time")
	tamperings := flag.Int("tamperings", 100, "tamperings with the bundles")
	keep := flag.String("keep", "", "a folder that keeps experiments, bundles and logs")
	flag.Parse()
	if *seeds < 1 || *parallel < 1 || *tamperings < 0 {
		return errors.New("-seeds and -parallel are one at least")
	}
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	p, err := build(stage)
	if err != nil {
		return err
	}
	root := *keep
	if root == "" {
		// Not below /tmp, which may be memory: a file's pages could not be dropped then.
		if root, err = os.MkdirTemp("/var/tmp", "stanch-verdict-"); err != nil {
			return fmt.Errorf("make a folder for the bundles: %w", err)
		}
		defer os.RemoveAll(root)
	}
	if err := os.MkdirAll(root+"/bundles", 0o755); err != nil {
		return fmt.Errorf("make a folder for the bundles: %w", err)
	}
	var chosen []planted
	for _, e := range all() {
		if slices.ContainsFunc(strings.Split(*only, ","), func(part string) bool { return strings.Contains(e.name, part) }) {
			chosen = append(chosen, e)
		}
	}
	out := result{Bench: "verdict", Machine: rig.ThisMachine()}
	out.Trials = p.runAll(ctx, root, chosen, *first, *seeds, *parallel)
	tell(&out, chosen)
	if ctx.Err() == nil {
		if out.Tampered, err = p.tamperAll(ctx, root, out.Trials, tricks(), *tamperings, *first); err != nil {
			return err
		}
		if out.Forged, err = p.tamperAll(ctx, root, out.Trials, forgeries(), *tamperings/2, *first); err != nil {
			return err
		}
		out.Caught, _ = tellTampered("tampered with", out.Tampered)
		out.Shown, out.Signed = tellTampered("forged: evidence edited, and all sums made anew", out.Forged)
	}
	if err := rig.Result(os.Stdout, out); err != nil {
		return err
	}
	if out.Wrong+out.Unverified > 0 || out.Caught < len(out.Tampered) || out.Signed < len(out.Forged) || ctx.Err() != nil {
		return fmt.Errorf("%d verdicts are wrong, %d bundles do not verify, %d of %d tamperings are caught, and %d of %d forgeries where a signature is needed", out.Wrong, out.Unverified, out.Caught, len(out.Tampered), out.Signed, len(out.Forged))
	}
	return nil
}

// runAll runs each experiment with each seed, seed by seed, so that what the machine does
// meanwhile falls on all of them. Trials are in that order.
func (p programs) runAll(ctx context.Context, root string, chosen []planted, first uint64, seeds, parallel int) []trial {
	trials := make([]trial, seeds*len(chosen))
	next := make(chan int)
	var wait sync.WaitGroup
	for range parallel {
		wait.Go(func() {
			for i := range next {
				seed := first + uint64(i/len(chosen))
				trials[i] = p.run(ctx, root, &chosen[i%len(chosen)], seed)
				fmt.Fprintln(os.Stderr, trials[i].line())
			}
		})
	}
	for i := range trials {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wait.Wait()
	return trials
}
