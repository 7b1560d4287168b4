// Command agent measures what the guard itself costs: memory, processor time, and whether its memory stays flat.
//
//	go run ./bench/agent              (make bench-agent)
//
// Three measurements of one stanch in front of a Go worker: its resident set
// idle and at 10,000 requests a second; the processor time that it takes to
// watch a worker of 1 GiB ten times a second without traffic; and the slope of
// its resident set over twenty minutes at full load, with a confidence
// interval. All figures are from /proc, read from outside. Begin with run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	rate    float64
	loaded  time.Duration
	watched time.Duration
	slope   time.Duration
}

func main() {
	var s settings
	flag.Float64Var(&s.rate, "rate", 10_000, "requests a second of the loaded measurement")
	flag.DurationVar(&s.loaded, "loaded", 60*time.Second, "length of the loaded measurement")
	flag.DurationVar(&s.watched, "watched", 60*time.Second, "length of the measurement of processor time")
	flag.DurationVar(&s.slope, "slope", 20*time.Minute, "length of the measurement of the slope; 0 leaves it out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

type result struct {
	Bench   string      `json:"bench"`
	Machine rig.Machine `json:"machine"`
	IdleMiB float64     `json:"rss_idle_mib"`
	Loaded  loaded      `json:"loaded"`
	Watched watched     `json:"watching_1_gib"`
	Slope   *slope      `json:"slope,omitempty"`
}

type loaded struct {
	Rate    float64 `json:"ok_per_second"`
	RSSMiB  float64 `json:"rss_median_mib"`
	PeakMiB float64 `json:"rss_peak_mib"`
	CPU     float64 `json:"cpu_percent_of_a_core"`
	Lost    int64   `json:"lost"`
	P99MS   float64 `json:"p99_ms"`
}

type watched struct {
	WorkerMiB float64 `json:"worker_mib"`
	Seconds   float64 `json:"seconds"`
	Every     float64 `json:"looks_every_ms"` // as stanch says, before and after
	CPU       float64 `json:"cpu_percent_of_a_core"`
}

type slope struct {
	Minutes float64 `json:"minutes"`
	Sent    int64   `json:"sent"`
	Lost    int64   `json:"lost"`
	PerHour float64 `json:"kib_per_hour"`
	Low     float64 `json:"kib_per_hour_low"` // 95 % interval
	High    float64 `json:"kib_per_hour_high"`
	Blocks  int     `json:"blocks"`
	PeakMiB float64 `json:"rss_peak_mib"`
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func run(ctx context.Context, s settings) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	program, err := stage.Build("./cmd/stanch", "stanch")
	if err != nil {
		return err
	}
	worker, err := stage.Worker("go")
	if err != nil {
		return err
	}
	b := &bench{settings: s, stage: stage, program: program, worker: worker}
	r := result{Bench: "agent", Machine: rig.ThisMachine()}
	if r.IdleMiB, r.Loaded, err = b.memory(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "idle %.1f MiB; at %.0f requests/s %.1f MiB, peak %.1f, %.0f %% of a core\n",
		r.IdleMiB, r.Loaded.Rate, r.Loaded.RSSMiB, r.Loaded.PeakMiB, r.Loaded.CPU)
	if r.Watched, err = b.watch(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "watching %.0f MiB every %.0f ms takes %.2f %% of a core\n", r.Watched.WorkerMiB, r.Watched.Every, r.Watched.CPU)
	if s.slope > 0 {
		if r.Slope, err = b.grow(ctx); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "over %.0f minutes and %d requests it grows by %.0f KiB/h (%.0f to %.0f)\n",
			r.Slope.Minutes, r.Slope.Sent, r.Slope.PerHour, r.Slope.Low, r.Slope.High)
	}
	return rig.Result(os.Stdout, r)
}

type bench struct {
	settings
	stage   *rig.Stage
	program string
	worker  []string
}

func (b *bench) start(ctx context.Context, flags ...string) (*rig.Stanch, error) {
	return b.stage.StartStanch(ctx, b.program, rig.Options{Command: rig.Command{Args: b.worker}, Flags: flags})
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// memory measures the resident set idle, then under load.
func (b *bench) memory(ctx context.Context) (idle float64, l loaded, err error) {
	st, err := b.start(ctx, "--memory-limit", "1GiB")
	if err != nil {
		return 0, l, err
	}
	defer st.Stop(10 * time.Second)
	rss := func() (int64, error) { return rig.Resident(st.PID) }
	sampler := rig.Sampling(100*time.Millisecond, rss)
	if err := wait(ctx, 10*time.Second); err != nil {
		return 0, l, err
	}
	idle = mib(median(sampler.Stop()))

	before, err := rig.CPU(st.PID)
	if err != nil {
		return 0, l, err
	}
	sampler = rig.Sampling(100*time.Millisecond, rss)
	defer sampler.Stop()
	plan := load.DefaultPlan(st.Address)
	plan.Mix, plan.Rate, plan.Duration, plan.Conns = load.Mix{load.Get: 1}, b.rate, b.loaded, 64
	plan.MaxConns = plan.Conns
	running, err := load.New(plan)
	if err != nil {
		return 0, l, err
	}
	sum := running.Do(ctx)
	after, err := rig.CPU(st.PID)
	if err != nil || ctx.Err() != nil {
		return 0, l, fmt.Errorf("measure under load: %w", cause(ctx, err))
	}
	return idle, loaded{
		Rate: sum.Rate, RSSMiB: mib(median(sampler.Stop())), PeakMiB: mib(sampler.Peak()), Lost: sum.Lost, P99MS: sum.P99MS,
		CPU: 100 * (after - before).Seconds() / sum.Seconds,
	}, nil
}

func cause(ctx context.Context, err error) error {
	if err == nil {
		return ctx.Err()
	}
	return err
}

func median(samples []rig.Sample) int64 {
	if len(samples) == 0 {
		return 0
	}
	values := make([]int64, len(samples))
	for i, s := range samples {
		values[i] = s.Bytes
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// watch measures the processor time without traffic. The limit leaves the
// worker of 1 GiB so much room that stanch's own rule makes it look about every
// 100 ms.
func (b *bench) watch(ctx context.Context) (watched, error) {
	st, err := b.start(ctx, "--memory-limit", "1510MiB")
	if err != nil {
		return watched{}, err
	}
	defer st.Stop(10 * time.Second)
	if err := rig.WaitOK(ctx, "http://"+st.Address+"/fill?mb=1024", time.Minute, st.Process); err != nil {
		return watched{}, err
	}
	if err := wait(ctx, 15*time.Second); err != nil { // trend and slope settle
		return watched{}, err
	}
	first, err := st.Status(ctx)
	if err != nil {
		return watched{}, err
	}
	before, err := rig.CPU(st.PID)
	if err != nil {
		return watched{}, err
	}
	begin := time.Now()
	if err := wait(ctx, b.watched); err != nil {
		return watched{}, err
	}
	after, err := rig.CPU(st.PID)
	if err != nil {
		return watched{}, err
	}
	took := time.Since(begin)
	last, err := st.Status(ctx)
	if err != nil {
		return watched{}, err
	}
	return watched{
		WorkerMiB: mib(last.Used), Seconds: took.Seconds(), CPU: 100 * (after - before).Seconds() / took.Seconds(),
		Every: float64((first.Next + last.Next).Milliseconds()) / 2,
	}, nil
}
