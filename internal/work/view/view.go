// Package view is what a host shows of its work: the functions, the queues that they listen to, and the room that is left in the worker.
//
// The host fills it, the admin listener answers from it, and whoever reads
// /status gets it as JSON: these names are a promise to them. Everything is as it
// was at one moment, and nothing of it changes afterwards. Secrets have no place
// in it: errors are told as people may read them. Begin with [View].
package view

import (
	"encoding/json"
	"time"
)

// View is all work at one moment.
type View struct {
	Functions []Function `json:"functions"`
	Queues    []Queue    `json:"queues"`
	Room      Room       `json:"room"`
}

// Function is how one function is. Its counts begin with the host.
type Function struct {
	Name      string `json:"name"`
	Trigger   string `json:"trigger"` // as in function.json: queueTrigger, …
	State     State  `json:"state"`
	Reason    string `json:"reason,omitempty"` // why it is paused
	InFlight  int    `json:"in_flight"`        // given to a worker, or about to be
	Waiting   int    `json:"waiting"`          // for room
	Succeeded int64  `json:"succeeded"`
	Failed    int64  `json:"failed"`   // tries that failed, those that were tried again included
	Poisoned  int64  `json:"poisoned"` // messages that were given up
	LastError string `json:"last_error,omitempty"`
	Cost      Cost   `json:"cost"`
}

// State says whether a function gets work.
type State string

// The states.
const (
	Running State = "running"
	Paused  State = "paused" // its trigger is not asked for more; Function.Reason says why
)

// Cost is what an invocation is taken to need of a worker's memory: Fixed bytes,
// and Factor bytes for each byte of its payload.
type Cost struct {
	Factor float64 `json:"factor"`
	Fixed  int64   `json:"fixed_bytes"`
	Seen   int     `json:"seen"` // measurements that it was learnt from; 0: a first guess
}

// Queue is how full a queue is that a function listens to.
type Queue struct {
	Store         string   `json:"store"` // Azure, file, nats
	Name          string   `json:"name"`
	Total         int64    `json:"total"`          // messages, leased ones included
	Leased        int64    `json:"leased"`         // -1 if the store can't tell
	OldestSeconds float64  `json:"oldest_seconds"` // how long the oldest visible message has been there; 0 if the store can't tell
	PoisonTotal   int64    `json:"poison_total"`
	Poison        []Reason `json:"poison,omitempty"` // of the latest ones
	Err           string   `json:"error,omitempty"`  // why the store could not be asked; then the figures are none
}

// Reason is why one message was given up.
type Reason struct {
	ID         string    `json:"id"`
	Why        string    `json:"why"`
	At         time.Time `json:"at"`
	Postmortem string    `json:"postmortem,omitempty"` // of the worker that died with it
}

// Room is the books of the worker's memory, in bytes, and of who is inside.
type Room struct {
	Used     int64 `json:"used_bytes"`     // that the worker holds now
	Ceiling  int64 `json:"ceiling_bytes"`  // that it may hold; 0: no limit is known, and memory keeps nobody out
	Base     int64 `json:"base_bytes"`     // that it holds when it has nothing to do
	Reserved int64 `json:"reserved_bytes"` // for those inside
	Inside   int   `json:"inside"`
	Waiting  int   `json:"waiting"`
	Shadow   bool  `json:"shadow"` // memory keeps nobody out, and is only told
}

// Answer is what came of one invocation that was made by hand.
type Answer struct {
	Status     Outcome         `json:"status"`
	Invocation string          `json:"invocation"`       // its id, as telemetry has it
	Output     json.RawMessage `json:"output,omitempty"` // what the function gave back, as JSON; a text is a JSON string
	Logs       []Line          `json:"logs"`
	DurationMs float64         `json:"durationMs"`
	Error      string          `json:"error,omitempty"` // why it failed
}

// Outcome is how an invocation ended.
type Outcome string

// The outcomes.
const (
	Succeeded Outcome = "succeeded"
	Failed    Outcome = "failed"
)

// Line is one line of the function's log.
type Line struct {
	At    time.Time `json:"at"`
	Level string    `json:"level"` // Information, Warning, …
	Text  string    `json:"text"`
}
