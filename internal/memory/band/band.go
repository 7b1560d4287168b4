// Package band judges how full is too full: it turns readings into bands, and bands into the ladder's orders.
//
// Everything here is pure. Time, sizes and slopes come in as arguments, orders
// go out as values; the guard has the clock and carries the orders out. Four
// ideas work together: [Levels] say where a band begins for a given limit,
// [Machine] says which band a reading is in, [Ladder] says what follows, and
// [Cadence] says when to look again. Begin with [Machine.Step]; what follows from
// a leak, long before any band, is [Ladder.Relieve].
package band

import "fmt"

// Band is how full memory is. A higher band is worse.
//
//	          enter: at once, if the reading, or where its slope
//	                 takes it before the next look, is over the level
//	        ┌──────────┐    ┌──────────┐    ┌───────────┐
//	        ▼          │    ▼          │    ▼           │
//	Healthy ──► Degraded ──► Critical ──► Emergency
//	        ◄──        ◄──         ◄──
//	          leave: only after the reading has stayed below
//	                 the level less the gap for the dwell time
//
// Any band may be entered from any lower one in one step.
type Band uint8

// The bands, in order.
const (
	Healthy   Band = iota // nothing to do
	Degraded              // clean up
	Critical              // refuse or hold new work
	Emergency             // drain and replace
)

var names = [...]string{"healthy", "degraded", "critical", "emergency"}

// String is the band's name in lower case.
func (b Band) String() string {
	if int(b) < len(names) {
		return names[b]
	}
	return fmt.Sprintf("band(%d)", uint8(b))
}

// MarshalText prints the band's name.
func (b Band) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a band's name.
func (b *Band) UnmarshalText(text []byte) error {
	for i, name := range names {
		if name == string(text) {
			*b = Band(i)
			return nil
		}
	}
	return fmt.Errorf("unknown band %q", text)
}
