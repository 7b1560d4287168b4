package guard

import (
	"time"

	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// Point is a stretch of a post's memory: the least and the most bytes that its
// worker held in it. In JSON its time is seconds on the clock of the trend.
type Point struct {
	At    trend.Moment `json:"seconds"`
	Least int64        `json:"least"`
	Most  int64        `json:"most"`
}

// mostPoints is how many stretches a course keeps. When it is full two become
// one, so that it reaches back to the beginning in the same memory.
const mostPoints = 360

// course is the memory of a post since stanch began, in ever longer stretches.
type course struct {
	points []Point
	width  time.Duration
}

func newCourse() course {
	return course{points: make([]Point, 0, mostPoints), width: 10 * time.Second}
}

func (c *course) add(at time.Duration, used int64) {
	if n := len(c.points); n > 0 && time.Duration(c.points[n-1].At)/c.width == at/c.width {
		last := &c.points[n-1]
		last.Least, last.Most = min(last.Least, used), max(last.Most, used)
		return
	}
	if len(c.points) == mostPoints {
		c.halve()
	}
	c.points = append(c.points, Point{At: trend.Moment(at), Least: used, Most: used})
}

func (c *course) halve() {
	c.width *= 2
	kept := c.points[:0]
	for _, p := range c.points {
		if n := len(kept); n > 0 && time.Duration(kept[n-1].At)/c.width == time.Duration(p.At)/c.width {
			kept[n-1].Least, kept[n-1].Most = min(kept[n-1].Least, p.Least), max(kept[n-1].Most, p.Most)
			continue
		}
		kept = append(kept, p)
	}
	c.points = kept
}
