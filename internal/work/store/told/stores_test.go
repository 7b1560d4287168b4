package told_test

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
	"github.com/stanch-dev/stanch/internal/work/store/nats"
	"github.com/stanch-dev/stanch/internal/work/store/storetest"
	"github.com/stanch-dev/stanch/internal/work/store/told"
)

// seams are the three of one store.
type seams struct {
	queues queue.Store
	blobs  blob.Store
	ledger ledger.Store
}

// same holds a store that is told of to all that it keeps untold. open gives a
// client; c says what the store's queues can't do.
func same(t *testing.T, name string, c storetest.QueueCase, open func(t *testing.T) seams) {
	ignore := func(told.Call) {}
	t.Run("queues", func(t *testing.T) {
		c.Open = func(t *testing.T) queue.Store { return told.Queues(open(t).queues, name, ignore) }
		storetest.Queues(t, c)
	})
	t.Run("blobs", func(t *testing.T) {
		storetest.Blobs(t, storetest.BlobCase{Open: func(t *testing.T) blob.Store { return told.Blobs(open(t).blobs, name, ignore) }})
	})
	t.Run("ledger", func(t *testing.T) {
		storetest.Ledger(t, func(t *testing.T) ledger.Store { return told.Ledger(open(t).ledger, name, ignore) })
	})
}

func TestFilesAreTheSameWhenTheyAreToldOf(t *testing.T) {
	dir := t.TempDir()
	same(t, "file", storetest.QueueCase{}, func(t *testing.T) seams {
		s := open(t, dir)
		return seams{s, s.Blobs(), s.Ledger()}
	})
}

func TestAzuriteIsTheSameWhenItIsToldOf(t *testing.T) {
	rig := azurite.New(t)
	same(t, "Azure", storetest.QueueCase{MaxBody: 48 << 10, NoWait: true}, func(t *testing.T) seams {
		account, err := azure.ParseConnection(rig.Connection())
		if err != nil {
			t.Fatal(err)
		}
		s, err := azure.Open(account, azure.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return seams{s, s.Blobs(), s.Ledger()}
	})
}

func TestNatsIsTheSameWhenItIsToldOf(t *testing.T) {
	e, err := nats.Embed(nats.EmbedOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	same(t, "nats", storetest.QueueCase{MaxBody: 1 << 20}, func(t *testing.T) seams {
		s, err := nats.Open(nats.Options{Server: e})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return seams{s, s.Blobs(), s.Ledger()}
	})
}
