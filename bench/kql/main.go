// Command kql asks five million rows of six hours the question of every incident, in stanch
// and in DuckDB on the same files, turn by turn in one run:
//
//	make bench-kql
//
// It measures whole processes, from their start to their answer, and their peak
// of resident memory; and it compares the answers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/bench/telemetry/requests"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// summary is the question; its answer is compared with DuckDB's.
const summary = `| summarize total = count(), failures = countif(success == "False"), p95 = percentile(duration, 95), rate = 100.0 * countif(success == "False") / count() by bin(timestamp, 5m) | sort by timestamp asc`

// questions are asked of all rows, and of the forty minutes in which the app was
// in trouble.
func questions(plan requests.Plan) []question {
	from, to := plan.Trouble()
	moment := func(ticks int64) string { return string(value.AppendDatetime(nil, ticks)) }
	return []question{
		{"whole", "requests " + summary, nil},
		{
			"window", fmt.Sprintf("requests | where timestamp between (datetime(%s) .. datetime(%s)) %s", moment(from), moment(to), summary),
			[]string{moment(from)[:26], moment(to)[:26]}, // DuckDB counts in microseconds, and both are whole minutes
		},
	}
}

type question struct {
	name, kql string
	window    []string
}

type outcome struct {
	Way     string  `json:"way"`
	Query   string  `json:"query"`
	Seconds float64 `json:"seconds"` // median
	PeakMiB float64 `json:"peak_mib"`
	Rows    int     `json:"rows"`
	answer  []line
}

// line is one bin of the answer.
type line struct {
	at              string
	total, failures float64
	p95, rate       float64
}

func main() {
	n := flag.Int("rows", 5_000_000, "rows")
	rounds := flag.Int("rounds", 5, "rounds")
	peers := flag.Bool("peers", true, "DuckDB beside")
	keep := flag.String("dir", "", "keep the rows here, or find them")
	flag.Parse()
	if err := run(*n, *rounds, *peers, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "bench-kql:", err)
		os.Exit(1)
	}
}

func run(n, rounds int, peers bool, dir string) (err error) {
	ctx := context.Background()
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	stanch, err := stage.Build("./cmd/stanch", "stanch")
	if err != nil {
		return err
	}
	if dir == "" {
		dir = filepath.Join(stage.Dir, "rows")
	}
	plan := requests.DefaultPlan(n)
	if _, err := os.Stat(dir); err != nil {
		writer, err := stage.Build("./bench/telemetry", "telemetry")
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "writing %d rows …\n", n)
		write := exec.CommandContext(ctx, writer, "-rows", fmt.Sprint(n), "-dir", dir)
		write.Stderr = os.Stderr
		if err := write.Run(); err != nil {
			return fmt.Errorf("write the rows: %w", err)
		}
	}
	ways := []way{{"stanch", func(q question) *exec.Cmd {
		return exec.CommandContext(ctx, stanch, "query", "--from", dir, "--format", "json", q.kql)
	}, readStanch}}
	if peers {
		python, err := duckdb()
		if err != nil {
			return err
		}
		ways = append(ways, way{"duckdb", func(q question) *exec.Cmd {
			return exec.CommandContext(ctx, python, append([]string{"bench/kql/duck.py", dir}, q.window...)...)
		}, readDuck})
	}
	var all []*outcome
	for _, query := range questions(plan) {
		var these []*outcome
		times := map[string][]float64{}
		for _, w := range ways {
			these = append(these, &outcome{Way: w.name, Query: query.name})
		}
		for range rounds {
			for i, w := range ways {
				seconds, peak, answer, err := ask(w, query)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, query.name, err)
				}
				o := these[i]
				times[w.name] = append(times[w.name], seconds)
				o.PeakMiB = max(o.PeakMiB, peak)
				o.answer, o.Rows = answer, len(answer)
			}
		}
		for _, o := range these {
			slices.Sort(times[o.Way])
			o.Seconds = times[o.Way][len(times[o.Way])/2]
			fmt.Printf("%-7s %-7s %6.3f s  %6.1f MiB  %d bins\n", o.Query, o.Way, o.Seconds, o.PeakMiB, o.Rows)
		}
		for _, o := range these[1:] {
			if err := same(these[0].answer, o.answer); err != nil {
				return fmt.Errorf("%s: stanch and %s differ: %w", query.name, o.Way, err)
			}
			fmt.Printf("%-7s the answers are the same; stanch takes %.2f of %s's time\n", query.name, these[0].Seconds/o.Seconds, o.Way)
		}
		all = append(all, these...)
	}
	return rig.Result(os.Stdout, map[string]any{"bench": "kql", "machine": rig.ThisMachine(), "rows": n, "rounds": rounds, "outcomes": all})
}

type way struct {
	name    string
	command func(question) *exec.Cmd
	read    func(io.Reader) ([]line, error)
}

// ask runs one process and reads its answer.
func ask(w way, query question) (seconds, peakMiB float64, answer []line, err error) {
	cmd := w.command(query)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, nil, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, nil, err
	}
	answer, err = w.read(out)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return 0, 0, nil, err
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, 0, nil, errors.New("no account of the process")
	}
	return time.Since(began).Seconds(), float64(usage.Maxrss) / 1024, answer, nil
}

func readStanch(r io.Reader) (all []line, err error) {
	var doc struct {
		Tables []struct {
			Rows [][]any `json:"rows"`
		} `json:"tables"`
	}
	if err := json.NewDecoder(r).Decode(&doc); err != nil {
		return nil, err
	}
	if len(doc.Tables) != 1 {
		return nil, fmt.Errorf("%d tables", len(doc.Tables))
	}
	for _, row := range doc.Tables[0].Rows {
		at, _ := row[0].(string)
		all = append(all, line{at[:19], number(row[1]), number(row[2]), number(row[3]), number(row[4])})
	}
	return all, nil
}

func readDuck(r io.Reader) (all []line, err error) {
	var rows [][]any
	if err := json.NewDecoder(r).Decode(&rows); err != nil {
		return nil, err
	}
	for _, row := range rows {
		at, _ := row[0].(string)
		all = append(all, line{at[:19], number(row[1]), number(row[2]), number(row[3]), number(row[4])})
	}
	return all, nil
}

func number(v any) float64 {
	f, ok := v.(float64)
	if !ok {
		return math.NaN()
	}
	return f
}

func same(a, b []line) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d bins and %d", len(a), len(b))
	}
	for i := range a {
		if a[i].at != b[i].at || a[i].total != b[i].total || a[i].failures != b[i].failures || a[i].p95 != b[i].p95 || math.Abs(a[i].rate-b[i].rate) > 1e-9 {
			return fmt.Errorf("bin %d: %+v and %+v", i, a[i], b[i])
		}
	}
	return nil
}

// duckdb installs the peer and gives its Python.
func duckdb() (python string, err error) {
	python, err = filepath.Abs(".cache/peers/duckdb/bin/python")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("bench/peers.sh", "duckdb")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return python, cmd.Run()
}
