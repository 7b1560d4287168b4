package file_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

func TestAWatchTellsOfWhatComes(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, file.Options{}).Blobs()
	box := filepath.Join(dir, "blobs", "images")
	if err := errors.Join(os.MkdirAll(filepath.Join(box, "old"), 0o700), os.WriteFile(filepath.Join(box, "before"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	told := make(chan blob.Info, 100)
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { ended <- b.Watch(ctx, "images", func(i blob.Info) { told <- i }) }()

	// The watch begins in its own time: the first is written until it is told of.
	first := blob.Name{Container: "images", Path: "first"}
	for begun := false; !begun; {
		if _, err := b.Put(t.Context(), first, blob.Head{}, strings.NewReader("x"), blob.Want{}); err != nil {
			t.Fatal(err)
		}
		select {
		case i := <-told:
			begun = i.Name == first
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	outside := filepath.Join(dir, "outside")
	if err := errors.Join(
		os.WriteFile(filepath.Join(box, "old", "written"), []byte("w"), 0o600),
		os.WriteFile(outside, []byte("o"), 0o600), os.Rename(outside, filepath.Join(box, "moved")),
		os.MkdirAll(filepath.Join(box, "new", "deep"), 0o700), os.WriteFile(filepath.Join(box, "new", "deep", "er"), []byte("d"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), blob.Name{Container: "images", Path: "put/by/store"}, blob.Head{}, strings.NewReader("x"), blob.Want{}); err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{"old/written": true, "moved": true, "new/deep/er": true, "put/by/store": true}
	for late := time.After(30 * time.Second); len(missing) > 0; {
		select {
		case i := <-told:
			if i.Name.Path == "before" || strings.Contains(i.Name.Path, ".stanch-") || i.ETag == "" {
				t.Errorf("told of %+v", i)
			}
			delete(missing, i.Name.Path)
		case err := <-ended:
			t.Fatalf("the watch ended: %v; %v were not told", err, missing)
		case <-late:
			t.Fatalf("%v were not told", missing)
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch = %v, want context.Canceled", err)
	}
}

func TestAWatchOfAContainerThatGoesSaysSo(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, file.Options{}).Blobs()
	ended := make(chan error, 1)
	told := make(chan struct{}, 100)
	go func() { ended <- b.Watch(t.Context(), "images", func(blob.Info) { told <- struct{}{} }) }()
	box := filepath.Join(dir, "blobs", "images")
	for begun := false; !begun; {
		_, _ = b.Put(t.Context(), blob.Name{Container: "images", Path: "x"}, blob.Head{}, strings.NewReader("x"), blob.Want{})
		select {
		case <-told:
			begun = true
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := os.RemoveAll(box); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, work.ErrAbsent) {
			t.Errorf("Watch = %v, want work.ErrAbsent", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the watch goes on")
	}
}
