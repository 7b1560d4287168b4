// Package hunt is the words of a hunt for the endpoint that leaks.
//
// A hunt drives a worker's endpoints apart. It goes in rounds: every endpoint has
// one block of a round to itself, and so has idleness, which is the control. After
// a block comes settling: the worker collects its garbage where it can be told to,
// and its memory is read when it has come to rest. That reading is a Floor, and
// what a block did to it is an Observation. Round 0 is the warm-up: lazy starts,
// caches and compilers grow there, and no finding rests on it.
//
// Below are three: design says which block comes next, judge says what the
// observations mean; both are pure. Whoever drives the worker stands between them:
//
//	j, err := judge.New(config)
//	p := design.New(seed, names, pair)
//	for report := j.Report(); !report.Decided; report = j.Report() {
//		block := p.Next(j.Size)
//		j.Add(drive(block)) // and show report.Detectable, report.Remaining
//	}
//
// Sizes are bytes, an estimate is bytes a request, and a time on the hunt's clock
// is the time since it began. Begin with Block, Observation and Report.
package hunt

import "time"

// Endpoint is one kind of request that can be driven by itself.
type Endpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"` // with its placeholders: /orders/{id}
}

// Name tells endpoints apart: "GET /orders/{id}".
func (e Endpoint) Name() string { return e.Method + " " + e.Path }

// Side is one of the two subjects of a comparison. A hunt of one subject is all
// SideA.
type Side string

// The sides.
const (
	SideA Side = "a"
	SideB Side = "b" // what --vs names
)

// Size is how long a block is: it ends when Requests were answered (well or not) or
// For has passed, whichever comes first. Requests of 0 is idleness for the whole
// of For.
type Size struct {
	Requests int           `json:"requests"`
	For      time.Duration `json:"for"`
}

// Block is a stretch of a hunt in which one endpoint is driven, or none.
type Block struct {
	Number   int    `json:"number"` // from 0, in the order they are driven
	Round    int    `json:"round"`  // 0 is the warm-up
	Last     bool   `json:"last"`   // of its round: verdicts are given after it
	Side     Side   `json:"side"`
	Endpoint string `json:"endpoint"` // its name; empty is idleness
	Size     Size   `json:"size"`
}

// Floor is what the worker holds once it has come to rest. Zero in an optional
// field means that nobody tells.
type Floor struct {
	At         time.Duration `json:"at"`                  // on the hunt's clock
	Hard       int64         `json:"hard"`                // what the kernel can't drop: anonymous, shared and kernel memory
	Heap       int64         `json:"heap,omitempty"`      // live bytes of the managed heap
	Committed  int64         `json:"committed,omitempty"` // what the managed heap holds from the system
	Generation uint64        `json:"generation"`          // changes when the process is another one
	Stable     bool          `json:"stable"`              // it came to rest before the patience ended
}

// Observation is what one block did. The floor before it is as a rule the floor
// after the block before it on the same side.
type Observation struct {
	Block    Block         `json:"block"`
	Requests int           `json:"requests"` // answered, and well
	Failed   int           `json:"failed"`   // refused, broken off, or answered with a status of 400 or more
	Took     time.Duration `json:"took"`     // the load itself, without settling
	P50      time.Duration `json:"p50"`
	P99      time.Duration `json:"p99"`
	Before   Floor         `json:"before"`
	After    Floor         `json:"after"`           // of another generation where the worker was replaced in the block
	Ended    string        `json:"ended,omitempty"` // how the worker went, where it died in the block
}

// Stretch is a window of mixed traffic, for when endpoints can't be driven apart.
type Stretch struct {
	Requests map[string]int `json:"requests"` // by endpoint's name
	Before   Floor          `json:"before"`
	After    Floor          `json:"after"`
}
