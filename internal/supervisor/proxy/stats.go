package proxy

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// buckets are the upper bounds of the latency histogram; what is slower counts
// in one more bucket at the end.
var buckets = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
	30 * time.Second, time.Minute,
}

// Buckets returns the upper bounds of Stats.Latency.
func Buckets() []time.Duration { return buckets[:len(buckets):len(buckets)] }

// Stats is what a Server has counted since it was made.
type Stats struct {
	Status      [6]int64         // finished requests by status class, 1 to 5; 0: ended without an answer
	Retries     int64            // times that a request was given to another worker
	Refused     map[string]int64 // requests refused or failed by the proxy itself, by reason
	Aborted     int64            // requests whose client went away
	In, Out     int64            // bytes of bodies from clients, and of bodies to them
	Latency     []int64          // by Buckets, and one more for what is slower
	LatencySum  time.Duration    // of all finished requests
	Connections int64            // client connections open
	Accepted    int64            // client connections since the start
}

// Done is one finished request. Its slices are only good during the call.
type Done struct {
	Method, Path []byte // as received, the path without its query; empty if the head could not be read
	Target, Host []byte // the path with its query, and the Host header
	Trace        []byte // the traceparent header; empty if there was none
	Status       int    // of the answer; 0 if the connection ended without one
	Duration     time.Duration
	In, Out      int64  // bytes of the body from the client, and of the answer's body
	Reason       string // why the proxy itself refused or failed it; empty if the worker answered
	Worker       string // the address of the last worker that it was given to; empty if none
	Retries      int
}

// maxReasons bounds the map of reasons: a reason with a number in it must not
// grow without end.
const maxReasons = 64

type counters struct {
	status      [6]atomic.Int64
	retries     atomic.Int64
	aborted     atomic.Int64
	in, out     atomic.Int64
	latency     [len(buckets) + 1]atomic.Int64
	latencySum  atomic.Int64
	connections atomic.Int64
	accepted    atomic.Int64

	mu      sync.Mutex
	refused map[string]int64
}

func (c *counters) finish(d *Done) {
	class := d.Status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	c.status[class].Add(1)
	if d.In > 0 {
		c.in.Add(d.In)
	}
	if d.Out > 0 {
		c.out.Add(d.Out)
	}
	if d.Retries > 0 {
		c.retries.Add(int64(d.Retries))
	}
	c.latencySum.Add(int64(d.Duration))
	i := 0
	for i < len(buckets) && d.Duration > buckets[i] {
		i++
	}
	c.latency[i].Add(1)
	if d.Reason != "" {
		c.refuse(d.Reason)
	}
}

func (c *counters) refuse(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = map[string]int64{}
	}
	if _, ok := c.refused[reason]; !ok && len(c.refused) >= maxReasons {
		reason = "other"
	}
	c.refused[reason]++
}

// Stats returns what was counted so far.
func (s *Server) Stats() Stats {
	c := &s.count
	st := Stats{
		Retries:     c.retries.Load(),
		Aborted:     c.aborted.Load(),
		In:          c.in.Load(),
		Out:         c.out.Load(),
		Latency:     make([]int64, len(c.latency)),
		LatencySum:  time.Duration(c.latencySum.Load()),
		Connections: c.connections.Load(),
		Accepted:    c.accepted.Load(),
	}
	for i := range c.status {
		st.Status[i] = c.status[i].Load()
	}
	for i := range c.latency {
		st.Latency[i] = c.latency[i].Load()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	st.Refused = maps.Clone(c.refused)
	return st
}
