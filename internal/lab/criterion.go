package lab

import (
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// Test is how a criterion is decided.
type Test string

// The tests. What each needs stands in the reference of the file, and is checked when
// it is read.
const (
	Query        Test = "query"         // the one number that KQL gives lies in the bound
	Slope        Test = "slope"         // the growth of a series along the window lies in the bound, with confidence
	Growth       Test = "growth"        // the growth from rest to rest, cycle by cycle, lies in the bound, with confidence
	Shift        Test = "shift"         // durations of requests, or a series, against another window: the shift of their ranks lies in the bound
	Equivalence  Test = "equivalence"   // the growth of a series lies within ± a size of nothing, with confidence
	WeakestCycle Test = "weakest-cycle" // the least growth of a cycle, as a share of the mean, lies in the bound
	Saturating   Test = "saturating"    // the growth ends by itself, as a cache's does
	Endpoint     Test = "endpoint"      // one stream leaks, and the others do not
	Ratio        Test = "ratio"         // the growth, as a share of that in another window, lies in the bound
	Percentile   Test = "percentile"    // a percentile of the durations of requests lies in the bound, with confidence
	Retained     Test = "retained"      // of what came between two windows, the share that is still there lies in the bound
	Level        Test = "level"         // a percentile of a series lies in the bound
	Together     Test = "together"      // signals begin and last together
)

// Criterion is one question that evidence answers with yes, no or not sure. Fields
// that its test does not need are zero.
type Criterion struct {
	ID         string
	Says       string   // what it means that it holds, for the report
	Test       Test     // decides what else is set
	Window     []string // phases, in order; never empty
	Arm        string   // a variant of the comparison, whose runs are looked at; empty: all runs
	Bound      Bound
	Confidence float64 // of the interval, one-sided; between 0.5 and 1

	KQL      string   // Query: asked of the window's rows alone; one row with one number
	Series   Series   // all but Query, Percentile and Together; of Shift, empty is the durations of requests
	Per      Per      // Slope, Growth, Equivalence, WeakestCycle, Saturating, Endpoint, Ratio
	Within   *Value   // Equivalence
	Stream   string   // Endpoint; Percentile and Shift (empty: requests of all streams)
	Others   *Value   // Endpoint: the most that the other streams may leak
	Of       []string // Ratio, Shift: the other window
	Quantile float64  // Percentile, Level: 0.95 for p95
	From     []string // Retained: the window before; Window is the one after
	Peak     []string // Retained: the window between
	Signals  []string // Together
	// Tolerance is how far the beginnings of signals may lie apart, of Together. It is
	// a time of the timeline.
	Tolerance time.Duration
	Overlap   float64 // Together: the least share of the shorter signal that the longer one covers
}

// Signal is something that is on or off at each moment: a series, or the points of a
// query, within a bound.
type Signal struct {
	Name   string
	Says   string
	Series Series        // one of Series and KQL is set
	KQL    string        // rows of a time and a number
	Bound  Bound         // empty: each row of the query is a moment at which the signal is on
	Hold   time.Duration // that it has to last to count, on the timeline; 0 for moments
}

// Alternate is another cause that would look alike. It is named where its signal is on
// and the criteria do not hold together.
type Alternate struct {
	Cause  string
	Signal string
}

// Check is what a gate looks at.
type Check string

// The checks.
const (
	Landed   Check = "landed"   // share of what was due that was sent within a second of its moment and taken
	Answered Check = "answered" // share of the requests sent that had an answer below 500
	Keys     Check = "keys"     // distinct keys that were asked for
	Coverage Check = "coverage" // share of the samples due that are there
	Settled  Check = "settled"  // share of the rests in which memory came to rest
	Ceiling  Check = "ceiling"  // highest sample of a series, as a share of the limit
	Stolen   Check = "stolen"   // share of the processors' time that others took
)

// Gate is what has to be so for the evidence to mean anything.
type Gate struct {
	ID     string
	Check  Check
	Window []string // empty: the whole timeline
	Stream string   // Landed, Answered, Keys; empty: all streams
	Series Series   // Coverage, Ceiling
	Bound  Bound
}

// Controls show that the instrument sees what is there, and nothing else. What is nil
// is not done.
type Controls struct {
	Planted *Planted
	Same    *Same
}

// Planted is a leak of known size that has to be detected: runs of its own, of the
// phases named, beside the experiment's.
type Planted struct {
	Variant string
	Size    bytesize.Size
	Per     Per
	Window  []string
}

// Same is one variant against itself: two runs of the phases named that must not
// differ.
type Same struct {
	Variant string
	Window  []string
}
