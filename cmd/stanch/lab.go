package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

func labCommand(w world) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "experiments: what is claimed of a worker, and what would prove it",
		Long: `lab is about experiments: a folder with an experiment.yaml, which says what is
claimed of a worker, under which load, and what would prove or disprove it.`,
		Example: `  stanch lab ls
  stanch lab lint labs/blob-oom --small
  stanch lab run labs/blob-oom --small`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("unknown command %q for stanch lab", args[0]), "`stanch lab --help` lists the verbs")
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(labRunCommand(w), labCompareCommand(w), labVerifyCommand(w), labReportCommand(w), labInitCommand(w), labLintCommand(w), labListCommand(w))
	return cmd
}

// labListing is a line of `stanch lab ls`.
type labListing struct {
	Name     string   `json:"name"`
	File     string   `json:"file"`
	Claim    string   `json:"claim,omitempty"`
	Seconds  float64  `json:"seconds,omitempty"`       // of all runs
	Small    float64  `json:"small_seconds,omitempty"` // of all runs of the small version
	Mistakes []string `json:"mistakes,omitempty"`
}

func labListCommand(w world) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls [FOLDER]",
		Short: "list the experiments below a folder (default: " + folder.Root + ")",
		Example: `  stanch lab ls
  stanch lab ls --json my-labs`,
		RunE: func(_ *cobra.Command, args []string) error {
			root := folder.Root
			switch len(args) {
			case 0:
			case 1:
				root = args[0]
			default:
				return usage(errors.New("ls takes one folder"), "stanch lab ls my-labs")
			}
			files, err := folder.List(root)
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return usage(fmt.Errorf("there is no experiment below %s", root), "an experiment is a folder with %s", folder.FileName)
			}
			all := make([]labListing, 0, len(files))
			for _, file := range files {
				all = append(all, listed(file))
			}
			if asJSON {
				return printJSON(w.stdout, all)
			}
			t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tTAKES\tSMALL\tCLAIM")
			for _, l := range all {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", l.Name, takes(l.Seconds), takes(l.Small), l.told())
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listed reads one file for the list. One that is wrong is listed as such.
func listed(file string) labListing {
	l := labListing{Name: filepath.Base(filepath.Dir(file)), File: file}
	found, err := folder.Open(file)
	if err != nil {
		l.Mistakes = []string{err.Error()}
		return l
	}
	e, mistakes := experiment.Read(found.Source, experiment.Options{Folder: found.Has})
	for _, m := range mistakes {
		l.Mistakes = append(l.Mistakes, m.Error())
	}
	if len(mistakes) > 0 {
		return l
	}
	l.Name, l.Claim, l.Seconds = e.Name, e.Hypothesis.Claim, total(e)
	if small, mistakes := experiment.Read(found.Source, experiment.Options{Small: true}); len(mistakes) == 0 {
		l.Small = total(small)
	}
	return l
}

func total(e *lab.Experiment) float64 {
	return timeline.Total(e, timeline.Runs(e, e.Repeat.Least)).Seconds()
}

func (l labListing) told() string {
	if n := len(l.Mistakes); n > 0 {
		return fmt.Sprintf("(%d mistakes: stanch lab lint %s)", n, l.File)
	}
	claim, _, _ := strings.Cut(l.Claim, "\n")
	if r := []rune(claim); len(r) > 100 {
		claim = string(r[:99]) + "…"
	}
	return claim
}

// takes prints seconds as a time, or that there is none.
func takes(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	d := time.Duration(seconds * float64(time.Second))
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	}
	return d.String()
}
