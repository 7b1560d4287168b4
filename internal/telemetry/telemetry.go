// Package telemetry is the vocabulary for what happened: events and their kinds, in the words that operators search for.
//
// Its children keep events, judge deaths and write reports; they share these
// words and [Redact], through which every text goes that may hold a secret
// before it is written anywhere.
package telemetry

import "time"

// Kind is what an event is about. Its text is stable: dashboards count by it.
type Kind string

// The kinds.
const (
	Host            Kind = "host"             // stanch itself
	WorkerStarting  Kind = "worker_starting"  // a start is going to follow
	WorkerStarted   Kind = "worker_started"   // the process runs
	WorkerReady     Kind = "worker_ready"     // it serves
	WorkerDraining  Kind = "worker_draining"  // it gets nothing new
	WorkerStopped   Kind = "worker_stopped"   // it ended as told
	WorkerDied      Kind = "worker_died"      // it ended untold
	BandChanged     Kind = "band_changed"     // memory is in another band
	LimitChanged    Kind = "limit_changed"    // memory has another limit
	LeakChanged     Kind = "leak_changed"     // a worker is found to leak, or not to any more
	GateOpened      Kind = "gate_opened"      // new requests are let in
	GateHeld        Kind = "gate_held"        // they wait
	GateShut        Kind = "gate_shut"        // they are refused
	CleanupAsked    Kind = "cleanup_asked"    // a worker was asked to give memory back
	CleanupDone     Kind = "cleanup_done"     // and this is what it gave
	ReplaceStarted  Kind = "replace_started"  // a successor is on its way
	ReplaceDone     Kind = "replace_done"     // it serves, and the old one is gone
	ReplaceFailed   Kind = "replace_failed"   // the old one stays, or nothing is left
	Frozen          Kind = "frozen"           // a worker was stopped at the brink
	PostmortemSaved Kind = "postmortem_saved" // a report says why a worker died
	Alert           Kind = "alert"            // a person should know
)

// Event is one thing that happened.
type Event struct {
	At     time.Time
	Kind   Kind
	Worker string // id; empty if it concerns none
	Text   string // one sentence, without secrets
	Facts  []Fact // the same for machines
}

// Fact is one detail of an event: a text, or an amount where Text is empty.
// Names are those of telemetry's customDimensions and customMeasurements; an
// amount's says its unit, as in usedBytes and tookSeconds.
type Fact struct {
	Name   string
	Text   string
	Amount float64
}

// Said is a fact that is a text.
func Said(name, text string) Fact { return Fact{Name: name, Text: text} }

// Amount is a fact that is a number.
func Amount(name string, n float64) Fact { return Fact{Name: name, Amount: n} }

// Fact is the fact of a name; the zero Fact if there is none.
func (e *Event) Fact(name string) Fact {
	for _, f := range e.Facts {
		if f.Name == name {
			return f
		}
	}
	return Fact{}
}
