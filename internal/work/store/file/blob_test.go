package file_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

func TestAFileThatSomebodyMovesThereIsABlob(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, file.Options{}).Blobs()
	box := filepath.Join(dir, "blobs", "images")
	if err := errors.Join(os.MkdirAll(filepath.Join(box, "2026"), 0o755), os.WriteFile(filepath.Join(box, "2026", "cat.jpg"), []byte("cat"), 0o644)); err != nil {
		t.Fatal(err)
	}
	info, err := b.Stat(t.Context(), blob.Name{Container: "images", Path: "2026/cat.jpg"})
	if err != nil || info.Size != 3 || info.ContentType != "application/octet-stream" {
		t.Errorf("Stat = %+v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(box, "2026", "cat.jpg"), []byte("dogs"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Open(t.Context(), info.Name, blob.Range{}, blob.Want{ETag: info.ETag}); !errors.Is(err, work.ErrChanged) {
		t.Errorf("Open of the old version = %v, want work.ErrChanged", err)
	}
}

func TestWhatIsNoFileIsNoBlob(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, file.Options{}).Blobs()
	box := filepath.Join(dir, "blobs", "box")
	secret := filepath.Join(dir, "secret")
	if err := errors.Join(os.Mkdir(box, 0o755), os.WriteFile(secret, []byte("s"), 0o600), os.WriteFile(filepath.Join(box, "real"), []byte("r"), 0o600),
		os.Symlink(secret, filepath.Join(box, "out")), os.Symlink("../../secret", filepath.Join(box, "up")), os.Symlink("real", filepath.Join(box, "alias")), os.Symlink("loop", filepath.Join(box, "loop")),
		os.Mkdir(filepath.Join(box, "dir"), 0o755), syscall.Mkfifo(filepath.Join(box, "pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"out", "up", "loop", "dir", "pipe"} {
		if body, _, err := b.Open(t.Context(), blob.Name{Container: "box", Path: p}, blob.Range{}, blob.Want{}); err == nil {
			body.Close()
			t.Errorf("Open of %s worked", p)
		}
	}
	var got []string
	for info, err := range b.List(t.Context(), "box", "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Name.Path)
	}
	if len(got) != 2 || strings.Contains(strings.Join(got, " "), "o") {
		t.Errorf("List = %v, want real and alias", got)
	}
}

func TestAFileThatIsCutUnderItsReaderIsAnError(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, file.Options{}).Blobs()
	name := blob.Name{Container: "box", Path: "cut"}
	for _, way := range []func(r io.Reader) error{
		func(r io.Reader) error { _, err := io.ReadAll(r); return err },
		func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err },
	} {
		if _, err := b.Put(t.Context(), name, blob.Head{}, strings.NewReader(strings.Repeat("x", 1<<20)), blob.Want{}); err != nil {
			t.Fatal(err)
		}
		body, _, err := b.Open(t.Context(), name, blob.Range{}, blob.Want{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, "blobs", "box", "cut"), 1000); err != nil {
			t.Fatal(err)
		}
		if err := way(body); !errors.Is(err, work.ErrChanged) {
			t.Errorf("Read = %v, want work.ErrChanged", err)
		}
		body.Close()
	}
}

func TestAPathThatIsAlsoADirectoryHasAHint(t *testing.T) {
	b := open(t, t.TempDir(), file.Options{}).Blobs()
	put := func(p string) error {
		_, err := b.Put(t.Context(), blob.Name{Container: "box", Path: p}, blob.Head{}, strings.NewReader("x"), blob.Want{})
		return err
	}
	if err := put("a/b"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"a", "a/b/c"} {
		if err := put(p); err == nil || !strings.Contains(err.Error(), "hint") {
			t.Errorf("Put of %s beside a/b = %v, want an error with a hint", p, err)
		}
	}
}

// Bodies pass through a buffer: what is allocated does not grow with them.
func TestPayloadsDoNotPassThroughMemory(t *testing.T) {
	b := open(t, t.TempDir(), file.Options{}).Blobs()
	const size = 64 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	name := blob.Name{Container: "box", Path: "large"}
	if _, err := b.Put(t.Context(), name, blob.Head{}, io.LimitReader(zeros{}, size), blob.Want{}); err != nil {
		t.Fatal(err)
	}
	body, _, err := b.Open(t.Context(), name, blob.Range{}, blob.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if n, err := io.Copy(io.Discard, body); err != nil || n != size {
		t.Fatalf("Copy = %d, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
		t.Errorf("%d bytes were allocated for a blob of %d", got, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
