package nats_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/nats"
	"github.com/stanch-dev/stanch/internal/work/store/natsrig"
)

// jet is the server as its own client sees it.
func jet(t testing.TB, rig *natsrig.Rig) jetstream.JetStream {
	t.Helper()
	conn, err := client.Connect(rig.URL())
	must(t, "Connect", err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	must(t, "New", err)
	return js
}

func TestBlobsArePutAndReadByTheServersOwnToolsToo(t *testing.T) {
	t.Parallel()
	rig := natsrig.New(t, 1, natsrig.Options{})
	s := open(t, nats.Options{URL: rig.URL()}).Blobs()
	js := jet(t, rig)
	ours, theirs := blob.Name{Container: "box", Path: "ours"}, blob.Name{Container: "box", Path: "their/s"}
	body := noise(1_000_003)
	must(t, "Put", second(s.Put(t.Context(), ours, blob.Head{ContentType: "image/png", Metadata: map[string]string{"Kind": "cat"}}, bytes.NewReader(body), blob.Want{})))
	bucket, err := js.ObjectStore(t.Context(), "box")
	must(t, "ObjectStore", err)
	got, err := bucket.GetBytes(t.Context(), "ours") // checks the digest too
	must(t, "GetBytes", err)
	same(t, "read by the object store", got, body)
	must(t, "Put by the object store", second(bucket.Put(t.Context(), jetstream.ObjectMeta{Name: "their/s"}, bytes.NewReader(body))))
	same(t, "put by the object store", read(t, s, theirs, blob.Range{}), body)
	same(t, "a range of it", read(t, s, theirs, blob.Range{From: 700_000, Count: 150_000}), body[700_000:850_000])
}

func TestRangesHitWhereManyWroteAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := open(t, nats.Options{Server: embedded(t, nats.EmbedOptions{SyncEvery: time.Minute})}).Blobs()
	const writers, size = 6, 5<<20 + 11
	body := noise(size)
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			_, err := s.Put(t.Context(), blob.Name{Container: "box", Path: strconv.Itoa(i)}, blob.Head{}, bytes.NewReader(body), blob.Want{})
			if err != nil {
				t.Errorf("Put: %v", err)
			}
		})
	}
	group.Wait()
	random := rand.New(rand.NewPCG(4, 2))
	for range 60 {
		from := random.Int64N(size)
		count := 1 + random.Int64N(min(size-from, 300_000))
		name := blob.Name{Container: "box", Path: strconv.Itoa(random.IntN(writers))}
		same(t, fmt.Sprintf("%v from %d", name, from), read(t, s, name, blob.Range{From: from, Count: count}), body[from:from+count])
	}
}

func TestADamagedObjectIsAnErrorAndNoShortPayload(t *testing.T) {
	t.Parallel()
	rig := natsrig.New(t, 1, natsrig.Options{})
	s := open(t, nats.Options{URL: rig.URL()}).Blobs()
	js := jet(t, rig)
	for where, place := range map[string]int{"first": 0, "middle": 20, "last": 39} {
		name := blob.Name{Container: "box-" + where, Path: "damaged"}
		must(t, "Put", second(s.Put(t.Context(), name, blob.Head{}, bytes.NewReader(noise(40*128<<10)), blob.Want{})))
		stream, err := js.Stream(t.Context(), "OBJ_box-"+where)
		must(t, "Stream", err)
		must(t, "DeleteMsg", stream.DeleteMsg(t.Context(), stream.CachedInfo().State.FirstSeq+uint64(place)))
		body, _, err := s.Open(t.Context(), name, blob.Range{}, blob.Want{})
		must(t, "Open", err)
		n, err := io.Copy(io.Discard, body)
		if err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("without its %s chunk %d bytes came and error %v, want one that says it is damaged", where, n, err)
		}
		must(t, "Close", body.Close())
	}
}

