// Command spike has a worker take a gigabyte a second inside a gigabyte of limit, a hundred times, and sees who ends it.
//
//	go run ./bench/spike              (make bench-spike)
//
// Each trial is a new cgroup of 1 GiB with stanch and its worker inside. A
// request makes the worker allocate 1 GiB/s, more than fits. Beside it a client
// asks a thousand times a second, and a sampler that has nothing to do with
// stanch reads the cgroup's usage as often: the time from the usage crossing a
// band's level to the first refusal is from the one to the other. There are two
// modes: pod, where stanch runs unprivileged and may not write its cgroup, as in
// an ordinary pod, and own-cgroup, where it may give the worker one. A few
// trials without stanch show that the kernel does kill. Begin with trial.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	trials, control int
	limit           int64
	mb, mbps        int
	worker          string
	only            string
	keep            string
}

func main() {
	var s settings
	flag.IntVar(&s.trials, "trials", 100, "trials of each mode")
	flag.IntVar(&s.control, "control", 3, "trials without stanch")
	limit := flag.Int64("limit-mib", 1024, "memory limit of the cgroup in MiB")
	flag.IntVar(&s.mb, "mb", 1600, "MiB that the spike wants")
	flag.IntVar(&s.mbps, "mbps", 1024, "MiB a second of it")
	flag.StringVar(&s.worker, "worker", "python", "example worker: python, node or go")
	flag.StringVar(&s.only, "only", "", "one mode: none, pod or own-cgroup")
	flag.StringVar(&s.keep, "keep", "", "copy stanch's log of a trial that went wrong to this file")
	flag.Parse()
	s.limit = *limit << 20
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "spike:", err)
		os.Exit(1)
	}
}

// line is one mode's part of the result. Times are milliseconds.
type line struct {
	Mode        string           `json:"mode"`
	Trials      int              `json:"trials"`
	Kills       int64            `json:"kernel_kills"`
	Survived    int              `json:"stanch_survived"`
	PostMortems int              `json:"post_mortems"` // trials that left at least one
	Refusals    int              `json:"trials_with_refusal"`
	Refusal     quantiles        `json:"critical_to_first_refusal_ms"`
	Recovery    quantiles        `json:"critical_to_next_ok_ms"`
	PeakMiB     int64            `json:"peak_mib"`
	Rate        quantiles        `json:"spike_mib_per_s"`
	Spike       map[string]int   `json:"spike_ended"`
	Polls       int64            `json:"polls"`
	Lost        map[string]int64 `json:"polls_lost,omitempty"`
}

type quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func of(values []float64) quantiles {
	if len(values) == 0 {
		return quantiles{}
	}
	slices.Sort(values)
	at := func(q float64) float64 { return values[min(int(q*float64(len(values))), len(values)-1)] }
	return quantiles{at(.5), at(.99), values[len(values)-1]}
}

type result struct {
	Bench        string      `json:"bench"`
	Machine      rig.Machine `json:"machine"`
	LimitMiB     int64       `json:"limit_mib"`
	MiBPerSecond int         `json:"asked_mib_per_s"`
	Worker       string      `json:"worker"`
	MachineKills int64       `json:"kills_on_the_whole_machine"`
	Modes        []line      `json:"modes"`
}

func run(ctx context.Context, s settings) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	b := &bench{settings: s, stage: stage}
	if b.worker, err = stage.Worker(s.worker); err != nil {
		return err
	}
	kills := rig.MachineKills()
	r := result{Bench: "spike", Machine: rig.ThisMachine(), LimitMiB: s.limit >> 20, MiBPerSecond: s.mbps, Worker: s.worker}
	for _, mode := range []string{"none", "pod", "own-cgroup"} {
		if s.only != "" && s.only != mode {
			continue
		}
		trials := s.trials
		if mode == "none" {
			trials = s.control
		} else if b.program == "" {
			if b.program, err = stage.Build("./cmd/stanch", "stanch"); err != nil {
				return err
			}
		}
		l, err := b.mode(ctx, mode, trials)
		if err != nil {
			return fmt.Errorf("%s: %w", mode, err)
		}
		r.Modes = append(r.Modes, l)
	}
	r.MachineKills = rig.MachineKills() - kills
	return rig.Result(os.Stdout, r)
}

// mode runs so many trials and sums them up.
func (b *bench) mode(ctx context.Context, mode string, trials int) (line, error) {
	l := line{Mode: mode, Spike: map[string]int{}, Lost: map[string]int64{}}
	var refusal, recovery, rate []float64
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	for i := range trials {
		t, err := b.trial(ctx, mode)
		if err != nil {
			return l, fmt.Errorf("trial %d: %w", i+1, err)
		}
		l.Trials++
		l.Kills += t.kills
		l.PeakMiB = max(l.PeakMiB, t.peak>>20)
		l.Spike[t.spike]++
		l.Polls += t.polls
		for reason, n := range t.lost {
			l.Lost[reason] += n
		}
		if t.survived {
			l.Survived++
		}
		if t.postMortems > 0 {
			l.PostMortems++
		}
		if t.refused {
			l.Refusals++
			refusal = append(refusal, ms(t.refusal))
		}
		if t.recovered {
			recovery = append(recovery, ms(t.recovery))
		}
		if t.rate > 0 {
			rate = append(rate, t.rate)
		}
		fmt.Fprintf(os.Stderr, "%-10s %3d  kills %d  refused after %6.1f ms (%v)  ok again after %7.1f ms  peak %d MiB  %4.0f MiB/s  post-mortems %d  spike: %s\n",
			mode, i+1, t.kills, ms(t.refusal), t.refused, ms(t.recovery), t.peak>>20, t.rate, t.postMortems, t.spike)
		wrong := t.kills > 0 || !t.survived || t.postMortems == 0
		if b.keep != "" && wrong && mode != "none" {
			if err := os.WriteFile(b.keep, []byte(strings.Join(t.log, "\n")), 0o644); err != nil {
				return l, fmt.Errorf("keep the log: %w", err)
			}
		}
	}
	l.Refusal, l.Recovery, l.Rate = of(refusal), of(recovery), of(rate)
	return l, nil
}
