// Command telemetry fills a data directory with rows of requests, for benches and for trying queries on.
//
//	go run ./bench/telemetry -rows 5000000 -dir /tmp/requests
//
// The same flags give the same rows; see package requests. It goes as fast as
// the disk takes them, and writes as several replicas would, side by side.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/telemetry/requests"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

func main() {
	plan := requests.DefaultPlan(0)
	flag.IntVar(&plan.Rows, "rows", 5_000_000, "how many rows")
	flag.DurationVar(&plan.Span, "span", plan.Span, "over which the requests end")
	flag.Uint64Var(&plan.Seed, "seed", plan.Seed, "other rows of the same kind")
	writers := flag.Int("writers", 2, "replicas that write side by side")
	dir := flag.String("dir", "", "the data directory; made if it is not there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, plan, *dir, *writers); err != nil {
		fmt.Fprintln(os.Stderr, "telemetry:", err)
		os.Exit(1)
	}
}

// between is how many rows go to a writer between two Syncs: they fit into what
// a writer holds while the disk is busy, so that none is lost.
const between = 6 * store.MaxFrame / 450

func run(ctx context.Context, plan requests.Plan, dir string, writers int) error {
	if dir == "" || plan.Rows < 1 || writers < 1 {
		return fmt.Errorf("-dir names where the rows go, and there is at least one row and one writer")
	}
	var clock atomic.Int64 // of the rows: segments are named and ended by it
	clock.Store(value.Ticks(plan.From))
	open := make([]*store.Writer, writers)
	for i := range open {
		w, err := store.Open(dir, store.Options{
			Writer: fmt.Sprintf("orders%d", i+1),
			Now:    func() time.Time { return value.Time(clock.Load()) },
			Tell:   func(message string) { fmt.Fprintln(os.Stderr, message) },
		})
		if err != nil {
			return err
		}
		defer w.Close()
		open[i] = w
	}
	stream := requests.New(plan)
	for i := range plan.Rows {
		at, ended, row := stream.Next()
		clock.Store(ended)
		w := open[i/between%writers]
		if err := w.Append("requests", at, row); err != nil {
			return err
		}
		if (i+1)%between == 0 {
			if err := w.Sync(ctx); err != nil {
				return err
			}
		}
	}
	lost := int64(0)
	for _, w := range open {
		if err := w.Close(); err != nil {
			return err
		}
		lost += w.Lost()
	}
	if lost > 0 {
		return fmt.Errorf("%d of %d rows were lost: the disk did not take them", lost, plan.Rows)
	}
	fmt.Fprintf(os.Stderr, "%d rows in %s\n", plan.Rows, dir)
	return nil
}
