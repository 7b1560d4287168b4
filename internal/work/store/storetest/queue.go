package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
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

	leases(t, c, s, next)
	looks(t, c, s, next)
	shares(t, c, s, next)
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
