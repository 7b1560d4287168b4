// Command work measures how fast stanch feeds a worker from each store of work, beside the bare loop that people write without it.
//
//	go run ./bench/work              (make bench-work)
//
// A way is a store and who takes its messages: stanch run with a function app, or a
// loop that leases, posts to the same worker over HTTP and deletes. Each takes the
// same messages of 1 KiB out of a queue that was filled before. Rounds take every
// way in another order, so that what else happens on the machine meets all alike;
// the figures that count are ratios within a round, and processor time a message.
// A way counts only if every message was seen and its queue is empty at the end.
// The worker, stanch, the store and the bench share the machine's cores.
// Begin with ways.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	messages int
	azure    int // messages of ways on Azurite, which is slower
	rounds   int
	only     string
	profile  string
	blob     int64
}

func main() {
	var s settings
	flag.IntVar(&s.messages, "messages", 30_000, "messages of each measurement")
	flag.IntVar(&s.azure, "azure-messages", 2_000, "messages of each measurement on Azurite")
	flag.IntVar(&s.rounds, "rounds", 3, "rounds of all measurements")
	flag.StringVar(&s.only, "only", "", "measure only ways whose name has one of these in it, comma separated")
	flag.StringVar(&s.profile, "profile", "", "write a processor profile of stanch for each way into this directory")
	flag.Int64Var(&s.blob, "blob", 1<<30, "bytes of the blob; 0 leaves blobs out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "work:", err)
		os.Exit(1)
	}
}

// bench is what all ways stand on.
type bench struct {
	settings
	stage                *rig.Stage
	stanch, worker, bare string // programs
	natsd                string
	azurite              string // its connection
	natsURL              string
	stops                []func()
}

func run(ctx context.Context, s settings) (err error) {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	b := &bench{settings: s, stage: stage}
	defer func() {
		for _, stop := range b.stops {
			stop()
		}
		stage.Close()
	}()
	for _, p := range []struct {
		to        *string
		pkg, name string
	}{{&b.stanch, "./cmd/stanch", "stanch"}, {&b.worker, "./bench/work/worker", "worker"}, {&b.natsd, "./bench/work/natsd", "natsd"}, {&b.bare, "./bench/work/bare", "bare"}} {
		if *p.to, err = stage.Build(p.pkg, p.name); err != nil {
			return err
		}
	}
	ways, err := b.ways(ctx)
	if err != nil {
		return err
	}
	t := &table{}
	began := time.Now()
	for round := range s.rounds {
		for i := range ways {
			w := ways[(i+round)%len(ways)]
			got, err := w.measure(ctx, b)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			t.add(round, w, got)
			fmt.Fprintf(os.Stderr, "%5.0fs round %d/%d  %-32s %v\n", time.Since(began).Seconds(), round+1, s.rounds, w.name, got)
		}
	}
	return t.print(os.Stdout, ways)
}

// wanted says whether a way is to be measured.
func (s settings) wanted(name string) bool {
	if s.only == "" {
		return true
	}
	for part := range strings.SplitSeq(s.only, ",") {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
