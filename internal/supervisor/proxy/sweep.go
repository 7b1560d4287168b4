package proxy

import "time"

// The sweeper's pace. Its look at an idle connection costs some nanoseconds, at
// a request that waits for longer than patience a system call, so with many
// connections it goes slower.
const (
	sweepEvery = 50 * time.Millisecond
	sweepMost  = 500 * time.Millisecond
	patience   = 50 * time.Millisecond
)

// sweep looks after the time of all connections, so that none needs timers or
// deadlines of its own. It rests while there is no connection.
func (s *Server) sweep() {
	timer := time.NewTimer(sweepEvery)
	defer timer.Stop()
	for {
		n := s.sweepOnce(now())
		if n == 0 {
			if s.isClosed() {
				return
			}
			<-s.wake
			s.clock.Store(now())
			continue
		}
		timer.Reset(min(sweepEvery+time.Duration(n/1000)*25*time.Millisecond, sweepMost))
		<-timer.C
	}
}

func (s *Server) sweepOnce(t int64) (connections int) {
	s.clock.Store(t)
	idle := int64(s.cfg.IdleTimeout)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		since := c.since.Load()
		switch c.state.Load() {
		case stateIdle:
			if t-since > idle || s.draining.Load() && t-max(since, s.drainAt.Load()) > s.drainIdleLocked(c) {
				c.doom(stateIdle)
			} else if c.polled != since && t != since {
				// Once for each time of idleness: see inlet.ready.
				if c.polled = since; c.gone() {
					c.doom(stateIdle)
				}
			}
		case stateHead:
			if t-since > int64(s.cfg.HeadTimeout) {
				c.doom(stateHead)
			}
		case stateBusy:
			c.flight.sweep(t, s.cfg.StallTimeout, c.gone)
		}
	}
	for f := range s.flights {
		f.sweep(t, s.cfg.StallTimeout, nil)
	}
	return len(s.conns)
}

// drainIdleLocked is how long c may be idle while the server drains. Whoever
// connected after Drain has a request to send: to close on it would answer that
// with a reset. Once no more can connect, all have the same short time.
func (s *Server) drainIdleLocked(c *conn) int64 {
	if c.born > s.drainAt.Load() && !s.closed {
		return int64(max(s.cfg.HeadTimeout, s.cfg.DrainIdle))
	}
	return int64(s.cfg.DrainIdle)
}
