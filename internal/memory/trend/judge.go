package trend

import (
	"fmt"
	"math"
	"time"
)

// verdict is what the last evaluation found.
type verdict struct {
	state      State
	best       window // the growth that is told; the zero window for none
	has        bool
	perRequest *Interval
	driver     Driver
	class      Class
	cause      string
	pooled     bool
	why        string
}

// lengths are the windows that are looked at, in seconds, and the level that
// each is read from. Each is a regression of its own.
var lengths = [...]struct {
	seconds float64
	level   int
}{
	{1800, minute},
	{3600, minute},
	{7200, minute},
	{10800, medium},
	{21600, medium},
	{43200, medium},
	{86400, medium},
	{3 * 86400, coarse},
	{7 * 86400, coarse},
}

// evaluate judges the segment; it runs once in five minutes.
func (d *Detector) evaluate() {
	l := &d.levels[medium]
	age := l.block(l.n - 1).at
	if d.fastRow >= d.config.InARow {
		return // the limit is minutes away: windows of hours would only blur that
	}
	var (
		p       points
		windows [2 * len(lengths)]window
		n       int
		along   = []axis{alongTime, alongRequests}
	)
	if d.segment.requests == 0 {
		along = along[:1]
	}
	for i, length := range lengths {
		from := max(age-length.seconds, d.segment.hold)
		if from >= age || i > 0 && age-from < 1.2*lengths[i-1].seconds {
			break
		}
		for _, a := range along {
			w, ok := d.look(&p, length.level, from, a)
			if !ok {
				break
			}
			if a == alongRequests { // a day's load bends their axis, so time has to see growth too
				byTime := &windows[n-1]
				w.grows = w.grows && byTime.evidence >= d.config.Evidence && byTime.rate.Lo >= d.config.least(d.last.Limit)
			}
			windows[n] = w
			n++
		}
	}
	d.judge(windows[:n], &p)
}

// judge turns windows into a state.
func (d *Detector) judge(windows []window, p *points) {
	if len(windows) == 0 {
		if d.verdict.state == "" {
			d.verdict = verdict{state: Warming}
		}
		return
	}
	longest, leak := -1, -1
	for i, w := range windows {
		if !w.grows {
			continue
		}
		longest = i
		if w.lasts && !d.slows(w, windows) && (leak < 0 || d.better(w, windows[leak])) {
			leak = i
		}
	}
	if leak < 0 {
		d.fired = max(d.fired-d.config.InARow, 0) // one miss does not unsay hours
		d.quiet++
		if d.verdict.state.Leaks() && d.quiet < d.config.InARow {
			return
		}
		d.verdict = verdict{state: OK}
		if longest >= 0 {
			d.tell(Filling, windows[longest], windows, p)
		}
		d.pool()
		return
	}
	d.fired++
	d.quiet = 0
	was := d.verdict.state
	w := windows[leak]
	state := Suspect
	switch {
	case d.fired < d.config.InARow && w.span < 3600:
		state = OK // a short stretch, once: nothing to speak of
	case d.fired < d.config.InARow:
	case d.fired >= d.patience(w) && d.lasted(windows) || w.span >= 3600 && min(d.consumed(), 2*d.taken(w)) >= d.config.Consumed:
		state = Confirmed
	case !windows[longest].lasts:
		state = Filling
	}
	if was.Leaks() && state != Confirmed {
		state = Confirmed
	}
	d.tell(state, w, windows, p)
	if toLimit := d.toLimit(w); state == Confirmed && toLimit != nil && toLimit.Lo < d.config.Horizon.Seconds() {
		d.verdict.state = Critical
	}
	d.pool()
}

// better prefers the window of a steady line, then the longer one, then time.
func (d *Detector) better(a, b window) bool {
	if a.steady != b.steady {
		return a.steady
	}
	if !a.steady { // something changed within both: the later part is nearer to now
		return a.span < b.span*0.99
	}
	return a.span > b.span*1.01
}

// lasted says whether growth goes on through a window as long as the config asks.
func (d *Detector) lasted(windows []window) bool {
	need := max(d.config.Confirm.Seconds(), 2*d.segment.hold)
	for _, w := range windows {
		if w.grows && w.lasts && w.span >= need {
			return true
		}
	}
	return false
}

