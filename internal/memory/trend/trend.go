// Package trend judges whether a worker leaks: how fast, since when, what kind, and how long until its limit.
//
// A [Detector] belongs to one worker. It takes one [Sample] after the other, in
// the order of time, and can be asked for a [Report] at any moment. It is pure: it has
// no clock and no file, and the same samples give the same report. Its memory
// is constant, whatever the length of the run.
//
// Four rules keep it from crying wolf. It judges floors (the least of a block of
// time), because what a collector gives back is no leak. It fits one line with
// the load beside it, in a regression that holds for noise that forgets and for
// noise that wanders, so that an interval is as wide as the noise deserves. It
// never joins what a restart, a new image or a new limit has parted, yet adds up
// the slopes of a worker's generations. And it calls no leak what slows down: a
// cache that fills bends, a leak does not.
//
// Begin with [Detector.Observe]; the statistics are in regression.go, the judgement
// in judge.go.
package trend

import (
	"time"
	"unsafe"
)

// Sample is one look at a worker. Zero in an optional field means that nobody
// tells. All sizes are bytes.
type Sample struct {
	At         time.Duration // since any fixed moment; samples come in its order
	Bytes      int64         // what the worker holds and the kernel can't drop: the judged series
	Limit      int64         // what Bytes is held against
	Heap       int64         // live bytes of the managed heap
	Committed  int64         // bytes that the managed heap holds from the system
	File       int64         // page cache, which is not part of Bytes
	Kernel     int64         // kernel memory and socket buffers, part of Bytes
	Requests   int64         // requests finished, counted up
	InFlight   float64       // requests under way
	Threads    int64
	FDs        int64 // open file descriptors
	Goroutines int64
	Generation uint64 // changes when the process is another one
	Image      string // changes with what is deployed
}

// Detector follows one worker. It is not safe for concurrent use: whoever reads
// the gauge calls Observe and Report.
type Detector struct {
	config Config
	levels [4]level // floors of 10 seconds, 1, 5 and 30 minutes
	begun  bool
	last   Sample

	segment     segment
	finished    [keptSegments]Segment // a ring of what was told of finished segments
	nFinished   int
	generations generations
	everGiven   bool // the generation is told

	fired   int // evaluations in a row that saw growth
	quiet   int // evaluations in a row that saw none
	fastRow int // fast looks in a row that saw growth
	verdict verdict
}

// New returns a detector that has seen nothing. Zero fields of the config get
// their defaults.
func New(config Config) *Detector {
	d := &Detector{config: config.filled()}
	for i, shape := range shapes {
		d.levels[i] = newLevel(shape.length.Seconds(), shape.keep)
	}
	return d
}

// Observe takes the next sample. A sample earlier than the one before begins a
// new segment: its clock is another one. The work is O(1), and every five
// minutes of samples' time one evaluation over at most a few hundred floors.
func (d *Detector) Observe(s Sample) {
	if why := d.parts(s); why != "" {
		d.cut(s, why)
	}
	d.last, d.begun = s, true
	d.everGiven = d.everGiven || s.Generation != 0
	s.Requests = int64(d.segment.requests)
	done := blockOf(s, d.segment.begins)
	for i := range d.levels {
		closed, ok := d.levels[i].add(done)
		if !ok {
			return
		}
		switch i {
		case fine:
			d.segment.follow(closed)
			d.lookFast()
		case medium:
			d.evaluate()
		}
		done = closed
	}
}

// Kept is the bytes that the detector's rings take, beside the struct itself.
// They never grow.
func (d *Detector) Kept() (bytes int) {
	for i := range d.levels {
		bytes += len(d.levels[i].ring) * int(unsafe.Sizeof(block{}))
	}
	return bytes
}
