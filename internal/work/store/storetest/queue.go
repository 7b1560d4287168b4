package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// QueueCase is a store of queues, and what it can't do.
type QueueCase struct {
	Open func(t *testing.T) queue.Store // a client; every call gives one of the same store

	MaxBody   int  // largest body in bytes; 0: at least 1 MiB
	TextOnly  bool // bodies are text without control characters
	NoWait    bool // Lease answers at once, whatever Ask.Wait says
	NoLost    bool // a lapsed lease isn't told
	NoLeased  bool // Depth can't tell leased messages
	Unordered bool // messages come in no order
}

// Queues holds a store to the seam of queues.
func Queues(t *testing.T, c QueueCase) {
	next := names(t, "q")
	s := c.Open(t)

	t.Run("a message comes back as it was put", func(t *testing.T) {
		q := next()
		for _, body := range bodies(c) {
			id, err := s.Put(within(t), q, body)
			must(t, "Put", err)
			l := leaseOne(t, s, q, time.Minute)
			m := l.Message()
			if !bytes.Equal(m.Body, body) || m.Fault != "" {
				t.Errorf("a body of %d bytes came back as %d bytes, fault %q", len(body), len(m.Body), m.Fault)
			}
			if m.ID != id || m.Deliveries != 1 || m.Receipt == "" {
				t.Errorf("id %q deliveries %d receipt %q, want %q, 1 and some", m.ID, m.Deliveries, m.Receipt, id)
			}
			if age := time.Since(m.Inserted); age < -time.Minute || age > time.Minute {
				t.Errorf("inserted %v, want about now", m.Inserted)
			}
			if left := time.Until(m.Visible); left < 30*time.Second || left > 90*time.Second {
				t.Errorf("a lease of a minute lapses in %v", left)
			}
			must(t, "Done", l.Done(within(t)))
		}
		empty(t, s, q)
	})

	t.Run("a body that is too large is refused", func(t *testing.T) {
		if c.MaxBody == 0 {
			_, err := s.Put(within(t), next(), make([]byte, 1<<20))
			must(t, "Put of 1 MiB", err)
			return
		}
		var large *work.TooLarge
		if _, err := s.Put(within(t), next(), bytes.Repeat([]byte("x"), c.MaxBody+1)); !errors.As(err, &large) {
			t.Errorf("Put of %d bytes: error %v, want *work.TooLarge", c.MaxBody+1, err)
		}
	})

	t.Run("a queue that is not there", func(t *testing.T) {
		q := next()
		_, err := s.Lease(within(t), q, queue.Ask{Max: 1, Hold: time.Minute})
		is(t, "Lease", err, work.ErrAbsent)
		_, err = s.Peek(within(t), q, 1)
		is(t, "Peek", err, work.ErrAbsent)
		_, err = s.Depth(within(t), q)
		is(t, "Depth", err, work.ErrAbsent)
		is(t, "Clear", s.Clear(within(t), q), work.ErrAbsent)
	})

	t.Run("a name that is none", func(t *testing.T) {
		for _, q := range []string{"", "ab", "UPPER", "a/b", "-ab", "ab-", "a--b", strings.Repeat("a", 64), "../etc"} {
			if _, err := s.Put(within(t), q, []byte("x")); err == nil {
				t.Errorf("Put into %q was taken", q)
			}
		}
	})

	t.Run("messages come in their order", func(t *testing.T) {
		if c.Unordered {
			t.Skip("the store has none")
		}
		q := next()
		for i := range 10 {
			_, err := s.Put(within(t), q, fmt.Appendf(nil, "m%d", i))
			must(t, "Put", err)
		}
		var got []string
		for range 2 {
			got = append(got, texts(leaseUpTo(t, s, q, 5))...)
		}
		if want := []string{"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})

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

// bodies are what people put into queues, as far as the store can hold it.
func bodies(c QueueCase) [][]byte {
	all := [][]byte{
		[]byte("hello"), []byte(`{"a":1}`), []byte("<a>&amp;</a> \"'"), []byte("ünïcödé 漢字 🙂"), []byte(" spaces at both ends "),
	}
	if c.TextOnly {
		return all
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	size := c.MaxBody
	if size == 0 {
		size = 64 << 10
	}
	return append(all, nil, []byte{0}, every, bytes.Repeat([]byte{0xff}, size))
}

func texts(all []queue.Lease) (out []string) {
	for _, l := range all {
		out = append(out, string(l.Message().Body))
	}
	return out
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
