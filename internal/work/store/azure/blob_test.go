package azure_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	sdk "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// raw is another program's client of the same blobs, without stanch.
func raw(t testing.TB, rig *azurite.Rig) *service.Client {
	t.Helper()
	c, err := service.NewClientFromConnectionString(rig.Connection(), nil)
	must(t, "client", err)
	return c
}

// noise is bytes that don't compress.
func noise(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(out) // never fails
	return out
}

var target = blob.Name{Container: "box", Path: "some/payload"}

func put(t testing.TB, s *azure.Store, body []byte) blob.Info {
	t.Helper()
	info, err := s.Blobs().Put(within(t), target, blob.Head{}, bytes.NewReader(body), blob.Want{})
	must(t, "Put", err)
	return info
}

func aPayloadThatIsCutArrivesWhole(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	body := noise(3 << 20)
	put(t, s, body)
	for _, row := range []struct {
		reason string
		part   blob.Range
		cut    int64
	}{
		{"the whole, cut in its middle", blob.Range{}, 1 << 20},
		{"the whole, cut before its first byte", blob.Range{}, 0},
		{"a range to the end", blob.Range{From: 1000}, 77},
		{"a range with an end", blob.Range{From: 1 << 20, Count: 1 << 20}, 1<<20 - 1},
	} {
		from, to := row.part.From, int64(len(body))
		if row.part.Count > 0 {
			to = from + row.part.Count
		}
		p.set(nil)
		p.cutAfter(max(1, row.cut))
		r, _, err := s.Blobs().Open(within(t), target, row.part, blob.Want{})
		must(t, "Open", err)
		asked := p.requests()
		busy := 2
		p.set(func(w http.ResponseWriter, r *http.Request) bool { // the rest isn't there at once either
			busy--
			return busy >= 0 && status(503, "ServerBusy", "")(w, r)
		})
		got, err := io.ReadAll(r)
		must(t, "Read", err)
		must(t, "Close", r.Close())
		if !bytes.Equal(got, body[from:to]) {
			t.Errorf("%s: %d bytes that are not the %d asked for", row.reason, len(got), to-from)
		}
		if p.requests() == asked {
			t.Errorf("%s: nothing was asked for again: the test shows nothing", row.reason)
		}
	}
}

func aPayloadThatChangesWhileItIsCutIsAnError(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	for _, row := range []struct {
		what string
		do   func() error
		want error
	}{
		{"replaced", func() error { put(t, s, noise(4<<20)); return nil }, work.ErrChanged},
		{"deleted", func() error { return s.Blobs().Delete(within(t), target, blob.Want{}) }, work.ErrAbsent},
	} {
		put(t, s, noise(3<<20))
		p.cutAfter(1 << 20)
		r, _, err := s.Blobs().Open(within(t), target, blob.Range{}, blob.Want{})
		must(t, "Open", err)
		must(t, row.what, row.do())
		n, err := io.Copy(io.Discard, r)
		is(t, fmt.Sprintf("Read of a blob that was %s, after %d bytes", row.what, n), err, row.want)
		if _, again := r.Read(make([]byte, 1)); again == nil || errors.Is(again, io.EOF) {
			t.Errorf("%s: another Read = %v, want the error again", row.what, again)
		}
		must(t, "Close", r.Close())
	}
}

func aStoreThatGoesAwayUnderAReaderIsUnavailable(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	put(t, s, noise(3<<20))
	for _, row := range []struct {
		fault fault
		after int
	}{{status(503, "ServerBusy", "60"), 60}, {func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, 0}} {
		p.set(nil)
		p.cutAfter(1000)
		r, _, err := s.Blobs().Open(within(t), target, blob.Range{}, blob.Want{})
		must(t, "Open", err)
		p.set(row.fault)
		n, err := io.Copy(io.Discard, r)
		u, ok := errors.AsType[*work.Unavailable](err)
		if !ok || u.After.Seconds() != float64(row.after) || n != 1000 {
			t.Errorf("Read: %d bytes and %v, want 1000 and *work.Unavailable after %ds", n, err, row.after)
		}
		must(t, "Close", r.Close())
	}
}

