package guard

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

const mib = 1 << 20

// rehearsal is a watch that is given readings, a second apart, in place of a
// gauge's. Hours pass in it as fast as they can be counted.
type rehearsal struct {
	t      *testing.T
	w      *watch
	events []telemetry.Event
	noise  *rand.Rand
	seats  []proxy.Seat // requests in flight

	now    time.Time
	worker string
	begun  time.Time // when that began to serve
	served int64
	used   float64 // bytes, without noise
	fits   bool
}

func rehearse(t *testing.T, change func(*Config)) *rehearsal {
	t.Helper()
	cfg := Config{Workers: 1, Bands: band.Default(), Ladder: band.DefaultLadder(), Limit: 512 * mib}
	if change != nil {
		change(&cfg)
	}
	h := &rehearsal{t: t, noise: rand.New(rand.NewPCG(1, 2)), now: time.Now(), fits: true}
	g := New(cfg, Parts{
		Dispatch: dispatch.New(dispatch.Config{Timeout: time.Second}),
		Event:    func(e telemetry.Event) { h.events = append(h.events, e) },
	})
	g.parts.Dispatch.Add("any", nil) // a seat for requests in flight
	h.w = newWatch(g, g.cfg.Load())
	h.begin("w1")
	return h
}

// begin puts another worker on the post, which holds 100 MiB.
func (h *rehearsal) begin(id string) {
	g := h.w.g
	delete(g.tenures, h.worker)
	g.tenures[id] = &tenure{worker: &worker.Worker{ID: id}, post: g.posts[0], state: Serving}
	h.worker, h.begun, h.served, h.used = id, h.now, 0, 100*mib
}

