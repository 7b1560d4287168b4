// Package stats is the little statistics that several judgements share: estimates
// with their bounds, the slope of a line through noise that remembers, ranks, and
// the distributions below them.
//
// It is arithmetic only: the same numbers in give the same numbers out, and sums go
// in the order of the values. What is estimated, and when an estimate says anything,
// belongs to who asks. Begin with Estimate; Interval is one that prints itself.
package stats

import (
	"encoding/json"
	"math"
)

// Interval is an estimate and its 95 % interval. Infinite or not a number means
// never or unknown, and is null in JSON.
type Interval struct {
	Lo, Mid, Hi float64
}

// written is an interval in JSON.
type written struct {
	Lo  *float64 `json:"lo"`
	Mid *float64 `json:"mid"`
	Hi  *float64 `json:"hi"`
}

// MarshalJSON writes {"lo","mid","hi"}.
func (i Interval) MarshalJSON() ([]byte, error) {
	finite := func(v float64) *float64 {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil
		}
		return &v
	}
	return json.Marshal(written{finite(i.Lo), finite(i.Mid), finite(i.Hi)})
}