func aPayloadStoredCompressedIsNotUnpacked(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	put(t, s, nil)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(bytes.Repeat([]byte("stanch "), 10_000)) // into memory
	must(t, "gzip", z.Close())
	c := raw(t, rig).NewContainerClient(target.Container).NewBlockBlobClient("packed")
	_, err := c.UploadBuffer(within(t), packed.Bytes(), &blockblob.UploadBufferOptions{HTTPHeaders: &sdk.HTTPHeaders{BlobContentEncoding: to.Ptr("gzip")}})
	must(t, "Upload", err)
	r, info, err := s.Blobs().Open(within(t), blob.Name{Container: target.Container, Path: "packed"}, blob.Range{}, blob.Want{})
	must(t, "Open", err)
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, packed.Bytes()) || info.Size != int64(packed.Len()) {
		t.Errorf("%d bytes of %d came, %v; want the %d that are stored", len(got), info.Size, err, packed.Len())
	}
}

func aSourceThatIsCutLeavesNoBlob(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	for _, n := range []int{0, 1000, 5 << 20} {
		cut := io.MultiReader(bytes.NewReader(noise(n)), &half{}) // io.ErrUnexpectedEOF, as a cut HTTP body gives
		_, err := s.Blobs().Put(within(t), target, blob.Head{}, cut, blob.Want{})
		is(t, fmt.Sprintf("Put of a source cut after %d bytes", n), err, io.ErrUnexpectedEOF)
		_, err = s.Blobs().Stat(within(t), target)
		is(t, "Stat after it", err, work.ErrAbsent)
	}
}

func manyBlocksMakeAContainerAndMeetTheirConditions(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	for _, size := range []int{2 << 20, 2<<20 + 1, 6 << 20, 7<<20 - 1} { // on and beside the edges of blocks
		name := blob.Name{Container: "made-" + strconv.Itoa(size), Path: "x"}
		body := noise(size)
		first, err := s.Blobs().Put(within(t), name, blob.Head{ContentType: "image/png", Metadata: map[string]string{"A": "b"}}, bytes.NewReader(body), blob.Want{Absent: true})
		must(t, "Put into a container that is not there", err)
		r, info, err := s.Blobs().Open(within(t), name, blob.Range{}, blob.Want{ETag: strings.Trim(first.ETag, `"`)}) // as Event Grid says it
		must(t, "Open", err)
		got, err := io.ReadAll(r)
		must(t, "Read", err)
		must(t, "Close", r.Close())
		if !bytes.Equal(got, body) || info.ContentType != "image/png" || info.Metadata["a"] != "b" || info.Created.IsZero() {
			t.Errorf("%d bytes came back as %d, %+v", size, len(got), info)
		}
		_, err = s.Blobs().Put(within(t), name, blob.Head{}, bytes.NewReader(body), blob.Want{Absent: true})
		is(t, "Put where there should be none", err, work.ErrExists)
		_, err = s.Blobs().Put(within(t), name, blob.Head{}, bytes.NewReader(body), blob.Want{ETag: first.ETag})
		must(t, "Put over the first", err)
		_, err = s.Blobs().Put(within(t), name, blob.Head{}, bytes.NewReader(body), blob.Want{ETag: first.ETag})
		is(t, "Put over a version that is gone", err, work.ErrChanged)
		name.Path = "none"
		_, err = s.Blobs().Put(within(t), name, blob.Head{}, bytes.NewReader(body), blob.Want{ETag: first.ETag})
		is(t, "Put over what never was", err, work.ErrAbsent)
		name.Container = "never-made"
		_, err = s.Blobs().Put(within(t), name, blob.Head{}, bytes.NewReader(body), blob.Want{ETag: first.ETag})
		is(t, "Put over what never was, nowhere", err, work.ErrAbsent)
	}
	if all, err := s.Blobs().Containers(within(t)); err != nil || len(all) != 4 {
		t.Errorf("Containers = %v, %v; want the 4 that were made", all, err)
	}
}

func ofLargeUploadsEachIsWholeOrRefused(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	var group sync.WaitGroup
	var mu sync.Mutex
	taken := map[string]bool{} // ETags
	for i := range 4 {
		group.Go(func() {
			body := noise(5<<20 + i)
			info, err := s.Blobs().Put(within(t), target, blob.Head{}, bytes.NewReader(body), blob.Want{})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken[info.ETag] = true
			} else if _, ok := errors.AsType[*work.Unavailable](err); !ok {
				t.Errorf("Put at the same time as others: %v, want *work.Unavailable", err)
			}
		})
	}
	group.Wait()
	r, info, err := s.Blobs().Open(within(t), target, blob.Range{}, blob.Want{})
	must(t, "Open", err)
	defer r.Close()
	got, err := io.ReadAll(r)
	must(t, "Read", err)
	if !taken[info.ETag] || !bytes.Equal(got, noise(int(info.Size))) {
		t.Errorf("the blob of %d bytes in version %s is nobody's; taken were %v", info.Size, info.ETag, taken)
	}
	t.Logf("%d of 4 were taken", len(taken))
}