// inFlight brings so many requests under way.
func (h *rehearsal) inFlight(n int) {
	h.t.Helper()
	for len(h.seats) > n {
		h.seats[0].Leave()
		h.seats = h.seats[1:]
	}
	for len(h.seats) < n {
		seat, err := h.w.g.parts.Dispatch.Enter(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		h.seats = append(h.seats, seat)
	}
}

// run lets time pass, in which the worker leaks and serves; it ends early when the
// worker is to be replaced, and returns that order.
func (h *rehearsal) run(d time.Duration, perHour float64, requests int64) *order {
	for end := h.now.Add(d); h.now.Before(end); h.now = h.now.Add(time.Second) {
		h.used += perHour * mib / 3600
		h.served += requests
		if o := h.look(); o != nil {
			return o
		}
	}
	return nil
}

func (h *rehearsal) look() *order {
	held := int64(h.used + h.noise.Float64()*2*mib)
	r := &h.w.reading
	*r = memory.Reading{
		At: h.now, Used: held, Limit: 512 * mib,
		Workers: []memory.Worker{{ID: h.worker, Tree: memory.Tree{Processes: 1, Anon: held, Threads: 8, FDs: 20}}},
	}
	s := band.Situation{
		Sample: band.Sample{At: h.now, Used: held, Limit: r.Limit}, Levels: h.w.g.cfg.Load().Bands.For(r.Limit),
		Serving: true, Present: true, Fits: h.fits,
	}
	s.Band = s.Levels.Band(held)
	h.w.follow(h.now, []seat{{
		worker: h.worker, image: "1", age: h.now.Sub(h.begun), served: h.served, inFlight: len(h.seats), memory: r.Workers[0],
	}}, r, s)
	select {
	case o := <-h.w.g.posts[0].orders:
		return o
	default:
		return nil
	}
}

// told are the texts of the events of a kind, up to their figures.
func (h *rehearsal) told(kind telemetry.Kind) (texts []string) {
	for _, e := range h.events {
		if e.Kind == kind {
			text, _, _ := strings.Cut(e.Text, ":")
			texts = append(texts, text)
		}
	}
	return texts
}

func TestALeakOfHoursIsReplacedAtACalmMoment(t *testing.T) {
	h := rehearse(t, nil)
	for minutes := range 230 {
		h.inFlight(10 + max(minutes-185, 0)) // ever more from before it is worth it: no calm moment
		if o := h.run(time.Minute, 60, 10); o != nil {
			t.Fatalf("after %d minutes, with the most requests ever in flight, an order: %s", minutes, o.why)
		}
	}
	want := []string{"Leak suspected in worker process w1", "Leak confirmed in worker process w1"}
	if diff := cmp.Diff(want, h.told(telemetry.LeakChanged)); diff != "" {
		t.Errorf("events leak_changed: -want +got\n%s", diff)
	}
	if alerts := h.told(telemetry.Alert); len(alerts) != 1 || !strings.HasPrefix(alerts[0], "Worker process w1 leaks ") {
		t.Errorf("alerts %q, want one that w1 leaks", alerts)
	}
	h.inFlight(3)
	o := h.run(5*time.Minute, 60, 10)
	if o == nil {
		t.Fatal("no order in five minutes with few requests in flight")
	}
	if o.victim != "w1" || o.how != band.Overlap || !o.memory || !o.leak || !strings.Contains(o.why, "few requests are in flight") {
		t.Errorf("order %+v, want an overlap of w1 that spends of the budget, because few requests are in flight", o)
	}
	found := h.w.trendOf("w1")
	if found == nil || found.State != trend.Confirmed {
		t.Fatalf("trendOf(w1) = %+v, want it confirmed", found)
	}
	if mid := found.PerSecond.Mid * 3600 / mib; mid < 58 || mid > 62 {
		t.Errorf("it leaks %.1f MiB an hour, want 60", mid)
	}
	if each := found.PerRequest; each == nil || each.Mid < 1650 || each.Mid > 1850 {
		t.Errorf("it leaks %+v bytes a request, want 1748: 60 MiB an hour over ten requests a second", each)
	}
	if grown := found.Grown / mib; grown < 195 || grown > 230 {
		t.Errorf("it has leaked %d MiB since its warm-up, want about 215", grown)
	}
	if since := found.SinceAt(); since.Before(h.begun) || since.After(h.now) {
		t.Errorf("since %v, want a time between its start at %v and now", since, h.begun)
	}
}

func TestWhatIsNotToBeReplacedIsOnlyTold(t *testing.T) {
	for _, row := range []struct {
		name, says string
		change     func(*Config)
	}{
		{"turned off", "leak-replace: never", func(c *Config) { c.Ladder.Leaks = false }},
		{"the orchestrator restarts", "on-unhealthy: signal", func(c *Config) { c.Ladder.Mode = band.Signal }},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := rehearse(t, row.change)
			if o := h.run(6*time.Hour, 60, 0); o != nil {
				t.Fatalf("order %+v, want none", o)
			}
			for _, e := range h.events {
				if e.Kind == telemetry.Alert && strings.Contains(e.Text, row.says) {
					return
				}
			}
			t.Errorf("events %+v, want an alert with %q", h.events, row.says)
		})
	}
}

func TestASlowLeakIsToldAndNotReplacedEveryFewHours(t *testing.T) {
	h := rehearse(t, nil)
	if o := h.run(20*time.Hour, 4, 0); o != nil {
		t.Fatalf("an order %q after %v: 4 MiB an hour of 512 are not worth it", o.why, h.now.Sub(h.begun))
	}
	if !strings.Contains(strings.Join(h.told(telemetry.LeakChanged), "; "), "Leak confirmed") {
		t.Errorf("events %+v, want the leak confirmed in 20 hours", h.events)
	}
}

func TestALeakOfMinutesWaitsForNothing(t *testing.T) {
	h := rehearse(t, nil)
	h.inFlight(5) // nobody can say yet whether that is few
	for range 15 * 60 {
		o := h.run(time.Second, 60*45, 1)
		if o == nil {
			continue
		}
		want := []string{"Leak critical in worker process w1"}
		if diff := cmp.Diff(want, h.told(telemetry.LeakChanged)); diff != "" {
			t.Errorf("events leak_changed: -want +got\n%s", diff)
		}
		if o.how != band.Overlap || !strings.Contains(o.why, "its limit is near") || h.used > 384*mib {
			t.Errorf("order %+v at %.0f MiB, want an overlap below the degraded band", o, h.used/mib)
		}
		if l := leakOf(h.w.trendOf("w1")); l == nil || l.State != trend.Critical || l.PerSecond == nil || l.Since.Before(h.begun) {
			t.Errorf("a post-mortem has %+v, want the critical leak with its rate and since when", l)
		}
		return
	}
	t.Fatalf("no order in 15 minutes; the state is %v", h.w.followers[0].detector.State())
}

