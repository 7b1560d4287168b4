package app

import (
	"sync"

	"github.com/stanch-dev/stanch/internal/telemetry/flight"
)

// slots are places in the flight recorder, which are used again.
type slots struct {
	recorder *flight.Recorder
	mu       sync.Mutex
	free     []*flight.Slot
}

func (s *slots) begin(trigger, source string, size int64) func() {
	s.mu.Lock()
	var slot *flight.Slot
	if n := len(s.free); n > 0 {
		slot, s.free = s.free[n-1], s.free[:n-1]
	} else {
		slot = s.recorder.Slot()
	}
	s.mu.Unlock()
	slot.Begin([]byte(trigger), []byte(source), size)
	return func() {
		slot.End()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, slot)
	}
}
