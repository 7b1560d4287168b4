package hunt

import (
	"time"

	"github.com/stanch-dev/stanch/internal/stats"
)

// Interval is an estimate and its 95 % interval.
type Interval = stats.Interval

// Verdict is what is found of an endpoint, or of all.
type Verdict string

// The verdicts.
const (
	Leaks          Verdict = "leaks"     // more than the smallest effect that matters
	Filling        Verdict = "filling"   // grew, ever less: a cache
	Clean          Verdict = "clean"     // leaks less than the smallest effect, if at all
	Undecided      Verdict = "undecided" // could be either; more rounds will tell
	Kills          Verdict = "kills"     // the worker died while it was driven, again and again
	Unidentifiable Verdict = "unidentifiable"
)

// Class is the kind of memory that an endpoint leaves behind.
type Class string

// The classes.
const (
	Managed Class = "managed" // live objects of the managed heap
	Native  Class = "native"
	Slack   Class = "allocator-slack" // held by the managed heap, and free
	Mixed   Class = "mixed"
	Unknown Class = "unknown" // the worker tells no heap
)

// Finding is what is known of one endpoint of one side.
type Finding struct {
	Side       Side      `json:"side"`
	Endpoint   string    `json:"endpoint"`
	Verdict    Verdict   `json:"verdict"`
	Class      Class     `json:"class"`
	PerRequest *Interval `json:"per_request"` // bytes that stay; nil before there is an interval
	AtMost     float64   `json:"at_most"`     // bytes a request; it leaks no more, in 19 of 20 hunts, however often one looked; -1 is not known yet

	Hard *Interval `json:"hard,omitempty"` // bytes a request, by kind: all that the kernel can't drop,
	Live *Interval `json:"live,omitempty"` // live objects,
	Free *Interval `json:"free,omitempty"` // what the managed heap holds and does not use

	WarmUp    float64 `json:"warm_up"`    // bytes that the first round left, which no finding rests on
	Rounds    int     `json:"rounds"`     // that the finding rests on
	Requests  int     `json:"requests"`   // answered well, in all rounds
	Failed    int     `json:"failed"`     // not
	Deaths    int     `json:"deaths"`     // blocks in which the worker died
	PerSecond float64 `json:"per_second"` // requests
	P50       float64 `json:"p50_ms"`     // the median block's
	P99       float64 `json:"p99_ms"`     // the median block's

	Inflation float64 `json:"inflation,omitempty"` // of mixed traffic: by how much the other endpoints' traffic blurs this one's, as a factor of variance

	Why     string `json:"why"`
	Decides string `json:"decides,omitempty"` // what would decide it, where more of the same would not
}

// Change is what a comparison finds.
type Change string

// The changes from side A to side B.
const (
	Improved   Change = "improved"
	Worse      Change = "worse"
	Equivalent Change = "equivalent"
	Unsettled  Change = "undecided"
)

// Comparison is side B against side A on one endpoint, under the same load. Its
// intervals are of paired differences.
type Comparison struct {
	Endpoint string    `json:"endpoint"`
	Leak     *Interval `json:"leak"` // bytes a request, B less A
	Change   Change    `json:"change"`
	A        *Interval `json:"a_per_second"` // requests a second of each
	B        *Interval `json:"b_per_second"`
	Speed    *Interval `json:"speed"` // requests a second of B over those of A
	Pace     Change    `json:"pace"`
	Pairs    int       `json:"pairs"`
	Why      string    `json:"why"`
}

// Report is what a hunt knows.
type Report struct {
	Decided     bool          `json:"decided"` // every finding and comparison is settled, or nothing more would help: stop
	Verdict     Verdict       `json:"verdict"` // leaks, clean or undecided
	Summary     string        `json:"summary"` // one line
	Findings    []Finding     `json:"findings"`
	Comparisons []Comparison  `json:"comparisons,omitempty"`
	Idle        *Interval     `json:"idle"`       // bytes a second that memory grows without load
	Smallest    float64       `json:"smallest"`   // bytes a request; a smaller leak is none
	Noise       float64       `json:"noise"`      // standard deviation of a floor, bytes
	Detectable  float64       `json:"detectable"` // bytes a request; a leak of this size would be called now, in four of five hunts; -1 is not known yet
	Rounds      int           `json:"rounds"`     // finished, the warm-up not counted
	Blocks      int           `json:"blocks"`     // driven
	More        int           `json:"more"`       // blocks that are still needed, about; -1 is not known
	Remaining   time.Duration `json:"remaining"`  // that they take; -1 is not known
	Notes       []string      `json:"notes,omitempty"`
}
