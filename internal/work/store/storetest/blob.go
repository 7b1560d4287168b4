package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// BlobCase is a store of blobs, and what it can't do.
type BlobCase struct {
	Open func(t *testing.T) blob.Store // a client; every call gives one of the same store
}

// Blobs holds a store to the seam of blobs.
func Blobs(t *testing.T, c BlobCase) {
	next := names(t, "c")
	s := c.Open(t)

	t.Run("a payload comes back as it was put", func(t *testing.T) {
		box := next()
		for _, size := range []int{0, 1, 4095, 4096, 128<<10 + 1, 9<<20 + 7} {
			name := blob.Name{Container: box, Path: "some/payload.bin"}
			body := noise(size)
			info, err := s.Put(within(t), name, blob.Head{}, bytes.NewReader(body), blob.Want{})
			must(t, "Put", err)
			if info.Size != int64(size) || info.ETag == "" || info.Name != name || info.ContentType != "application/octet-stream" {
				t.Errorf("Put of %d bytes = %+v", size, info)
			}
			got, opened := slurp(t, s, name, blob.Range{}, blob.Want{})
			if !bytes.Equal(got, body) || opened.Size != info.Size || opened.ETag != info.ETag {
				t.Errorf("%d bytes came back as %d, %+v, want %+v", size, len(got), opened, info)
			}
			stat, err := s.Stat(within(t), name)
			must(t, "Stat", err)
			if stat.ETag != info.ETag || stat.Size != info.Size || time.Since(stat.Modified).Abs() > time.Minute {
				t.Errorf("Stat = %+v after Put = %+v", stat, info)
			}
		}
	})

	t.Run("ranges are what they say", func(t *testing.T) {
		name := blob.Name{Container: next(), Path: "ranges"}
		body := noise(300_000)
		_, err := s.Put(within(t), name, blob.Head{}, bytes.NewReader(body), blob.Want{})
		must(t, "Put", err)
		for _, r := range []blob.Range{{}, {From: 1}, {From: 131_071, Count: 2}, {From: 131_072}, {From: 299_999}, {From: 299_999, Count: 5}, {From: 300_000}, {From: 400_000, Count: 1}, {Count: 1}, {From: 17, Count: 262_144}} {
			from := min(r.From, 300_000)
			to := int64(300_000)
			if r.Count > 0 {
				to = min(to, from+r.Count)
			}
			got, info := slurp(t, s, name, r, blob.Want{})
			if !bytes.Equal(got, body[from:to]) || info.Size != 300_000 {
				t.Errorf("range %+v gave %d bytes of a blob of %d, want %d of 300000", r, len(got), info.Size, to-from)
			}
		}
	})

	t.Run("names survive", func(t *testing.T) {
		box := next()
		paths := []string{"plain", "with space.txt", "a/b/c.d", "ünï/漢字🙂", "100%/of+it#1?x=y&z", "dots..in.it", "~tilde", "quote'and\"", "UPPER", "upper", strings.Repeat("x", 200)}
		for _, p := range paths {
			_, err := s.Put(within(t), blob.Name{Container: box, Path: p}, blob.Head{}, strings.NewReader(p), blob.Want{})
			must(t, "Put "+p, err)
		}
		for _, p := range paths {
			if got, _ := slurp(t, s, blob.Name{Container: box, Path: p}, blob.Range{}, blob.Want{}); string(got) != p {
				t.Errorf("blob %q holds %q", p, got)
			}
		}
		sort.Strings(paths)
		if got := list(t, s, box, ""); !slices.Equal(got, paths) {
			t.Errorf("List = %q, want %q", got, paths)
		}
		if got := list(t, s, box, "a/b"); !slices.Equal(got, []string{"a/b/c.d"}) {
			t.Errorf("List of a/b = %q", got)
		}
		if got := list(t, s, box, "dots"); !slices.Equal(got, []string{"dots..in.it"}) {
			t.Errorf("List of dots = %q", got)
		}
		for _, p := range []string{"", "/", "a//b", "../x", "a/../b", ".", "nul\x00", "back\\slash", blob.Reserved + "x", strings.Repeat("x", 2000)} {
			if _, err := s.Put(within(t), blob.Name{Container: box, Path: p}, blob.Head{}, strings.NewReader("x"), blob.Want{}); err == nil {
				t.Errorf("Put into %q was taken", p)
			}
		}
		all, err := s.Containers(within(t))
		must(t, "Containers", err)
		if !slices.Contains(all, box) || !slices.IsSorted(all) {
			t.Errorf("Containers = %v, want %s among them, sorted", all, box)
		}
	})

	t.Run("type and metadata are kept", func(t *testing.T) {
		name := blob.Name{Container: next(), Path: "typed"}
		head := blob.Head{ContentType: "image/png", Metadata: map[string]string{"origin": "camera 7", "Order": "12"}}
		_, err := s.Put(within(t), name, head, strings.NewReader("x"), blob.Want{})
		must(t, "Put", err)
		want := map[string]string{"origin": "camera 7", "order": "12"}
		check := func(what string, info blob.Info) {
			t.Helper()
			if info.ContentType != "image/png" || !maps.Equal(info.Metadata, want) {
				t.Errorf("%s = type %q, metadata %v; want image/png, %v", what, info.ContentType, info.Metadata, want)
			}
		}
		stat, err := s.Stat(within(t), name)
		must(t, "Stat", err)
		check("Stat", stat)
		_, opened := slurp(t, s, name, blob.Range{}, blob.Want{})
		check("Open", opened)
		for info, err := range s.List(within(t), name.Container, "") {
			must(t, "List", err)
			check("List", info)
		}
		_, err = s.Put(within(t), name, blob.Head{}, strings.NewReader("x"), blob.Want{})
		must(t, "Put", err)
		stat, err = s.Stat(within(t), name)
		must(t, "Stat", err)
		if stat.ContentType != "application/octet-stream" || len(stat.Metadata) != 0 {
			t.Errorf("after a Put without them: %+v", stat)
		}
	})

	t.Run("what is not there", func(t *testing.T) {
		box := next()
		name := blob.Name{Container: box, Path: "none"}
		for range 2 { // without the container, then with it
			_, _, err := s.Open(within(t), name, blob.Range{}, blob.Want{})
			is(t, "Open", err, work.ErrAbsent)
			_, err = s.Stat(within(t), name)
			is(t, "Stat", err, work.ErrAbsent)
			is(t, "Delete", s.Delete(within(t), name, blob.Want{}), work.ErrAbsent)
			_, err = s.Put(within(t), blob.Name{Container: box, Path: "other"}, blob.Head{}, strings.NewReader("x"), blob.Want{})
			must(t, "Put", err)
		}
		for _, err := range s.List(within(t), next(), "") {
			is(t, "List of no container", err, work.ErrAbsent)
		}
	})

	t.Run("versions are told apart", func(t *testing.T) {
		name := blob.Name{Container: next(), Path: "versions"}
		first, err := s.Put(within(t), name, blob.Head{}, strings.NewReader("first"), blob.Want{Absent: true})
		must(t, "Put", err)
		_, err = s.Put(within(t), name, blob.Head{}, strings.NewReader("again"), blob.Want{Absent: true})
		is(t, "Put where there should be none", err, work.ErrExists)
		second, err := s.Put(within(t), name, blob.Head{}, strings.NewReader("other"), blob.Want{ETag: first.ETag})
		must(t, "Put over the first", err)
		if second.ETag == first.ETag {
			t.Errorf("both versions have the ETag %s", first.ETag)
		}
		_, err = s.Put(within(t), name, blob.Head{}, strings.NewReader("third"), blob.Want{ETag: first.ETag})
		is(t, "Put over a version that is gone", err, work.ErrChanged)
		_, _, err = s.Open(within(t), name, blob.Range{}, blob.Want{ETag: first.ETag})
		is(t, "Open of a version that is gone", err, work.ErrChanged)
		is(t, "Delete of a version that is gone", s.Delete(within(t), name, blob.Want{ETag: first.ETag}), work.ErrChanged)
		if got, _ := slurp(t, s, name, blob.Range{}, blob.Want{ETag: second.ETag}); string(got) != "other" {
			t.Errorf("it holds %q", got)
		}
		must(t, "Delete", s.Delete(within(t), name, blob.Want{ETag: second.ETag}))
		_, err = s.Stat(within(t), name)
		is(t, "Stat after it", err, work.ErrAbsent)
	})

	t.Run("of many who make it, one does", func(t *testing.T) {
		name := blob.Name{Container: next(), Path: "receipt"}
		_, err := s.Put(within(t), blob.Name{Container: name.Container, Path: "x"}, blob.Head{}, strings.NewReader("x"), blob.Want{})
		must(t, "Put", err)
		var group sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 8 {
			group.Go(func() {
				_, err := s.Put(within(t), name, blob.Head{}, strings.NewReader("mine"), blob.Want{Absent: true})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else if !errors.Is(err, work.ErrExists) {
					t.Errorf("Put: %v, want work.ErrExists", err)
				}
			})
		}
		group.Wait()
		if made != 1 {
			t.Errorf("%d made it, want 1", made)
		}
	})

	t.Run("a payload that breaks off leaves nothing", func(t *testing.T) {
		name := blob.Name{Container: next(), Path: "half"}
		cut := errors.New("cut")
		broken := io.MultiReader(bytes.NewReader(noise(5<<20)), failing{cut})
		_, err := s.Put(within(t), name, blob.Head{}, broken, blob.Want{})
		is(t, "Put of a reader that fails", err, cut)
		_, err = s.Stat(within(t), name)
		is(t, "Stat after it", err, work.ErrAbsent)
		for info, err := range s.List(within(t), name.Container, "") {
			if err == nil {
				t.Errorf("List shows %v", info.Name)
			}
		}
	})

	t.Run("a blob replaced under a reader is never half of each", func(t *testing.T) {
		name := blob.Name{Container: next(), Path: "shifting"}
		old, fresh := noise(6<<20), noise(6<<20+1)
		_, err := s.Put(within(t), name, blob.Head{}, bytes.NewReader(old), blob.Want{})
		must(t, "Put", err)
		body, _, err := s.Open(within(t), name, blob.Range{}, blob.Want{})
		must(t, "Open", err)
		defer body.Close()
		head := make([]byte, 1000)
		_, err = io.ReadFull(body, head)
		must(t, "Read", err)
		_, err = s.Put(within(t), name, blob.Head{}, bytes.NewReader(fresh), blob.Want{})
		must(t, "Put", err)
		sum := sha256.New()
		sum.Write(head)
		n, err := io.Copy(sum, body)
		whole := sha256.Sum256(old)
		switch {
		case err == nil && !bytes.Equal(sum.Sum(nil), whole[:]):
			t.Errorf("%d bytes that are not those of the version opened", n+1000)
		case err != nil && !errors.Is(err, work.ErrChanged) && !errors.Is(err, work.ErrAbsent):
			t.Errorf("Read: %v, want the old version, work.ErrChanged or work.ErrAbsent", err)
		}
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// noise is bytes that don't compress and are the same in every run.
func noise(n int) []byte {
	out := make([]byte, n)
	random := rand.NewChaCha8([32]byte{1, byte(n), byte(n >> 8)})
	_, _ = random.Read(out) // never fails
	return out
}

func slurp(t *testing.T, s blob.Store, name blob.Name, part blob.Range, want blob.Want) ([]byte, blob.Info) {
	t.Helper()
	body, info, err := s.Open(within(t), name, part, want)
	must(t, "Open "+name.String(), err)
	got, err := io.ReadAll(body)
	must(t, "Read "+name.String(), err)
	must(t, "Close "+name.String(), body.Close())
	return got, info
}

func list(t *testing.T, s blob.Store, container, prefix string) (paths []string) {
	t.Helper()
	for info, err := range s.List(within(t), container, prefix) {
		must(t, "List", err)
		paths = append(paths, info.Name.Path)
	}
	sort.Strings(paths)
	return paths
}
