// Command store measures what it costs to keep telemetry, beside other ways to keep it, and what is left of each when its writer is killed.
//
//	go run ./bench/store              (make bench-store)
//
// Every contender writes the same rows of requests, 5,000 a second, safe on
// disk each second, in a process of its own: stanch's frames, plain NDJSON, and
// SQLite and DuckDB through Python. Processor time and resident memory are read
// from /proc, from outside; the cost of making the rows is measured by itself
// and taken off. Then writers at full rate are killed, and what they had said
// is safe is looked for. Last, what it takes to read. Begin with run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	rate     int
	seconds  int
	kills    int
	readRows int
	peers    bool
}

func main() {
	var s settings
	flag.IntVar(&s.rate, "rate", 5000, "rows a second")
	flag.IntVar(&s.seconds, "seconds", 60, "length of each measurement of writing")
	flag.IntVar(&s.kills, "kills", 25, "writers of each kind to kill")
	flag.IntVar(&s.readRows, "read-rows", 5_000_000, "rows to read; 0 leaves it out")
	flag.BoolVar(&s.peers, "peers", true, "SQLite and DuckDB, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "store:", err)
		os.Exit(1)
	}
}

type result struct {
	Bench   string      `json:"bench"`
	Machine rig.Machine `json:"machine"`
	Rate    int         `json:"rows_per_second"`
	Seconds int         `json:"seconds"`
	Writing []cost      `json:"writing"`
	Killing []killed    `json:"killing"`
	Reading *reading    `json:"reading,omitempty"`
}

// cost is what writing took.
type cost struct {
	Way      string  `json:"way"`
	Rows     int     `json:"rows"`
	CPU      float64 `json:"cpu_percent_of_a_core"`           // without what making or receiving the rows takes
	WithRows float64 `json:"cpu_percent_of_a_core_with_rows"` // as measured
	PeakMiB  float64 `json:"rss_peak_mib"`
	RowBytes float64 `json:"bytes_a_row"`
}

type bench struct {
	settings
	stage  *rig.Stage
	writer string // our contenders' program
	python string // with DuckDB
}

func run(ctx context.Context, s settings) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	b := &bench{settings: s, stage: stage}
	if b.writer, err = stage.Build("./bench/store/writer", "writer"); err != nil {
		return err
	}
	if s.peers {
		install := exec.CommandContext(ctx, filepath.Join(stage.Root, "bench", "peers.sh"), "duckdb")
		if text, err := install.CombinedOutput(); err != nil {
			return fmt.Errorf("install DuckDB: %w\n%s\nhint: -peers=false leaves it out", err, text)
		}
		b.python = filepath.Join(stage.Root, ".cache", "peers", "duckdb", "bin", "python3")
	}
	r := result{Bench: "store", Machine: rig.ThisMachine(), Rate: s.rate, Seconds: s.seconds}
	if r.Writing, err = b.writing(ctx); err != nil {
		return err
	}
	for _, name := range []string{"frames", "ndjson"} {
		k, err := b.kill(ctx, name)
		if err != nil {
			return fmt.Errorf("kill writers of %s: %w", name, err)
		}
		r.Killing = append(r.Killing, k)
		fmt.Fprintln(os.Stderr, k)
	}
	if s.readRows > 0 {
		if r.Reading, err = b.read(ctx); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, r.Reading)
	}
	return rig.Result(os.Stdout, r)
}

// writing runs the contenders, each after the one that shows what the rows
// themselves cost it.
func (b *bench) writing(ctx context.Context) (costs []cost, err error) {
	type contender struct {
		name  string
		base  bool // what it takes to make or receive the rows
		start func(ctx context.Context, name, dir string) (*contestant, error)
	}
	all := []contender{{"none", true, b.ours}, {"frames", false, b.ours}, {"ndjson", false, b.ours}}
	if b.peers {
		all = append(all, contender{"nothing", true, b.peer}, contender{"sqlite", false, b.peer}, contender{"duckdb", false, b.peer})
	}
	rows := 0.0
	for _, c := range all {
		got, err := b.measure(ctx, c.name, c.start)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		if c.base {
			rows = got.WithRows
			fmt.Fprintf(os.Stderr, "%-8s the rows alone take %.2f %% of a core\n", c.name, rows)
			continue
		}
		got.CPU = max(got.WithRows-rows, 0)
		fmt.Fprintf(os.Stderr, "%-8s %.2f %% of a core (%.2f with the rows)  peak %.1f MiB  %.0f bytes a row\n",
			got.Way, got.CPU, got.WithRows, got.PeakMiB, got.RowBytes)
		costs = append(costs, got)
	}
	return costs, nil
}

// measure runs one contender for its time.
func (b *bench) measure(ctx context.Context, name string, start func(context.Context, string, string) (*contestant, error)) (c cost, err error) {
	dir, err := b.stage.Scratch(name)
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(dir)
	p, err := start(ctx, name, dir)
	if err != nil {
		return c, err
	}
	defer p.Stop(10 * time.Second)
	if c.Rows, err = p.done(ctx); err != nil {
		return c, err
	}
	if c.Rows != b.rate*b.seconds {
		return c, fmt.Errorf("wrote %d rows, want %d", c.Rows, b.rate*b.seconds)
	}
	took, err := rig.CPU(p.PID)
	if err != nil {
		return c, err
	}
	peak, err := peakResident(p.PID)
	if err != nil {
		return c, err
	}
	p.Stop(10 * time.Second) // what it keeps open is closed, and counted
	bytes, err := size(dir)
	if err != nil {
		return c, err
	}
	c.Way, c.WithRows = name, 100*took.Seconds()/float64(b.seconds)
	c.PeakMiB, c.RowBytes = float64(peak)/(1<<20), float64(bytes)/float64(c.Rows)
	return c, nil
}
