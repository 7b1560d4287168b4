package main

import (
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// outcome is what became of one trace.
type outcome struct {
	label   synth.Label
	hours   float64
	alarms  map[string]float64 // when each rule first called a leak, in seconds
	lost    map[string]float64 // bytes that had leaked by then
	first   trend.Report       // stanch's, when it called
	final   trend.Report
	limitAt float64 // when the trace reached its limit, or 0
	suspect float64 // when stanch first suspected, or 0
}

// asked is how many seconds there are between two looks at the rules.
const asked = 60

// measure runs one trace through all rules.
func measure(label synth.Label, samples iter.Seq[trend.Sample], rules []rule) outcome {
	o := outcome{label: label, alarms: map[string]float64{}, lost: map[string]float64{}}
	d := trend.New(trend.Config{})
	minute := -1
	var at float64
	for s := range samples {
		at = s.At.Seconds()
		d.Observe(s)
		for _, r := range rules {
			r.observe(s)
		}
		if s.Limit > 0 && s.Bytes >= s.Limit {
			o.limitAt = at
		}
		if int(at)/asked == minute {
			continue
		}
		minute = int(at) / asked
		state := d.State()
		if o.suspect == 0 && (state == trend.Suspect || state.Leaks()) {
			o.suspect = at
		}
		if _, done := o.alarms[ours]; !done && state.Leaks() {
			o.alarm(ours, at)
			o.first = d.Report()
		}
		for _, r := range rules {
			if _, done := o.alarms[r.name()]; !done && r.leaks() {
				o.alarm(r.name(), at)
			}
		}
	}
	o.hours = at / 3600
	o.final = d.Report()
	return o
}

func (o *outcome) alarm(name string, at float64) {
	o.alarms[name] = at
	o.lost[name] = max(at-o.label.Onset, 0) * o.label.Rate.PerSecond
}

// right says whether a rule called the trace right: a leak after its onset, or a clean one never.
func (o *outcome) right(name string) bool {
	at, called := o.alarms[name]
	if o.label.Clean {
		return !called
	}
	return called && at >= o.label.Onset
}

// covered says whether the interval that stanch gives holds the true rate, and
// by what share the middle is off. ok is false where there is no interval or no one true rate.
func (o *outcome) covered() (covers bool, off float64, ok bool) {
	if o.label.Clean || !o.final.State.Leaks() {
		return false, 0, false
	}
	truth, told := o.label.Rate.PerSecond, o.final.PerSecond
	if o.label.Driver == "requests" {
		truth, told = o.label.Rate.PerRequest, o.final.PerRequest
	}
	if truth == 0 || told == nil {
		return false, 0, false
	}
	return told.Lo <= truth && truth <= told.Hi, math.Abs(told.Mid-truth) / truth, true
}

// toLimit says whether the time that was left at the first alarm is in the
// interval that was told, and by what share its middle is off.
func (o *outcome) toLimit() (covers bool, off float64, ok bool) {
	at, called := o.alarms[ours]
	if !called || o.label.Clean || o.limitAt == 0 || o.first.TimeToLimit == nil || o.limitAt <= at {
		return false, 0, false
	}
	left, told := o.limitAt-at, o.first.TimeToLimit
	return told.Lo <= left && left <= told.Hi, math.Abs(told.Mid-left) / left, true
}

// complain tells a trace that stanch called wrong.
func (o *outcome) complain(w io.Writer) {
	covers, off, ok := o.covered()
	within, _, ended := o.toLimit()
	if o.right(ours) && (covers || !ok) && (within || !ended) {
		return
	}
	at, called := o.alarms[ours]
	f := o.final
	fmt.Fprintf(w, "%-28s clean=%t called=%t at %.0f min of %.0f, suspect %.0f, final %s, off %.3f covered=%t rate %.2f MiB/h",
		o.label.ID, o.label.Clean, called, at/60, o.hours*60, o.suspect/60, f.State, off, covers, o.label.Rate.PerSecond*3600/mib)
	if f.PerSecond != nil {
		fmt.Fprintf(w, ", told %.2f..%.2f", f.PerSecond.Lo*3600/mib, f.PerSecond.Hi*3600/mib)
	}
	if hit, by, ok := o.toLimit(); ok {
		fmt.Fprintf(w, ", to limit %t off %.3f of %.0f told %.0f..%.0f", hit, by, o.limitAt-at, o.first.TimeToLimit.Lo, o.first.TimeToLimit.Hi)
	}
	fmt.Fprintf(w, " limit %d MiB load %t: first %q final %q\n", o.label.Limit/mib, o.first.PerRequest != nil, o.first.Why, f.Why)
}
