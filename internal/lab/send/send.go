// Package send sends what a timeline says is due, each thing at its moment: requests to
// the worker, messages and blobs to the stores.
//
// The load is open. A late answer delays nothing that comes after it, and every moment
// is told beside the one that the plan had, so that a sender that falls behind is seen
// for what it is, and no wait is hidden. Payloads are made while they are sent, and no
// body is held whole. What has no answer is told with one of a few texts, which name no
// address and no secret. So many things can be open at once and no more: what is due
// beyond that is told as never begun. Begin with [New] and [Sender.Run].
package send

import (
	"context"
	"iter"
	"math"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// Config is where things are sent, and who is told.
type Config struct {
	// Base is the URL of the worker's front, as in http://127.0.0.1:8080; it is asked
	// for each request, from any goroutine. Empty: there is none at the moment, and the
	// request is lost.
	Base func() string
	// Queues and Blobs are nil where the experiment has no store.
	Queues queue.Store
	Blobs  blob.Store
	// Tell is called once for each arrival whose moment had come, from any goroutine.
	Tell func(lab.Sent)
}

// The most that is open at once. A request that hangs holds a socket and some 30 KiB,
// and a blob on its way to Azure some megabytes.
const (
	maxRequests = 8192
	maxMessages = 1024
	maxBlobs    = 64
)

// Sender sends. One Run at a time.
type Sender struct {
	cfg      Config
	pool     pool
	requests chan struct{} // a place for each open one
	messages chan struct{}
	blobs    chan struct{}
}

// New makes a sender.
func New(c Config) *Sender {
	return &Sender{
		cfg: c, pool: pool{inUse: map[*conn]bool{}},
		requests: make(chan struct{}, maxRequests),
		messages: make(chan struct{}, maxMessages),
		blobs:    make(chan struct{}, maxBlobs),
	}
}

// Run sends each arrival at its moment after began, in their order, and returns when all
// were answered, taken or lost. When ctx ends, it begins nothing more, gives up what is
// open, and returns why ctx ended; what had come due is told as lost. An arrival for a
// store that there is none of is an error, and is not told.
func (s *Sender) Run(ctx context.Context, began time.Time, arrivals iter.Seq[timeline.Arrival]) error {
	s.pool.open()
	defer s.pool.close()
	defer context.AfterFunc(ctx, s.pool.close)()
	var open sync.WaitGroup
	defer open.Wait()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for a := range arrivals {
		if err := s.stores().has(a); err != nil {
			return err
		}
		if !due(ctx, alarm, a.At-time.Since(began)) {
			break // nor is anything that follows
		}
		sent := lab.Sent{Due: a.At.Seconds(), At: math.NaN(), Done: math.NaN(), Stream: a.Stream, Number: a.Number, Key: a.Key, Request: a.Method != ""}
		places := s.places(a)
		if sent.Lost = enter(ctx, places); sent.Lost != "" {
			s.cfg.Tell(sent)
			continue
		}
		open.Go(func() {
			defer func() { <-places }()
			s.one(ctx, began, a, &sent)
			s.cfg.Tell(sent)
		})
	}
	return context.Cause(ctx)
}

// due waits for a moment; false if ctx ended before it.
func due(ctx context.Context, alarm *time.Timer, wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	alarm.Reset(wait)
	select {
	case <-alarm.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// enter takes a place, or says why there is none.
func enter(ctx context.Context, places chan<- struct{}) (lost string) {
	if ctx.Err() != nil {
		return ended
	}
	select {
	case places <- struct{}{}:
		return ""
	default:
		return tooMany
	}
}

// places are those that an arrival takes one of while it is open.
func (s *Sender) places(a timeline.Arrival) chan struct{} {
	switch {
	case a.Method != "":
		return s.requests
	case a.Queue != "":
		return s.messages
	}
	return s.blobs
}

// one sends one arrival and waits for what comes of it.
func (s *Sender) one(ctx context.Context, began time.Time, a timeline.Arrival, sent *lab.Sent) {
	sent.At = time.Since(began).Seconds()
	status, err := 0, error(nil)
	if sent.Request {
		status, err = s.ask(ctx, a)
	} else {
		err = s.stores().put(ctx, a)
	}
	if err == nil {
		sent.Done, sent.Status = time.Since(began).Seconds(), status
		return
	}
	sent.Lost = because(err)
	if ctx.Err() != nil {
		sent.Lost = ended
	}
	if sent.Lost == unknown && !sent.Request {
		sent.Lost = "error"
	}
	if !sent.Request && sent.Lost != ended {
		sent.Lost = notTaken + sent.Lost
	}
}
