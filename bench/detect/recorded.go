package main

import (
	"slices"

	"github.com/stanch-dev/stanch/bench/traces/corpus"
)

// stretches are how many times time is stretched when the corpus is measured: the
// recordings last an hour, and a slow leak takes half a day.
var stretches = [...]int{1, 6}

// recorded measures the corpus of recorded traces, with time stretched.
func recorded(stretch int, rules func() []rule) (outcomes []outcome, err error) {
	labels, err := corpus.Labels()
	if err != nil {
		return nil, err
	}
	for _, label := range labels {
		samples, err := corpus.Read(label.ID, stretch)
		if err != nil {
			return nil, err
		}
		label = corpus.Stretched(label, stretch)
		label.App = label.ID
		o := measure(label, slices.Values(samples), rules())
		for _, e := range label.Events {
			if e.Kind == "killed at its limit" {
				o.limitAt = e.At
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}
