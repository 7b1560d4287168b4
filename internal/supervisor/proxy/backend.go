package proxy

import (
	"context"
	"fmt"
	"time"
)

// Backend says who may enter and which worker serves. Its methods are called
// from many goroutines at once.
type Backend interface {
	// TryEnter takes a seat if one is free now. It never blocks; on false the
	// request goes through Enter.
	TryEnter() (Seat, bool)
	// Enter waits in the bounded queue for a seat. ctx ends when the client
	// goes away or the server stops. The error is a *Refusal or ctx's.
	Enter(ctx context.Context) (Seat, error)
}

// Seat is the right to use one worker for one request.
type Seat interface {
	Upstream() *Upstream
	// Leave gives the seat back. It is called exactly once.
	Leave()
}

// Refusal is the error with which a request is turned away. It is answered
// with its status, a short text body, X-Stanch-Reason and, if RetryAfter is
// positive, Retry-After in whole seconds, rounded up.
type Refusal struct {
	Status     int
	RetryAfter time.Duration
	Reason     string
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.Status, r.Reason) }

// Ledger keeps the requests in flight where they outlive a crash.
type Ledger interface {
	// Slot reserves room for one request at a time. It is called once for each
	// client connection (HTTP/2: for each request).
	Slot() Slot
}

// Slot is one place in the ledger, used by one goroutine at a time.
type Slot interface {
	// Begin records a request that is about to be given to a worker: path is
	// without its query, size the declared length of the body, -1 if unknown.
	// The slices are only good during the call.
	Begin(method, path []byte, size int64)
	// End says that the worker has let go of the request.
	End()
	// Free gives the place back; the slot is not used after it.
	Free()
}
