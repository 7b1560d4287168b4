package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/stanch-dev/stanch/bench/rig"
)

// sample is one measurement of one way under one load.
type sample struct {
	round     int
	way, load string
	result
}

// table is all measurements.
type table struct{ samples []sample }

func (t *table) add(s sample) { t.samples = append(t.samples, s) }

// of returns a figure of each round's measurement of a way under a load.
func (t *table) of(way, load string, figure func(result) float64) map[int]float64 {
	rounds := map[int]float64{}
	for _, s := range t.samples {
		if s.way == way && s.load == load {
			rounds[s.round] = figure(s.result)
		}
	}
	return rounds
}

func rate(r result) float64   { return r.rate }
func p50(r result) float64    { return r.p50 }
func p99(r result) float64    { return r.p99 }
func broken(r result) float64 { return float64(r.errors) }

// best is, round by round, the better of nginx with one and with two workers.
func (t *table) best(load string) map[int]float64 {
	best := t.of("nginx-1", load, rate)
	for round, n := range t.of("nginx-2", load, rate) {
		best[round] = max(best[round], n)
	}
	return best
}

// ratio is the median over the rounds of a way's rate by nginx's best.
func (t *table) ratio(way, load string) float64 {
	best := t.best(load)
	var ratios []float64
	for round, n := range t.of(way, load, rate) {
		if best[round] > 0 {
			ratios = append(ratios, n/best[round])
		}
	}
	return median(ratios)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func values(m map[int]float64) (v []float64) {
	for _, n := range m {
		v = append(v, n)
	}
	return v
}

// line is a way under a load, in the result.
type line struct {
	Way     string  `json:"way"`
	Load    string  `json:"load"`
	Rate    float64 `json:"requests_per_second"`
	MBs     float64 `json:"megabytes_per_second,omitempty"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	ToNginx float64 `json:"ratio_to_nginx"`
	Errors  int     `json:"errors"`
}

type memory struct {
	Way    string `json:"way"`
	Idle   int64  `json:"idle_bytes"`
	Loaded int64  `json:"loaded_bytes"`
}

// print prints the table and the result's line.
func (t *table) print(w io.Writer, ways []*way, loads []load) error {
	var lines []line
	for _, l := range loads {
		fmt.Fprintf(w, "\n%s (%d connections)\n", l.name, l.conns)
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(tw, "way\treq/s\tMB/s\tp50 ms\tp99 ms\tto nginx\terrors\t\n")
		for _, way := range ways {
			rates := values(t.of(way.name, l.name, rate))
			if len(rates) == 0 {
				continue
			}
			n := line{
				Way: way.name, Load: l.name, Rate: median(rates), ToNginx: t.ratio(way.name, l.name),
				P50: median(values(t.of(way.name, l.name, p50))), P99: median(values(t.of(way.name, l.name, p99))),
			}
			n.MBs = n.Rate * float64(l.bytes) / 1e6
			for _, e := range values(t.of(way.name, l.name, broken)) {
				n.Errors += int(e)
			}
			lines = append(lines, n)
			fmt.Fprintf(tw, "%s\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%d\t\n", n.Way, n.Rate, n.MBs, n.P50, n.P99, n.ToNginx, n.Errors)
		}
		if err := tw.Flush(); err != nil {
			return fmt.Errorf("print the table: %w", err)
		}
	}
	fmt.Fprintf(w, "\nresident MiB, idle and after the load\n")
	var mem []memory
	for _, way := range ways {
		if len(way.procs) > 0 {
			mem = append(mem, memory{way.name, way.idle, way.loaded})
			fmt.Fprintf(w, "%14s  %5.1f  %5.1f\n", way.name, float64(way.idle)/(1<<20), float64(way.loaded)/(1<<20))
		}
	}
	fmt.Fprintln(w, strings.TrimSpace(`
ratios are to the better nginx of the same round, medians over the rounds; the load generator and the backend share the cores`))
	return rig.Result(w, map[string]any{"bench": "proxy", "machine": rig.ThisMachine(), "lines": lines, "resident": mem})
}
