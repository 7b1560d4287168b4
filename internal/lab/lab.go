// Package lab is the vocabulary of an experiment: what is claimed of a worker, how it
// is put to the test, and what would prove or disprove it.
//
// Its children read it from a file (experiment), lay it out in time (timeline) and
// judge what came of it (verdict). They share these words and nothing else. An
// [Experiment] is what is run: speed and scale are in all of its numbers already, and
// it remembers them for the report. Sizes are bytes, times are those of a clock on the
// wall, shares are parts of one. Names (of variants, streams, phases, signals) are
// told apart by their letters as they stand. Begin with Experiment.
package lab

import "slices"

// Experiment is one file, as it is run.
type Experiment struct {
	Name       string
	Hypothesis Hypothesis
	Subject    Subject
	Load       Load
	Phases     []Phase // in order; at least one
	Collect    Collect
	Signals    []Signal
	Controls   Controls
	Gates      []Gate      // all have to pass, or there is no verdict
	Proof      []Criterion // all have to hold
	Disproof   []Criterion // one is enough
	Alternates []Alternate
	Compare    *Comparison // nil without one
	Repeat     Repeat
	Version    Version
}

// Hosted says whether work is handed to functions: no client waits for them, and what
// they took is what their host recorded.
func (e *Experiment) Hosted() bool {
	return slices.ContainsFunc(e.Subject.Variants, func(v Variant) bool { return v.Contract == Functions })
}

// Version is how the experiment was changed before it was run.
type Version struct {
	Small bool    // the file's own small version
	Speed float64 // the timeline is so many times as fast as it is written; 1 is as written
	Scale float64 // sizes are so many times as large as they are written; 1 is as written
}

// Hypothesis is what is to be decided.
type Hypothesis struct {
	Claim   string // one sentence that can be wrong
	Because string // the mechanism that is supposed; may be empty
	// SmallestEffect is the least number of bytes that anybody cares about, in the
	// unit that the criteria judge: below it a difference is none.
	SmallestEffect Value
}

// Unit is what a Value counts.
type Unit string

// The units. Durations are milliseconds, as in the tables of telemetry.
const (
	Plain    Unit = ""
	Bytes    Unit = "bytes"
	Duration Unit = "ms"
	Share    Unit = "share"
)

// Value is a number with its unit.
type Value struct {
	Number float64
	Unit   Unit
}

// Series is a line of memory, or of what goes with it, that samples tell.
type Series string

// The series. All but the last three are bytes.
const (
	Used       Series = "used"    // what the worker and its children hold and the kernel can't drop
	Private    Series = "private" // private pages of the worker and its children
	RSS        Series = "rss"     // resident set, shared pages in each process
	Charge     Series = "charge"  // what the kernel charges to the workers' group, less page cache that it can drop
	Heap       Series = "heap"    // live bytes of the managed heap
	Native     Series = "native"  // used, less what the managed heap has committed
	File       Series = "file"    // page cache
	Threads    Series = "threads"
	FDs        Series = "fds"
	Goroutines Series = "goroutines"
)

// Per is what a growth is counted over.
type Per string

// What a growth is counted over. A time is one of the timeline as it is written: at
// speed 20, an hour is three minutes on the wall.
const (
	PerRequest Per = "request"
	PerSecond  Per = "second"
	PerMinute  Per = "minute"
	PerHour    Per = "hour"
)

// Seconds is how long a unit of time is; 0 for requests.
func (p Per) Seconds() float64 {
	switch p {
	case PerSecond:
		return 1
	case PerMinute:
		return 60
	case PerHour:
		return 3600
	}
	return 0
}
