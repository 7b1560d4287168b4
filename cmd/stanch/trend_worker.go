package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
)

// workerFlag is --worker and --worker=NAME. The name may as well stand behind it:
// then it is an argument.
type workerFlag struct {
	given bool
	name  string
}

func (f *workerFlag) Set(text string) error {
	f.given = text != "false"
	if text != "true" && text != "false" {
		f.name = text
	}
	return nil
}

func (f *workerFlag) String() string   { return f.name }
func (f *workerFlag) Type() string     { return "bool" }
func (f *workerFlag) IsBoolFlag() bool { return true }

// trendOfWorkers judges nothing: it asks the guard of a running stanch what its
// detectors have found.
func trendOfWorkers(ctx context.Context, w world, q trendRequest, names []string) error {
	if q.worker.name != "" {
		names = append([]string{q.worker.name}, names...)
	}
	switch {
	case len(names) > 1:
		return usage(fmt.Errorf("--worker takes one name, not %s", strings.Join(names, ", ")), "without a name, all workers are told of")
	case q.limit != "":
		return usage(errors.New("--limit is for files"), "a running stanch knows its limit")
	}
	address, err := adminAddress(w, q.admin)
	if err != nil {
		return err
	}
	all, err := askTrends(ctx, address)
	if err != nil {
		return fmt.Errorf("ask for the trend: %w", err)
	}
	if len(all) == 0 {
		return errors.New("no worker serves just now")
	}
	if len(names) == 1 {
		i := slices.IndexFunc(all, func(t guard.Trend) bool { return t.Worker == names[0] })
		if i < 0 {
			var there []string
			for _, t := range all {
				there = append(there, t.Worker)
			}
			return usage(fmt.Errorf("no worker %s serves", names[0]), "%s", strings.Join(there, ", ")+" do")
		}
		all = all[i : i+1]
	}
	if len(all) > 1 {
		return listTrends(w.stdout, q, all)
	}
	t := &all[0]
	if q.plot != "" {
		c := newCurve()
		for _, p := range t.Course {
			c.add(trend.Sample{At: time.Duration(p.At), Bytes: p.Least})
			c.add(trend.Sample{At: time.Duration(p.At), Bytes: p.Most})
		}
		if err := c.write(q.plot, &t.Report, t.Limit); err != nil {
			return err
		}
	}
	if q.asJSON {
		err = printJSON(w.stdout, t)
	} else {
		err = printWorkersTrend(w.stdout, t)
	}
	if err != nil {
		return err
	}
	return found(t.State)
}

// listTrends tells of several workers, a line each; the gravest decides the code.
func listTrends(out io.Writer, q trendRequest, all []guard.Trend) error {
	if q.plot != "" {
		return usage(fmt.Errorf("--plot draws one worker, and %d serve", len(all)), "stanch trend --worker %s --plot %s", all[0].Worker, q.plot)
	}
	gravest := trend.OK
	var b strings.Builder
	for _, t := range all {
		fmt.Fprintf(&b, "%-5s %-10s %s\n", t.Worker, t.State, t.Why)
		switch {
		case t.State.Leaks(), found(gravest) == nil:
			gravest = t.State
		}
	}
	var err error
	if q.asJSON {
		err = printJSON(out, all)
	} else {
		_, err = io.WriteString(out, b.String())
	}
	if err != nil {
		return err
	}
	return found(gravest)
}

// printWorkersTrend prints a report, and of which worker it is.
func printWorkersTrend(out io.Writer, t *guard.Trend) error {
	about := fmt.Sprintf("  worker     %s, serves for %s, holds %v", t.Worker, left(t.Age), bytesize.Size(t.Used))
	if t.Limit > 0 {
		about += fmt.Sprintf(" of %v", bytesize.Size(t.Limit))
	}
	if t.State == trend.Warming {
		about += fmt.Sprintf("\n  judged     from %s of service on; a leak of minutes sooner, once half of the room is gone", left(trend.Default().WarmUp.Seconds()))
	}
	since := ""
	if t.PerSecond != nil {
		since = left(t.At.Sub(t.SinceAt()).Seconds()) + " ago"
	}
	return printReport(out, &t.Report, since, about+"\n")
}
