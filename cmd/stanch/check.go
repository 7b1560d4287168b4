package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/app"
	"github.com/stanch-dev/stanch/internal/bytesize"
)

func checkCommand(w world) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [flags] [file]",
		Short: "is the configuration right, and what can this machine do",
		Long: `check reads the configuration as run would, prints where the bands begin for
this container's limit, and what the machine allows: cgroup version and limit,
whether the workers can have cgroups of their own, whether a kill by the kernel
would take stanch too, pressure information, and where reports would be kept.

With functions, of stanch.yaml or of the function app in this folder, it lists them
with what they read and write, every mistake in their files, whether the worker's
program is there, and whether each store can be reached. A store of files is made
where it is not there yet.

Exit codes: 2 if a file has mistakes, 3 if the worker or a store is not there.`,
		Example: "  stanch check\n  stanch check --preset ep1 --memory-limit 3.5GiB\n  stanch check stanch.yaml --json\n  cd my-function-app && stanch check",
		Args:    cobra.MaximumNArgs(1),
	}
	s := addSettings(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			s.file = args[0]
		}
		cfg, err := s.read(w.environ, nil)
		if err != nil {
			return err
		}
		lookForApp(&cfg)
		if len(cfg.Command) == 0 && cfg.App == "" && cfg.Functions.Empty() {
			cfg.Command = []string{"true"} // which worker it is, is not what is checked
		}
		if err := cfg.Check(); err != nil {
			return &codedError{code: exitUsage, err: err}
		}
		facts, err := app.Check(cmd.Context(), cfg, w.environ)
		if err != nil {
			return err
		}
		if asJSON {
			e := json.NewEncoder(w.stdout)
			e.SetIndent("", "  ")
			if err := e.Encode(facts); err != nil {
				return err
			}
		} else {
			printFacts(w.stdout, facts)
			printFunctions(w.stdout, facts.Functions)
		}
		return functionsVerdict(facts.Functions)
	}
	return cmd
}

func printFacts(out io.Writer, f app.Facts) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	yes := map[bool]string{true: "yes", false: "no"}
	row("kernel", "%s", f.Kernel)
	if f.CgroupVersion == 0 {
		row("cgroup", "none with a memory controller")
	} else {
		row("cgroup", "v%d, %s", f.CgroupVersion, f.CgroupPath)
	}
	if f.Limit == 0 {
		row("memory limit", "none")
	} else {
		row("memory limit", "%v, by %s", bytesize.Size(f.Limit), f.LimitSource)
	}
	row("used now", "%v, by the %s", bytesize.Size(f.Reading.Used), f.Reading.Decided)
	row("workers' own cgroups", "%s", f.OwnGroups)
	row("a kernel kill takes all", "%s (memory.oom.group)", yes[f.OOMGroup])
	row("pressure information", "%s", yes[f.Pressure])
	row("freeze by", "%s", f.Freezer)
	row("reaps orphans as", "%s", map[bool]string{true: "PID 1", false: "child subreaper, with a sentinel"}[f.PID1])
	row("reports in", "%s", f.Data)
	_ = t.Flush()
	if len(f.Bands) > 0 {
		fmt.Fprintln(out)
		fmt.Fprintf(t, "band\tset to\tentered at\tleft below\twhat follows\n")
		follows := []string{
			"cleanup; a leak is replaced while old and new fit side by side",
			"cleanup; replaced; new work waits, or is refused if that comes too late",
			"held, drained and replaced at once",
			"stopped, written down, replaced",
		}
		for i, b := range f.Bands {
			leave := mebibytes(b.Leave)
			if b.Leave == 0 {
				leave = ""
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", b.Band, b.Level, mebibytes(b.Enter), leave, follows[i])
		}
		_ = t.Flush()
	}
	for i, p := range f.Problems {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, "note: "+p)
	}
}

// mebibytes prints bytes so that levels close to each other can be told apart.
func mebibytes(n int64) string {
	return strconv.FormatFloat(math.Round(float64(n)/float64(bytesize.MiB)*10)/10, 'f', -1, 64) + "MiB"
}
