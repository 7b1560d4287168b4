package synth

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/trend"
)

const mib = 1 << 20

// leak is growth that does not end.
type leak struct {
	perSecond  float64 // bytes
	perRequest float64 // bytes
	onset      float64 // seconds
	every      float64 // seconds; more than 0: in steps
	native     bool
	slack      bool // the heap holds it, and nothing lives in it
	kernel     bool
}

// fill is growth that ends.
type fill struct {
	size   float64 // bytes
	over   float64 // seconds: the time constant, or the whole of a straight fill
	begins float64 // seconds of a generation's age
	shape  shape
}

type shape uint8

const (
	bending     shape = iota // a cache with popular keys
	straight                 // a cache with keys that never come again
	logarithmic              // an arena that fragments
	wave                     // slow start, quick middle, slow end: lazy loading
)

// model is a worker as a sum of parts. Sizes are bytes, times seconds.
type model struct {
	hours, step float64
	limit, base float64
	rough       float64 // deviation of the noise that forgets
	memory      float64 // its time constant
	walk        float64 // deviation an hour of noise that wanders
	saw, tooth  float64 // a collector's height, and its period
	rate        float64 // requests a second
	swing       float64 // share of the rate that a day's wave takes
	hump        float64 // a moment of the day's wave
	each        float64 // bytes a request in flight holds
	latency     float64
	bursts      []burst
	fills       []fill
	jumps       []burst
	leak        leak
	restart     float64 // a generation's length; 0 for one generation
	cache       float64 // growth of the page cache a second
	missing     float64 // chance that a gap begins at a sample
	tellsLoad   bool
	tellsHeap   bool
	cause       string
}

// burst is a size that is there from..to.
type burst struct{ from, to, size float64 }

// ordinary is a worker with nothing the matter.
func ordinary(r *rand.Rand) model {
	limit := float64(int64(256)<<r.IntN(4)) * mib
	m := model{
		hours: 6, step: 1, limit: limit, base: limit * between(r, 0.15, 0.35),
		rough: limit * between(r, 0.001, 0.005), memory: between(r, 20, 200),
		rate: logBetween(r, 5, 100), latency: between(r, 0.02, 0.2), tellsLoad: r.IntN(4) > 0,
	}
	m.each = limit * between(r, 0.001, 0.02) / (m.rate * m.latency)
	m.fills = []fill{{size: limit * between(r, 0.02, 0.1), over: between(r, 30, 240)}} // a start
	m.tellsHeap = r.IntN(2) > 0
	return m
}

func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

func logBetween(r *rand.Rand, low, high float64) float64 {
	return low * math.Pow(high/low, r.Float64())
}

func (m *model) class() string {
	switch l := m.leak; {
	case m.cache > 0:
		return "page-cache"
	case l == leak{}:
		return ""
	case l.kernel:
		return "kernel"
	case !m.tellsHeap:
		return "unknown"
	case l.native:
		return "native"
	case l.slack:
		return "allocator-slack"
	}
	return "managed"
}

// trueRate is the mean over whole days of load.
func (m *model) trueRate() Rate {
	l := m.leak
	if l.perRequest > 0 {
		rate := Rate{PerRequest: l.perRequest}
		if m.swing == 0 {
			rate.PerSecond = l.perRequest * m.rate
		}
		return rate
	}
	rate := Rate{PerSecond: l.perSecond}
	if m.swing == 0 {
		rate.PerRequest = l.perSecond / m.rate
	}
	return rate
}

func (f *fill) at(age float64) float64 {
	if age -= f.begins; age <= 0 {
		return 0
	}
	switch f.shape {
	case straight:
		return f.size * min(age/f.over, 1)
	case logarithmic:
		return f.size * min(math.Log1p(age/f.over)/math.Log(20), 1.3)
	case wave:
		return f.size / (1 + math.Exp(-(age-f.over/2)*10/f.over))
	}
	return f.size * -math.Expm1(-age/f.over)
}

