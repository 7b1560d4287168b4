package band

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// Mode says who replaces a worker that is too full.
type Mode uint8

// The modes.
const (
	Replace Mode = iota // stanch does, without losing a request
	Signal              // stanch reports unhealthy and refuses work; the orchestrator restarts
	Watch               // nobody: stanch judges and tells, and gives no order
)

// LadderConfig sets the ladder's pace.
type LadderConfig struct {
	Mode     Mode
	Hooks    bool          // there is something in the worker to ask for memory
	Pause    time.Duration // between two cleanups, doubled up to LongestPause after each useless one
	Useful   float64       // part of Used that a cleanup has to free to count as useful
	Horizon  time.Duration // in Degraded: replace early what is going to be critical within this time
	Reaction time.Duration // from an order to freeze until the worker stands still
	Strikes  int           // replacements in a row that did not help before the carousel stops
	Rest     time.Duration // how long it stays stopped

	Leaks       bool          // a worker that is found to leak is replaced at a calm moment
	LeakShare   float64       // part of the worker's limit that a leak has to have taken for that
	LeakHorizon time.Duration // or the degraded band is this near
}

// LongestPause bounds the back-off of cleanups that free nothing.
const LongestPause = 5 * time.Minute

// DefaultLadder is the pace that suits most workers. The useful yield of 5 % is
// what OpenTelemetry's memory limiter found to tell a collection that helps
// from one that burns CPU.
func DefaultLadder() LadderConfig {
	return LadderConfig{
		Pause:    5 * time.Second,
		Useful:   0.05,
		Horizon:  10 * time.Minute,
		Reaction: 20 * time.Millisecond,
		Strikes:  3,
		Rest:     10 * time.Minute,

		Leaks:       true,
		LeakShare:   0.25,
		LeakHorizon: time.Hour,
	}
}

// Situation is all that an order depends on.
type Situation struct {
	Sample
	Band      Band
	Levels    Levels
	Steady    float64       // bytes a second, over a tenth of a second: less noisy than Slope
	Trend     float64       // bytes a second, over minutes; 0 while unknown
	Swap      time.Duration // from starting a worker until it is ready, as learnt
	Serving   bool          // a worker is ready: there is something to replace
	Present   bool          // a worker is there, ready or not: there is something to freeze
	Busy      bool          // a replacement is under way
	Fits      bool          // old and new worker fit side by side
	Unhealthy bool          // a worker is over the threshold its operator set
}

// GateOrder is what the gate should do with new work.
type GateOrder uint8

// The gate's orders.
const (
	Open GateOrder = iota // let it in
	Hold                  // let it wait, bounded in number and time
	Shut                  // refuse it
)

// String is the order's name in lower case.
func (g GateOrder) String() string { return [...]string{"open", "hold", "shut"}[g] }

// ReplaceOrder is how a worker should be replaced.
type ReplaceOrder uint8

// The ways of replacement.
const (
	Keep    ReplaceOrder = iota
	Overlap              // the new worker serves before the old one drains
	Swap                 // hold the queue, drain, stop, start
)

// Orders are what should happen now. Gate is a state, to be kept until the
// next orders; the others are single acts.
type Orders struct {
	Gate    GateOrder
	Cleanup bool
	Replace ReplaceOrder
	Freeze  bool
	Alert   string // for a person; empty most of the time
	Why     string // of the gravest order
}

// Ladder turns situations into orders.
//
//	Healthy    open
//	Degraded   cleanup; what grows towards critical is replaced while old and
//	           new still fit side by side
//	Critical   cleanup; replaced. Work goes on if there is time to, is held if
//	           the replacement comes in time, is refused if not
//	Emergency  held or refused; replaced at once
//	the brink  frozen: what would pass the limit before it can be stopped again
//
// It is not safe for concurrent use.
type Ladder struct {
	cfg LadderConfig

	since   time.Time // in the present band
	band    Band
	asked   time.Time // the last cleanup; zero if none since memory was healthy
	useless bool      // and it freed next to nothing
	pause   time.Duration

	strikes int
	resting time.Time // until then nothing is replaced
}

// NewLadder starts at the foot.
func NewLadder(cfg LadderConfig) *Ladder { return &Ladder{cfg: cfg, pause: cfg.Pause} }

// Configure replaces the pace and keeps the state.
func (l *Ladder) Configure(cfg LadderConfig) {
	l.cfg = cfg
	l.pause = max(l.pause, cfg.Pause)
}

// Resting says whether replacements have been stopped because they did not
// help, and until when.
func (l *Ladder) Resting(now time.Time) (until time.Time, resting bool) {
	return l.resting, now.Before(l.resting)
}

// Step gives the orders for one situation.
func (l *Ladder) Step(s Situation) Orders {
	if s.Band != l.band || l.since.IsZero() {
		l.band, l.since = s.Band, s.At
	}
	var o Orders
	if l.cfg.Mode == Watch {
		return o
	}
	if s.Present && l.brink(s) {
		return Orders{Gate: Hold, Freeze: true, Why: l.why("freeze", s)}
	}
	l.cleanup(s, &o)
	l.replace(s, &o)
	l.gate(s, &o)
	return o
}

// brink: what passes the limit before the next look can be acted upon must be
// stopped now.
func (l *Ladder) brink(s Situation) bool {
	return s.after(s.Next+l.cfg.Reaction) >= s.Levels.Brink()
}

