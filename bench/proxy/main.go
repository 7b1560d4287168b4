// Command proxy puts stanch's proxy, nginx, haproxy and Go's ReverseProxy in front of one backend, in turns, and compares them.
//
//	go run ./bench/proxy              (make bench-proxy)
//
// All are up during the whole run, and each round takes every one of them in
// another order, so that what else happens on the machine meets all alike. The
// figures that count are the ratios to nginx within a round, and their median
// over the rounds. The load generator, the backend (lean Go) and the
// proxies share the machine's cores. Begin with ways.go, which
// says how each is tuned.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	length  time.Duration // of one measurement
	rounds  int
	only    string // ways, comma separated
	loads   string // loads, comma separated
	profile string
}

func main() {
	var s settings
	flag.DurationVar(&s.length, "length", 4*time.Second, "how long one measurement takes")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds of all measurements")
	flag.StringVar(&s.only, "only", "", "measure these ways only, comma separated")
	flag.StringVar(&s.loads, "loads", "", "measure these loads only, comma separated")
	flag.StringVar(&s.profile, "profile", "", "write a processor profile of stanch's proxy here")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	peers := exec.CommandContext(ctx, filepath.Join(stage.Root, "bench/peers.sh"), "nginx", "haproxy", "wrk")
	peers.Stderr = os.Stderr
	if err := peers.Run(); err != nil {
		return fmt.Errorf("install the peers: %w", err)
	}
	b, err := startBackend(ctx, stage)
	if err != nil {
		return err
	}
	defer b.Stop(time.Second)
	ways, err := startWays(ctx, stage, b, s)
	for _, w := range ways {
		defer w.stop()
	}
	if err != nil {
		return err
	}
	for _, w := range ways {
		w.idle = w.resident()
	}
	loads := chosen(loads(stage), s.loads)
	table, err := measure(ctx, s, ways, loads)
	if err != nil {
		return err
	}
	for _, w := range ways {
		w.loaded = w.resident()
	}
	return table.print(os.Stdout, ways, loads)
}

// chosen keeps the loads that are named, or all.
func chosen(all []load, names string) []load {
	if names == "" {
		return all
	}
	var kept []load
	for _, l := range all {
		for name := range strings.SplitSeq(names, ",") {
			if l.name == name {
				kept = append(kept, l)
			}
		}
	}
	return kept
}

// measure runs all rounds. Progress goes to stderr.
func measure(ctx context.Context, s settings, ways []*way, loads []load) (*table, error) {
	t := &table{}
	began := time.Now()
	for round := range s.rounds {
		for _, l := range loads {
			for i := range ways {
				w := ways[(i+round)%len(ways)]
				if w.conns != 0 && w.conns != l.conns && l.bytes == 0 {
					continue
				}
				r, err := l.run(ctx, w.addr, s.length)
				if err != nil {
					return nil, fmt.Errorf("%s under %s: %w", w.name, l.name, err)
				}
				t.add(sample{round, w.name, l.name, r})
				fmt.Fprintf(os.Stderr, "%5.0fs round %d/%d  %-10s %-14s %s\n",
					time.Since(began).Seconds(), round+1, s.rounds, l.name, w.name, r)
			}
		}
	}
	return t, nil
}