func TestALeakThatRestartsOftenIsFoundAcrossWorkers(t *testing.T) {
	h := rehearse(t, nil)
	for _, id := range []string{"w1", "w2", "w3", "w4", "w5", "w6"} {
		h.begin(id)
		if o := h.run(90*time.Minute, 40, 5); o != nil {
			t.Fatalf("%s: order %q, want none: it has leaked too little", id, o.why)
		}
	}
	texts := strings.Join(h.told(telemetry.LeakChanged), "; ")
	if !strings.Contains(texts, "Leak confirmed in worker process w5") || strings.Contains(texts, "Leak over") {
		t.Errorf("events %q, want the leak confirmed in w5, and never over: its workers ended, it did not", texts)
	}
	if alerts := h.told(telemetry.Alert); len(alerts) != 1 {
		t.Errorf("alerts %q, want one for the leak and not one for each worker", alerts)
	}
	segments := h.w.trendOf("w6").Segments
	if n := len(segments); n != 6 || segments[n-1].Generation != 6 || segments[0].Ended != "restart" {
		t.Errorf("segments %+v, want one for each of six workers", segments)
	}
}

func TestALeakThatEndsIsOver(t *testing.T) {
	h := rehearse(t, func(c *Config) { c.Ladder.Leaks = false })
	h.run(5*time.Hour, 30, 0)
	h.run(12*time.Hour, 0, 0)
	texts := h.told(telemetry.LeakChanged)
	if n := len(texts); n == 0 || texts[n-1] != "Leak over in worker process w1" {
		t.Errorf("events %q, want the leak over in the end", texts)
	}
}

func TestAReliefIsMeasuredByWhatItsOwnWorkerHolds(t *testing.T) {
	for _, row := range []struct {
		name     string
		holds    int64
		strikes  bool
		together int64
	}{
		{"the successor holds a quarter, though other workers have grown", 100 * mib, false, 900 * mib},
		{"the successor holds as much, though other workers have shrunk", 395 * mib, true, 400 * mib},
	} {
		h := rehearse(t, func(c *Config) { c.Ladder.Strikes = 1 })
		o := &order{victim: "w1", leak: true, memory: true, before: 800 * mib, held: 400 * mib, lived: time.Hour}
		h.w.reported(report{order: o, Replacement: Replacement{Old: "w1", New: "w2"}})
		r := &memory.Reading{Used: row.together, Workers: []memory.Worker{{ID: "w2", Tree: memory.Tree{Anon: row.holds}}}}
		h.w.measure(time.Now().Add(time.Hour), r)
		if _, resting := h.w.ladder.Resting(time.Now().Add(time.Hour)); resting != row.strikes {
			t.Errorf("%s: a strike %v, want %v", row.name, resting, row.strikes)
		}
	}
}

