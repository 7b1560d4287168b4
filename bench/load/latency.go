package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Latencies is a histogram from 1 µs to over an hour, no value off by more than
// 0.4 %. Safe for concurrent use; the zero value is ready.
type Latencies struct {
	counts [27 << 7]atomic.Int64
	total  atomic.Int64
	max    atomic.Int64
}

// From 128 µs on, every power of two has 128 buckets of equal width.
func bucket(us uint64) int {
	if us < 128 {
		return int(us)
	}
	shift := bits.Len64(us) - 8
	return min((shift+1)<<7+int(us>>shift)-128, 27<<7-1)
}

// value is the middle of a bucket.
func value(bucket int) time.Duration {
	if bucket < 128 {
		return time.Duration(bucket) * time.Microsecond
	}
	shift := bucket>>7 - 1
	low := uint64(bucket&127+128) << shift
	return time.Duration(low+(1<<shift)/2) * time.Microsecond
}

// Add counts one latency.
func (l *Latencies) Add(d time.Duration) {
	d = max(d, 0)
	l.counts[bucket(uint64(d.Microseconds()))].Add(1)
	l.total.Add(1)
	for {
		old := l.max.Load()
		if int64(d) <= old || l.max.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// Max is the largest latency, exactly; 0 without any.
func (l *Latencies) Max() time.Duration { return time.Duration(l.max.Load()) }

// Quantile is the latency that the share q of all stays at or under; 0 without
// any.
func (l *Latencies) Quantile(q float64) time.Duration {
	rank := int64(q * float64(l.total.Load()))
	for i := range l.counts {
		if rank -= l.counts[i].Load(); rank < 0 {
			return min(value(i), l.Max())
		}
	}
	return l.Max()
}
