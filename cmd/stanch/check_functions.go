package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/stanch-dev/stanch/internal/app"
)

// functionsVerdict is the error of a check that found something wrong with the
// functions; it was printed in full.
func functionsVerdict(f *app.FunctionFacts) error {
	count := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	switch {
	case f.Faults() > 0:
		return &codedError{code: exitUsage, err: fmt.Errorf("%s has %s", f.From, count(f.Faults(), "mistake"))}
	case f.Problems() > 0:
		return &codedError{code: exitFinding, err: fmt.Errorf("%s can't run here: %s", f.From, count(f.Problems(), "problem"))}
	}
	return nil
}

// printFunctions prints what was found out about functions.
func printFunctions(out io.Writer, f *app.FunctionFacts) {
	if f == nil {
		return
	}
	fmt.Fprintln(out)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("functions of", "%s", f.From)
	row("contract", "%s", f.Contract)
	if f.Worker != "" || f.Missing != "" {
		row("worker", "%s", f.Worker+map[bool]string{true: " (not found)"}[f.Missing != ""])
	}
	for _, s := range f.Stores {
		where := strings.TrimSpace(s.Kind + " " + s.Target)
		row(strings.TrimSpace("store "+s.Connection), "%s (%s)", where, map[bool]string{true: "reachable", false: "not reachable"}[s.Problem == ""])
	}
	_ = t.Flush()
	if f.Asked {
		fmt.Fprintln(out, "the worker alone knows the functions: they are listed when it runs")
	}
	listFunctions(out, f.Functions)
	fmt.Fprintln(out)
	if f.Missing != "" {
		fmt.Fprintln(out, "problem: worker: "+f.Missing)
	}
	for _, s := range f.Stores {
		if s.Problem != "" {
			fmt.Fprintln(out, "problem: "+strings.TrimSpace("store "+s.Connection)+": "+s.Problem)
		}
	}
	for _, m := range f.Mistakes {
		fmt.Fprintln(out, m.Error())
	}
}

// listFunctions prints a table, a line for each input or output.
func listFunctions(out io.Writer, all []app.FunctionFact) {
	if len(all) == 0 {
		return
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nfunction\ttriggered by\treads\twrites\n")
	for _, fn := range all {
		name, trigger := fn.Name, fn.Trigger
		if fn.Disabled {
			name += " (disabled)"
		}
		if fn.Path != "" {
			trigger += " -> POST " + fn.Path
		}
		for i := range max(1, len(fn.Inputs), len(fn.Outputs)) {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", name, trigger, at(fn.Inputs, i), at(fn.Outputs, i))
			name, trigger = "", ""
		}
	}
	_ = t.Flush()
}

func at(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return ""
}
