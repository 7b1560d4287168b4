package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/stanch-dev/stanch/bench/rig"
)

// table is what was measured, by way and round.
type table struct{ rounds []map[string]figure }

func (t *table) add(round int, w *way, f figure) {
	for len(t.rounds) <= round {
		t.rounds = append(t.rounds, map[string]figure{})
	}
	t.rounds[round][w.name] = f
}

// row is a way's line of the result.
type row struct {
	Way    string  `json:"way"`
	Rate   float64 `json:"per_second"`     // messages, or bytes; the median of the rounds
	Least  float64 `json:"least"`          // of the rounds
	Most   float64 `json:"most"`           // of the rounds
	Ratio  float64 `json:"ratio"`          // to Than within a round, the median; 0 where there is none
	Than   string  `json:"than,omitempty"` // the way that it is compared to
	Stanch float64 `json:"cpu_us"`         // of whoever takes the messages, a message; of a blob, of all
	Worker float64 `json:"worker_cpu_us"`  // of the worker
	Twice  int     `json:"twice"`          // messages that came again, in all rounds
}

func (t *table) row(w *way) row {
	r := row{Way: w.name, Than: w.than}
	var rates, ratios, taker, worker []float64
	for _, round := range t.rounds {
		f := round[w.name]
		rates = append(rates, f.rate)
		taker = append(taker, float64(f.stanch.Nanoseconds())/1e3)
		worker = append(worker, float64(f.worker.Nanoseconds())/1e3)
		if than, ok := round[w.than]; ok {
			ratios = append(ratios, f.rate/than.rate)
		}
		r.Twice += f.twice
	}
	r.Rate, r.Ratio, r.Stanch, r.Worker = median(rates), median(ratios), median(taker), median(worker)
	r.Least, r.Most = slices.Min(rates), slices.Max(rates)
	return r
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (t *table) print(out io.Writer, ways []*way) error {
	var rows []row
	for _, w := range ways {
		r := t.row(w)
		rows = append(rows, r)
		ratio := ""
		if r.Ratio > 0 {
			ratio = fmt.Sprintf("%5.2f of %s", r.Ratio, w.than)
		}
		scale, unit := 1.0, "/s"
		if w.blob {
			scale, unit = 1e6, "MB/s"
		}
		fmt.Fprintf(out, "%-34s %8.0f %-4s (%.0f to %.0f)  %6.1f + %5.1f µs  %s\n", r.Way, r.Rate/scale, unit, r.Least/scale, r.Most/scale, r.Stanch, r.Worker, ratio)
	}
	return rig.Result(out, map[string]any{"bench": "work", "machine": rig.ThisMachine(), "ways": rows})
}
