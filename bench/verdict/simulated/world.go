package main

import (
	"math"
	"math/rand/v2"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// Seconds of a run's phases. A leak is looked for in baseline and load, an incident in
// all of them.
var (
	leakPhases     = []verdict.Window{{Name: "baseline", From: 0, To: 600}, {Name: "load", From: 600, To: 2400}}
	incidentPhases = []verdict.Window{{Name: "baseline", From: 0, To: 600}, {Name: "load", From: 600, To: 1500}, {Name: "incident", From: 1500, To: 2100}, {Name: "recovery", From: 2100, To: 3000}}
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gb  = 1e9
)

// world is a simulated worker under a simulated load. All that it does is arithmetic.
type world struct {
	phases []verdict.Window
	quiet  float64 // requests a second in the baseline
	busy   float64 // and after it

	level    float64 // bytes at the start
	request  float64 // bytes that a request leaves behind
	second   float64 // bytes that a second does
	cache    float64 // bytes of a cache
	fill     float64 // requests in which it fills to all but a third
	saw      float64 // bytes that a collector gives back at once
	period   float64 // seconds between its collections
	noise    float64 // standard deviation of what is new in the noise each second, bytes
	memory   float64 // of the noise, from one second to the next
	page     float64 // bytes of page cache a second
	restart  float64 // seconds between restarts; 0 is none
	missing  [2]float64
	landed   float64
	finished bool

	bulge  pulse // memory beside all that
	slow   pulse // p95 over eight seconds
	fails  pulse // a third of the requests fails
	others pulse // a dependency fails
	exits  []float64
	kept   float64 // share of the bulge that stays after it
}

// pulse is a stretch of time, and how high.
type pulse struct{ from, to, high float64 }

func (p pulse) at(t float64) float64 {
	if t >= p.from && t < p.to {
		return p.high
	}
	return 0
}

// leaking is a plain worker under a plain load.
func leaking(request float64) world {
	return world{phases: leakPhases, quiet: 2, busy: 20, level: 200 * mib, request: request, noise: 200 * kib, memory: 0.9, landed: 1, finished: true}
}

// run simulates it once.
func (w world) run(repeat int, variant string, r *rand.Rand) verdict.Run {
	run := verdict.Run{Repeat: repeat, Variant: variant, Order: 1, Windows: w.phases, Finished: w.finished}
	end := w.phases[len(w.phases)-1].To
	run.Facts = []verdict.Fact{{Window: "load", Name: "landed", Value: w.landed}}
	hard, requests, page := verdict.Series{Name: "hard"}, verdict.Series{Name: "requests"}, verdict.Series{Name: "file"}
	p95, failures, dependency := verdict.Series{Name: "p95"}, verdict.Series{Name: "failures"}, verdict.Series{Name: "dependency"}
	exit := verdict.Series{Name: "exit"}
	for _, at := range w.exits {
		exit.At, exit.Value = append(exit.At, at), append(exit.Value, 1)
	}
	add := func(s *verdict.Series, at, value float64) { s.At, s.Value = append(s.At, at), append(s.Value, value) }
	noise, total, since, began := 0.0, 0.0, 0.0, 0.0
	for t := 0.0; t < end; t++ {
		rate := w.busy
		if t < w.phases[0].To {
			rate = w.quiet
		}
		came := max(0, math.Round(rate+math.Sqrt(rate)*r.NormFloat64()))
		total, since = total+came, since+came
		noise = w.memory*noise + w.noise*r.NormFloat64()
		if w.restart > 0 && t > 0 && math.Mod(t, w.restart) == 0 {
			run.Breaks = append(run.Breaks, t)
			since, began = 0, t
		}
		bytes := w.level + w.request*since + w.second*(t-began) + noise + w.bulge.at(t)
		if w.cache > 0 {
			bytes += w.cache * (1 - math.Exp(-since/w.fill))
		}
		if w.saw > 0 {
			bytes += w.saw * math.Mod(t, w.period) / w.period
		}
		if t >= w.bulge.to {
			bytes += w.kept * w.bulge.high
		}
		add(&requests, t, total)
		if t < w.missing[0] || t >= w.missing[1] {
			add(&hard, t, bytes)
			add(&page, t, w.page*t+4*mib*r.Float64())
		}
		if math.Mod(t, 5) == 0 {
			add(&p95, t, (300+w.slow.at(t))*math.Exp(0.1*r.NormFloat64()))
			add(&failures, t, max(0, 0.002+w.fails.at(t)+0.002*r.NormFloat64()))
			add(&dependency, t, max(0, 0.002+w.others.at(t)+0.002*r.NormFloat64()))
		}
	}
	run.Series = []verdict.Series{hard, requests, page, p95, failures, dependency, exit}
	return run
}
