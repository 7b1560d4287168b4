package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
	"unsafe"

	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

const (
	ours = "stanch"
	mib  = 1 << 20
)

// score is one rule's. Times are minutes, sizes MiB.
type score struct {
	Rule           string  `json:"rule"`
	Precision      float64 `json:"precision"`
	Recall         float64 `json:"recall"`
	F1             float64 `json:"f1"`
	FalseAlarms    int     `json:"false_alarms"` // clean traces of hours that were called leaks
	DayAlarms      int     `json:"day_alarms"`   // clean worker-days that were called leaks
	MedianMinutes  float64 `json:"median_minutes"`
	P90Minutes     float64 `json:"p90_minutes"`
	MedianMiBLost  float64 `json:"median_mib_lost"`
	BeforeTheLimit float64 `json:"before_the_limit"` // share of the leaks that reached their limit that was called before
}

// kind is stanch's result for one kind of trace.
type kind struct {
	Name    string  `json:"name"`
	Clean   bool    `json:"clean"`
	Traces  int     `json:"traces"`
	Right   int     `json:"right"`
	Minutes float64 `json:"median_minutes,omitempty"`
}

// result is the whole of a run.
type result struct {
	Split         string  `json:"split"`
	Traces        int     `json:"traces"`
	Days          int     `json:"clean_worker_days"`
	Rules         []score `json:"rules"`
	Kinds         []kind  `json:"kinds"`
	Coverage      float64 `json:"coverage"` // of 95 % intervals of the rate, when the trace ends
	CoverageOf    int     `json:"coverage_of"`
	RateOff       float64 `json:"rate_off_median"`
	RateOff90     float64 `json:"rate_off_p90"`
	LimitCoverage float64 `json:"limit_coverage"` // of the time to limit, told at the first alarm
	LimitOf       int     `json:"limit_of"`
	LimitOff      float64 `json:"limit_off_median"`
	Class         float64 `json:"class_right"`
	ClassOf       int     `json:"class_of"`
	Cause         float64 `json:"cause_right"`
	CauseOf       int     `json:"cause_of"`
	Driver        float64 `json:"driver_right"` // of those where one was named
	DriverNamed   int     `json:"driver_named"`
	SuspectedDays int     `json:"suspected_days"`
	Cost          cost    `json:"cost"`

	Recorded []result `json:"recorded,omitempty"` // the corpus, once for each stretch
}

type cost struct {
	NanosecondsASample float64 `json:"ns_a_sample"`
	BytesAWorker       int     `json:"bytes_a_worker"`
}

func tally(outcomes []outcome, rules []rule) (r result) {
	names := []string{ours}
	for _, rule := range rules {
		names = append(names, rule.name())
	}
	for _, name := range names {
		r.Rules = append(r.Rules, scoreOf(name, outcomes))
	}
	places := map[string]int{}
	minutes := map[string][]float64{}
	var off, limitOff []float64
	for i := range outcomes {
		o := &outcomes[i]
		name := o.label.App
		if _, ok := places[name]; !ok {
			places[name] = len(r.Kinds)
			r.Kinds = append(r.Kinds, kind{Name: name, Clean: o.label.Clean})
		}
		k := &r.Kinds[places[name]]
		k.Traces++
		if o.right(ours) {
			k.Right++
			if !o.label.Clean {
				minutes[name] = append(minutes[name], (o.alarms[ours]-o.label.Onset)/60)
			}
		}
		if isDay(o) {
			r.Days++
			if o.suspect > 0 {
				r.SuspectedDays++
			}
		} else {
			r.Traces++
		}
		if covers, by, ok := o.covered(); ok {
			r.CoverageOf++
			r.Coverage += one(covers)
			off = append(off, by)
		}
		if covers, by, ok := o.toLimit(); ok {
			r.LimitOf++
			r.LimitCoverage += one(covers)
			limitOff = append(limitOff, by)
		}
		if o.label.Clean || !o.right(ours) {
			continue
		}
		if o.label.Class != "unknown" {
			r.ClassOf++
			r.Class += one(string(o.first.Class) == o.label.Class)
		}
		if o.label.Cause != "" || o.first.Cause != "" { // a cause that there is not is wrong too
			r.CauseOf++
			r.Cause += one(o.first.Cause == o.label.Cause)
		}
		if o.first.Driver != trend.Undetermined {
			r.DriverNamed++
			r.Driver += one(string(o.first.Driver) == o.label.Driver)
		}
	}
	for i := range r.Kinds {
		r.Kinds[i].Minutes = quantile(minutes[r.Kinds[i].Name], 0.5)
	}
	r.Coverage = share(r.Coverage, r.CoverageOf)
	r.LimitCoverage = share(r.LimitCoverage, r.LimitOf)
	r.Class, r.Cause, r.Driver = share(r.Class, r.ClassOf), share(r.Cause, r.CauseOf), share(r.Driver, r.DriverNamed)
	r.RateOff, r.RateOff90, r.LimitOff = quantile(off, 0.5), quantile(off, 0.9), quantile(limitOff, 0.5)
	return r
}

