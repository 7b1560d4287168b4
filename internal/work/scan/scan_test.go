package scan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/scan"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

type bench struct {
	t     *testing.T
	dir   string
	store *file.Store
	cfg   scan.Config
}

func begin(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	s, err := file.Open(dir, file.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{t, dir, s, scan.Config{
		Function: "resize", Container: "images", Prefix: "in/", Match: func(p string) bool { return strings.HasSuffix(p, ".jpg") },
		Queue: "resize-blobs", Overlap: time.Hour, Stale: time.Hour,
	}}
}

func (b *bench) scanner() *scan.Scanner {
	return scan.New(b.cfg, b.store.Blobs(), b.store.Ledger(), b.store)
}

func (b *bench) put(path, body string) blob.Info {
	b.t.Helper()
	info, err := b.store.Blobs().Put(b.t.Context(), blob.Name{Container: "images", Path: path}, blob.Head{}, strings.NewReader(body), blob.Want{})
	if err != nil {
		b.t.Fatal(err)
	}
	return info
}

func (b *bench) pass(s *scan.Scanner, listed, fresh int) {
	b.t.Helper()
	got, err := s.Pass(b.t.Context())
	if err != nil || got.Listed != listed || got.New != fresh {
		b.t.Errorf("Pass = %+v, %v; want %d listed, %d new", got, err, listed, fresh)
	}
}

// told takes all messages and returns the blobs that they name.
func (b *bench) told() (names []string) {
	b.t.Helper()
	for {
		all, err := b.store.Lease(b.t.Context(), b.cfg.Queue, queue.Ask{Max: 32, Hold: time.Minute})
		if err != nil && !errors.Is(err, work.ErrAbsent) {
			b.t.Fatal(err)
		}
		if len(all) == 0 {
			slices.Sort(names)
			return names
		}
		for _, l := range all {
			var e scan.Event
			if err := json.Unmarshal(l.Message().Body, &e); err != nil || e.FunctionID != "resize" || e.ContainerName != "images" || e.ETag == "" || e.BlobType != "BlockBlob" {
				b.t.Errorf("message %s: %v", l.Message().Body, err)
			}
			names = append(names, e.BlobName)
			if err := l.Done(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *bench) want(names ...string) {
	b.t.Helper()
	if got := b.told(); !slices.Equal(got, names) {
		b.t.Errorf("told of %q, want %q", got, names)
	}
}

func TestEveryVersionIsToldOnce(t *testing.T) {
	b := begin(t)
	s := b.scanner()
	b.pass(s, 0, 0) // no container yet
	b.put("in/a.jpg", "1")
	b.put("in/b.txt", "not meant")
	b.put("out/c.jpg", "not here")
	b.pass(s, 1, 1)
	b.want("in/a.jpg")
	b.pass(s, 1, 0)
	b.pass(b.scanner(), 1, 0) // another host, which knows the ledger alone
	b.put("in/a.jpg", "2")
	b.put("in/d.jpg", "1")
	b.pass(s, 2, 2)
	b.want("in/a.jpg", "in/d.jpg")
}

func TestWhatIsMovedInWithAnOldTimeIsFound(t *testing.T) {
	b := begin(t)
	b.cfg.Overlap = 0
	s := b.scanner()
	b.put("in/a.jpg", "1")
	b.pass(s, 1, 1)
	old := filepath.Join(b.dir, "old.jpg")
	if err := errors.Join(os.WriteFile(old, []byte("old"), 0o600), os.Chtimes(old, time.Unix(1, 0), time.Unix(1, 0)), os.Rename(old, filepath.Join(b.dir, "blobs", "images", "in", "old.jpg"))); err != nil {
		t.Fatal(err)
	}
	b.pass(s, 2, 1)
	b.want("in/a.jpg", "in/old.jpg")
}

func TestTwoWaysOfFindingItTellOnce(t *testing.T) {
	b := begin(t)
	info := b.put("in/a.jpg", "1")
	var put atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		s := b.scanner()
		group.Go(func() {
			ok, err := s.Offer(t.Context(), info)
			if err != nil {
				t.Errorf("Offer: %v", err)
			}
			if ok {
				put.Add(1)
			}
		})
	}
	group.Wait()
	if put.Load() != 1 {
		t.Errorf("%d of 8 put it", put.Load())
	}
	b.pass(b.scanner(), 1, 0)
	b.want("in/a.jpg")
	if ok, err := b.scanner().Offer(t.Context(), blob.Info{Name: blob.Name{Container: "other", Path: "in/a.jpg"}, ETag: "x"}); ok || err != nil {
		t.Errorf("Offer of another container's = %v, %v", ok, err)
	}
}

// deadQueue is a host that dies, or a store that is down, when a message is to be
// put: a fake of that one call.
type deadQueue struct {
	queue.Store
	err error
}

func (d deadQueue) Put(context.Context, string, []byte) (string, error) { return "", d.err }

// deaf is a ledger that takes no second word: what a host that dies leaves.
type deaf struct {
	ledger.Store
	puts int
}

func (d *deaf) Put(ctx context.Context, key string, value []byte, version string) (string, error) {
	if string(value) == "done" {
		return "", &work.Unavailable{Err: errors.New("gone")}
	}
	d.puts++
	return d.Store.Put(ctx, key, value, version)
}

func (d *deaf) Delete(context.Context, string, string) error {
	return &work.Unavailable{Err: errors.New("gone")}
}

func TestAStoreThatFailsInBetweenLosesNothing(t *testing.T) {
	b := begin(t)
	b.put("in/a.jpg", "1")
	down := &work.Unavailable{Err: errors.New("down")}
	s := scan.New(b.cfg, b.store.Blobs(), b.store.Ledger(), deadQueue{b.store, down})
	if _, err := s.Pass(t.Context()); !errors.Is(err, down) {
		t.Errorf("Pass = %v, want the store's error", err)
	}
	b.pass(b.scanner(), 1, 1)
	b.want("in/a.jpg")
}

func TestAClaimOfADeadHostIsTakenOverWhenItIsOld(t *testing.T) {
	b := begin(t)
	b.put("in/a.jpg", "1")
	dead := scan.New(b.cfg, b.store.Blobs(), &deaf{Store: b.store.Ledger()}, deadQueue{b.store, errors.New("killed")})
	if _, err := dead.Pass(t.Context()); err == nil {
		t.Fatal("the host did not die")
	}
	b.cfg.Overlap = 0
	b.put("in/z.jpg", "later, so that the mark would move past the claim")
	b.pass(b.scanner(), 2, 1) // it may be alive and slow
	b.want("in/z.jpg")
	b.cfg.Stale = 0
	b.pass(b.scanner(), 2, 1)
	b.want("in/a.jpg")
	b.pass(b.scanner(), 2, 0)
}

func TestThousandsAreListedAndKnownAgain(t *testing.T) {
	b := begin(t)
	const many = 1000
	box := filepath.Join(b.dir, "blobs", "images", "in")
	if err := os.MkdirAll(box, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		if err := os.WriteFile(filepath.Join(box, fmt.Sprintf("%04d.jpg", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := b.scanner()
	b.pass(s, many, many)
	b.pass(s, many, 0)
	if got := len(b.told()); got != many {
		t.Errorf("%d were told, want %d", got, many)
	}
}
