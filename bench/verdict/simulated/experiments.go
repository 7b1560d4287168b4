package main

import (
	"math/rand/v2"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// experiment is a claim about a simulated world, with the truth.
type experiment struct {
	name  string
	truth verdict.Outcome
	plan  func() verdict.Case
	runs  func(r *rand.Rand) []verdict.Run
}

// experiments are all that are planted: nine true ones, nine false ones, ten that
// nobody could decide.
func experiments() []experiment {
	leak := func(name string, truth verdict.Outcome, change func(w *world)) experiment {
		return experiment{name, truth, leakCase, func(r *rand.Rand) []verdict.Run {
			w := leaking(2 * kib)
			change(&w)
			return leakRuns(r, w, 3)
		}}
	}
	incident := func(name string, truth verdict.Outcome, change func(w *world, r *rand.Rand)) experiment {
		return experiment{name, truth, incidentCase, func(r *rand.Rand) (runs []verdict.Run) {
			for repeat := 1; repeat <= 3; repeat++ {
				w := breaking(r)
				change(&w, r)
				runs = append(runs, w.run(repeat, "a", r))
			}
			return runs
		}}
	}
	remedy := func(name string, truth verdict.Outcome, a, b, spread float64) experiment {
		return experiment{name, truth, remedyCase, func(r *rand.Rand) []verdict.Run { return pairedRuns(r, a, b, spread) }}
	}
	return []experiment{
		leak("a leak of 2 KiB a request", verdict.Supported, func(*world) {}),
		leak("a leak beneath a collector's teeth", verdict.Supported, func(w *world) { w.saw, w.period = 30*mib, 11 }),
		leak("a leak in noise that remembers a minute", verdict.Supported, func(w *world) { w.memory, w.noise = 0.985, 100*kib }),
		leak("a leak whose worker was restarted in between", verdict.Supported, func(w *world) { w.restart = 1300 }),
		leak("a leak of 64 KiB beside growth without load", verdict.Supported, func(w *world) { w.request, w.second = 64*kib, 10*kib }),
		leak("a leak at half the load", verdict.Supported, func(w *world) { w.quiet, w.busy = 1, 10 }),
		incident("critical memory brings the service down", verdict.Supported, func(*world, *rand.Rand) {}),
		incident("and a dependency fails as a consequence", verdict.Supported, func(w *world, _ *rand.Rand) {
			w.others = pulse{w.fails.from + 25, w.fails.to, 0.4}
		}),
		remedy("a remedy that leaves a twentieth", verdict.Supported, 4*kib, 0.2*kib, 0.1),

		leak("a cache that fills and is full", verdict.NotSupported, func(w *world) { w.request, w.cache, w.fill = 0, 300*mib, 5000 }),
		leak("growth without load", verdict.NotSupported, func(w *world) { w.request, w.second = 0, 40*kib }),
		leak("a leak elsewhere: the page cache", verdict.NotSupported, func(w *world) { w.request, w.page = 0, 100*kib }),
		leak("a leak that is smaller than matters", verdict.NotSupported, func(w *world) { w.request = 40 }),
		leak("no leak beneath a collector's teeth", verdict.NotSupported, func(w *world) { w.request, w.saw, w.period = 0, 30*mib, 11 }),
		incident("the dependency was at fault", verdict.NotSupported, func(w *world, r *rand.Rand) {
			w.others = pulse{w.fails.from - 3, w.fails.to, 0.4}
			w.bulge.from, w.exits = w.fails.from+200+40*r.Float64(), nil
		}),
		incident("memory never was critical", verdict.NotSupported, func(w *world, _ *rand.Rand) { w.bulge.high, w.exits = 1.5*gb, nil }),
		incident("a remedy after which the memory stays", verdict.NotSupported, func(w *world, _ *rand.Rand) { w.kept = 0.9 }),
		remedy("a remedy without effect", verdict.NotSupported, 4*kib, 4*kib, 0.03),

		{"too short", verdict.Inconclusive, leakCase, func(r *rand.Rand) []verdict.Run {
			w := leaking(0.3 * kib)
			w.phases = []verdict.Window{{Name: "baseline", From: 0, To: 20}, {Name: "load", From: 20, To: 60}}
			return leakRuns(r, w, 3)
		}},
		leak("a leak of just what matters", verdict.Inconclusive, func(w *world) { w.request = smallest }),
		leak("memory that wanders by more than matters", verdict.Inconclusive, func(w *world) { w.request, w.memory = 4*kib, 1 }),
		leak("load that did not land", verdict.Inconclusive, func(w *world) { w.landed = 0.7 }),
		leak("a telemetry gap in the load", verdict.Inconclusive, func(w *world) { w.missing = [2]float64{900, 1500} }),
		leak("a run that was cut short", verdict.Inconclusive, func(w *world) { w.finished = false }),
		{"a planted leak that was not seen", verdict.Inconclusive, leakCase, func(r *rand.Rand) []verdict.Run {
			runs := leakRuns(r, leaking(2*kib), 3)
			blind := leaking(0).run(1, "a", r)
			blind.Control = "planted"
			runs[3] = blind
			return runs
		}},
		{"the same twice that differs", verdict.Inconclusive, leakCase, func(r *rand.Rand) []verdict.Run {
			runs := leakRuns(r, leaking(2*kib), 3)
			other := leaking(6*kib).run(1, "one", r)
			other.Control = "twice"
			runs[4] = other
			return runs
		}},
		incident("signals in different windows", verdict.Inconclusive, func(w *world, r *rand.Rand) {
			w.fails.from, w.fails.to = 1900+40*r.Float64(), 2090
			w.slow = pulse{w.fails.from, 2090, 9000}
			w.bulge = pulse{1550 + 50*r.Float64(), 1750, w.bulge.high}
			w.exits = []float64{w.bulge.from + 20}
		}),
		{"repeats that disagree", verdict.Inconclusive, leakCase, func(r *rand.Rand) []verdict.Run {
			runs := leakRuns(r, leaking(2*kib), 3)
			runs[1] = leaking(0).run(2, "a", r)
			return runs
		}},
	}
}

// leakRuns are the repeats of a world, then its controls: a planted leak of 1 KiB a
// request more, and the world without its leak twice.
func leakRuns(r *rand.Rand, w world, repeats int) (runs []verdict.Run) {
	for repeat := range repeats {
		runs = append(runs, w.run(repeat+1, "a", r))
	}
	planted, clean := w, w
	planted.request += kib
	clean.request, clean.cache, clean.second = 0, 0, 0
	for _, control := range []struct {
		name, variant string
		w             world
	}{{"planted", "a", planted}, {"twice", "one", clean}, {"twice", "other", clean}} {
		run := control.w.run(1, control.variant, r)
		run.Control = control.name
		runs = append(runs, run)
	}
	return runs
}

// breaking is a worker that gets critical at some moment of the incident; all else
// follows within seconds.
func breaking(r *rand.Rand) world {
	w := leaking(0)
	w.phases, w.level = incidentPhases, 500*mib
	from := 1600 + 200*r.Float64()
	w.bulge = pulse{from, from + 250, 2.4 * gb}
	w.slow = pulse{from + 5 + 10*r.Float64(), from + 260, 9000}
	w.fails = pulse{from + 5 + 10*r.Float64(), from + 260, 0.35}
	w.exits = []float64{from + 20, from + 110, from + 200}
	w.kept = 0.05
	return w
}

// pairedRuns are six repeats of two variants in ABBA order, whose leaks differ from
// repeat to repeat by a share.
func pairedRuns(r *rand.Rand, a, b, spread float64) (runs []verdict.Run) {
	for repeat := 1; repeat <= 6; repeat++ {
		for i, request := range []float64{a, b} {
			run := leaking(request*(1+spread*r.NormFloat64())).run(repeat, string(rune('a'+i)), r)
			run.Order = 1 + (i+repeat)%2
			runs = append(runs, run)
		}
	}
	return runs
}
