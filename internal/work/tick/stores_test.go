package tick_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
	"github.com/stanch-dev/stanch/internal/work/store/file"
	"github.com/stanch-dev/stanch/internal/work/store/nats"
	"github.com/stanch-dev/stanch/internal/work/tick"
)

// Three hosts on a real ledger, each with a client of its own, run each second's
// tick once.
func TestTimersShareFiles(t *testing.T) {
	dir := t.TempDir()
	share(t, func() ledger.Store {
		s, err := file.Open(dir, file.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s.Ledger()
	})
}

func TestTimersShareAzurite(t *testing.T) {
	rig := azurite.New(t)
	share(t, func() ledger.Store {
		account, err := azure.ParseConnection(rig.Connection())
		if err != nil {
			t.Fatal(err)
		}
		s, err := azure.Open(account, azure.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s.Ledger()
	})
}

func TestTimersShareNats(t *testing.T) {
	e, err := nats.Embed(nats.EmbedOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	share(t, func() ledger.Store {
		s, err := nats.Open(nats.Options{Server: e})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s.Ledger()
	})
}

func share(t *testing.T, open func() ledger.Store) {
	d := &diary{}
	ran := make(chan time.Time, 100)
	var hosts []*host
	for _, name := range []string{"a", "b", "c"} {
		hosts = append(hosts, d.host(t, name, every(t, "* * * * * *"), open(), func(_ context.Context, at tick.Tick) error {
			ran <- at.Scheduled
			return nil
		}))
	}
	for range 3 {
		select {
		case <-ran:
		case <-time.After(30 * time.Second):
			t.Error("no run for 30 s")
		}
	}
	for _, h := range hosts {
		h.end()
	}
	seen := map[time.Time]bool{}
	for i, r := range d.runs {
		if seen[r.Scheduled] {
			t.Errorf("%v was run twice, the second time by %s", r.Scheduled, d.by[i])
		}
		seen[r.Scheduled] = true
	}
	if !slices.IsSortedFunc(d.runs, func(x, y tick.Tick) int { return x.Scheduled.Compare(y.Scheduled) }) || d.most != 1 {
		t.Errorf("runs %s, %d at once", d.times(), d.most)
	}
	t.Logf("runs %s by %q, told %q", d.times(), d.by, d.news)
}