func isDay(o *outcome) bool { return o.label.App == "day" }

func scoreOf(name string, outcomes []outcome) score {
	s := score{Rule: name}
	var hit, missed, reached, before int
	var minutes, lost []float64
	for i := range outcomes {
		o := &outcomes[i]
		right := o.right(name)
		switch {
		case isDay(o):
			s.DayAlarms += int(one(!right))
		case o.label.Clean:
			s.FalseAlarms += int(one(!right))
		case right:
			hit++
			minutes = append(minutes, (o.alarms[name]-o.label.Onset)/60)
			lost = append(lost, o.lost[name]/mib)
		default:
			missed++
		}
		if o.limitAt > 0 && !o.label.Clean {
			reached++
			before += int(one(right))
		}
	}
	s.Precision, s.Recall = share(float64(hit), hit+s.FalseAlarms), share(float64(hit), hit+missed)
	if s.Precision+s.Recall > 0 {
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
	s.MedianMinutes, s.P90Minutes, s.MedianMiBLost = quantile(minutes, 0.5), quantile(minutes, 0.9), quantile(lost, 0.5)
	s.BeforeTheLimit = share(float64(before), reached)
	return s
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func share(part float64, of int) float64 {
	if of == 0 {
		return 0
	}
	return part / float64(of)
}

func quantile(all []float64, q float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(math.Round(q*float64(len(all)-1)))]
}

// price measures the detector by itself, on samples made beforehand.
func price() cost {
	var samples []trend.Sample
	for _, k := range synth.Kinds() {
		if k.Name == "leak-request" {
			for s := range synth.Make(k, synth.Train).Each {
				samples = append(samples, s)
			}
		}
	}
	d := trend.New(trend.Config{})
	start := time.Now()
	for _, s := range samples {
		d.Observe(s)
	}
	took := time.Since(start)
	return cost{float64(took.Nanoseconds()) / float64(len(samples)), int(unsafe.Sizeof(*d)) + d.Kept()}
}

func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "split %s: %d traces and %d clean worker-days\n\n", r.Split, r.Traces, r.Days)
	fmt.Fprintf(w, "%-22s %9s %7s %6s %12s %10s %11s %8s %9s %13s\n", "rule", "precision", "recall", "F1", "false alarms", "in days", "median min", "p90 min", "MiB lost", "before limit")
	for _, s := range r.Rules {
		fmt.Fprintf(w, "%-22s %9.3f %7.3f %6.3f %12d %10d %11.0f %8.0f %9.1f %13.3f\n",
			s.Rule, s.Precision, s.Recall, s.F1, s.FalseAlarms, s.DayAlarms, s.MedianMinutes, s.P90Minutes, s.MedianMiBLost, s.BeforeTheLimit)
	}
	fmt.Fprintf(w, "\n%-22s %6s %6s %11s\n", "stanch, by kind", "right", "of", "median min")
	for _, k := range r.Kinds {
		fmt.Fprintf(w, "%-22s %6d %6d %11.0f\n", k.Name, k.Right, k.Traces, k.Minutes)
	}
	fmt.Fprintf(w, "\nrate: 95 %% intervals hold the truth %.3f of %d; the middle is off by %.3f (median), %.3f (p90)\n", r.Coverage, r.CoverageOf, r.RateOff, r.RateOff90)
	fmt.Fprintf(w, "time to limit at the first alarm: intervals hold %.3f of %d; off by %.3f (median)\n", r.LimitCoverage, r.LimitOf, r.LimitOff)
	fmt.Fprintf(w, "class right %.3f of %d, cause right %.3f of %d, driver right %.3f of %d named\n", r.Class, r.ClassOf, r.Cause, r.CauseOf, r.Driver, r.DriverNamed)
	fmt.Fprintf(w, "clean worker-days suspected at some time: %d of %d\n", r.SuspectedDays, r.Days)
}
