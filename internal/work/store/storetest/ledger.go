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
	"github.com/stanch-dev/stanch/internal/work/ledger"
)

// Ledger holds a store to the seam of ledgers. Every call of open gives a client
// of the same store.
func Ledger(t *testing.T, open func(t *testing.T) ledger.Store) {
	next := names(t, "k")
	s := open(t)

	t.Run("an entry is written by who saw its last version", func(t *testing.T) {
		key := "timer/" + next()
		_, err := s.Get(within(t), key)
		is(t, "Get of nothing", err, work.ErrAbsent)
		_, err = s.Put(within(t), key, []byte("x"), "1")
		if !errors.Is(err, work.ErrChanged) && !errors.Is(err, work.ErrAbsent) {
			t.Errorf("Put over nothing: error %v, want work.ErrChanged or work.ErrAbsent", err)
		}
		first, err := s.Put(within(t), key, []byte("one"), "")
		must(t, "Put", err)
		_, err = s.Put(within(t), key, []byte("one"), "")
		is(t, "Put of what is there", err, work.ErrExists)
		got, err := s.Get(within(t), key)
		must(t, "Get", err)
		if got.Key != key || string(got.Value) != "one" || got.Version != first || time.Since(got.At).Abs() > time.Minute {
			t.Errorf("Get = %+v, want one in version %s", got, first)
		}
		second, err := s.Put(within(t), key, []byte("two"), first)
		must(t, "Put over the first", err)
		_, err = s.Put(within(t), key, []byte("three"), first)
		is(t, "Put over a version that is gone", err, work.ErrChanged)
		is(t, "Delete of a version that is gone", s.Delete(within(t), key, first), work.ErrChanged)
		must(t, "Delete", s.Delete(within(t), key, second))
		_, err = s.Get(within(t), key)
		is(t, "Get after it", err, work.ErrAbsent)
		is(t, "Delete after it", s.Delete(within(t), key, second), work.ErrAbsent)
		_, err = s.Put(within(t), key, []byte("anew"), "")
		must(t, "Put after it", err)
	})

	t.Run("of many who write, one does", func(t *testing.T) {
		key := "tick/" + next()
		version := ""
		for round := range 3 {
			var group sync.WaitGroup
			var mu sync.Mutex
			won := []string{}
			for i := range 8 {
				other := open(t)
				group.Go(func() {
					v, err := other.Put(within(t), key, fmt.Appendf(nil, "host %d", i), version)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won = append(won, v)
					} else if !errors.Is(err, work.ErrChanged) && !errors.Is(err, work.ErrExists) {
						t.Errorf("Put: %v", err)
					}
				})
			}
			group.Wait()
			if len(won) != 1 {
				t.Fatalf("round %d: %d wrote, want 1", round, len(won))
			}
			version = won[0]
		}
	})

	t.Run("values and keys survive", func(t *testing.T) {
		stem := next()
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		values := map[string][]byte{
			stem + "/empty": {}, stem + "/bytes": every, stem + "/large": bytes.Repeat(every, ledger.MaxValue/256),
			stem + "/A=_-.z": []byte("odd"), stem + "/deep/er/still": []byte("x"), stem + "/" + strings.Repeat("k", 300): []byte("long"),
		}
		for key, value := range values {
			_, err := s.Put(within(t), key, value, "")
			must(t, "Put "+key, err)
		}
		_, err := s.Put(within(t), next()+"/other", []byte("x"), "")
		must(t, "Put", err)
		var keys []string
		for e, err := range s.Each(within(t), stem+"/") {
			must(t, "Each", err)
			keys = append(keys, e.Key)
			if !bytes.Equal(e.Value, values[e.Key]) || e.Version == "" {
				t.Errorf("%s holds %d bytes in version %q, want %d", e.Key, len(e.Value), e.Version, len(values[e.Key]))
			}
		}
		slices.Sort(keys)
		want := make([]string, 0, len(values))
		for key := range values {
			want = append(want, key)
		}
		slices.Sort(want)
		if !slices.Equal(keys, want) {
			t.Errorf("Each = %q, want %q", keys, want)
		}
		for _, key := range []string{"", "/a", "a/", "a//b", "../a", "a b", "ä", strings.Repeat("k", 901)} {
			if _, err := s.Put(within(t), key, []byte("x"), ""); err == nil {
				t.Errorf("Put of key %q was taken", key)
			}
		}
		var large *work.TooLarge
		if _, err := s.Put(within(t), stem+"/too", make([]byte, ledger.MaxValue+1), ""); !errors.As(err, &large) {
			t.Errorf("Put of %d bytes: error %v, want *work.TooLarge", ledger.MaxValue+1, err)
		}
	})
}
