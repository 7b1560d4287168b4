package proxy

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var errNoDescriptor = errors.New("this connection has no file descriptor")

// freshFor bounds the age of an idle connection that a request may use which
// can't be repeated: its worker is the less likely to close it just then.
const freshFor = int64(time.Second)

// Upstream is one worker instance's socket, with its pool of connections. All
// of its methods may be called from any goroutine.
type Upstream struct {
	network, addr string
	cfg           UpstreamConfig
	dialer        net.Dialer
	streams       atomic.Int64
	closesAfter   atomic.Int64 // the shortest idle time after which the worker was seen to close a connection; 0 if it never was

	mu       sync.Mutex
	links    []*link // all of them
	idle     []*link // the last one is the one used last
	aborted  string  // the reason, once Abort was called
	closed   bool
	prune    *time.Timer  // runs while there are idle links
	refusing atomic.Int64 // since when every attempt to connect has failed; 0 if the last did not
}

// NewUpstream returns the upstream for a worker that listens, or will listen,
// on addr: "tcp" and host:port, or "unix" and a path. It makes no connection.
func NewUpstream(network, addr string, cfg UpstreamConfig) *Upstream {
	cfg = cfg.withDefaults()
	return &Upstream{network: network, addr: addr, cfg: cfg, dialer: net.Dialer{Timeout: cfg.Dial, KeepAlive: -1}}
}

// Addr is the address that it was made for.
func (u *Upstream) Addr() string { return u.addr }

// Unreachable is for how long every attempt to connect has failed; 0 if the
// last one did not.
func (u *Upstream) Unreachable() time.Duration {
	since := u.refusing.Load()
	if since == 0 {
		return 0
	}
	return time.Duration(now() - since)
}

// Streams is the number of upgraded connections and event streams under way.
func (u *Upstream) Streams() int { return int(u.streams.Load()) }

// Abort says that the worker is frozen or dead. Every connection is closed at
// once; what was under way on it fails with reason, and is retried or answered
// with it. No new connection is made. The first reason stays.
func (u *Upstream) Abort(reason string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.aborted == "" {
		u.aborted = reason
	}
	for _, l := range u.links {
		l.kill()
	}
	u.closeIdle()
}

// Close says that the worker gets no more work: idle connections are closed,
// and none is kept from now on. What is under way goes on.
func (u *Upstream) Close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	u.closeIdle()
}

// HangUp ends upgraded connections and event streams: a WebSocket gets a close
// frame (1001) on both sides, an event stream its regular end where it stands
// between two chunks. It does not wait for them; Streams tells.
func (u *Upstream) HangUp() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, l := range u.links {
		if l.stream {
			l.hang()
		}
	}
}

func (l *link) hang() {
	l.hung.Store(true)
	// A deadline in the past wakes the reader; it finds out why by itself.
	_ = l.nc.SetReadDeadline(time.Unix(1, 0))
}

// reason says why the upstream was aborted, or "".
func (u *Upstream) reason() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.aborted
}

// abortedError is the error of using an upstream that was aborted.
type abortedError struct{ reason string }

func (e *abortedError) Error() string { return e.reason }

// get returns a link: an idle one where there is one that a request like this
// may use, unless it is to be fresh. t is now, or a little before.
func (u *Upstream) get(p *pools, safe, fresh bool, t int64) (*link, error) {
	if !fresh {
		if l, err := u.fromIdle(safe, t); l != nil || err != nil {
			if l != nil {
				l.pools = p
			}
			return l, err
		}
	}
	return u.dial(p)
}

func (u *Upstream) fromIdle(safe bool, t int64) (*link, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.aborted != "" {
		return nil, &abortedError{u.aborted}
	}
	n := len(u.idle)
	if n == 0 {
		return nil, nil
	}
	l := u.idle[n-1]
	age := t - l.idle
	limit := int64(u.cfg.IdleFor)
	if l.keepFor > 0 {
		limit = min(limit, l.keepFor/2)
	}
	if !safe {
		if l.keepFor == 0 {
			limit = min(limit, freshFor)
		}
		if seen := u.closesAfter.Load(); seen > 0 {
			limit = min(limit, seen/2)
		}
	}
	if age > limit {
		// The others were idle for longer; prune gets to them.
		return nil, nil
	}
	u.idle[n-1] = nil
	u.idle = u.idle[:n-1]
	l.age = age
	return l, nil
}

func (u *Upstream) dial(p *pools) (*link, error) {
	nc, err := u.dialer.Dial(u.network, u.addr)
	if err != nil {
		u.refusing.CompareAndSwap(0, now())
		return nil, fmt.Errorf("connect to worker: %w", err)
	}
	u.refusing.Store(0)
	l, err := newLink(u, nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("connect to worker: %w", err)
	}
	l.pools = p
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.aborted != "" {
		nc.Close()
		return nil, &abortedError{u.aborted}
	}
	l.index = len(u.links)
	u.links = append(u.links, l)
	return l, nil
}

// put takes a link back whose exchange ended cleanly, at t.
func (u *Upstream) put(l *link, t int64) {
	l.release()
	l.pools = nil
	l.size = mediumBuffer
	l.used = true
	l.idle = t
	u.mu.Lock()
	if u.closed || u.aborted != "" || len(u.idle) >= u.cfg.Idle {
		u.mu.Unlock()
		l.discard()
		return
	}
	u.idle = append(u.idle, l)
	if len(u.idle) == 1 {
		if u.prune == nil {
			u.prune = time.AfterFunc(u.cfg.IdleFor, u.dropOld)
		} else {
			u.prune.Reset(u.cfg.IdleFor)
		}
	}
	u.mu.Unlock()
}

// dropOld closes the links that nobody may use any more.
func (u *Upstream) dropOld() {
	u.mu.Lock()
	defer u.mu.Unlock()
	t := now()
	kept := u.idle[:0]
	for _, l := range u.idle {
		limit := int64(u.cfg.IdleFor)
		if l.keepFor > 0 {
			limit = min(limit, l.keepFor/2)
		}
		if t-l.idle >= limit {
			l.nc.Close()
			u.remove(l)
			continue
		}
		kept = append(kept, l)
	}
	clear(u.idle[len(kept):])
	u.idle = kept
	if len(kept) > 0 {
		u.prune.Reset(u.cfg.IdleFor / 4)
	}
}

func (u *Upstream) closeIdle() {
	for _, l := range u.idle {
		l.nc.Close()
		u.remove(l)
	}
	u.idle = nil
	if u.prune != nil {
		u.prune.Stop()
	}
}

func (u *Upstream) forget(l *link) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.remove(l)
}

func (u *Upstream) remove(l *link) {
	if l.index < 0 {
		return
	}
	if l.stream {
		l.stream = false
		u.streams.Add(-1)
	}
	last := u.links[len(u.links)-1]
	u.links[l.index] = last
	last.index = l.index
	u.links[len(u.links)-1] = nil
	u.links = u.links[:len(u.links)-1]
	l.index = -1
}

// streaming says that l carries a stream from now on, until it is discarded.
func (u *Upstream) streaming(l *link) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if l.index >= 0 && !l.stream {
		l.stream = true
		u.streams.Add(1)
	}
}

// sawClose notes that the worker had closed a connection that was idle for age.
// It may do so again just when a request that can't be repeated is on its way,
// so from now on such a request takes only connections half as old.
func (u *Upstream) sawClose(age int64) {
	for {
		seen := u.closesAfter.Load()
		if seen > 0 && seen <= age || u.closesAfter.CompareAndSwap(seen, max(age, 1)) {
			return
		}
	}
}
