package report

import (
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/stats"
)

// cost is what requests took in a phase, over all runs that gave it to a variant.
type cost struct {
	phase, variant string
	runs           int
	seconds        float64
	calls, failed  int
	ms             []float64
	used           []float64 // bytes
	grown          float64   // bytes, of the floors within processes
	over           int       // requests in the time of those
}

// costs are those of each judged phase and variant, in the order of the phases.
func (f *Findings) costs(tracks []*track) (all []*cost) {
	for i := range f.Experiment.Phases {
		p := &f.Experiment.Phases[i]
		if !p.Judge {
			continue
		}
		for _, t := range tracks {
			for k := range t.phases {
				s := &t.phases[k]
				if s.Name != p.Name || !(s.To > s.From) {
					continue
				}
				at := slices.IndexFunc(all, func(c *cost) bool { return c.phase == s.Name && c.variant == s.variant })
				if at < 0 {
					at = len(all)
					all = append(all, &cost{phase: s.Name, variant: s.variant})
				}
				all[at].add(t, s)
			}
		}
	}
	return slices.DeleteFunc(all, func(c *cost) bool { return c.calls == 0 && len(c.used) == 0 })
}

// add a phase of a run.
func (c *cost) add(t *track, s *stretch) {
	c.runs++
	c.seconds += s.To - s.From
	for _, one := range t.calls {
		if one.at < s.From || one.at >= s.To {
			continue
		}
		if one.begun {
			c.calls++
		}
		if one.begun && one.failed {
			c.failed++
		}
		if finite(one.ms) {
			c.ms = append(c.ms, one.ms)
		}
	}
	const used = 0 // of AllSeries
	var process []lab.Sample
	for _, sample := range t.Samples {
		if sample.At < s.From || sample.At >= s.To || sample.Generation == 0 || !finite(sample.Values[used]) {
			continue
		}
		c.used = append(c.used, sample.Values[used])
		if n := len(process); n > 0 && process[n-1].Generation != sample.Generation {
			c.grow(t, process)
			process = process[:0]
		}
		process = append(process, sample)
	}
	c.grow(t, process)
}

// leastSamples is from how many samples of a process on its floor is told twice.
const leastSamples = 16

// grow notes by how much the floor of one process rose: the least of its last eighth
// less that of its first one.
func (c *cost) grow(t *track, process []lab.Sample) {
	n := len(process)
	if n < leastSamples {
		return
	}
	floor := func(some []lab.Sample) float64 {
		least := math.Inf(1)
		for _, s := range some {
			least = min(least, s.Values[0])
		}
		return least
	}
	from, to := process[n/16].At, process[n-1-n/16].At
	requests := 0
	for _, one := range t.calls {
		if one.done >= from && one.done < to {
			requests++
		}
	}
	if requests > 0 {
		c.grown += floor(process[n-n/8:]) - floor(process[:n/8])
		c.over += requests
	}
}

// costRow is a cost as the page shows it.
type costRow struct {
	Phase, Variant, Requests, Rate, Failed, Mean, P50, P95, Used, Highest, Kept string
	MsBar, UsedBar                                                              string // widths
}

func (f *Findings) costRows(tracks []*track) (rows []costRow) {
	w := wordsOf(f.Experiment)
	costs := f.costs(tracks)
	mostMs, mostUsed := 0.0, 0.0
	for _, c := range costs {
		slices.Sort(c.ms)
		slices.Sort(c.used)
		mostMs = max(mostMs, orZero(stats.Quantile(c.ms, 0.95)))
		mostUsed = max(mostUsed, orZero(stats.Quantile(c.used, 1)))
	}
	for _, c := range costs {
		sum := 0.0
		for _, v := range c.ms {
			sum += v
		}
		p95, highest := stats.Quantile(c.ms, 0.95), stats.Quantile(c.used, 1)
		row := costRow{
			Phase: c.phase, Variant: c.variant, Requests: number(float64(c.calls)), Rate: number(float64(c.calls) / c.seconds),
			Failed: dash(percent, float64(c.failed)/float64(c.calls)), Mean: dash(millis, sum/float64(len(c.ms))),
			P50: dash(millis, stats.Quantile(c.ms, 0.5)), P95: dash(millis, p95),
			Used: dash(w.bytes, stats.Quantile(c.used, 0.5)), Highest: dash(w.bytes, highest),
			Kept:  dash(w.bytes, c.grown/float64(c.over)),
			MsBar: bar(p95, mostMs), UsedBar: bar(highest, mostUsed),
		}
		rows = append(rows, row)
	}
	return rows
}

// dash is a number in words; a dash where there is none.
func dash(print func(float64) string, v float64) string {
	if !finite(v) {
		return "–"
	}
	return print(v)
}

// bar is the width of a bar, of 100 %.
func bar(v, most float64) string {
	if !finite(v) || !(most > 0) {
		return "0%"
	}
	return share(v / most)
}
