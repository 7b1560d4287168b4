// Command limit lets a leak walk slowly into a memory limit, and counts what that costs the clients.
//
//	go run ./bench/limit              (make bench-limit)
//
// A Python worker that leaks with every request sits in a cgroup of 256 MiB, its
// supervisor with it, as in a container; 100 requests a second arrive from
// outside, whatever the answers do. It is run under stanch, twice: as an
// unprivileged user who may not write the cgroup, as in an ordinary pod, and
// with the right to give the worker a cgroup of its own; then under of-watchdog's
// way, restart on exit, and in a shell's loop. Begin with ways.
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

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	limit    int64
	leakKB   int
	rate     float64
	duration time.Duration
	runs     int
	worker   string
	only     string
}

func main() {
	var s settings
	limit := flag.Int64("limit-mib", 256, "memory limit of the cgroup in MiB")
	flag.IntVar(&s.leakKB, "leak-kb", 80, "what each request leaks, in KiB")
	flag.Float64Var(&s.rate, "rate", 100, "requests a second")
	flag.DurationVar(&s.duration, "duration", 60*time.Second, "of each run")
	flag.IntVar(&s.runs, "runs", 3, "runs of each way")
	flag.StringVar(&s.worker, "worker", "python", "example worker: python, node or go")
	flag.StringVar(&s.only, "only", "", "ways to run, by commas: stanch, stanch-own-cgroup, of-watchdog, loop")
	flag.Parse()
	s.limit = *limit << 20
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
}

// outcome is one run of one way.
type outcome struct {
	Sent         int64            `json:"sent"`
	Lost         int64            `json:"lost"`
	OutageMS     int64            `json:"longest_outage_ms"`
	OutageAt     float64          `json:"longest_outage_at_s"`
	P50MS        float64          `json:"p50_ms"`
	P99MS        float64          `json:"p99_ms"`
	MaxMS        float64          `json:"max_ms"`
	Reasons      map[string]int64 `json:"reasons,omitempty"`
	Kills        int64            `json:"kernel_kills"`
	PeakMiB      int64            `json:"peak_mib"` // of the whole cgroup, page cache included
	AtLimit      float64          `json:"at_limit_s"`
	Replacements int64            `json:"workers_started"`
}

type line struct {
	Way  string    `json:"way"`
	Runs []outcome `json:"runs"`
}

type result struct {
	Bench    string      `json:"bench"`
	Machine  rig.Machine `json:"machine"`
	LimitMiB int64       `json:"limit_mib"`
	Rate     float64     `json:"rate"`
	Seconds  float64     `json:"seconds"`
	LeakKB   int         `json:"leak_kb"`
	Worker   string      `json:"worker"`
	Ways     []line      `json:"ways"`
}

func run(ctx context.Context, s settings) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	worker, err := stage.Worker(s.worker)
	if err != nil {
		return err
	}
	r := result{
		Bench: "limit", Machine: rig.ThisMachine(), LimitMiB: s.limit >> 20, Rate: s.rate,
		Seconds: s.duration.Seconds(), LeakKB: s.leakKB, Worker: s.worker,
	}
	for _, w := range ways {
		if s.only != "" && !strings.Contains(","+s.only+",", ","+w.name+",") {
			continue
		}
		l := line{Way: w.name}
		for i := range s.runs {
			o, err := try(ctx, stage, s, w, worker)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			l.Runs = append(l.Runs, o)
			fmt.Fprintf(os.Stderr, "%-18s run %d: %d sent  %d lost  outage %d ms  p99 %.1f ms  %d kernel kills  peak %d of %d MiB  %d workers  %v\n",
				w.name, i+1, o.Sent, o.Lost, o.OutageMS, o.P99MS, o.Kills, o.PeakMiB, s.limit>>20, o.Replacements, o.Reasons)
		}
		r.Ways = append(r.Ways, l)
	}
	return rig.Result(os.Stdout, r)
}

// try runs one way once, in a cgroup of its own.
func try(ctx context.Context, stage *rig.Stage, s settings, w way, worker []string) (outcome, error) {
	group, err := rig.MakeGroup(s.limit)
	if err != nil {
		return outcome{}, err
	}
	defer group.Remove()
	log, err := stage.Log(w.name)
	if err != nil {
		return outcome{}, err
	}
	defer log.Close()
	command := rig.Command{Args: worker, Env: []string{fmt.Sprint("LEAK_KB=", s.leakKB)}, Group: group, Output: log}
	program := ""
	if w.pkg != "" {
		if program, err = stage.Build(w.pkg, w.name); err != nil {
			return outcome{}, err
		}
	}
	if err := stage.Cold(); err != nil {
		return outcome{}, err
	}
	address, stop, err := w.start(ctx, program, stage, command)
	if err != nil {
		return outcome{}, err
	}
	defer stop()

	used := rig.Sampling(20*time.Millisecond, func() (int64, error) {
		group.Kills() // groups below come and go: none is to be missed
		return group.Usage()
	})
	defer used.Stop()
	plan := load.DefaultPlan(address)
	plan.Mix = load.Mix{load.Get: 90, load.Post: 10}
	plan.Rate, plan.Duration = s.rate, s.duration
	running, err := load.New(plan)
	if err != nil {
		return outcome{}, err
	}
	begin := time.Now()
	sum := running.Do(ctx)
	if ctx.Err() != nil {
		return outcome{}, ctx.Err()
	}
	o := outcome{
		Sent: sum.Sent, Lost: sum.Lost, OutageMS: sum.OutageMS, OutageAt: sum.OutageAt,
		P50MS: sum.P50MS, P99MS: sum.P99MS, MaxMS: sum.MaxMS, Reasons: sum.Reasons, Kills: group.Kills(), AtLimit: -1,
	}
	if at, ok := rig.Crossing(used.Stop(), s.limit*99/100); ok {
		o.AtLimit = at.At.Sub(begin).Seconds()
	}
	o.PeakMiB = used.Peak() >> 20
	text, _ := os.ReadFile(log.Name())
	o.Replacements = int64(strings.Count(string(text), "listening on "))
	return o, nil
}
