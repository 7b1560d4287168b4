// Package postmortem says why a worker died, and on what evidence.
//
// A wrong answer costs more than none: people raise limits and blame the kernel
// for what a stray script did. So a cause is claimed only as far as the
// evidence carries it, every claim comes with the numbers it rests on, and
// where these don't tell, the answer is "unknown". The kernel is accused only
// where it has counted a kill itself. The package is pure; what it judges was
// seen by others. Begin with [Judge], then [Report].
package postmortem

import "time"

// Evidence is all that is known of a death. Amounts are bytes.
type Evidence struct {
	Code       int    // with which it exited, if Signal is 0
	Signal     int    // that ended it, as Linux numbers them; 0 if it exited
	OwnKill    string // why stanch killed it; empty if stanch did not
	NeverReady string // how it missed its readiness; empty if it had been ready

	OOMBefore, OOMAfter int64 // kills that the kernel had counted when it started, and after its death
	CountersKnown       bool  // whether there was such a counter to read
	OwnCgroup           bool  // the counter is this worker's own, not the container's
	OOMGroup            bool  // memory.oom.group is set: one kill takes all

	LastUsed, Limit int64         // at the last look; the limit is memory.Unlimited if there is none, or 0 if unknown
	Slope           float64       // bytes a second, before its death
	FullStall       time.Duration // for which everything stood still for want of memory, in the last 10 s (PSI)

	Frozen     bool // stanch had stopped it at the brink
	StanchDied bool // nobody saw the death: stanch was killed too, and reads its own remains
}

// Confidence is how far a verdict can be trusted.
type Confidence string

// The confidences.
const (
	Certain Confidence = "certain" // the evidence leaves no other explanation
	Likely  Confidence = "likely"  // another one would need a coincidence
	Unknown Confidence = "unknown" // it was not seen, and can't be concluded
)

// The causes. They are stable: people count by them.
const (
	KernelOOM      = "kernel-oom"       // the kernel killed for memory
	FrozenAtLimit  = "frozen-at-limit"  // stanch stopped it at the brink, then ended it
	KilledByStanch = "killed-by-stanch" // for another reason
	ForeignSigkill = "foreign-sigkill"  // SIGKILL by somebody else
	UnknownSigkill = "unknown-sigkill"  // SIGKILL, and no telling by whom
	ForeignSignal  = "foreign-signal"   // another signal that asks a process to end, not sent by stanch
	Crashed        = "crashed"          // a signal that the process brought on itself
	Exited         = "exited"           // with a code that tells of an error
	ExitedZero     = "exited-0"         // with success, though nobody had asked it to end
	NeverReady     = "never-ready"      // it ended, or was ended, before it served
	StanchDied     = "stanch-died"      // stanch itself was killed, and the worker with it
)

// Verdict is what the evidence says.
type Verdict struct {
	Cause      string     `json:"cause"`
	Text       string     `json:"text"` // one sentence for a person, without a full stop
	Confidence Confidence `json:"confidence"`
	Because    []string   `json:"because"` // each with its numbers, the weightiest first
}
