package main

import (
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// line is a trial for whoever waits.
func (t *trial) line() string {
	what := "right"
	switch {
	case !t.Right:
		what = "WRONG: " + strings.Join(t.Why, "; ")
	case !t.Shown:
		what = "right, for another reason: " + strings.Join(t.Why, "; ")
	}
	if !t.Verified {
		what += ", NOT VERIFIED: " + strings.Join(t.Why, "; ")
	}
	return fmt.Sprintf("%-24s seed %-4d %4.0f s  %-14s %s", t.Name, t.Seed, t.Seconds, t.Outcome, what)
}

// short are outcomes as a table has room for them.
var short = map[verdict.Outcome]string{verdict.Supported: "yes", verdict.NotSupported: "no", verdict.Inconclusive: "open", "": "none"}

// tell prints a line for each experiment, and counts.
func tell(out *result, chosen []planted) {
	fmt.Printf("%-24s %-14s %-26s %6s %10s %9s %9s\n", "experiment", "truth", "verdicts", "right", "its reason", "verified", "seconds")
	for _, e := range chosen {
		var verdicts []string
		n, right, shown, verified, seconds := 0, 0, 0, 0, 0.0
		for _, t := range out.Trials {
			if t.Name != e.name {
				continue
			}
			verdicts = append(verdicts, short[t.Outcome])
			n, seconds = n+1, seconds+t.Seconds
			if t.Right {
				right++
			}
			if t.Shown {
				shown++
			}
			if t.Verified {
				verified++
			}
		}
		out.Right, out.Wrong, out.Unverified = out.Right+right, out.Wrong+n-right, out.Unverified+n-verified
		fmt.Printf("%-24s %-14s %-26s %6s %10s %9s %9.0f\n", e.name, e.truth, strings.Join(verdicts, " "),
			fmt.Sprintf("%d/%d", right, n), fmt.Sprintf("%d/%d", shown, n), fmt.Sprintf("%d/%d", verified, n), seconds/max(float64(n), 1))
	}
	fmt.Printf("\nright: %d of %d; bundles that do not verify: %d\n", out.Right, out.Right+out.Wrong, out.Unverified)
}
