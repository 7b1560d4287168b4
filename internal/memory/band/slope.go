package band

import (
	"slices"
	"time"
)

const (
	looks  = 32 // recent looks kept for the fast slope: 160 ms at the fastest cadence
	floors = 120
)

// Slope estimates how fast memory grows, from readings at uneven times and in
// constant memory: Fast over the last looks, for what happens before the next
// one, and Slow over the one-second floors of the last two minutes, for where
// it is going. The zero value is ready. Not safe for concurrent use.
type Slope struct {
	at    [looks]time.Time
	used  [looks]int64
	count int

	floor     [floors]int64 // the lowest reading of each second
	second    [floors]time.Time
	floorsLen int
}

// Reset forgets everything: the worker was replaced, the past says nothing.
func (s *Slope) Reset() { *s = Slope{} }

// Add takes one reading. Readings that are not later than the last are ignored.
func (s *Slope) Add(at time.Time, used int64) {
	if s.count > 0 && !at.After(s.at[(s.count-1)%looks]) {
		return
	}
	s.at[s.count%looks], s.used[s.count%looks] = at, used
	s.count++

	last := (s.floorsLen - 1) % floors
	if s.floorsLen > 0 && at.Sub(s.second[last]) < time.Second {
		s.floor[last] = min(s.floor[last], used)
		return
	}
	s.floor[s.floorsLen%floors], s.second[s.floorsLen%floors] = used, at
	s.floorsLen++
}

// Fast is the growth in bytes a second between the last reading and the one at
// least window before it (or the oldest kept): 0 with fewer than two readings.
func (s *Slope) Fast(window time.Duration) float64 {
	if s.count < 2 {
		return 0
	}
	last := (s.count - 1) % looks
	oldest := max(s.count-looks, 0)
	for i := s.count - 2; i >= oldest; i-- {
		gone := s.at[last].Sub(s.at[i%looks])
		if gone >= window || i == oldest {
			return float64(s.used[last]-s.used[i%looks]) / gone.Seconds()
		}
	}
	return 0
}

// recent is how many steps from floor to floor tell whether what grew is still
// growing.
const recent = 4

// Slow is the least-squares slope, in bytes a second, of the one-second floors
// of up to the last two minutes, or the median of the last few steps between
// them if that is less: what has grown and stands still now is no leak. It is 0
// with fewer than five floors.
func (s *Slope) Slow() float64 {
	n := min(s.floorsLen, floors)
	if n < 5 {
		return 0
	}
	first := s.floorsLen - n
	origin := s.second[first%floors]
	var sumX, sumY, sumXX, sumXY float64
	for i := first; i < s.floorsLen; i++ {
		x, y := s.second[i%floors].Sub(origin).Seconds(), float64(s.floor[i%floors])
		sumX, sumY, sumXX, sumXY = sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	d := float64(n)*sumXX - sumX*sumX
	if d <= 0 {
		return 0
	}
	slope := (float64(n)*sumXY - sumX*sumY) / d
	var steps [recent]float64
	for i := range steps {
		to, from := (s.floorsLen-1-i)%floors, (s.floorsLen-2-i)%floors
		steps[i] = float64(s.floor[to]-s.floor[from]) / s.second[to].Sub(s.second[from]).Seconds()
	}
	slices.Sort(steps[:])
	now := steps[(recent-1)/2] // the lower of the two in the middle
	return min(slope, now)
}
