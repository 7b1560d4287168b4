package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// ending says for what somebody else than its own goroutine ended an exchange.
type ending uint8

const (
	running ending = iota
	departure
	stall
	stopped
)

// flight is one request on its way, as others see it: the sweeper, InFlight
// and whoever ends it.
type flight struct {
	began atomic.Int64 // when the request's head was complete
	moved atomic.Int64 // when a byte last moved
	in    atomic.Int64 // bytes of the body from the client
	out   atomic.Int64 // bytes of the answer's body to the client
	wake  func()       // ends whatever waits for the client, for good

	mu        sync.Mutex
	active    bool
	id        uint64
	method    []byte // in the client's buffer, which stays while active
	path      []byte
	size      int64
	worker    string
	link      *link
	cancel    context.CancelFunc // ends the wait for a seat
	uploading bool               // a pump reads from the client, and will notice its end
	stream    bool               // an event stream or an upgraded connection: it may be silent
	upgraded  bool               // the client may close its half
	why       ending
}

// begin makes the flight visible.
func (f *flight) begin(id uint64, method, path []byte, size int64, t int64) {
	f.began.Store(t)
	f.moved.Store(t)
	f.in.Store(0)
	f.out.Store(0)
	f.mu.Lock()
	f.active, f.id, f.method, f.path, f.size = true, id, method, path, size
	f.worker, f.link, f.cancel = "", nil, nil
	f.uploading, f.stream, f.upgraded, f.why = false, false, false, running
	f.mu.Unlock()
}

// finish makes it invisible, and says why it was ended, if it was.
func (f *flight) finish() ending {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = false
	f.method, f.path, f.link, f.cancel = nil, nil, nil, nil
	return f.why
}

// attach ties the flight to a link, so that ending one ends the other. False:
// it was ended already.
func (f *flight) attach(l *link, uploading bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.why != running {
		return false
	}
	f.link, f.worker, f.uploading = l, l.up.addr, uploading
	return true
}

// detach undoes attach. It says why the flight was ended, if it was.
func (f *flight) detach() ending {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link, f.uploading = nil, false
	return f.why
}

func (f *flight) uploaded() {
	f.mu.Lock()
	f.uploading = false
	f.mu.Unlock()
}

func (f *flight) streams(upgraded bool) {
	f.mu.Lock()
	f.stream, f.upgraded = true, upgraded
	f.mu.Unlock()
}

// waits gives the flight a context for a wait in the queue, which end cancels.
func (f *flight) waits(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	f.mu.Lock()
	f.cancel = cancel
	if f.why != running {
		cancel()
	}
	f.mu.Unlock()
	return ctx, func() {
		f.mu.Lock()
		f.cancel = nil
		f.mu.Unlock()
		cancel()
	}
}

// end ends the flight for why, if it is under way.
func (f *flight) end(why ending) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endLocked(why)
}

func (f *flight) endLocked(why ending) {
	if !f.active || f.why != running {
		return
	}
	f.why = why
	if f.cancel != nil {
		f.cancel()
	}
	if f.link != nil {
		f.link.kill()
	}
	f.wake()
}

// sweep ends the flight if it has stalled, or if gone says that its client has
// left. gone may be nil.
func (f *flight) sweep(t int64, limit time.Duration, gone func() bool) {
	if t-f.began.Load() < int64(patience) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.active || f.why != running:
	case f.link != nil && !f.stream && t-f.moved.Load() > int64(limit):
		f.endLocked(stall)
	case gone != nil && !f.uploading && !f.upgraded && gone():
		f.endLocked(departure)
	}
}

// Request is a request in flight.
type Request struct {
	ID       uint64
	Method   string
	Path     string // without the query
	Age      time.Duration
	In       int64  // bytes of the body received so far
	Declared int64  // bytes of the body as declared; -1 if it is chunked
	Out      int64  // bytes of the answer's body sent so far
	Worker   string // the address of the worker that has it; empty while it waits for one
}

func (f *flight) snapshot(dst []Request, t int64) []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.active {
		return dst
	}
	return append(dst, Request{
		ID: f.id, Method: string(f.method), Path: string(f.path), Age: time.Duration(t - f.began.Load()),
		In: f.in.Load(), Declared: f.size, Out: f.out.Load(), Worker: f.worker,
	})
}

// InFlight appends the requests that are under way or waiting to dst.
func (s *Server) InFlight(dst []Request) []Request {
	t := now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		dst = c.flight.snapshot(dst, t)
	}
	for f := range s.flights {
		dst = f.snapshot(dst, t)
	}
	return dst
}