func TestABlobThatIsReplacedOrFailsLeavesNoChunks(t *testing.T) {
	t.Parallel()
	rig := natsrig.New(t, 1, natsrig.Options{})
	s := open(t, nats.Options{URL: rig.URL()}).Blobs()
	js := jet(t, rig)
	name := blob.Name{Container: "box", Path: "one"}
	count := func() uint64 {
		t.Helper()
		stream, err := js.Stream(t.Context(), "OBJ_box")
		must(t, "Stream", err)
		return stream.CachedInfo().State.Msgs
	}
	for range 3 {
		must(t, "Put", second(s.Put(t.Context(), name, blob.Head{}, bytes.NewReader(noise(3*128<<10)), blob.Want{})))
	}
	if got := count(); got != 4 {
		t.Errorf("after three Puts of 3 chunks the bucket has %d messages, want 4", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	fail := errors.New("cut")
	_, err := s.Put(ctx, name, blob.Head{}, io.MultiReader(bytes.NewReader(noise(30*128<<10)), failing{cancel, fail}), blob.Want{})
	if !errors.Is(err, fail) && !errors.Is(err, context.Canceled) {
		t.Errorf("Put of what breaks off: error %v", err)
	}
	if got := count(); got != 4 {
		t.Errorf("after one that broke off it has %d messages, want 4", got)
	}
	must(t, "Delete", s.Delete(t.Context(), name, blob.Want{}))
	if got := count(); got != 0 {
		t.Errorf("after the Delete it has %d messages, want none", got)
	}
}

// failing gives the whole Put up, and fails.
type failing struct {
	cancel func()
	err    error
}

func (f failing) Read([]byte) (int, error) { f.cancel(); return 0, f.err }

func TestAWatcherIsToldOfEveryVersion(t *testing.T) {
	t.Parallel()
	s := open(t, nats.Options{Server: embedded(t, nats.EmbedOptions{})}).Blobs()
	name := blob.Name{Container: "box", Path: "a/b c"}
	must(t, "Put", second(s.Put(t.Context(), name, blob.Head{}, strings.NewReader("old"), blob.Want{})))
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan blob.Info, 1000)
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(ctx, "box", func(i blob.Info) { seen <- i }) }()
	// Nobody says when a watch has begun: put until it tells of something.
	var first blob.Info
	for begun := false; !begun; {
		must(t, "Put", second(s.Put(t.Context(), name, blob.Head{}, strings.NewReader("begin"), blob.Want{})))
		select {
		case first = <-seen:
			begun = true
		case <-time.After(50 * time.Millisecond):
		}
	}
	if first.Size != 5 || first.Name != name {
		t.Errorf("the first is %+v, want %v with 5 bytes", first, name)
	}
	must(t, "Delete", s.Delete(t.Context(), name, blob.Want{}))
	want := map[string]bool{}
	for i := range 100 {
		info, err := s.Put(t.Context(), blob.Name{Container: "box", Path: fmt.Sprintf("n%d", i)}, blob.Head{}, strings.NewReader("x"), blob.Want{})
		must(t, "Put", err)
		want[info.ETag] = true
	}
	for len(want) > 0 {
		select {
		case info := <-seen:
			delete(want, info.ETag)
		case <-time.After(20 * time.Second):
			t.Fatalf("%d versions were not told", len(want))
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch: %v, want that it was cancelled", err)
	}
	if err := s.Watch(t.Context(), "none", nil); err == nil {
		t.Error("Watch of no container has no error")
	}
}

// TestAReaderMayTakeItsTime needs real time: the trap is a timer of five seconds
// inside the server's own client, which no clock of a test moves.
func TestAReaderMayTakeItsTime(t *testing.T) {
	t.Parallel()
	rig := natsrig.New(t, 1, natsrig.Options{})
	s := open(t, nats.Options{URL: rig.URL()}).Blobs()
	name := blob.Name{Container: "box", Path: "large"}
	want := noise(32 << 20)
	must(t, "Put", second(s.Put(t.Context(), name, blob.Head{}, bytes.NewReader(want), blob.Want{})))
	body, _, err := s.Open(t.Context(), name, blob.Range{}, blob.Want{})
	must(t, "Open", err)
	defer body.Close()
	got := make([]byte, 1<<20)
	must(t, "Read", second(io.ReadFull(body, got)))
	<-time.After(7 * time.Second)
	rest, err := io.ReadAll(body)
	must(t, "Read after a pause", err)
	same(t, "a slow read", append(got, rest...), want)
}

// TestAPayloadDoesNotPassThroughMemory has its server in another process, and
// reads its own peak from the kernel.
func TestAPayloadDoesNotPassThroughMemory(t *testing.T) {
	if raced() {
		t.Skip("the race detector's own memory is many times what is measured")
	}
	const size = 256 << 20
	rig := natsrig.New(t, 1, natsrig.Options{})
	s := open(t, nats.Options{URL: rig.URL()}).Blobs()
	name := blob.Name{Container: "box", Path: "large"}
	// What every first use takes is taken before.
	must(t, "Put", second(s.Put(t.Context(), blob.Name{Container: "box", Path: "small"}, blob.Head{}, bytes.NewReader(noise(1<<20)), blob.Want{})))
	read(t, s, blob.Name{Container: "box", Path: "small"}, blob.Range{})
	var sum hash.Hash
	grew := func(what string, do func()) {
		t.Helper()
		// Where neighbours starve the collector, a try has garbage in it too: of three,
		// the least counts.
		least := 1 << 30
		for range 3 {
			debug.FreeOSMemory()
			must(t, "reset the peak", os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200))
			before, began := peak(t), time.Now()
			do()
			took := time.Since(began)
			after := peak(t)
			t.Logf("%s of 256 MiB: the peak of RSS grew by %.1f MiB from %.1f, %.0f MB/s", what, float64(after-before)/1024, float64(before)/1024, size/1e6/took.Seconds())
			least = min(least, after-before)
		}
		if least > 8<<10 {
			t.Errorf("%s of 256 MiB: the peak of RSS grew by %d KiB, want 8192 at most", what, least)
		}
	}
	grew("Put", func() {
		sum = sha256.New()
		must(t, "Put", second(s.Put(t.Context(), name, blob.Head{}, io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{}), size), sum), blob.Want{})))
	})
	var got hash.Hash
	grew("Read", func() {
		got = sha256.New()
		body, _, err := s.Open(t.Context(), name, blob.Range{}, blob.Want{})
		must(t, "Open", err)
		defer body.Close()
		must(t, "Read", second(io.CopyBuffer(struct{ io.Writer }{got}, body, make([]byte, 64<<10))))
	})
	if !bytes.Equal(got.Sum(nil), sum.Sum(nil)) {
		t.Error("the payload is not what was put")
	}
}

// peak is VmHWM in KiB.
func peak(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	must(t, "read the status", err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		t.Fatal("the status has no VmHWM")
	}
	n, err := strconv.Atoi(string(found[1]))
	must(t, "read VmHWM", err)
	return n
}

func raced() bool {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				return true
			}
		}
	}
	return false
}
