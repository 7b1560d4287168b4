package ask

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// Pair makes an experiment of two variants out of one that asks something else: the same
// load and gates, in pairs, and nothing but the metrics is judged. Without metrics of its
// own it is what a request keeps, what the worker holds and how long requests take, in
// the longest phase under load.
func Pair(e *lab.Experiment, p lab.Pairing) error {
	for _, name := range []string{p.A, p.B} {
		if !slices.ContainsFunc(e.Subject.Variants, func(v lab.Variant) bool { return v.Name == name }) {
			var known []string
			for _, v := range e.Subject.Variants {
				known = append(known, v.Name)
			}
			return fmt.Errorf("compare: there is no variant %q\nhint: there are %v", name, known)
		}
	}
	if p.A == p.B {
		return errors.New("compare: a variant is compared with itself")
	}
	var metrics []lab.Metric
	if e.Compare != nil && e.Compare.A == p.A && e.Compare.B == p.B {
		metrics = slices.Clone(e.Compare.Metrics)
		for i := range metrics {
			if metrics[i].Expect == lab.Either {
				metrics[i].Expect = lab.NoWorse
			}
		}
	} else {
		window, err := busiest(e)
		if err != nil {
			return err
		}
		metrics = usual(e, window)
		e.Hypothesis = lab.Hypothesis{Claim: fmt.Sprintf("%s is no worse than %s.", p.B, p.A)}
	}
	e.Compare = &lab.Comparison{A: p.A, B: p.B, Metrics: metrics}
	e.Proof, e.Disproof, e.Alternates, e.Signals, e.Controls = nil, nil, nil, nil, lab.Controls{}
	e.Subject.Start = ""
	e.Repeat = lab.Repeat{Least: p.Least, Most: p.Most, UntilDecided: true}
	// What changes the variant is no part of a comparison.
	for i := range e.Phases {
		e.Phases[i].Do = slices.DeleteFunc(slices.Clone(e.Phases[i].Do), func(a lab.Action) bool { return a.Use != "" })
	}
	return nil
}

// busiest is the longest judged phase that has load; of an experiment without streams the
// longest one.
func busiest(e *lab.Experiment) (string, error) {
	name, longest := "", time.Duration(0)
	for _, p := range e.Phases {
		if p.Judge && (len(p.Rates) > 0 || len(e.Load.Streams) == 0) && p.For > longest {
			name, longest = p.Name, p.For
		}
	}
	if name == "" {
		return "", errors.New("compare: no phase has load and may be judged\nhint: compare: {a: …, b: …, metrics: […]} in the file says what is looked at")
	}
	return name, nil
}

func usual(e *lab.Experiment, window string) []lab.Metric {
	in := []string{window}
	const confidence = 0.95
	metrics := []lab.Metric{
		{ID: "held", Says: "how much the worker holds", Window: in, Series: lab.Used, Expect: lab.NoWorse, By: 0.1, Confidence: confidence},
		{ID: "p50", Says: "how long a request takes", Window: in, Quantile: 0.5, Expect: lab.NoWorse, By: 0.1, Confidence: confidence},
		{ID: "p95", Says: "how long the slow ones take", Window: in, Quantile: 0.95, Expect: lab.NoWorse, By: 0.1, Confidence: confidence},
	}
	if len(e.Load.Streams) == 0 && !e.Hosted() {
		metrics = metrics[:1]
	}
	return metrics
}
