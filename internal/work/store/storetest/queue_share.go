package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/queue"
)

// shares are what several takers of one queue get.
func shares(t *testing.T, c QueueCase, s queue.Store, next func() string) {
	t.Run("a lease waits for the first message", func(t *testing.T) {
		if c.NoWait {
			t.Skip("the store answers at once")
		}
		q := next()
		_, err := s.Put(within(t), q, []byte("first"))
		must(t, "Put", err)
		must(t, "Done", leaseOne(t, s, q, time.Minute).Done(within(t)))
		got := make(chan []queue.Lease, 1)
		go func() {
			all, _ := s.Lease(within(t), q, queue.Ask{Max: 4, Hold: time.Minute, Wait: patience})
			got <- all
		}()
		_, err = s.Put(within(t), q, []byte("late"))
		must(t, "Put", err)
		select {
		case all := <-got:
			if len(all) != 1 {
				t.Errorf("%d messages, want the one that came", len(all))
			}
		case <-time.After(patience / 2):
			t.Error("the message was not handed to the one who waited")
		}
	})

	t.Run("many takers share a queue and each message is one's", func(t *testing.T) {
		const messages, takers = 200, 4
		q := next()
		var putters sync.WaitGroup
		for p := range 4 {
			putters.Go(func() {
				for i := range messages / 4 {
					if _, err := s.Put(within(t), q, fmt.Appendf(nil, "p%d-%d", p, i)); err != nil {
						t.Errorf("Put: %v", err)
						return
					}
				}
			})
		}
		putters.Wait()
		var mu sync.Mutex
		seen := map[string]int{}
		var group sync.WaitGroup
		for range takers {
			other := c.Open(t)
			group.Go(func() {
				for misses := 0; misses < 3; {
					all, err := other.Lease(within(t), q, queue.Ask{Max: 7, Hold: time.Minute})
					if err != nil {
						t.Errorf("Lease: %v", err)
						return
					}
					if len(all) == 0 {
						misses++
					}
					for _, l := range all {
						mu.Lock()
						seen[string(l.Message().Body)]++
						mu.Unlock()
						if err := l.Done(within(t)); err != nil {
							t.Errorf("Done: %v", err)
						}
					}
				}
			})
		}
		group.Wait()
		if len(seen) != messages {
			t.Errorf("%d of %d messages came", len(seen), messages)
		}
		for body, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", body, n)
			}
		}
	})
}
