package nats_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/nats"
	"github.com/stanch-dev/stanch/internal/work/store/natsrig"
	"github.com/stanch-dev/stanch/internal/work/store/storetest"
)

// TestMain is also how a node of a rig begins.
func TestMain(m *testing.M) {
	if natsrig.Play() {
		return
	}
	os.Exit(m.Run())
}

// embedded is a server in this process that ends with the test.
func embedded(t testing.TB, o nats.EmbedOptions) *nats.Embedded {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	e, err := nats.Embed(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return e
}

func open(t testing.TB, o nats.Options) *nats.Store {
	t.Helper()
	s, err := nats.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// suite holds a server to the seams; every client is a connection of its own.
func suite(t *testing.T, o nats.Options, largest int) {
	t.Run("queues", func(t *testing.T) {
		storetest.Queues(t, storetest.QueueCase{
			Open:    func(t *testing.T) queue.Store { return open(t, o) },
			MaxBody: largest,
		})
	})
	t.Run("blobs", func(t *testing.T) {
		storetest.Blobs(t, storetest.BlobCase{Open: func(t *testing.T) blob.Store { return open(t, o).Blobs() }})
	})
	t.Run("ledger", func(t *testing.T) {
		storetest.Ledger(t, func(t *testing.T) ledger.Store { return open(t, o).Ledger() })
	})
}

func TestTheEmbeddedServerKeepsToTheSeams(t *testing.T) {
	t.Parallel()
	suite(t, nats.Options{Server: embedded(t, nats.EmbedOptions{})}, 1<<20)
}

func TestAClusterOfThreeKeepsToTheSeams(t *testing.T) {
	t.Parallel()
	rig := natsrig.New(t, 3, natsrig.Options{})
	// The body leaves 512 bytes of the server's default of 1 MiB for headers.
	suite(t, nats.Options{URL: rig.URL(), Replicas: 3}, 1<<20-512)
}

func TestWhatWasPutIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := blob.Name{Container: "box", Path: "one"}
	e := embedded(t, nats.EmbedOptions{Dir: dir})
	s := open(t, nats.Options{Server: e})
	must(t, "Put", second(s.Put(t.Context(), "jobs", []byte("job"))))
	must(t, "Put of a blob", second(s.Blobs().Put(t.Context(), name, blob.Head{}, strings.NewReader("payload"), blob.Want{})))
	must(t, "Put of an entry", second(s.Ledger().Put(t.Context(), "seen/it", []byte("yes"), "")))
	must(t, "Close", s.Close())
	must(t, "Stop", e.Stop())

	s = open(t, nats.Options{Server: embedded(t, nats.EmbedOptions{Dir: dir})})
	all, err := s.Lease(t.Context(), "jobs", queue.Ask{Max: 1, Hold: time.Minute})
	if err != nil || len(all) != 1 || string(all[0].Message().Body) != "job" {
		t.Errorf("Lease = %v, %v; want the job", all, err)
	}
	body, _, err := s.Blobs().Open(t.Context(), name, blob.Range{}, blob.Want{})
	must(t, "Open", err)
	if got, err := io.ReadAll(body); string(got) != "payload" || err != nil {
		t.Errorf("the blob holds %q, %v", got, err)
	}
	if e, err := s.Ledger().Get(t.Context(), "seen/it"); string(e.Value) != "yes" || err != nil {
		t.Errorf("the entry is %+v, %v", e, err)
	}
}

func TestTwoServersDoNotShareADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	embedded(t, nats.EmbedOptions{Dir: dir})
	if _, err := nats.Embed(nats.EmbedOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), "hint") {
		t.Errorf("Embed of a directory in use: error %v, want one with a hint", err)
	}
}

func TestAServerThatIsDownIsUnavailableUntilItIsUp(t *testing.T) {
	t.Parallel()
	rig := natsrig.New(t, 1, natsrig.Options{})
	rig.Kill(0)
	s := open(t, nats.Options{URL: rig.URL()})
	var away *work.Unavailable
	// This takes the store's own patience of ten seconds.
	if _, err := s.Put(t.Context(), "jobs", []byte("x")); !errors.As(err, &away) {
		t.Errorf("Put: error %v, want *work.Unavailable", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("told to stop")
	cancel(why)
	if _, err := s.Lease(ctx, "jobs", queue.Ask{Max: 1, Hold: time.Minute}); !errors.Is(err, why) {
		t.Errorf("Lease with a context that ended: error %v, want its cause", err)
	}
	rig.Start(0)
	must(t, "Put when it is up", second(s.Put(t.Context(), "jobs", []byte("x"))))
}

func TestASecretIsNeverInAnError(t *testing.T) {
	t.Parallel()
	guarded, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, Username: "worker", Password: "right", NoSigs: true, NoLog: true})
	must(t, "NewServer", err)
	guarded.Start()
	defer guarded.Shutdown()
	if !guarded.ReadyForConnections(time.Minute) {
		t.Fatal("the server is not ready")
	}
	at := guarded.Addr().(*net.TCPAddr).String()
	for why, o := range map[string]nats.Options{
		"wrong password": {URL: "nats://worker:hunter2@" + at},
		"wrong token":    {URL: "nats://" + at, Token: "hunter2"},
		"no URL":         {URL: "nats://worker:hunter2@[::1"},
		"wrong scheme":   {URL: "http://worker:hunter2@" + at},
		"bad escape":     {URL: "nats://worker:hunter2%zz@" + at},
		"no host":        {URL: "nats://" + at + ",nats://worker:hunter2@"},
		"nothing":        {},
		"replicas":       {URL: "nats://worker:hunter2@" + at, Replicas: 9},
	} {
		s, err := nats.Open(o)
		switch {
		case err == nil:
			_ = s.Close()
			t.Errorf("%s: Open has no error", why)
		case strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: the error tells the secret", why)
		case !strings.Contains(err.Error(), "hint"):
			t.Errorf("%s: error %v, want one with a hint", why, err)
		}
	}
	open(t, nats.Options{URL: "nats://worker:right@" + at})
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// second is for calls of which only the error counts.
func second[T any](_ T, err error) error { return err }

// noise is bytes that differ at every place of interest.
func noise(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i ^ i>>8 ^ i>>16*31)
	}
	return out
}

func read(t testing.TB, s *nats.Blobs, name blob.Name, part blob.Range) []byte {
	t.Helper()
	body, _, err := s.Open(t.Context(), name, part, blob.Want{})
	must(t, "Open", err)
	defer body.Close()
	got, err := io.ReadAll(body)
	must(t, "Read", err)
	return got
}

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes that are not the %d that were put", what, len(got), len(want))
	}
}
