package lab

import (
	"math"
	"time"
)

// Record is what one run left: the raw evidence, as it was seen and nothing more.
// Seconds are those of the wall since the run's timeline began; what came before it
// (the worker's start) is negative.
type Record struct {
	Number  int // of the run in its bundle, from 1
	Role    string
	Variant string // that it began with
	Round   int    // 0 for controls
	Order   int    // its place among the runs of its round, from 1

	Began    time.Time // the moment that all seconds count from
	Spans    []Span    // phases as they were in fact, in order
	Finished bool      // it came to its planned end
	Why      string    // it did not

	Samples []Sample // ascending by At
	Sent    []Sent   // ascending by Due
	Events  []Event  // ascending by At
	Calls   []Call   // ascending by Done; of function hosts, from the telemetry
}

// Moment is the time of a second of the run.
func (r *Record) Moment(seconds float64) time.Time {
	return r.Began.Add(time.Duration(math.Round(seconds*1e6)) * time.Microsecond)
}

// Call is one call of a worker as the stanch before it recorded it: a request, or a
// delivery to a function.
type Call struct {
	At, Done float64
	Name     string
	OK       bool
}

// Span is a phase as it was run.
type Span struct {
	Name     string
	From, To float64   // with its rests; to before To
	Cuts     []float64 // where its cycles end, rests included; only of a phase with several
}

// Sample is one look at the worker: all its processes, children included. What could
// not be read is NaN. The order of Values is that of [AllSeries].
type Sample struct {
	At         float64
	Generation int // of the worker's process in this run, from 1; 0 while there is none
	Values     [10]float64
	Limit      float64 // bytes that the kernel allows the group; NaN without
	Stolen     float64 // share of the processors' time since the last sample that another machine took
}

// AllSeries are the series that a sample has, in their order.
func AllSeries() []Series {
	return []Series{Used, Private, RSS, Charge, Heap, Native, File, Threads, FDs, Goroutines}
}

// Sent is one arrival of the plan, as it went.
type Sent struct {
	Due     float64 // when the plan wanted it
	At      float64 // when it was begun; NaN if it never was
	Done    float64 // when its answer was there, or the store had it; NaN if that never came
	Stream  string
	Number  int64  // of its stream
	Key     int    // 0 without keys
	Status  int    // of HTTP; 0 without an answer, and for stores
	Lost    string // why there was no answer, or the store did not take it; empty if it did
	Request bool   // of HTTP; false for messages and blobs
}

// Event is something that happened in a run.
type Event struct {
	At   float64
	Kind EventKind
	Text string // for people
	// Generation of the worker's process that it is about; 0 if it is about none.
	Generation int
	Code       int // of EventExited: the exit code, 128 and the signal where one ended it
}

// EventKind says what happened.
type EventKind string

// The kinds.
const (
	EventPhase      EventKind = "phase"       // a phase begins; Text is its name
	EventRest       EventKind = "rest"        // the load of a cycle is over
	EventSettled    EventKind = "settled"     // memory came to rest in the rest
	EventUnsettled  EventKind = "unsettled"   // it did not, in the time that there was
	EventAction     EventKind = "action"      // something was done to the subject
	EventFaultEnded EventKind = "fault-ended" // a dependency is well again
	EventStarted    EventKind = "started"     // a worker's process is there
	EventExited     EventKind = "exited"      // and is gone
	EventNote       EventKind = "note"        // what could not be done or read
)

// Question is a query to be asked of one run's tables.
type Question struct {
	ID     string   // of the criterion, metric or signal that it is for, or a name of its own
	Part   string   // criterion, metric, signal or report
	Run    int      // its number in the bundle
	Window []string // phases; nil is the whole run
	From   time.Time
	To     time.Time
	KQL    string
}

// Answer is what a query gave, of one run and one window.
type Answer struct {
	ID      string    `json:"id"`   // of the criterion, metric or signal
	Part    string    `json:"part"` // criterion, metric or signal
	Run     int       `json:"run"`
	Window  []string  `json:"window"` // phases
	From    time.Time `json:"from"`   // rows with From <= timestamp < To were seen
	To      time.Time `json:"to"`
	KQL     string    `json:"kql"`
	Columns []string  `json:"columns"`
	Rows    [][]any   `json:"rows"`              // null, true, false, numbers and texts
	Problem string    `json:"problem,omitempty"` // why there is no answer
}

// State is how far a bundle got.
type State string

// The states. Only a complete one has a verdict.
const (
	Running  State = "running" // or killed: nobody has ended it
	Aborted  State = "aborted"
	Complete State = "complete"
)

// Manifest says what a bundle is, and where it was made.
type Manifest struct {
	Format int     `json:"format"`
	State  State   `json:"state"`
	Why    string  `json:"why,omitempty"` // it was aborted
	Name   string  `json:"name"`
	Stanch string  `json:"stanch"` // its version
	Small  bool    `json:"small"`
	Speed  float64 `json:"speed"` // as asked for; 0 is the file's own
	Scale  float64 `json:"scale"`
	Seed   uint64  `json:"seed"`
	// Compare is there where the experiment was only run to compare two variants.
	Compare *Pairing  `json:"compare,omitempty"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	Machine Machine   `json:"machine"`
	Files   []FileSum `json:"files"` // all others of the bundle, by path
	Seal    string    `json:"seal"`  // SHA-256 of the manifest itself with an empty seal, in hexadecimal; empty until it is ended
}

// Pairing is a comparison of two variants in place of what the file asks.
type Pairing struct {
	A     string `json:"a"`
	B     string `json:"b"`
	Least int    `json:"least"` // pairs
	Most  int    `json:"most"`
}

// Machine is where an experiment was run.
type Machine struct {
	Kernel string `json:"kernel"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"`
	Memory int64  `json:"memory"` // bytes
	Cgroup string `json:"cgroup"` // v1, v2 or none
	Clock  string `json:"clock"`  // the kernel's clock source
}

// FileSum is one file of a bundle.
type FileSum struct {
	Path   string `json:"path"` // below the bundle, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal
}
