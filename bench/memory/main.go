// Command memory measures what a large payload costs the worker that gets it and stanch that brings it, by the way it takes.
//
//	go run ./bench/memory              (make bench-memory)
//
// Every way and size has a `stanch run` and a worker of its own. A payload of 1 MiB
// goes before the one that counts. It lies as a blob in a store of files, a message
// names it, and the worker, which reads it in pieces of 64 KiB wherever it can,
// answers with the digest, which is compared. The peaks are the kernel's
// (VmHWM, reset before), read from outside; what the worker retains is read two
// seconds after. Plain HTTP has no message: there the payload is the body of a
// request through the proxy. What bytes on Azure's stream cost a host that holds
// them whole is measured at a bare host of the contract.
// Begin with ways.go.
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

	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	sizes  []int64
	only   string
	cache  string
	limit  string
	settle time.Duration
}

func main() {
	var s settings
	sizes := flag.String("mib", "16,128,1024", "sizes of the payload in MiB")
	flag.StringVar(&s.only, "only", "", "only the ways whose names contain this")
	flag.StringVar(&s.cache, "cache", ".cache/pyworker", "directory that bench/pyworker/install.sh has filled")
	flag.StringVar(&s.limit, "limit", "16GiB", "memory limit that stanch holds the worker to")
	flag.DurationVar(&s.settle, "settle", 2*time.Second, "from the answer until what is retained is read")
	bare := flag.Int64("bare", 0, "only a bare host of the contract, in this process, with a payload of so many MiB")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := func() error { return s.run(ctx) }
	if *bare > 0 {
		run = func() error { return s.bareHost(ctx, *bare<<20) }
	}
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "memory: -mib %s: %q is no size\n", *sizes, text)
			os.Exit(2)
		}
		s.sizes = append(s.sizes, n<<20)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

// figure is what one payload cost on one way, in bytes.
type figure struct {
	Way            string  `json:"way"`
	Size           int64   `json:"bytes"`
	StanchBase     int64   `json:"stanch_base"`
	StanchPeak     int64   `json:"stanch_peak"`
	WorkerBase     int64   `json:"worker_base"`
	WorkerPeak     int64   `json:"worker_peak"`
	WorkerRetained int64   `json:"worker_retained"`
	Seconds        float64 `json:"seconds"`
	Refused        string  `json:"refused,omitempty"`
}

const head = "%-42s %8s %12s %12s %13s %16s %8s\n"

func (f figure) String() string {
	mib := func(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }
	line := fmt.Sprintf(head, f.Way, mib(f.Size), "+"+mib(f.StanchPeak-f.StanchBase), mib(f.WorkerBase), mib(f.WorkerPeak), mib(f.WorkerRetained), fmt.Sprintf("%.2f", f.Seconds))
	if f.Refused != "" {
		line += "      did not go through: " + f.Refused + "\n"
	}
	return line
}

func (s settings) run(ctx context.Context) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	b := &bench{settings: s, stage: stage, apps: filepath.Join(stage.Root, "bench/memory/apps")}
	if b.program, err = stage.Build("./cmd/stanch", "stanch"); err != nil {
		return err
	}
	ways, err := b.ways()
	if err != nil {
		return err
	}
	var table []figure
	for _, w := range ways {
		if !strings.Contains(w.name, s.only) {
			continue
		}
		for _, size := range s.sizes {
			f, err := w.measure(ctx, size)
			if err != nil {
				return fmt.Errorf("%s, %d MiB: %w", w.name, size>>20, err)
			}
			f.Way, f.Size = w.name, size
			table = append(table, f)
			fmt.Fprint(os.Stderr, f)
		}
	}
	fmt.Printf(head, "", "MiB", "stanch grew", "worker base", "worker peak", "worker retains", "seconds")
	for _, f := range table {
		fmt.Print(f)
	}
	return rig.Result(os.Stdout, struct {
		Bench   string      `json:"bench"`
		Machine rig.Machine `json:"machine"`
		Figures []figure    `json:"figures"`
	}{"memory", rig.ThisMachine(), table})
}

type bench struct {
	settings
	stage   *rig.Stage
	program string
	apps    string // folder of the function apps
}
