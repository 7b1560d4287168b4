package band

import (
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory"
)

// Leak is what is known of the leak of one worker.
type Leak struct {
	Confirmed bool    // it leaks
	Critical  bool    // and its limit is near
	Used      int64   // bytes that the worker holds
	Grown     int64   // of these, what it has leaked since its warm-up
	Share     int64   // its part of the limit; memory.Unlimited if there is none
	Rate      float64 // bytes a second, the upper bound
}

// leastYield is the part of what a worker holds that its replacement has to give
// back: what brings less is a useless one to [Ladder.Replaced].
const leastYield = 0.1

// Relieve says how a leaking worker is to be replaced now, and why; Keep if it is
// not. It is when the leak is confirmed and the replacement worth it:
//
//   - it gives back a tenth of what the worker holds, and
//   - the leak has taken LeakShare of the worker's part of the limit, or may
//     reach the degraded band within LeakHorizon, or is critical;
//
// and when the moment is calm: few requests are in flight and old and new worker
// fit side by side, or nobody asks for anything. A critical leak waits for no calm
// moment.
func (l *Ladder) Relieve(s Situation, k Leak, load *Load) (how ReplaceOrder, why string) {
	if !l.cfg.Leaks || l.cfg.Mode != Replace || !k.Confirmed || !s.Serving || s.Busy || s.At.Before(l.resting) {
		return Keep, ""
	}
	if why = l.worth(s, k); why == "" {
		return Keep, ""
	}
	switch none := load.None(); {
	case k.Critical:
	case none:
		why += ", and no request is in flight"
	case s.Fits && load.Low():
		why += ", and few requests are in flight"
	default:
		return Keep, ""
	}
	if s.Fits {
		return Overlap, why
	}
	return Swap, why
}

func (l *Ladder) worth(s Situation, k Leak) string {
	if k.Share == memory.Unlimited || float64(k.Grown) < leastYield*float64(k.Used) {
		return ""
	}
	why := fmt.Sprintf("it leaks, by %v since its warm-up", bytesize.Size(k.Grown))
	left := until(s.Used, s.Levels.Enter[Degraded], k.Rate)
	switch {
	case k.Critical:
		return why + ", and its limit is near"
	case float64(k.Grown) >= l.cfg.LeakShare*float64(k.Share):
		return why
	case left <= l.cfg.LeakHorizon && left > 0:
		return fmt.Sprintf("%s, may be in the degraded band within %v", why, left.Round(time.Second))
	case left <= l.cfg.LeakHorizon:
		return why + ", and is in the degraded band"
	}
	return ""
}
