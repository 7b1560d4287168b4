package sample

import "time"

// Tail tells the slow requests from the others: those above the 95th percentile
// of late, which it follows with one number, by a step up for each request above
// it and a step down, 19 times smaller, for each one below. The zero Tail is
// ready for use.
type Tail struct{ level float64 }

const (
	tailUp    = 0.05 * 0.95
	tailDown  = 0.05 * 0.05
	tailLeast = float64(time.Microsecond)
)

// Above counts d, and says whether it is slow.
func (t *Tail) Above(d time.Duration) bool {
	if t.level == 0 {
		t.level = max(float64(d), tailLeast)
		return false
	}
	if float64(d) > t.level {
		t.level += t.level * tailUp
		return true
	}
	t.level = max(t.level-t.level*tailDown, tailLeast)
	return false
}
