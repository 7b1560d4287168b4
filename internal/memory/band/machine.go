package band

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
)

// Sample is one reading, as the judgement sees it.
type Sample struct {
	At    time.Time
	Used  int64
	Limit int64         // memory.Unlimited if nothing bounds it
	Slope float64       // bytes a second, over the last looks
	Next  time.Duration // time until the next look
}

// Projected is what Used will be at the next look if the slope holds.
func (s Sample) Projected() int64 { return s.after(s.Next) }

func (s Sample) after(d time.Duration) int64 {
	if s.Slope <= 0 {
		return s.Used
	}
	grown := s.Slope * d.Seconds()
	if grown > float64(s.Limit) { // keeps the sum from overflowing
		return s.Limit
	}
	return s.Used + int64(grown)
}

// Change is the outcome of one step of a [Machine].
type Change struct {
	From, To Band
	Why      string // empty unless something changed
}

// Changed says whether the band is another one than before.
func (c Change) Changed() bool { return c.From != c.To }

// Machine keeps the band. The zero value is not usable; see [NewMachine]. It is
// not safe for concurrent use.
type Machine struct {
	cfg    Config
	levels Levels
	band   Band
	eased  bool      // a worker has gone: what it held is free, and no dwell is due
	calm   time.Time // since when every reading was below the level of leaving; zero if the last was not
}

// NewMachine starts in Healthy.
func NewMachine(cfg Config) *Machine { return &Machine{cfg: cfg, levels: cfg.For(0)} }

// Band is the present band.
func (m *Machine) Band() Band { return m.band }

// Levels are the levels for the last limit seen.
func (m *Machine) Levels() Levels { return m.levels }

// LevelsFor are the levels for a limit that the next step may bring.
func (m *Machine) LevelsFor(limit int64) Levels {
	if limit == m.levels.Limit {
		return m.levels
	}
	return m.cfg.For(limit)
}

// Configure replaces the configuration; it takes effect with the next step.
func (m *Machine) Configure(cfg Config) {
	m.cfg = cfg
	m.levels = cfg.For(m.levels.Limit)
}

// Ease tells that a worker has gone. A band that was its doing is left with the
// next reading that allows it, without the dwell.
func (m *Machine) Ease() { m.eased = true }

// Step takes one reading. A band is entered at once, by the reading itself or
// by where its slope takes it before the next look; it is left after the dwell,
// or at once when the limit has changed.
func (m *Machine) Step(s Sample) Change {
	c := Change{From: m.band}
	if limit := m.cfg.For(s.Limit).Limit; limit != m.levels.Limit {
		m.levels = m.cfg.For(s.Limit)
		m.calm = time.Time{}
		if into := m.levels.Band(s.Used); into < m.band {
			m.band = into
			c.Why = "the limit is now " + describe(limit)
		}
	}
	if into := m.levels.Band(s.Projected()); into > m.band {
		m.band, m.calm = into, time.Time{}
		c.Why = fmt.Sprintf("%v of %v", bytesize.Size(s.Used), describe(m.levels.Limit))
		if m.levels.Band(s.Used) < into {
			c.Why += fmt.Sprintf(", growing by %v/s", bytesize.Size(s.Slope))
		}
	} else if m.band > Healthy && s.Used < m.levels.Leave[m.band] {
		if m.calm.IsZero() {
			m.calm = s.At
		}
		if calm := s.At.Sub(m.calm); calm >= m.cfg.Dwell || m.eased {
			m.band, m.calm, m.eased = m.landing(s.Used), time.Time{}, false
			c.Why = fmt.Sprintf("%v of %v", bytesize.Size(s.Used), describe(m.levels.Limit))
		}
	} else {
		m.calm = time.Time{}
		m.eased = m.eased && m.band > Healthy
	}
	c.To = m.band
	return c
}

// landing is the band to fall to: one whose own level of leaving the reading
// has not passed yet keeps it.
func (m *Machine) landing(used int64) Band {
	for b := m.band; b > Healthy; b-- {
		if used >= m.levels.Leave[b] {
			return b
		}
	}
	return Healthy
}

func describe(limit int64) string {
	if limit == memory.Unlimited {
		return "no limit"
	}
	return bytesize.Size(limit).String()
}
