package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/memory/trend/trace"
)

// trendRequest is what the flags of trend say.
type trendRequest struct {
	limit  string
	asJSON bool
	plot   string
	worker workerFlag
	admin  string
}

func trendCommand(w world) *cobra.Command {
	var q trendRequest
	cmd := &cobra.Command{
		Use:   "trend [flags] FILE.csv... | trend --worker [NAME]",
		Short: "is it leaking, how fast, what kind, and when is the limit reached",
		Long: `trend judges a trace of a worker's memory: whether it leaks, how fast (bytes a
second and a request, with 95 % intervals), what kind of memory it is, and how long
until the limit.

The first line of a file names its columns: t_seconds and bytes, and where they are
known ` + strings.Join(trace.Columns()[2:], ", ") + `.
Several files are one worker's, in order; - is stdin. A cache that fills is told from
a leak by its bend, so most leaks take three hours of trace to be confirmed.

With --worker it tells what a stanch that runs on this machine has found of its
workers, from the readings that its guard takes.

Exit codes: 0 no leak, 3 a leak, 4 undecided.`,
		Example: `  stanch trend --limit 1GiB worker.csv
  stanch trend --json monday.csv tuesday.csv
  stanch trend --plot chart.html worker.csv
  stanch trend --worker
  stanch trend --worker w1 --plot chart.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPlot(q.plot); err != nil {
				return err
			}
			if q.worker.given {
				return trendOfWorkers(cmd.Context(), w, q, args)
			}
			if q.admin != "" {
				return usage(errors.New("--admin is for --worker"), "stanch trend --worker --admin %s", q.admin)
			}
			return runTrend(cmd.Context(), w, q, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&q.limit, "limit", "", "what the memory is held against, where the trace has no column limit_bytes, as 1GiB")
	flags.BoolVar(&q.asJSON, "json", false, "print JSON")
	flags.StringVar(&q.plot, "plot", "", "draw the trace into a file, .svg or .html")
	flags.Var(&q.worker, "worker", "tell of the workers of a running stanch, or of the one that is named")
	flags.Lookup("worker").NoOptDefVal = "true"
	flags.StringVar(&q.admin, "admin", "", "address of the running stanch (default: the one that run chooses)")
	return cmd
}

func runTrend(ctx context.Context, w world, q trendRequest, files []string) error {
	if len(files) == 0 {
		return usage(errors.New("no trace is given"), "stanch trend worker.csv, whose first line is t_seconds,bytes; or stanch trend --worker")
	}
	f := follower{ctx: ctx, w: w, detector: trend.New(trend.Config{}), started: time.Now(), least: math.MaxInt64}
	if q.limit != "" {
		limit, err := bytesize.Parse(q.limit)
		if err == nil && limit <= 0 {
			err = errors.New("a limit is more than nothing")
		}
		if err != nil {
			return &codedError{code: exitUsage, err: fmt.Errorf("--limit: %w", err)}
		}
		f.limit = int64(limit)
	}
	if q.plot != "" {
		f.curve = newCurve()
	}
	for _, name := range files {
		if err := f.read(name); err != nil {
			return err
		}
	}
	if f.limit > 0 && f.least > f.limit {
		return usage(fmt.Errorf("--limit %s is below the %s that the trace holds at its least", q.limit, bytesize.Size(f.least)), "the limit is that of the worker's container")
	}
	r := f.detector.Report()
	if f.least == f.most {
		r.Why = "the same in every row"
	}
	if f.curve != nil {
		if err := f.curve.write(q.plot, &r, f.limit); err != nil {
			return err
		}
	}
	if err := printTrend(w.stdout, &r, q.asJSON, f.first); err != nil {
		return err
	}
	return found(r.State)
}

// checkPlot refuses a chart that can't be drawn, before anything is read.
func checkPlot(name string) error {
	switch filepath.Ext(name) {
	case ".svg", ".html":
		return nil
	case "":
		if name == "" {
			return nil
		}
		return usage(fmt.Errorf("--plot %s: the name says neither svg nor html", name), "--plot chart.svg")
	}
	return usage(fmt.Errorf("--plot %s: a chart is .svg or .html", name), "--plot chart.svg")
}

// found is the exit code of a state.
func found(s trend.State) error {
	switch {
	case s.Leaks():
		return exit(exitFinding)
	case s == trend.Warming || s == trend.Suspect:
		return exit(exitUndecided)
	}
	return nil
}

// exit is a code without words: what there was to say stands on stdout.
func exit(code int) error { return &codedError{code: code, err: errors.New("")} }

// follower gives the rows of traces to a detector.
type follower struct {
	ctx         context.Context
	w           world
	detector    *trend.Detector
	curve       *curve
	limit       int64
	least, most int64
	rows        int64
	first       time.Duration // time of the first row
	started     time.Time
	told        time.Time
}

func (f *follower) read(name string) error {
	in := f.w.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return &codedError{code: exitUsage, err: fmt.Errorf("open the trace: %w", err)}
		}
		defer file.Close()
		in = file
	}
	if _, err := trace.Read(in, name, f.observe); err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	return nil
}

func (f *follower) observe(s trend.Sample) error {
	if f.rows == 0 {
		f.first = s.At
	}
	if s.Limit == 0 {
		s.Limit = f.limit
	} else if f.limit == 0 && f.curve != nil {
		f.curve.limit = float64(s.Limit)
	}
	f.least, f.most = min(f.least, s.Bytes), max(f.most, s.Bytes)
	f.detector.Observe(s)
	if f.curve != nil {
		f.curve.add(s)
	}
	f.rows++
	if f.rows%(1<<20) == 0 {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(f.started) > 2*time.Second && now.Sub(f.told) > 2*time.Second && isTerminal(f.w.stderr) {
			f.told = now
			fmt.Fprintf(f.w.stderr, "stanch: %d million rows read\n", f.rows>>20)
		}
	}
	return nil
}

func printTrend(out io.Writer, r *trend.Report, asJSON bool, first time.Duration) error {
	if asJSON {
		return printJSON(out, r)
	}
	return printReport(out, r, left((time.Duration(r.Since)-first).Seconds())+" into the trace", "")
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printReport prints a report for people; about are lines behind the first.
func printReport(out io.Writer, r *trend.Report, since, about string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s", r.State, r.Why, about)
	if r.PerSecond != nil {
		fmt.Fprintf(&b, "  an hour    %s\n", sizes(*r.PerSecond, 3600))
	}
	if r.PerRequest != nil {
		fmt.Fprintf(&b, "  a request  %s, driven by %s\n", sizes(*r.PerRequest, 1), r.Driver)
	}
	if t := r.TimeToLimit; t != nil {
		fmt.Fprintf(&b, "  limit      in %s (%s to %s)\n", left(t.Mid), left(t.Lo), left(t.Hi))
	}
	if r.PerSecond != nil {
		fmt.Fprintf(&b, "  since      %s\n", since)
		kind := string(r.Class)
		if r.Cause != "" {
			kind += ", along with " + r.Cause
		}
		fmt.Fprintf(&b, "  kind       %s\n", kind)
	}
	if n := len(r.Segments); n > 1 {
		fmt.Fprintf(&b, "  segments   %d, the last one is judged; it began after: %s\n", n, r.Segments[n-2].Ended)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// sizes prints an interval of bytes, so many times over.
func sizes(i trend.Interval, times float64) string {
	size := func(v float64) string { return bytesize.Size(math.Round(v * times)).String() }
	return fmt.Sprintf("%s (%s to %s)", size(i.Mid), size(i.Lo), size(i.Hi))
}

// left prints seconds as a duration, or that it is never.
func left(seconds float64) string {
	if math.IsInf(seconds, 1) || seconds > 10*365*86400 {
		return "never"
	}
	d := time.Duration(seconds * float64(time.Second))
	if d >= time.Hour {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
}
