// Command loadgen sends a mix of requests and prints, as JSON, how many were lost and why.
//
//	go run ./bench/loadgen -rate 100 -duration 60s 127.0.0.1:8080
//
// It is package load with flags; the contract is told there. Progress goes to
// stderr, the summary to stdout. It exits 1 if a request was lost.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
)

func main() {
	plan := load.DefaultPlan("")
	mix := flag.String("mix", plan.Mix.String(), "kinds and their weights: get, fresh, post, chunked, stream")
	flag.Float64Var(&plan.Rate, "rate", 0, "requests a second, whatever the answers do; 0 sends the next when the last is answered")
	flag.IntVar(&plan.Conns, "conns", plan.Conns, "connections")
	flag.Int64Var(&plan.Requests, "requests", 0, "stop after so many requests")
	flag.DurationVar(&plan.Duration, "duration", 0, "stop after so long")
	flag.DurationVar(&plan.Timeout, "timeout", plan.Timeout, "of one request")
	flag.StringVar(&plan.GetPath, "path", plan.GetPath, "what a GET asks for")
	flag.IntVar(&plan.BodyBytes, "body", plan.BodyBytes, "largest body in bytes")
	flag.IntVar(&plan.StreamKB, "stream-kb", plan.StreamKB, "length of a stream in KiB")
	flag.IntVar(&plan.WebSockets, "websockets", 0, "WebSockets held beside the mix")
	flag.IntVar(&plan.SSEs, "sse", 0, "event streams held beside the mix")
	flag.Parse()
	lost, err := run(plan, *mix, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if lost > 0 {
		os.Exit(1)
	}
}

func run(plan load.Plan, mix string, args []string) (lost int64, err error) {
	if len(args) != 1 {
		return 0, fmt.Errorf("%d targets given, want one\nhint: loadgen -duration 10s 127.0.0.1:8080, or unix:/path", len(args))
	}
	plan.Target = args[0]
	if plan.Mix, err = load.ParseMix(mix); err != nil {
		return 0, err
	}
	r, err := load.New(plan)
	if err != nil {
		return 0, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var telling sync.WaitGroup
	done := make(chan struct{})
	telling.Go(func() { tell(r, done) })
	summary := r.Do(ctx)
	close(done)
	telling.Wait()
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return summary.Lost, out.Encode(summary)
}

// tell says every two seconds how far the run is.
func tell(r *load.Run, done <-chan struct{}) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			s := r.Summary()
			fmt.Fprintf(os.Stderr, "%4.0f s  sent %d  lost %d  %.0f/s\n", s.Seconds, s.Sent, s.Lost, s.Rate)
		}
	}
}