// patience is how many evaluations in a row have to agree: the further the
// limit, the more, up to 80 minutes of them. A level that wanders comes back by then.
func (d *Detector) patience(w window) int {
	rows := 2 * d.config.InARow
	toLimit := d.toLimit(w)
	if toLimit == nil {
		return 2 * rows
	}
	return rows + int(min(toLimit.Mid/3600/2, 10))
}

// consumed is the share of the headroom that the segment has grown by.
func (d *Detector) consumed() float64 {
	limit := float64(d.last.Limit)
	l := &d.levels[fine]
	if limit <= d.segment.base || l.n == 0 || d.segment.base == 0 {
		return 0
	}
	return (float64(l.block(l.n-1).floor) - d.segment.base) / (limit - d.segment.base)
}

// taken is the share of the headroom that a window's own growth makes up: what
// the load holds for a while has consumed it, and has not taken it.
func (d *Detector) taken(w window) float64 {
	return w.perSecond * w.span / max(float64(d.last.Limit)-d.segment.base, 1)
}

// pool lets the finished generations speak where the present one does not.
func (d *Detector) pool() {
	g := d.generations.slopes()
	if d.verdict.state.Leaks() || g.n < d.config.Generations {
		return
	}
	if g.surely <= 0 || g.rate.Lo < d.config.least(d.last.Limit) || g.late < d.config.Slowing*g.early {
		return
	}
	d.verdict.state, d.verdict.pooled, d.verdict.has = Confirmed, true, true
	d.verdict.best = window{rate: g.rate, perSecond: g.rate.Mid, lasts: true}
	d.verdict.driver = Undetermined
	d.verdict.class, d.verdict.cause = g.class, g.cause
	if g.perRequest.Mid > 0 {
		d.verdict.perRequest = &g.perRequest
	}
	d.verdict.why = fmt.Sprintf("%d generations grew alike after their warm-up", g.n)
}

// tell fills the verdict from a window.
func (d *Detector) tell(state State, w window, windows []window, p *points) {
	v := verdict{state: state, best: w, has: true, driver: Undetermined}
	for i := range windows {
		o := &windows[i]
		if o.axis == w.axis || o.level != w.level || math.Abs(o.from-w.from) > 1 {
			continue
		}
		time, requests := &w, o
		if w.axis == alongRequests {
			time, requests = o, &w
		}
		v.best = *time
		rate := requests.rate
		v.perRequest = &rate
		v.driver = d.drivenBy(p, time)
	}
	v.class, v.cause = d.classOf(p, &v.best)
	v.why = d.because(state, &v.best)
	d.verdict = v
}

func (d *Detector) because(state State, w *window) string {
	span := time.Duration(w.span * float64(time.Second)).Round(time.Minute)
	switch state {
	case Filling:
		return fmt.Sprintf("grew over %s, and slows", span)
	case Suspect:
		return fmt.Sprintf("grows for %s; not long enough to tell a leak from a cache", span)
	case Confirmed:
		return fmt.Sprintf("grew over %s and does not slow", span)
	}
	return fmt.Sprintf("may grow; seen for %s", span)
}

// drivenBy compares how well time and requests explain the same floors with the
// same memory of noise. Twice the difference of their log-likelihoods has to
// exceed 6 (odds of 20 to 1).
func (d *Detector) drivenBy(p *points, w *window) Driver {
	if d.gather(p, w.level, w.from-1, 1, alongTime, floors) == 0 {
		return Undetermined
	}
	byTime := fit(p)
	n := float64(p.n)
	if d.gather(p, w.level, w.from-1, 1, alongRequests, floors) == 0 {
		return Undetermined
	}
	byRequests := solve(p, byTime.rho)
	if !byTime.ok || !byRequests.ok {
		return Undetermined
	}
	switch odds := n * math.Log(byTime.s2/byRequests.s2); {
	case odds > 6:
		return ByRequests
	case odds < -6:
		return ByTime
	}
	return Undetermined
}
