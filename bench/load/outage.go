package load

import (
	"sync"
	"sync/atomic"
	"time"
)

// Outages remembers, for each millisecond, when the first success among the
// requests sent in it came back. Safe for concurrent use; the zero value is
// ready.
//
// The longest outage is the longest interval within which no request was both
// sent and answered: so a request that a stall holds for five seconds does not
// hide the stall, even if it is answered in the end.
type Outages struct {
	mu    sync.Mutex
	pages atomic.Pointer[[]*page]
}

type page [1 << 16]atomic.Int32 // 1 + the millisecond of the finish; 0 for none

// Succeeded notes a request sent and answered at these times since the start.
func (o *Outages) Succeeded(sent, finished time.Duration) {
	at := int(max(sent, 0).Milliseconds())
	cell := &o.page(at >> 16)[at&0xffff]
	ms := int32(finished.Milliseconds()) + 1
	for {
		old := cell.Load()
		if old != 0 && old <= ms || cell.CompareAndSwap(old, ms) {
			return
		}
	}
}

func (o *Outages) page(i int) *page {
	if pages := o.pages.Load(); pages != nil && i < len(*pages) {
		return (*pages)[i]
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var grown []*page
	if pages := o.pages.Load(); pages != nil {
		grown = append(grown, *pages...)
	}
	for len(grown) <= i {
		grown = append(grown, new(page))
	}
	o.pages.Store(&grown)
	return grown[i]
}

// Longest is the longest outage between the start and end, the time at which
// sending stopped, to the millisecond, with the time at which it began.
func (o *Outages) Longest(end time.Duration) (length, at time.Duration) {
	// From the back: first is the earliest finish of what was sent from here on.
	first := end.Milliseconds()
	var longest, began int64
	consider := func(from int64) {
		if first-from >= longest { // of equals, the earliest
			longest, began = first-from, from
		}
	}
	if pages := o.pages.Load(); pages != nil {
		for i := len(*pages) - 1; i >= 0; i-- {
			for j := len((*pages)[i]) - 1; j >= 0; j-- {
				finish := (*pages)[i][j].Load()
				if finish == 0 {
					continue
				}
				consider(int64(i<<16 + j))
				first = min(first, int64(finish-1))
			}
		}
	}
	consider(0)
	return time.Duration(longest) * time.Millisecond, time.Duration(began) * time.Millisecond
}
