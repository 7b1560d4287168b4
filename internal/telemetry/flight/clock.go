package flight

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// clock tells the boot clock's time of a moment. The boot clock is not set by
// anybody, and counts on while the machine sleeps, which Go's monotonic clock
// does not: the difference is asked for now and then.
type clock struct {
	wall   time.Time
	offset *atomic.Int64 // the boot clock's time at wall, sleep added
}

func newClock() clock {
	c := clock{wall: time.Now(), offset: new(atomic.Int64)}
	c.adjust()
	return c
}

// adjust asks the kernel. It takes a system call.
func (c clock) adjust() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err == nil {
		c.offset.Store(now.Nano() - int64(time.Since(c.wall)))
	}
}

// at is the boot clock's time, in nanoseconds, of a moment by the wall clock,
// however that was set in between.
func (c clock) at(t time.Time) int64 { return c.offset.Load() + int64(t.Sub(c.wall)) }

func (c clock) now() int64 { return c.offset.Load() + int64(time.Since(c.wall)) }
