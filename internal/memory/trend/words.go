package trend

import (
	"encoding/json"
	"time"

	"github.com/stanch-dev/stanch/internal/stats"
)

// State is what a worker's memory is found to do.
//
//	Warming ──► OK ◄──► Filling        growth that slows: a cache
//	              ◄──► Suspect ──► Confirmed ──► Critical
//	                   growth     that lasts     the limit is near
//
// A new segment begins in Warming, unless the finished generations have confirmed a
// leak between them.
type State string

// The states, in order.
const (
	OK        State = "ok"        // does not grow, or too slowly to matter
	Warming   State = "warming"   // too young to say
	Filling   State = "filling"   // grows, ever slower
	Suspect   State = "suspect"   // grows; may yet be a cache
	Confirmed State = "confirmed" // leaks
	Critical  State = "critical"  // leaks, and the limit is near
)

// Leaks says whether the state is an alarm.
func (s State) Leaks() bool { return s == Confirmed || s == Critical }

// Class is the kind of memory that grows.
type Class string

// The classes.
const (
	Unknown   Class = "unknown" // the signals that would tell are not there
	Managed   Class = "managed" // live objects of the managed heap
	Slack     Class = "allocator-slack"
	Native    Class = "native"
	PageCache Class = "page-cache" // never an alarm: the kernel takes it back
	Kernel    Class = "kernel"     // kernel memory and socket buffers
	Mixed     Class = "mixed"
)

// Driver is what a leak goes with.
type Driver string

// The drivers.
const (
	ByTime       Driver = "time"
	ByRequests   Driver = "requests"
	Undetermined Driver = "undetermined"
)

// Interval is an estimate and its 95 % interval. Infinite means never, and is
// null in JSON.
type Interval = stats.Interval

// Moment is a time on the samples' clock. In JSON it is seconds.
type Moment time.Duration

// MarshalJSON writes seconds.
func (m Moment) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(m).Seconds()) }
