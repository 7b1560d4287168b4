package trend

import (
	"math"
	"time"
)

// keptSegments is how many finished segments are told.
const keptSegments = 16

// segment is the stretch of samples that may be compared with each other.
type segment struct {
	begins   time.Duration
	base     float64 // the floor after the first minute, then that after the warm-up
	settled  bool    // base is that after the warm-up
	hold     float64 // seconds of warm-up that this segment gets
	requests float64 // finished since it began, over resets of the counter
	step     float64 // usual seconds between samples
	course   [12]float32
}

// Segment is a finished or present stretch, as it is told.
type Segment struct {
	From       Moment `json:"from"`
	To         Moment `json:"to"`
	Generation uint64 `json:"generation,omitempty"`
	Image      string `json:"image,omitempty"`
	Ended      string `json:"ended,omitempty"` // why; empty for the present one
}

const firstFloors = 60 // seconds after which a start's floor counts as its base

// follow notes the base, and the course of the first hour for the warm-up.
func (s *segment) follow(b block) {
	floor := float64(b.floor)
	if s.base == 0 && b.at >= firstFloors {
		s.base = floor
	}
	if !s.settled && b.at >= s.hold {
		s.base, s.settled = floor, true
	}
	if i := int(b.at / 300); i < len(s.course) {
		s.course[i] = b.floor
	}
}

// warmUp is the age in seconds at which the growth of the first hour was over: where the
// course came within a tenth of its rise of the line that the rest goes along.
// It is at most a third of the segment's age: what grows to its end is no
// warm-up.
func (s *segment) warmUp(age, slope float64) float64 {
	last := min(len(s.course), int(age/300)) - 1
	if last < 3 {
		return 0
	}
	off := func(i int) float64 {
		return float64(s.course[last]) - slope*300*float64(last-i) - float64(s.course[i])
	}
	for i := range last {
		if off(i) <= 0.1*off(0) {
			return min(float64(i)*300, age/3)
		}
	}
	return age / 3
}

// parts says why a sample belongs to a new segment, or nothing.
func (d *Detector) parts(s Sample) string {
	if !d.begun {
		d.segment = segment{begins: s.At, hold: d.config.WarmUp.Seconds()}
		return ""
	}
	gap := (s.At - d.last.At).Seconds()
	switch {
	case gap < 0:
		return "clock went back"
	case s.Image != d.last.Image:
		return "image"
	case s.Generation != d.last.Generation:
		return "restart"
	case s.Limit != d.last.Limit:
		return "limit"
	case !d.everGiven && gap > max(1800, 5*d.segment.step):
		return "gap"
	case !d.everGiven && float64(s.Bytes) < 0.5*d.recentFloor():
		return "fell to less than half"
	}
	done := float64(s.Requests - d.last.Requests)
	if done < 0 { // the counter began again
		done = float64(s.Requests)
	}
	d.segment.requests += done
	if d.segment.step == 0 {
		d.segment.step = gap
	}
	d.segment.step += (gap - d.segment.step) / 16
	return ""
}

// recentFloor is the least of the last 20 minutes, or 0 before there are as many.
func (d *Detector) recentFloor() float64 {
	l := &d.levels[minute]
	if l.n < 2 {
		return 0
	}
	least := math.Inf(1)
	for i := max(l.n-20, 0); i < l.n; i++ {
		least = min(least, float64(l.block(i).floor))
	}
	return least
}

// cut ends the segment: what it says goes to the generations, and the floors
// are forgotten.
func (d *Detector) cut(s Sample, why string) {
	d.generations.finish(d, why)
	d.finished[d.nFinished%keptSegments] = d.present(why)
	d.nFinished++
	for i := range d.levels {
		d.levels[i].clear()
	}
	d.segment = segment{begins: s.At, hold: d.generations.hold(d.config.WarmUp.Seconds())}
	d.fired, d.quiet = 0, 0
	d.verdict = verdict{state: Warming}
	d.pool()
}

func (d *Detector) present(why string) Segment {
	return Segment{From: Moment(d.segment.begins), To: Moment(d.last.At), Generation: d.last.Generation, Image: d.last.Image, Ended: why}
}
