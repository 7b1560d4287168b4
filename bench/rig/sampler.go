package rig

import (
	"sync"
	"time"
)

// Sample is one look at a group's memory.
type Sample struct {
	At    time.Time
	Bytes int64
}

// Sampler looks at a number, again and again, until it is stopped.
type Sampler struct {
	stop chan struct{}
	done sync.WaitGroup
	once sync.Once

	mu      sync.Mutex
	samples []Sample
	peak    int64
}

// Sampling starts one that looks this often and keeps every look that it can
// make. An error of the look leaves that sample out.
func Sampling(every time.Duration, look func() (int64, error)) *Sampler {
	s := &Sampler{stop: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if n, err := look(); err == nil {
				s.mu.Lock()
				s.samples = append(s.samples, Sample{time.Now(), n})
				s.peak = max(s.peak, n)
				s.mu.Unlock()
			}
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
		}
	})
	return s
}

// Stop ends the looking and returns what was seen. It is safe twice.
func (s *Sampler) Stop() []Sample {
	s.once.Do(func() { close(s.stop) })
	s.done.Wait()
	return s.samples
}

// Peak is the largest so far.
func (s *Sampler) Peak() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// Last is the newest sample, zero before the first.
func (s *Sampler) Last() Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.samples) == 0 {
		return Sample{}
	}
	return s.samples[len(s.samples)-1]
}

// Crossing is the first sample at or over the level, false if there is none.
func Crossing(samples []Sample, level int64) (Sample, bool) {
	for _, s := range samples {
		if s.Bytes >= level {
			return s, true
		}
	}
	return Sample{}, false
}
