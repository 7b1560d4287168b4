package main

import "github.com/stanch-dev/stanch/internal/lab/verdict"

// The claims that the experiments judge, and what has to be so for each.

const smallest = 256.0 // bytes a request

func gates() []verdict.Criterion {
	load := verdict.Place{Window: "load"}
	return []verdict.Criterion{
		{ID: "landed", Place: load, Measure: verdict.Value, Series: "landed", Is: verdict.AtLeast, Threshold: 0.98},
		{ID: "samples", Place: load, Measure: verdict.Coverage, Series: "hard", Is: verdict.AtLeast, Threshold: 0.95},
	}
}

// leakCase is "requests leave memory behind".
func leakCase() verdict.Case {
	load := verdict.Place{Window: "load"}
	slope := verdict.Criterion{Place: load, Measure: verdict.Slope, Series: "hard", Per: "requests"}
	of := func(id string, is verdict.Relation, threshold float64) verdict.Criterion {
		c := slope
		c.ID, c.Is, c.Threshold = id, is, threshold
		return c
	}
	weakest := of("every-cycle", verdict.AtLeast, 0.4)
	weakest.Measure = verdict.Weakest
	filling := of("filling", verdict.Below, 0.6)
	filling.Measure, filling.Least, filling.Confidence = verdict.Saturating, 2*smallest, 0.95
	more := of("by-load", verdict.Above, 10*smallest) // busy seconds leave more behind than quiet ones
	more.Per, more.Against = "", &verdict.Against{Place: verdict.Place{Window: "baseline"}}
	idle := verdict.Criterion{
		ID: "without-load", Place: verdict.Place{Window: "baseline"}, Measure: verdict.Slope, Series: "hard",
		Against: &verdict.Against{Place: load, Ratio: true}, Is: verdict.Above, Threshold: 0.8, Confidence: 0.95,
	}
	planted := of("", verdict.Above, smallest)
	twice := of("", verdict.Within, smallest)
	twice.Place.Variant, twice.Against = "one", &verdict.Against{Place: verdict.Place{Variant: "other"}}
	return verdict.Case{
		Gates: gates(),
		Controls: []verdict.Control{
			{Name: "planted", Kind: verdict.Positive, Criterion: planted},
			{Name: "twice", Kind: verdict.Negative, Criterion: twice},
		},
		Proof:    []verdict.Criterion{of("grows", verdict.Above, smallest), weakest, more},
		Disproof: []verdict.Criterion{of("flat", verdict.Within, smallest), filling, idle},
		Repeats:  verdict.Repeats{Least: 3},
	}
}

// incidentCase is "memory gets critical and brings the service down, and the remedy ends
// it".
func incidentCase() verdict.Case {
	incident, recovery := verdict.Place{Window: "incident"}, verdict.Place{Window: "recovery"}
	memory := verdict.Signal{Name: "memory is critical", Series: "hard", Is: verdict.Above, Threshold: 2.5 * gb}
	slow := verdict.Signal{Name: "p95 is over 8 s", Series: "p95", Is: verdict.Above, Threshold: 8000, Hold: 20}
	fails := verdict.Signal{Name: "over 15 % fail", Series: "failures", Is: verdict.Above, Threshold: 0.15, Hold: 20}
	exit := verdict.Signal{Name: "the worker is killed", Series: "exit", Is: verdict.Above, Threshold: 0.5}
	others := verdict.Signal{Name: "a dependency fails", Series: "dependency", Is: verdict.Above, Threshold: 0.15, Hold: 20}
	const kept = verdict.Retained
	return verdict.Case{
		Gates: gates(),
		Proof: []verdict.Criterion{
			{ID: "critical", Place: incident, Measure: verdict.Max, Series: "hard", Is: verdict.AtLeast, Threshold: 2.5 * gb},
			{ID: "same-window", Place: incident, Measure: verdict.Aligned, Signals: []verdict.Signal{memory, slow, fails, exit}, Others: []verdict.Signal{others}, Tolerance: 30},
			{ID: "heals", Place: recovery, Measure: kept, Series: "hard", Base: "baseline", Peak: "incident", Is: verdict.Below, Threshold: 0.2},
			{ID: "fast", Place: recovery, Measure: verdict.Percentile, Series: "p95", At: 0.9, Is: verdict.Below, Threshold: 1200},
		},
		Disproof: []verdict.Criterion{
			{ID: "never-critical", Place: incident, Measure: verdict.Max, Series: "hard", Is: verdict.Below, Threshold: 2.5 * gb},
			{ID: "dependency", Place: incident, Measure: verdict.Aligned, Signals: []verdict.Signal{others, fails}, Others: []verdict.Signal{memory}, Tolerance: 15},
			{ID: "no-effect", Place: recovery, Measure: kept, Series: "hard", Base: "baseline", Peak: "incident", Is: verdict.Above, Threshold: 0.5},
		},
		Repeats: verdict.Repeats{Least: 3},
	}
}

// remedyCase is "variant b leaves less than half of what a does".
func remedyCase() verdict.Case {
	half := verdict.Criterion{
		ID: "half", Place: verdict.Place{Variant: "b", Window: "load"}, Measure: verdict.Slope, Series: "hard", Per: "requests",
		Against: &verdict.Against{Place: verdict.Place{Variant: "a"}, Paired: true, Ratio: true}, Is: verdict.Below, Threshold: 0.5,
	}
	same := half
	same.ID, same.Is, same.Threshold, same.Confidence = "no-effect", verdict.Above, 0.8, 0.95
	leaks := verdict.Criterion{ID: "a-leaks", Place: verdict.Place{Variant: "a", Window: "load"}, Measure: verdict.Slope, Series: "hard", Per: "requests", Is: verdict.Above, Threshold: smallest}
	landed := gates()[0]
	landed.Place.Variant = "a"
	return verdict.Case{
		Gates: []verdict.Criterion{landed}, Proof: []verdict.Criterion{leaks, half}, Disproof: []verdict.Criterion{same},
		Comparisons: []verdict.Comparison{{Name: "memory", A: "a", B: "b", Window: "load", Measure: verdict.Slope, Series: "hard", Per: "requests", Smallest: smallest}},
		Repeats:     verdict.Repeats{Least: 6},
	}
}
