package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
	"github.com/stanch-dev/stanch/internal/lab/derive"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/foresight"
)

// labLint is what the flags of lab lint say.
type labLint struct {
	o      experiment.Options
	noise  string
	like   string
	asJSON bool
}

func labLintCommand(w world) *cobra.Command {
	var q labLint
	cmd := &cobra.Command{
		Use:   "lint [flags] FILE|FOLDER|NAME",
		Short: "is an experiment's file right, how long does it take, and what could it find",
		Long: `lint reads an experiment and prints all that is wrong with it, each with its line;
or, when it is right, its timeline, how much it asks of the worker, how long it takes,
and how small an effect each criterion could tell. Nothing is run. Both the file and
its small version are looked at.

What could be told depends on how far memory moves by itself. --like takes that from
an earlier bundle; without it, it is supposed (--noise). An experiment that could not
tell what it asks is warned of, with how much longer or busier it would have to be.

Exit codes: 0 it is right, 2 it is not.`,
		Example: `  stanch lab lint labs/blob-oom
  stanch lab lint blob-oom --small
  stanch lab lint experiment.yaml --like lab-orders-20261121T175300
  stanch lab lint experiment.yaml --speed 20 --scale 0.1 --noise 4MiB --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(errors.New("lint takes one experiment"), "stanch lab lint labs/NAME; `stanch lab ls` lists them")
			}
			return q.run(w, args[0])
		},
	}
	versionFlags(cmd, &q.o)
	flags := cmd.Flags()
	flags.StringVar(&q.noise, "noise", "", "suppose that memory moves by so much from sample to sample (default: "+foresight.Wobble.String()+")")
	flags.StringVar(&q.like, "like", "", "take how far memory moves from this bundle of an earlier run")
	flags.BoolVar(&q.asJSON, "json", false, "print JSON")
	return cmd
}

func (q *labLint) run(w world, name string) error {
	noise, supposed, err := q.source()
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	found, err := folder.Open(name)
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	q.o.Folder = found.Has
	e, mistakes := experiment.Read(found.Source, q.o)
	if err := mistakes.Err(); err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	sights, err := foresight.Look(e, noise)
	if err != nil {
		return &codedError{code: exitUsage, err: fmt.Errorf("%s can't be judged: %w", found.Path, err)}
	}
	p := planOf(e)
	if q.asJSON {
		return printJSON(w.stdout, struct {
			*labPlan
			Supposed string     `json:"supposed"`
			Sights   []labSight `json:"could_tell"`
			Warnings []string   `json:"warnings"`
		}{p, supposed, labSights(sights), warnings(sights)})
	}
	if _, err := fmt.Fprintf(w.stdout, "%s\nWhat each could tell 8 times in 10, supposing that %s:\n\n%s", p, supposed, sightTable(sights)); err != nil {
		return err
	}
	for _, warning := range warnings(sights) {
		fmt.Fprintln(w.stderr, "warning:", warning)
	}
	return nil
}

// source is where noise comes from, and what is supposed of it, in words.
func (q *labLint) source() (foresight.Source, string, error) {
	if q.like == "" {
		wobble := foresight.Wobble
		if q.noise != "" {
			var err error
			if wobble, err = bytesize.Parse(q.noise); err != nil {
				return nil, "", fmt.Errorf("--noise: %w", err)
			}
			if wobble < 1 {
				return nil, "", errors.New("--noise: memory that never moves is none\nhint: 64KiB, 1MiB, 8MiB")
			}
		}
		return foresight.Assumed(wobble), fmt.Sprintf("memory moves by %v from sample to sample", wobble), nil
	}
	if q.noise != "" {
		return nil, "", errors.New("--noise supposes what --like has measured\nhint: give one of them")
	}
	b, err := bundle.Open(q.like)
	if err != nil {
		return nil, "", fmt.Errorf("--like: %w", err)
	}
	e, err := derive.Experiment(b.Source, &b.Manifest)
	if err != nil {
		return nil, "", fmt.Errorf("--like: %w", err)
	}
	records, _, err := b.Records()
	if err != nil {
		return nil, "", fmt.Errorf("--like: %w", err)
	}
	evidence, err := ask.Evidence(e, records, nil)
	if err != nil {
		return nil, "", fmt.Errorf("--like: %w", err)
	}
	return foresight.Measured(evidence.Runs), "memory moves as it did in " + q.like, nil
}
