package trend

import "time"

// The levels of floors, from fine to coarse.
const (
	fine   = iota // 10 seconds: leaks of minutes
	minute        // 1 minute: the first two hours
	medium        // 5 minutes: a day
	coarse        // 30 minutes: a week
)

// shapes are the length of a level's blocks and how many of them are kept.
var shapes = [4]struct {
	length time.Duration
	keep   int
}{{10 * time.Second, 60}, {time.Minute, 120}, {5 * time.Minute, 288}, {30 * time.Minute, 336}}

// block is a stretch of time: the least of each size in it, the mean load. Times
// are seconds since the segment began. float32 is exact to 4 KiB at 64 GiB, and halves a
// worker's memory.
type block struct {
	at, requests                     float64
	floor, peak, heap, managed, file float32
	kernel, load                     float32
	threads, fds, goroutines         float32
	samples                          int32
}

func blockOf(s Sample, begins time.Duration) block {
	return block{
		at: (s.At - begins).Seconds(), requests: float64(s.Requests),
		floor: float32(s.Bytes), peak: float32(s.Bytes), heap: float32(s.Heap), managed: float32(s.Committed),
		file: float32(s.File), kernel: float32(s.Kernel), load: float32(s.InFlight),
		threads: float32(s.Threads), fds: float32(s.FDs), goroutines: float32(s.Goroutines), samples: 1,
	}
}

// join makes b the block of its own time and of the later block c.
func (b *block) join(c block) {
	share := float32(c.samples) / float32(b.samples+c.samples)
	b.load += (c.load - b.load) * share
	b.at += (c.at - b.at) * float64(share)
	b.requests += (c.requests - b.requests) * float64(share)
	b.floor, b.peak = min(b.floor, c.floor), max(b.peak, c.peak)
	b.heap, b.managed = min(b.heap, c.heap), min(b.managed, c.managed)
	b.file, b.kernel = min(b.file, c.file), min(b.kernel, c.kernel)
	b.threads, b.fds, b.goroutines = min(b.threads, c.threads), min(b.fds, c.fds), min(b.goroutines, c.goroutines)
	b.samples += c.samples
}

// level is a ring of finished blocks of one length, and the block that is open.
type level struct {
	length float64 // seconds
	ring   []block
	next   int // where the next block goes
	n      int
	open   block
	slot   int64 // which stretch of time the open block is
}

func newLevel(length float64, keep int) level {
	return level{length: length, ring: make([]block, keep)}
}

// add puts a finer block into the open one. When it belongs to a later stretch
// of time, the open block is finished first, kept and returned.
func (l *level) add(b block) (closed block, ok bool) {
	slot := int64(b.at / l.length)
	if l.open.samples == 0 {
		l.open, l.slot = b, slot
		return block{}, false
	}
	if slot == l.slot {
		l.open.join(b)
		return block{}, false
	}
	closed = l.open
	l.ring[l.next] = closed
	l.next = (l.next + 1) % len(l.ring)
	l.n = min(l.n+1, len(l.ring))
	l.open, l.slot = b, slot
	return closed, true
}

// clear forgets all blocks.
func (l *level) clear() { l.next, l.n, l.open = 0, 0, block{} }

// block is the i-th of the kept blocks, the oldest first.
func (l *level) block(i int) *block {
	return &l.ring[(l.next-l.n+i+len(l.ring))%len(l.ring)]
}

// first is the index of the oldest kept block at or after a time.
func (l *level) first(at float64) int {
	low, high := 0, l.n
	for low < high {
		if mid := (low + high) / 2; l.block(mid).at < at {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// rate is the requests a second that led to the i-th block.
func (l *level) rate(i int) float64 {
	if i == 0 {
		return l.block(0).requests / max(l.block(0).at, 1)
	}
	b, before := l.block(i), l.block(i-1)
	if b.at <= before.at {
		return 0
	}
	return (b.requests - before.requests) / (b.at - before.at)
}
