package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
)

func labCompareCommand(w world) *cobra.Command {
	var q labRun
	pairs, most := 4, 8
	cmd := &cobra.Command{
		Use:   "compare [flags] FILE|FOLDER|NAME [A B]",
		Short: "is variant B better or worse than A, under the same load",
		Long: `compare runs two variants of an experiment in turns (A B, B A, A B, …), each time in
fresh processes under the same seeded load, and says for each metric whether B is
better, worse, equivalent or undecided, with the change that could be told. It goes on,
pair by pair, until all are decided or --most is reached.

Metrics are those that the experiment compares its variants by, or else what the worker
holds, p50 and p95. Of its phases all are run, less what changes the variant; its
gates have to hold. Controls, proof and disproof are left out: stanch lab run has them.

Exit codes: 0 B is as it was expected, or not worse where nothing was; 1 it is not; 2
undecided; 5 nothing came of it.`,
		Example: `  stanch lab compare labs/runtime-swap --small
  stanch lab compare orders old new --pairs 6`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 3 {
				return noVerdict(usage(errors.New("compare takes an experiment, or an experiment and two of its variants"), "stanch lab compare labs/NAME A B"))
			}
			if pairs < 3 || most < pairs {
				return noVerdict(usage(fmt.Errorf("--pairs is %d and --most %d", pairs, most), "three pairs at least, and --most no less than --pairs"))
			}
			return noVerdict(runLab(cmd.Context(), w, q, args[0], func(e *lab.Experiment) (*lab.Pairing, error) {
				p := &lab.Pairing{Least: pairs, Most: most}
				switch {
				case len(args) == 3:
					p.A, p.B = args[1], args[2]
				case e.Compare != nil:
					p.A, p.B = e.Compare.A, e.Compare.B
				case len(e.Subject.Variants) == 2:
					p.A, p.B = e.Subject.Variants[0].Name, e.Subject.Variants[1].Name
				default:
					return nil, usage(errors.New("it is not said which variants are compared"), "stanch lab compare %s A B", args[0])
				}
				return p, ask.Pair(e, *p)
			}))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	versionFlags(cmd, &q.o)
	flags.IntVar(&pairs, "pairs", pairs, "pairs of runs at least")
	flags.IntVar(&most, "most", most, "pairs of runs at most")
	flags.StringVar(&q.out, "out", "", "directory of the bundle, new or empty (default: lab-NAME-TIME)")
	flags.StringVar(&q.key, "sign", "", "sign the bundle with this private key (ed25519, PEM)")
	flags.BoolVar(&q.asJSON, "json", false, "print JSON")
	flags.BoolVar(&q.quiet, "quiet", false, "no progress")
	cmd.SetFlagErrorFunc(noVerdictOfFlags)
	return cmd
}
