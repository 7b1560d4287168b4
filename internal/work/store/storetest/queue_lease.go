package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// leases are what a lease does to its message.
func leases(t *testing.T, c QueueCase, s queue.Store, next func() string) {
	t.Run("a leased message is nobody else's", func(t *testing.T) {
		q := next()
		_, err := s.Put(within(t), q, []byte("one"))
		must(t, "Put", err)
		leaseOne(t, s, q, time.Minute)
		empty(t, c.Open(t), q)
	})

	t.Run("a lease that lapses brings its message back", func(t *testing.T) {
		q := next()
		id, err := s.Put(within(t), q, []byte("one"))
		must(t, "Put", err)
		old := leaseOne(t, s, q, time.Second)
		fresh := awaitLease(t, s, q)
		if m := fresh.Message(); m.ID != id || m.Deliveries != 2 {
			t.Errorf("it came as %q in delivery %d, want %q in delivery 2", m.ID, m.Deliveries, id)
		}
		if !c.NoLost {
			is(t, "Renew of the lapsed lease", old.Renew(within(t), time.Minute), work.ErrLost)
			is(t, "Done of the lapsed lease", old.Done(within(t)), work.ErrLost)
			must(t, "Done of the second", fresh.Done(within(t)))
		}
	})

	t.Run("a renewed lease does not lapse", func(t *testing.T) {
		q := next()
		_, err := s.Put(within(t), q, []byte("one"))
		must(t, "Put", err)
		l := leaseOne(t, s, q, 2*time.Second)
		began := time.Now()
		for time.Since(began) < 4*time.Second {
			must(t, "Renew", l.Renew(within(t), 2*time.Second))
			if all, err := s.Lease(within(t), q, queue.Ask{Max: 1, Hold: time.Minute}); err != nil || len(all) != 0 {
				t.Fatalf("Lease while another holds it = %d messages, %v", len(all), err)
			}
			time.Sleep(200 * time.Millisecond) // the lease's own time passes
		}
		must(t, "Done after renewals", l.Done(within(t)))
		empty(t, s, q)
	})

	t.Run("a message that is returned is there at once, or after its delay", func(t *testing.T) {
		q := next()
		_, err := s.Put(within(t), q, []byte("one"))
		must(t, "Put", err)
		l := leaseOne(t, s, q, time.Minute)
		must(t, "Return", l.Return(within(t), 0))
		l = awaitLease(t, s, q)
		if got := l.Message().Deliveries; got != 2 {
			t.Errorf("delivery %d, want 2", got)
		}
		began := time.Now()
		must(t, "Return", l.Return(within(t), 2*time.Second))
		l = awaitLease(t, s, q)
		if took := time.Since(began); took < 1500*time.Millisecond {
			t.Errorf("it came back after %v, want about 2s", took)
		}
		if got := l.Message().Deliveries; got != 3 {
			t.Errorf("delivery %d, want 3", got)
		}
	})

	t.Run("a moved message is in the other queue alone", func(t *testing.T) {
		q := next()
		poison := q + queue.PoisonSuffix
		_, err := s.Put(within(t), q, []byte("bad"))
		must(t, "Put", err)
		id, err := leaseOne(t, s, q, time.Minute).Move(within(t), poison)
		must(t, "Move", err)
		empty(t, s, q)
		m := leaseOne(t, s, poison, time.Minute).Message()
		if m.ID != id || string(m.Body) != "bad" || m.Deliveries != 1 {
			t.Errorf("it is %q %q in delivery %d, want %q, bad, 1", m.ID, m.Body, m.Deliveries, id)
		}
	})
}

// leaseUpTo leases n messages, which are there.
func leaseUpTo(t *testing.T, s queue.Store, q string, n int) (all []queue.Lease) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d messages", n), func() bool {
		more, err := s.Lease(within(t), q, queue.Ask{Max: n - len(all), Hold: time.Minute})
		must(t, "Lease", err)
		all = append(all, more...)
		return len(all) >= n
	})
	return all
}

func leaseOne(t *testing.T, s queue.Store, q string, hold time.Duration) queue.Lease {
	t.Helper()
	var got []queue.Lease
	eventually(t, "a message", func() bool {
		var err error
		got, err = s.Lease(within(t), q, queue.Ask{Max: 1, Hold: hold})
		must(t, "Lease", err)
		return len(got) == 1
	})
	return got[0]
}

// awaitLease leases the message that comes back.
func awaitLease(t *testing.T, s queue.Store, q string) queue.Lease {
	t.Helper()
	return leaseOne(t, s, q, time.Minute)
}

func empty(t *testing.T, s queue.Store, q string) {
	t.Helper()
	all, err := s.Lease(within(t), q, queue.Ask{Max: 1, Hold: time.Minute})
	if err != nil || len(all) != 0 {
		t.Errorf("Lease of %s = %v, %v; want nothing to lease", q, texts(all), err)
	}
}
