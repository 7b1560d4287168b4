package lab

import (
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// Load is what is asked of the worker. It is open: what is due is sent whether or not
// the worker has answered what came before.
type Load struct {
	Seed    uint64 // the same seed, the same arrivals, bytes and order
	Before  []Item // put into the stores before the first phase
	Streams []Stream
}

// Item is a message or a blob that is there at the start. One of Queue and Blob is
// set.
type Item struct {
	Queue string // name of the queue
	Text  string // of the message
	Blob  string // CONTAINER/PATH
	Size  bytesize.Size
	Count int // of messages
}

// Stream is one source of work. One of HTTP, Queue and Blob is set.
type Stream struct {
	Name     string
	Arrivals Arrivals
	HTTP     []Request // a mix, drawn by share
	Queue    *Queue
	Blob     *Blob
}

// Arrivals is how the moments of a stream lie.
type Arrivals string

// The arrivals.
const (
	Random Arrivals = "random" // independent of each other, as strangers come: a Poisson process
	Even   Arrivals = "even"   // equal gaps
)

// Request is one kind of HTTP request in a mix.
type Request struct {
	Method  string
	Path    string        // {key} is one of Keys numbers, {n} the request's own number
	Keys    int           // how many keys there are
	Size    bytesize.Size // of the body
	Share   float64       // beside the others of the mix; more than 0
	Timeout time.Duration // the same at every speed
}

// Queue is a stream of messages.
type Queue struct {
	Name string
	Text string        // {n} is the message's own number; empty: Size bytes of noise
	Size bytesize.Size // where there is no text
}

// Blob is a stream of blobs.
type Blob struct {
	Path  string // CONTAINER/PATH, with {n} for the blob's own number
	Sizes []BlobSize
}

// BlobSize is one size in a mix.
type BlobSize struct {
	Size  bytesize.Size
	Share float64 // beside the others of the mix; more than 0
}
