// Package flight is a recorder that survives the death of the process that writes it.
//
// What it records is written straight into a file mapped into memory: samples
// of the memory, events, the workers' last lines of output, the requests in
// flight. The kernel keeps the pages of a process that it kills, so that the
// next stanch, or a person, can read how the last seconds went. The file has
// one size and is allocated in full when it is opened: a disk that fills up
// later can't hurt. It does not outlive a crash of the machine, and is not
// synced: a recorder must not wait for a disk.
//
// Every record carries a checksum. The reader takes nothing for granted: what
// is torn is left out, and said. Times are the wall clock's, put in order by
// the boot clock, so that a clock that jumps does not scramble the story.
//
// Begin with [Open].
package flight

import (
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// Options says how to record.
type Options struct {
	Memory bool // never on disk; the path is not touched
}

// Sample is one look at the memory. Amounts are bytes; the totals are PSI's
// stall times since boot.
type Sample struct {
	At                   time.Time
	Used, Limit          int64 // what decides
	Container, Self      int64
	Band                 uint8
	InFlight, Queue      int
	SomeTotal, FullTotal time.Duration
	OOMKills             int64
}

// Line is a line of a worker's output, redacted.
type Line struct {
	At                   time.Time
	Worker, Stream, Text string
}

// Request is one that was in flight.
type Request struct {
	Method, Path string
	Size         int64 // declared bytes of the body; -1 if unknown
	Age          time.Duration
}

// Remains is what a recorder holds, or an earlier run has left. All lists are
// in order of time.
type Remains struct {
	PID           int
	Started, Last time.Time // Last is the time of the last record
	Clean         bool      // the run was closed in order
	Torn          string    // what was wrong with the file; empty if nothing was

	Samples  []Sample
	Notes    []telemetry.Event
	Lines    []Line
	InFlight []Request // oldest first
}