func aListingGoesOverPagesAndAgreesWithStat(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	put(t, s, noise(10))
	var group sync.WaitGroup
	for w := range 16 {
		group.Go(func() {
			for i := w; i < 1200; i += 16 {
				name := blob.Name{Container: "box", Path: fmt.Sprintf("many/%04d", i)}
				if _, err := s.Blobs().Put(within(t), name, blob.Head{Metadata: map[string]string{"n": strconv.Itoa(i)}}, strings.NewReader("x"), blob.Want{}); err != nil {
					t.Errorf("Put %s: %v", name, err)
					return
				}
			}
		})
	}
	group.Wait()
	n := 0
	for info, err := range s.Blobs().List(within(t), "box", "many/") {
		must(t, "List", err)
		if info.Name.Path != fmt.Sprintf("many/%04d", n) {
			t.Fatalf("blob %d is %s", n, info.Name)
		}
		if n%400 == 0 {
			stat, err := s.Blobs().Stat(within(t), info.Name)
			must(t, "Stat", err)
			if diff := cmp.Diff(stat, info); diff != "" {
				t.Errorf("Stat and List of %s differ (-stat +list):\n%s", info.Name, diff)
			}
		}
		n++
	}
	if n != 1200 {
		t.Errorf("List gave %d blobs, want 1200", n)
	}
	for range s.Blobs().List(within(t), "box", "") {
		break // a caller may stop
	}
}

func metadataThatHeadersWouldChangeIsRefused(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	for key, value := range map[string]string{"a-b": "x", "": "x", "1a": "x", "ä": "x", "umlaut": "ä", "spaces": " x", "lines": "a\nb"} {
		_, err := s.Blobs().Put(within(t), target, blob.Head{Metadata: map[string]string{key: value}}, strings.NewReader("x"), blob.Want{})
		if err == nil || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("Put with metadata %q: %q = %v, want a refusal with a hint", key, value, err)
		}
	}
}

func aLedgersLostAnswerIsTold(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	l := open(t, p.connection(), azure.Options{}).Ledger()
	_, err := l.Put(within(t), "timers/other", nil, "")
	must(t, "Put", err)
	p.dropNext()
	_, err = l.Put(within(t), "timers/tick", []byte("host 1"), "")
	down(t, "Put whose answer gets lost", err, 0) // work.ErrExists would say that another host has the tick
	e, err := l.Get(within(t), "timers/tick")
	if err != nil || string(e.Value) != "host 1" {
		t.Errorf("Get = %+v, %v; want what was written", e, err)
	}
}

// payloadsPassInLittleMemory counts this process's peak, of which the store has
// blocks, the HTTP client buffers, and Go's collector as much again.
func payloadsPassInLittleMemory(t *testing.T, rig *azurite.Rig) {
	const size, most = 256 << 20, 24 << 20
	s := open(t, rig.Connection(), azure.Options{})
	sum := sha256.New()
	up := grown(t, func() {
		source := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), sum)
		info, err := s.Blobs().Put(within(t), target, blob.Head{}, source, blob.Want{})
		must(t, "Put", err)
		if info.Size != size {
			t.Errorf("%d bytes were put, want %d", info.Size, size)
		}
	})
	got := sha256.New()
	down := grown(t, func() {
		r, _, err := s.Blobs().Open(within(t), target, blob.Range{}, blob.Want{})
		must(t, "Open", err)
		_, err = io.CopyBuffer(struct{ io.Writer }{got}, r, make([]byte, 64<<10))
		must(t, "Read", err)
		must(t, "Close", r.Close())
	})
	if !bytes.Equal(sum.Sum(nil), got.Sum(nil)) {
		t.Error("what came back is not what was put")
	}
	t.Logf("256 MiB: RSS grew by %.1f MiB at its peak while they were put, and by %.1f MiB while they were read", float64(up)/(1<<20), float64(down)/(1<<20))
	if up > most || down > most {
		t.Errorf("RSS grew by %d bytes up, %d down; want %d at most", up, down, most)
	}
}

// grown is by how much the peak of this process's resident memory is over what it
// was before.
func grown(t *testing.T, do func()) int64 {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak is forgotten
		t.Skipf("the peak can't be measured here: %v", err)
	}
	before := resident(t, "VmRSS:")
	do()
	return resident(t, "VmHWM:") - before
}

func resident(t *testing.T, field string) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	must(t, "status", err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			must(t, "status", err)
			return kib << 10
		}
	}
	t.Fatalf("no %s in status", field)
	return 0
}
