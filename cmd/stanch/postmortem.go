package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/app"
	"github.com/stanch-dev/stanch/internal/telemetry/archive"
)

func postmortemCommand(w world) *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "postmortem",
		Short:   "why did it die",
		Long:    "postmortem lists and shows the reports that stanch writes when a worker, or an earlier stanch, dies.",
		Example: "  stanch postmortem ls\n  stanch postmortem show\n  stanch postmortem show 20261121T0233 --json",
		Args:    noArguments,
	}
	cmd.PersistentFlags().StringVar(&data, "data", "", "directory that run keeps them in (default: the one that run chooses)")
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	open := func() (*archive.Archive, error) {
		for _, pair := range w.environ {
			if value, ok := cutVariable(pair, "STANCH_DATA"); ok && data == "" {
				data = value
			}
		}
		dir := data
		if dir == "" {
			var err error
			if dir, err = app.DataDir(""); err != nil {
				return nil, err
			}
		} else if _, err := os.Stat(dir); err != nil {
			return nil, usage(fmt.Errorf("open the data directory: %w", err), "give the directory that `stanch run --data` was given")
		}
		return archive.New(filepath.Join(dir, "postmortems"), 1<<20)
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "ls",
		Short:   "list the reports, the newest first",
		Example: "  stanch postmortem ls --data /data",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := open()
			if err != nil {
				return err
			}
			entries, skipped, err := a.List()
			if err != nil {
				return err
			}
			if skipped > 0 {
				fmt.Fprintf(w.stderr, "stanch: %d files in the directory are no readable post-mortems\n", skipped)
			}
			if asJSON {
				if entries == nil {
					entries = []archive.Entry{}
				}
				return json.NewEncoder(w.stdout).Encode(entries)
			}
			if len(entries) == 0 {
				fmt.Fprintln(w.stdout, "no worker has died")
				return nil
			}
			t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tWORKER\tCAUSE\tWHY")
			for _, e := range entries {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", e.ID, e.Worker, e.Cause, e.Text)
			}
			return t.Flush()
		},
	}, &cobra.Command{
		Use:     "show [id]",
		Short:   "show one report: the newest, or the one whose id begins so",
		Example: "  stanch postmortem show\n  stanch postmortem show 20261121T0233",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := open()
			if err != nil {
				return err
			}
			id := ""
			if len(args) == 1 {
				id = args[0]
			}
			report, err := a.Load(id)
			if err != nil {
				return &codedError{code: exitFinding, err: err}
			}
			if asJSON {
				e := json.NewEncoder(w.stdout)
				e.SetIndent("", "  ")
				return e.Encode(report)
			}
			width, color := terminal(w)
			return report.WriteText(w.stdout, width, color)
		},
	})
	return cmd
}

// terminal tells the width of the terminal and whether to use colour: not where
// NO_COLOR is set or stdout is none.
func terminal(w world) (width int, color bool) {
	width = 100
	file, ok := w.stdout.(interface {
		io.Writer
		Fd() uintptr
	})
	if !ok {
		return width, false
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		if !errors.Is(err, unix.ENOTTY) {
			width = 80
		}
		return width, false
	}
	for _, pair := range w.environ {
		if value, ok := cutVariable(pair, "NO_COLOR"); ok && value != "" {
			return max(int(size.Col), 40), false
		}
	}
	return max(int(size.Col), 40), true
}

func cutVariable(pair, name string) (string, bool) {
	if len(pair) > len(name) && pair[:len(name)] == name && pair[len(name)] == '=' {
		return pair[len(name)+1:], true
	}
	return "", false
}
