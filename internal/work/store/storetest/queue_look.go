package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/queue"
)

// looks are what can be known of a queue without taking anything.
func looks(t *testing.T, c QueueCase, s queue.Store, next func() string) {
	t.Run("looking takes nothing", func(t *testing.T) {
		q := next()
		for i := range 3 {
			_, err := s.Put(within(t), q, fmt.Appendf(nil, "m%d", i))
			must(t, "Put", err)
		}
		seen, err := s.Peek(within(t), q, 2)
		must(t, "Peek", err)
		if len(seen) != 2 || !c.Unordered && (string(seen[0].Body) != "m0" || string(seen[1].Body) != "m1") {
			t.Errorf("Peek(2) = %d messages %v", len(seen), seen)
		}
		if got := len(leaseUpTo(t, s, q, 3)); got != 3 {
			t.Errorf("%d messages can be leased after it, want 3", got)
		}
	})

	t.Run("the depth counts", func(t *testing.T) {
		q := next()
		for range 3 {
			_, err := s.Put(within(t), q, []byte("x"))
			must(t, "Put", err)
		}
		l := leaseOne(t, s, q, time.Minute)
		wantLeased := int64(1)
		if c.NoLeased {
			wantLeased = -1
		}
		var d queue.Depth
		eventually(t, "a depth of 3", func() bool {
			var err error
			d, err = s.Depth(within(t), q)
			must(t, "Depth", err)
			return d.Total == 3 && d.Leased == wantLeased
		})
		if d.Oldest < 0 || d.Oldest > time.Minute {
			t.Errorf("the oldest waits since %v", d.Oldest)
		}
		must(t, "Done", l.Done(within(t)))
		eventually(t, "a depth of 2", func() bool {
			d, err := s.Depth(within(t), q)
			return err == nil && d.Total == 2
		})
		must(t, "Clear", s.Clear(within(t), q))
		empty(t, s, q)
		all, err := s.Queues(within(t))
		must(t, "Queues", err)
		if !slices.Contains(all, q) || !slices.IsSorted(all) {
			t.Errorf("Queues = %v, want %s among them, sorted", all, q)
		}
	})
}
