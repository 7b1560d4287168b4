package synth

import "math/rand/v2"

// Kind is a recipe for traces.
type Kind struct {
	Name  string
	Clean bool
	Day   bool // a whole day of samples at 5 seconds, for false alarms a worker-day
	make  func(*rand.Rand, *model)
}

// Kinds are all recipes, the clean ones first.
func Kinds() []Kind {
	return append(append(clean(), days()...), leaking()...)
}

func clean() []Kind {
	return []Kind{
		{Name: "flat", Clean: true, make: func(*rand.Rand, *model) {}},
		{Name: "wander", Clean: true, make: wanders},
		{Name: "random-walk", Clean: true, make: func(r *rand.Rand, m *model) { m.walk = m.limit * between(r, 0.003, 0.012) }},
		{Name: "saw", Clean: true, make: saws},
		{Name: "diurnal", Clean: true, make: swings},
		{Name: "bursts", Clean: true, make: bursts},
		{Name: "one-step", Clean: true, make: func(r *rand.Rand, m *model) {
			m.jumps = []burst{{between(r, 1800, 18000), 1e9, m.limit * between(r, 0.05, 0.25)}}
		}},
		{Name: "warm-up", Clean: true, make: func(r *rand.Rand, m *model) {
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.05, 0.3), over: between(r, 300, 1200)})
		}},
		{Name: "lazy-start", Clean: true, make: func(r *rand.Rand, m *model) {
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.05, 0.3), over: between(r, 300, 2400), begins: between(r, 0, 1800), shape: wave})
		}},
		{Name: "cache-bending", Clean: true, make: func(r *rand.Rand, m *model) {
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.1, 0.35), over: between(r, 600, 6000), begins: between(r, 0, 3600)})
		}},
		{Name: "cache-straight", Clean: true, make: func(r *rand.Rand, m *model) {
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.1, 0.35), over: between(r, 1200, 7200), begins: between(r, 0, 3600), shape: straight})
		}},
		{Name: "arena", Clean: true, make: func(r *rand.Rand, m *model) {
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.04, 0.15), over: between(r, 300, 1200), shape: logarithmic})
			m.walk = m.limit * between(r, 0.001, 0.004)
		}},
		{Name: "page-cache", Clean: true, make: func(r *rand.Rand, m *model) { m.cache = m.limit * between(r, 0.02, 0.1) / 3600 }},
		{Name: "restarts", Clean: true, make: func(r *rand.Rand, m *model) {
			m.hours, m.restart = 8, between(r, 60, 120)*60
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.05, 0.25), over: between(r, 200, 1500)})
		}},
		{Name: "missing", Clean: true, make: func(r *rand.Rand, m *model) {
			m.missing = 1.0 / 1800
			wanders(r, m)
		}},
	}
}

// days are clean worker-days, each with several of the likenesses at once.
func days() []Kind {
	return []Kind{{Name: "day", Clean: true, Day: true, make: func(r *rand.Rand, m *model) {
		m.hours, m.step, m.tellsLoad = 24, 5, true
		likenesses := clean()
		swings(r, m)
		for range 2 {
			likenesses[r.IntN(len(likenesses))].make(r, m)
		}
		m.hours = 24
		if m.restart > 0 {
			// What fills through all of a process's life is no different from a leak
			// while it lasts: let it be all but full by half of it.
			for i := range m.fills {
				f := &m.fills[i]
				f.begins = min(f.begins, 0.1*m.restart)
				if f.shape == straight || f.shape == wave {
					f.over = min(f.over, 0.4*m.restart)
				} else {
					f.over = min(f.over, 0.15*m.restart)
				}
			}
		}
	}}}
}

func wanders(r *rand.Rand, m *model) {
	m.rough, m.memory = m.limit*between(r, 0.005, 0.02), between(r, 300, 2400)
}

func saws(r *rand.Rand, m *model) {
	m.saw, m.tooth = m.limit*between(r, 0.05, 0.25), logBetween(r, 20, 1500)
}

func swings(r *rand.Rand, m *model) {
	m.swing, m.hump, m.tellsLoad = between(r, 0.3, 0.8), r.Float64(), true
	m.each *= 4
}

