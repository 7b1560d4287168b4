package foresight

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// unforeseen says why nothing is known of a measure before it was run.
func unforeseen(c *verdict.Criterion) (why string, never bool) {
	switch c.Measure {
	case verdict.Slope, verdict.Growth, verdict.MeanOf:
		if c.Against != nil && c.Against.Ratio {
			return "how wide a quotient is depends on its size", true
		}
		return "", false
	case verdict.Shift, verdict.Saturating, verdict.Retained, verdict.Endpoint:
		return "how wide it is depends on what comes", true
	}
	return "it is read, as it is", true
}

// ranked says whether a percentile's bound can be had at all: it is one of the values,
// and with too few of them none lies beyond the percentile for sure. That is the least:
// values that go together count as fewer.
func (s *Sight) ranked(c *verdict.Criterion) {
	s.Why = "how wide it is depends on what comes"
	inside, values := c.At, s.Requests // the odds that one value does not lie beyond
	if c.Is == verdict.Above || c.Is == verdict.AtLeast {
		inside = 1 - c.At
	}
	if slices.Contains(lab.AllSeries(), lab.Series(c.Series)) {
		values = int64(s.Samples)
	}
	needed := int64(math.Ceil(math.Log(1-c.Confidence) / math.Log(inside)))
	if values < needed {
		s.Grade, s.Tells = Coarse, math.Inf(1)
		s.Why = fmt.Sprintf("%.0f %% of its values with a confidence of %v takes %d of them or more, and %s has %d", 100*c.At, c.Confidence, needed, s.Window, values)
	}
}

// judge says what could be told, and how that stands to what is asked.
func (s *Sight) judge(planned verdict.Planned, smallest float64) {
	tells, err := s.tell(planned)
	if err != nil {
		s.Why = strings.TrimPrefix(err.Error(), "foresee "+s.Reads.ID+": ")
		return
	}
	s.Tells, s.Asks = tells, math.Abs(s.Reads.Threshold)
	if s.Asks == 0 {
		s.Asks = smallest
	}
	switch {
	case s.Asks == 0:
		s.Why = "nothing says how small an effect may be"
		return
	case s.Tells <= nearly*s.Asks:
		s.Grade = Fine
		return
	case s.Tells <= s.Asks:
		s.Grade = Near
		return
	}
	s.Grade = Coarse
	s.Longer = s.times(func(n float64) verdict.Planned {
		p := planned
		p.Seconds, p.Units, p.Samples = p.Seconds*n, p.Units*n, int(float64(p.Samples)*n)
		return p
	})
	if s.Reads.Per == string(lab.PerRequest)+"s" {
		s.Higher = s.times(func(n float64) verdict.Planned {
			p := planned
			p.Units *= n
			return p
		})
	}
}

// tell is what could be told from nothing.
func (s *Sight) tell(planned verdict.Planned) (float64, error) {
	c := s.Reads
	if c.Is != verdict.Within {
		c.Threshold = 0
	}
	effect, err := verdict.Foresee(c, s.Noise.Noise, planned)
	return math.Abs(effect), err
}

// mostTimes is where advice ends.
const mostTimes = 1000

// times is how many times as much it takes; 0 if nothing helps.
func (s *Sight) times(grown func(n float64) verdict.Planned) int {
	enough := func(n int) bool {
		tells, err := s.tell(grown(float64(n)))
		return err == nil && tells <= s.Asks
	}
	if !enough(mostTimes) {
		return 0
	}
	low, high := 1, mostTimes // not enough, and enough
	for high-low > 1 {
		if middle := (low + high) / 2; enough(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
