// Command admission feeds a worker of 1 GiB with a hundred blobs of 1 to 500 MB, 48 at once, with and without admission by memory.
//
//	go run ./bench/admission              (make bench-admission)
//
// The worker is a custom handler in Python that reads each blob whole. It runs
// under `stanch run` from one store of files, in a cgroup whose limit the kernel
// enforces. Without admission only the worker is in that cgroup and stanch knows of
// no limit, so that neither the admission nor the guard's freeze helps: what is
// left is what other hosts do, at 48 at once and at numbers that somebody tuned by
// hand. With it stanch is in the cgroup too, as in a container. Kernel kills are
// read from the cgroup; what the worker answers is compared with the digests. The
// store's files are read before, so that no run pays for a cold page cache. Where
// Azure's Python worker is installed, it gets the blobs too, with admission: it holds
// each twice, so that the largest fit no container of 1 GiB, and poison counts them.
// Begin with run.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	blobs  int
	most   int64 // bytes of the largest blob
	limit  int64
	seed   uint64
	tuned  []int
	within time.Duration
	keep   string
	cache  string
}

func main() {
	var s settings
	flag.IntVar(&s.blobs, "blobs", 100, "how many blobs")
	most := flag.Int64("largest-mb", 500, "largest blob in MB; the smallest has 1 MB, and each size is as likely as its double")
	limit := flag.Int64("limit-mib", 1024, "memory limit of the cgroup in MiB")
	flag.Uint64Var(&s.seed, "seed", 1, "of the sizes and their order")
	tuned := flag.String("tuned", "1,2,4", "fixed numbers at once to try by hand")
	flag.DurationVar(&s.within, "within", 4*time.Minute, "longest run")
	flag.StringVar(&s.keep, "keep", "", "write the log of each run to this directory")
	flag.StringVar(&s.cache, "cache", ".cache/pyworker", "directory that bench/pyworker/install.sh has filled")
	flag.Parse()
	s.most, s.limit = *most*1_000_000, *limit<<20
	for text := range strings.SplitSeq(*tuned, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "admission: -tuned %s: %q is no number\n", *tuned, text)
			os.Exit(2)
		}
		s.tuned = append(s.tuned, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "admission:", err)
		os.Exit(1)
	}
}

// figure is what came of one run. Times are seconds.
type figure struct {
	Way         string  `json:"way"`
	AtOnce      int     `json:"at_once"`
	Done        int     `json:"done"`
	Twice       int     `json:"done_again"` // answers beyond one for each blob
	Poison      int     `json:"poison"`
	Kills       int64   `json:"kernel_kills"`
	Deaths      int64   `json:"worker_deaths"` // those of the kernel's doing included
	Replaced    int64   `json:"replacements"`
	Seconds     float64 `json:"seconds"`
	MBPerSecond float64 `json:"mb_per_s"` // of blobs that were done
	PeakMiB     int64   `json:"peak_mib"` // of the cgroup
	Wait        spread  `json:"wait_s"`   // for room, as stanch's rows have it
	SmallDone   spread  `json:"small_done_s"`
	LargeDone   spread  `json:"large_done_s"`
}

// spread is of what blobs of a kind took from the start of the run: those of the
// smaller half, and of the larger.
type spread struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

const head = "%-22s %8s %6s %6s %7s %6s %9s %8s %7s %9s %13s %16s %16s\n"

func (f figure) String() string {
	pair := func(s spread) string { return fmt.Sprintf("%.1f, %.1f", s.P50, s.P99) }
	return fmt.Sprintf(head, f.Way, fmt.Sprint(f.AtOnce), fmt.Sprint(f.Done), fmt.Sprint(f.Poison), fmt.Sprint(f.Kills), fmt.Sprint(f.Deaths), fmt.Sprint(f.Replaced),
		fmt.Sprintf("%.1f", f.Seconds), fmt.Sprintf("%.0f", f.MBPerSecond), fmt.Sprint(f.PeakMiB), pair(f.Wait), pair(f.SmallDone), pair(f.LargeDone))
}

func (s settings) run(ctx context.Context) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	b := &bench{settings: s, stage: stage}
	if b.program, err = stage.Build("./cmd/stanch", "stanch"); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return err
	}
	kills := rig.MachineKills()
	ways := []way{{"without", 48, false, ""}}
	for _, n := range s.tuned {
		ways = append(ways, way{"without, tuned by hand", n, false, ""})
	}
	ways = append(ways, way{"with admission", 48, true, ""})
	main := len(ways) - 1
	if forms, err := pyworker.Installed(s.cache, "bench/pyworker/loop.py"); err == nil && len(forms) > 0 && forms[0].Shared {
		dir, err := filepath.Abs(filepath.Join(s.cache, forms[0].Name))
		if err != nil {
			return err
		}
		ways = append(ways, way{"with, Azure's Python", 48, true, dir})
	}
	var table []figure
	fmt.Fprintf(os.Stderr, head, "", "at once", "done", "poison", "killed", "deaths", "replaced", "seconds", "MB/s", "peak MiB", "wait p50,99", "small p50,99", "large p50,99")
	for _, w := range ways {
		f, err := b.feed(ctx, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		table = append(table, f)
		fmt.Fprint(os.Stderr, f)
	}
	best := 0.0
	for _, f := range table[1:main] {
		if f.Kills == 0 && f.Done == s.blobs {
			best = max(best, f.MBPerSecond)
		}
	}
	with := table[main]
	fmt.Printf("%d blobs, %.0f MB: %.0f MB/s with admission, %.0f MB/s at the best number by hand that was not killed\n", s.blobs, float64(b.bytes)/1e6, with.MBPerSecond, best)
	return rig.Result(os.Stdout, struct {
		Bench        string      `json:"bench"`
		Machine      rig.Machine `json:"machine"`
		Blobs        int         `json:"blobs"`
		Bytes        int64       `json:"bytes"`
		LimitMiB     int64       `json:"limit_mib"`
		Ratio        float64     `json:"of_best_by_hand"`
		MachineKills int64       `json:"kills_on_the_whole_machine"`
		Runs         []figure    `json:"runs"`
	}{"admission", rig.ThisMachine(), s.blobs, b.bytes, s.limit >> 20, with.MBPerSecond / max(best, 1), rig.MachineKills() - kills, table})
}