func TestOfSeveralLeakingWorkersTheGravestIsReplaced(t *testing.T) {
	h := rehearse(t, func(c *Config) { c.Workers = 3 })
	r := &h.w.reading
	var seats []seat
	for i, of := range []struct {
		id            string
		state         trend.State
		leaked, holds int64
	}{
		{"w1", trend.Confirmed, 20 * mib, 160 * mib}, // holds most, and has leaked little of it
		{"w2", trend.Critical, 60 * mib, 120 * mib},
		{"w3", trend.Confirmed, 80 * mib, 120 * mib},
	} {
		f := h.w.followers[i]
		f.worker, f.used = of.id, of.holds
		f.found = Trend{Worker: of.id, Grown: of.leaked, Report: trend.Report{State: of.state, PerSecond: &trend.Interval{Hi: 1000}}}
		h.w.g.tenures[of.id] = &tenure{worker: &worker.Worker{ID: of.id}, post: h.w.g.posts[i], state: Serving}
		seats = append(seats, seat{post: i, worker: of.id})
	}
	s := band.Situation{
		Sample: band.Sample{At: h.now, Used: 400 * mib, Limit: 1024 * mib}, Levels: band.Default().For(1024 * mib), Serving: true, Fits: true,
	}
	h.w.relieve(h.now, seats, r, s, 341*mib)
	select {
	case o := <-h.w.g.posts[1].orders:
		if o.victim != "w2" {
			t.Errorf("post 2 has the order %+v, want one for w2", o)
		}
	default:
		t.Error("w2 is not replaced, though its leak is critical")
	}
	h.w.relieve(h.now, seats, r, s, 341*mib)
	if len(h.w.g.posts[0].orders)+len(h.w.g.posts[2].orders) != 0 {
		t.Error("a second replacement while the first is under way, want one after the other")
	}
}

func TestAWorkersShareOfTheLimitDoesNotFlicker(t *testing.T) {
	container := func(limit int64) memory.Charge { return memory.Charge{Known: true, Limit: limit} }
	for _, row := range []struct {
		name    string
		charge  memory.Charge
		limit   int64
		workers int
		want    int64
	}{
		{"nothing bounds it", memory.Charge{}, 0, 1, memory.Unlimited},
		{"a container without a limit", container(memory.Unlimited), 0, 4, memory.Unlimited},
		{"the container's", container(1024 * mib), 0, 1, 1024 * mib},
		{"the operator's, which is less, whatever decides just now", container(1024 * mib), 512 * mib, 1, 512 * mib},
		{"of four workers each has a quarter", container(1024 * mib), 0, 4, 256 * mib},
	} {
		r := memory.Reading{Container: row.charge, Limit: 7}
		if got := share(&r, &Config{Limit: row.limit, Workers: row.workers}); got != row.want {
			t.Errorf("%s: share() = %d, want %d", row.name, got, row.want)
		}
	}
}

func TestACourseReachesBackToItsBeginningInTheSameMemory(t *testing.T) {
	c := newCourse()
	for i := range int64(7 * 86400) {
		c.add(time.Duration(i)*time.Second, i)
	}
	if len(c.points) > mostPoints || cap(c.points) != mostPoints || c.points[0].At != 0 || c.points[0].Least != 0 {
		t.Fatalf("a week has %d points of %d, the first %+v; want at most %d, from the beginning", len(c.points), cap(c.points), c.points[0], mostPoints)
	}
	next := int64(0)
	for _, p := range c.points {
		if p.Least != next || p.Most < p.Least {
			t.Fatalf("a point %+v, want it to begin at %d: no second is left out, and none counted twice", p, next)
		}
		next = p.Most + 1
	}
	if next != 7*86400 {
		t.Errorf("the course ends at %d, want at the last second", next)
	}
}

func TestACommandIsToldFromAnotherWithoutBeingTold(t *testing.T) {
	a, b := imageOf([]string{"app", "--token=x", "y"}), imageOf([]string{"app", "--token=xy"})
	if a == b || strings.Contains(a, "token") || a != imageOf([]string{"app", "--token=x", "y"}) {
		t.Errorf("imageOf() = %q and %q, want two names, always the same, without the words", a, b)
	}
}

func TestAPostmortemHasNoLeakWhereNobodyLooked(t *testing.T) {
	if got := leakOf(nil); got != nil {
		t.Errorf("leakOf(nil) = %+v, want nil", got)
	}
	got := leakOf(&Trend{Report: trend.Report{State: trend.Warming, Class: trend.Unknown, Why: "too young to say"}})
	want := &postmortem.Leak{State: trend.Warming, Class: trend.Unknown, Why: "too young to say"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("leakOf(a young worker): -want +got\n%s", diff)
	}
}