func bursts(r *rand.Rand, m *model) {
	for range 2 + r.IntN(5) {
		from := between(r, 0, m.hours*3600)
		m.bursts = append(m.bursts, burst{from, from + between(r, 60, 1800), between(r, 1, 5)})
	}
}

// leaks sets a rate by time as shares of the limit an hour.
func leaks(r *rand.Rand, m *model, low, high float64) {
	m.leak.perSecond = m.limit * logBetween(r, low, high) / 3600
}

func leaking() []Kind {
	perRequest := func(r *rand.Rand, m *model, low, high float64) {
		m.tellsLoad = true
		m.leak.perRequest = m.limit * logBetween(r, low, high) / 3600 / m.rate
	}
	return []Kind{
		{Name: "leak", make: func(r *rand.Rand, m *model) { leaks(r, m, 0.015, 0.2) }},
		{Name: "leak-slow", make: func(r *rand.Rand, m *model) {
			m.hours, m.step = 24, 5
			leaks(r, m, 0.006, 0.015)
		}},
		{Name: "leak-late", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.03, 0.2)
			m.hours, m.leak.onset = 8, between(r, 1800, 9000)
		}},
		{Name: "leak-request", make: func(r *rand.Rand, m *model) { perRequest(r, m, 0.015, 0.2) }},
		{Name: "leak-request-diurnal", make: func(r *rand.Rand, m *model) {
			m.hours, m.step = 12, 2
			swings(r, m)
			perRequest(r, m, 0.015, 0.1)
		}},
		{Name: "leak-time-diurnal", make: func(r *rand.Rand, m *model) {
			m.hours, m.step = 12, 2
			swings(r, m)
			leaks(r, m, 0.015, 0.1)
		}},
		{Name: "leak-saw", make: func(r *rand.Rand, m *model) {
			saws(r, m)
			leaks(r, m, 0.03, 0.2)
		}},
		{Name: "leak-wander", make: func(r *rand.Rand, m *model) {
			wanders(r, m)
			m.hours = 12
			m.step = 2
			leaks(r, m, 0.02, 0.06)
		}},
		{Name: "leak-steps", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.03, 0.15)
			m.leak.every = between(r, 300, 1500)
		}},
		{Name: "leak-bursts", make: func(r *rand.Rand, m *model) {
			bursts(r, m)
			leaks(r, m, 0.02, 0.15)
		}},
		{Name: "leak-warm-up", make: func(r *rand.Rand, m *model) {
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.05, 0.2), over: between(r, 300, 1200)})
			leaks(r, m, 0.02, 0.15)
			m.hours = 8
		}},
		{Name: "leak-cache", make: func(r *rand.Rand, m *model) {
			m.fills = append(m.fills, fill{size: m.limit * between(r, 0.05, 0.2), over: between(r, 600, 2400)})
			leaks(r, m, 0.03, 0.1)
			m.hours = 10
		}},
		{Name: "leak-restarts", make: func(r *rand.Rand, m *model) {
			m.hours, m.restart = 10, between(r, 70, 110)*60
			leaks(r, m, 0.05, 0.25)
		}},
		{Name: "leak-missing", make: func(r *rand.Rand, m *model) {
			m.missing = 1.0 / 1800
			leaks(r, m, 0.02, 0.2)
		}},
		{Name: "leak-fast", make: func(r *rand.Rand, m *model) {
			m.hours = 4
			leaks(r, m, 1, 5)
			m.leak.onset = between(r, 0, 5400)
		}},
		{Name: "leak-native", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.02, 0.2)
			m.leak.native, m.tellsHeap = true, true
		}},
		{Name: "leak-slack", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.02, 0.2)
			m.leak.slack, m.tellsHeap = true, true
		}},
		{Name: "leak-kernel", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.02, 0.2)
			m.leak.kernel = true
		}},
		{Name: "leak-threads", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.02, 0.2)
			m.leak.native, m.tellsHeap, m.cause = true, true, "threads"
		}},
		{Name: "leak-descriptors", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.02, 0.2)
			m.tellsHeap, m.cause = true, "file descriptors"
		}},
		{Name: "leak-goroutines", make: func(r *rand.Rand, m *model) {
			leaks(r, m, 0.02, 0.2)
			m.tellsHeap, m.cause = true, "goroutines"
		}},
	}
}