// run makes the samples.
func (m *model) run(r *rand.Rand, yield func(trend.Sample) bool) {
	var (
		phi              = math.Exp(-m.step / m.memory)
		fresh            = m.rough * math.Sqrt(1-phi*phi)
		noise, wander    float64
		requests, leaked float64
		stepped, born    float64
		hidden           float64
		generation       = uint64(1)
		phase            = r.Float64() * m.tooth
	)
	for at := 0.0; at < m.hours*3600; at += m.step {
		if m.restart > 0 && at-born >= m.restart {
			generation++
			born, leaked, stepped, requests, wander = at, 0, 0, 0, 0
		}
		age := at - born
		noise = phi*noise + fresh*r.NormFloat64()
		wander += m.walk * math.Sqrt(m.step/3600) * r.NormFloat64()
		load := m.rate * (1 + m.swing*math.Sin(2*math.Pi*(at/86400+m.hump)))
		for _, b := range m.bursts {
			if at >= b.from && at < b.to {
				load *= 1 + b.size
			}
		}
		mean := load * m.step
		requests += max(math.Round(mean+math.Sqrt(mean)*r.NormFloat64()), 0)
		mean = load * m.latency
		inFlight := max(math.Round(mean+math.Sqrt(mean)*r.NormFloat64()), 0)
		if at >= m.leak.onset {
			leaked += m.leak.perSecond*m.step + m.leak.perRequest*load*m.step
		}
		held := leaked
		if m.leak.every > 0 {
			if leaked-stepped >= m.leak.every*m.leak.perSecond {
				stepped = leaked
			}
			held = stepped
		}
		value := m.base + noise + wander + m.each*mean*0.5 + m.each*inFlight*0.5
		if m.tooth > 0 {
			_, part := math.Modf((at + phase) / m.tooth)
			value += m.saw * part
		}
		for i := range m.fills {
			value += m.fills[i].at(age)
		}
		for _, b := range m.jumps {
			if at >= b.from && at < b.to {
				value += b.size
			}
		}
		value = max(value+held, 0.02*m.limit)
		if m.leak == (leak{}) { // what is clean does not die of its limit
			value = min(value, 0.97*m.limit)
		}
		if hidden > 0 {
			hidden -= m.step
			continue
		}
		if m.missing > 0 && r.Float64() < m.missing {
			hidden = between(r, 30, 900)
		}
		if !yield(m.sample(at, value, held, requests, inFlight, generation, age)) || value >= m.limit {
			return
		}
	}
}

func (m *model) sample(at, value, held, requests, inFlight float64, generation uint64, age float64) trend.Sample {
	s := trend.Sample{
		At: time.Duration(at * float64(time.Second)), Bytes: int64(value), Limit: int64(m.limit), Generation: generation,
		File: int64(0.05*m.limit + m.cache*at), Kernel: int64(0.01 * m.limit),
	}
	if m.tellsLoad {
		s.Requests, s.InFlight = int64(requests), inFlight
	}
	s.Threads, s.FDs = 12, 40+int64(inFlight)
	if m.tellsHeap {
		heap := 0.6 * (value - held)
		slack := 0.2 * (value - held)
		switch {
		case m.leak.native, m.leak.kernel:
		case m.leak.slack:
			slack += held
		default:
			heap += held
		}
		s.Heap, s.Committed = int64(heap), int64(heap+slack)
	}
	if m.leak.kernel {
		s.Kernel += int64(held)
	}
	const one = 64 << 10 // what a leaked thread, descriptor or goroutine is taken to hold
	switch m.cause {
	case "threads":
		s.Threads += int64(held / one)
	case "file descriptors":
		s.FDs += int64(held / one)
	case "goroutines":
		s.Goroutines = 30 + int64(inFlight) + int64(held/one)
	}
	return s
}

// fit makes what comes and goes small enough for the limit: a clean worker that
// dies of its limit is not clean.
func (m *model) fit() {
	extra := m.saw
	for i := range m.fills {
		size := m.fills[i].size
		if m.fills[i].shape == logarithmic {
			size *= 1.3
		}
		extra += size
	}
	most := 1 + m.swing
	for _, b := range m.jumps {
		extra += b.size
	}
	for _, b := range m.bursts {
		most *= 1 + b.size // bursts may meet
	}
	extra += m.each * m.rate * m.latency * most
	share := min((0.8*m.limit-m.base)/extra, 1)
	m.saw *= share
	m.each *= share
	for i := range m.fills {
		m.fills[i].size *= share
	}
	for i := range m.jumps {
		m.jumps[i].size *= share
	}
}