func (l *Ladder) cleanup(s Situation, o *Orders) {
	if s.Band == Healthy {
		l.pause, l.asked, l.useless = l.cfg.Pause, time.Time{}, false
		return
	}
	if l.cfg.Hooks && s.Serving && (l.asked.IsZero() || s.At.Sub(l.asked) >= l.pause) {
		o.Cleanup, l.asked, l.useless = true, s.At, false
		o.Why = l.why("cleanup", s)
	}
}

// Cleaned reports what a cleanup freed, measured by the guard some moments
// later: a useless one doubles the pause until the next.
func (l *Ladder) Cleaned(freed, before int64) (useful bool) {
	l.useless = float64(freed) < l.cfg.Useful*float64(before)
	if !l.useless {
		l.pause = l.cfg.Pause
		return true
	}
	l.pause = min(2*l.pause, LongestPause)
	return false
}

func (l *Ladder) replace(s Situation, o *Orders) {
	if l.cfg.Mode == Signal || !s.Serving || s.Busy || s.At.Before(l.resting) {
		return
	}
	due := s.Unhealthy
	switch s.Band {
	case Healthy:
	case Degraded:
		due = due || s.Fits && l.early(s)
	case Critical:
		// A cleanup that has just been asked for gets the time to work, if
		// there is any.
		due = due || !l.cleaning(s)
	case Emergency:
		due = true
	}
	if !due {
		return
	}
	o.Replace = Swap
	if s.Fits {
		o.Replace = Overlap
	}
	o.Why = l.why("replace", s)
}

// early: in Degraded, what grows and will be critical soon is replaced while
// there is room to do so side by side, after a moment to see whether it stays.
func (l *Ladder) early(s Situation) bool {
	eta := until(s.Used, s.Levels.Enter[Critical], s.Trend)
	if eta > l.cfg.Horizon {
		return false
	}
	if l.cfg.Hooks && (l.asked.IsZero() || l.cleaning(s)) {
		return false
	}
	return s.At.Sub(l.since) >= min(2*time.Second, eta/3)
}

// cleaning: a cleanup was asked for so shortly ago that it may still help.
func (l *Ladder) cleaning(s Situation) bool {
	if l.asked.IsZero() || l.useless {
		return false
	}
	return s.At.Sub(l.asked) < min(l.cfg.Pause, until(s.Used, s.Levels.Enter[Emergency], s.Slope)/3)
}

func (l *Ladder) gate(s Situation, o *Orders) {
	if s.Band < Critical {
		return
	}
	swap := max(s.Swap+s.Swap/2, 50*time.Millisecond)
	left := until(s.Used, s.Levels.Brink(), max(s.Trend, s.Steady))
	replaced := s.Busy || o.Replace != Keep
	switch {
	case !s.Serving: // the one that held the memory is gone or frozen, and its successor is on its way
		o.Gate = Hold
	case !replaced, left < swap:
		o.Gate = Shut
	case s.Band == Critical && left > 3*swap:
		o.Gate = Open
	default:
		o.Gate = Hold
	}
	if o.Gate != Open && o.Why == "" {
		o.Why = l.why(o.Gate.String(), s)
	}
}

// Outcome is what a replacement for memory's sake brought.
type Outcome struct {
	Lived  time.Duration // from the replaced worker's readiness to the order
	Swap   time.Duration // what it cost to start its successor
	Before int64         // Used when it was ordered
	After  int64         // Used when the old worker was gone and the new one settled
}

// Replaced reports the outcome of a replacement. One that left memory where it
// was, or that was due again almost at once, is a strike; after enough of them
// the carousel stops for a while and somebody is told.
func (l *Ladder) Replaced(at time.Time, out Outcome) (alert string) {
	useless := out.After > out.Before-out.Before/10
	hasty := out.Lived < max(5*out.Swap, time.Second)
	if !useless && !hasty {
		l.strikes = 0
		return ""
	}
	l.strikes++
	if l.strikes < l.cfg.Strikes {
		return ""
	}
	l.strikes = 0
	l.resting = at.Add(l.cfg.Rest)
	reason := fmt.Sprintf("memory went from %v to %v", bytesize.Size(out.Before), bytesize.Size(out.After))
	if !useless {
		reason = fmt.Sprintf("the last worker lived %v, its successor took %v to start", out.Lived.Round(time.Millisecond), out.Swap.Round(time.Millisecond))
	}
	return fmt.Sprintf("%d replacements in a row did not help (%s): none more for %v; new work is refused while memory is critical",
		l.cfg.Strikes, reason, l.cfg.Rest)
}

func (l *Ladder) why(act string, s Situation) string {
	text := fmt.Sprintf("%s: %s, %v of %s", act, s.Band, bytesize.Size(s.Used), describe(s.Limit))
	if g := max(s.Trend, s.Steady); g >= 1024 {
		text += fmt.Sprintf(", growing by %v/s", bytesize.Size(g))
		if eta := until(s.Used, s.Limit, g); eta < time.Hour {
			text += fmt.Sprintf(", %v from the limit", eta.Round(time.Millisecond))
		}
	}
	if s.Unhealthy {
		text += ", over the unhealthy threshold"
	}
	return text
}

// until is the time until used reaches level at a growth of rate bytes a
// second: an hour's multiple that stands for never, where it does not grow.
func until(used, level int64, rate float64) time.Duration {
	const never = 1000 * time.Hour
	if used >= level {
		return 0
	}
	if rate <= 0 {
		return never
	}
	if t := float64(level-used) / rate; t < never.Seconds() {
		return time.Duration(t * float64(time.Second))
	}
	return never
}
