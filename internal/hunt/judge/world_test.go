package judge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/design"
	"github.com/stanch-dev/stanch/internal/hunt/judge"
)

// world is a worker that is simulated: what its requests do to memory, and how
// unsteady its floors are. All sizes are bytes, all rates a second.
type world struct {
	leaks     map[string]float64 // native bytes a request
	retains   map[string]float64 // live bytes a request
	fragments map[string]float64 // heap bytes that are held and not used, a request
	caches    map[string]cache   // what a cache still takes
	takes     map[string]float64 // bytes a request of a pool
	gives     map[string]float64 // bytes a request back to the pool, as far as it reaches
	noise     float64            // standard deviation of a floor's reading
	forgets   float64            // correlation of one reading's noise with the next one's
	heavy     bool               // readings have tails of Student's t with 2.5 degrees
	wander    float64            // standard deviation of the level's walk in a second
	drift     float64            // growth a second, load or not
	saw       float64            // height of the saw-tooth of a collector that can't be told to collect
	churn     float64            // bytes a request that the collector has to take away
	arena     float64            // memory comes in arenas of this size
	touches   cache              // what all requests together touch for the first time
	settles   float64            // growth that dies down within two minutes of the start, load or not
	jumps     float64            // odds that a block leaves a jump of 8 MiB for good
	own       map[string]float64 // noise of an endpoint's blocks beside the others'
	glow      map[string]float64 // what its blocks leave until the next block of another takes it back
	heap      bool               // the runtime tells its heap
	rate      float64
	unsteady  float64 // standard deviation of a block's rate, as a share
	settle    time.Duration
	deaths    map[string]float64 // odds that a block of it kills the worker
}

// cache takes size for each request of a new key until it is full.
type cache struct {
	keys, size float64
}

// run is one side of a hunt in a world.
type run struct {
	w          world
	r          *rand.Rand
	now        time.Duration
	level      float64 // native bytes
	live       float64
	slack      float64
	pool       float64
	reading    float64 // noise of the last reading
	phase      float64
	touched    float64
	last       string // the endpoint that was driven
	filled     map[string]float64
	generation uint64
	floor      hunt.Floor
}

func newRun(w world, seed uint64) *run {
	if w.rate == 0 {
		w.rate = 1000
	}
	if w.settle == 0 {
		w.settle = 2 * time.Second
	}
	g := &run{w: w, r: rand.New(rand.NewPCG(seed, 99)), level: 80 << 20, live: 20 << 20, slack: 10 << 20, filled: map[string]float64{}}
	g.floor = g.read()
	return g
}

func (g *run) read() hunt.Floor {
	fresh := g.r.NormFloat64()
	if g.w.heavy {
		// Student's t with 2.5 degrees of freedom has the variance 5.
		square := 0.0
		for range 5 {
			square += math.Pow(g.r.NormFloat64(), 2)
		}
		fresh = fresh / math.Sqrt(square/5*0.5) / math.Sqrt(5)
	}
	g.reading = g.w.forgets*g.reading + math.Sqrt(1-g.w.forgets*g.w.forgets)*fresh
	hard := g.level + g.live + g.slack + g.pool
	if g.w.arena > 0 {
		hard = math.Ceil(hard/g.w.arena) * g.w.arena
	}
	slack := g.slack + g.w.saw*g.phase
	hard += g.w.saw*g.phase + g.w.noise*g.reading + g.w.glow[g.last]
	f := hunt.Floor{At: g.now, Hard: int64(hard), Generation: g.generation, Stable: true}
	if g.w.heap {
		f.Heap, f.Committed = int64(g.live), int64(g.live+slack)
	}
	return f
}

func (g *run) drive(b hunt.Block) hunt.Observation {
	o := hunt.Observation{Block: b, Before: g.floor, Took: b.Size.For, P50: time.Millisecond, P99: 5 * time.Millisecond}
	if b.Endpoint != "" {
		rate := g.w.rate * (1 + g.w.unsteady*g.r.NormFloat64())
		took := min(float64(b.Size.Requests)/rate, b.Size.For.Seconds())
		o.Took = time.Duration(took * float64(time.Second))
		o.Requests = max(int(math.Round(took*rate)), 1)
	}
	n := float64(o.Requests)
	g.level += n * g.w.leaks[b.Endpoint]
	g.live += n * g.w.retains[b.Endpoint]
	g.slack += n * g.w.fragments[b.Endpoint]
	g.pool += n * g.w.takes[b.Endpoint]
	g.pool = max(g.pool-n*g.w.gives[b.Endpoint], 0)
	if c := g.w.caches[b.Endpoint]; c.keys > 0 {
		had := g.filled[b.Endpoint]
		g.filled[b.Endpoint] = c.keys - (c.keys-had)*math.Pow(1-1/c.keys, n)
		g.live += (g.filled[b.Endpoint] - had) * c.size
	}
	if c := g.w.touches; c.keys > 0 {
		g.level += (c.keys - g.touched) * (1 - math.Pow(1-1/c.keys, n)) * c.size
		g.touched = c.keys - (c.keys-g.touched)*math.Pow(1-1/c.keys, n)
	}
	if g.r.Float64() < g.w.jumps {
		g.level += 8 << 20
	}
	g.level += g.r.NormFloat64() * g.w.own[b.Endpoint]
	spent := o.Took + g.w.settle
	g.level += g.w.drift*spent.Seconds() + g.w.wander*math.Sqrt(spent.Seconds())*g.r.NormFloat64()
	g.level += g.w.settles * (math.Exp(-g.now.Seconds()/40) - math.Exp(-(g.now+spent).Seconds()/40))
	g.now += spent
	if g.w.saw > 0 {
		g.phase = math.Mod(g.phase+n*g.w.churn/g.w.saw+g.r.Float64()*0.1, 1)
	}
	if g.r.Float64() < g.w.deaths[b.Endpoint] {
		g.generation++
		g.level, g.live, g.slack, g.pool = 80<<20, 20<<20, 10<<20, 0
		clear(g.filled)
		o.Ended = "killed by signal 9"
	}
	g.last = b.Endpoint
	g.floor = g.read()
	o.After = g.floor
	return o
}

func endpoints(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("GET /%d", i))
	}
	return all
}

// hunted is how a simulated hunt went.
type hunted struct {
	hunt.Report
	took time.Duration
}

// hunts drives a world until the judge has decided, or for so many rounds.
func hunts(t testing.TB, w world, n int, seed uint64, rounds int) hunted {
	t.Helper()
	names := endpoints(n)
	j, err := judge.New(judge.Config{Endpoints: names})
	if err != nil {
		t.Fatal(err)
	}
	p := design.New(seed, names, false)
	g := newRun(w, seed)
	for {
		b := p.Next(j.Size)
		if b.Round > rounds {
			break
		}
		if err := j.Add(g.drive(b)); err != nil {
			t.Fatal(err)
		}
		if b.Last && j.Report().Decided {
			break
		}
	}
	return hunted{j.Report(), g.now}
}
