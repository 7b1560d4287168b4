package store_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// TestAFullDisk runs on a file system of half a megabyte, and then gives it room.
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("no file system of its own without root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	var mu sync.Mutex
	var told []string
	w := open(t, dir, store.Options{Tell: func(m string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, m)
	}})
	noise := make([]byte, 3000)
	state := uint64(1)
	for i := 0; w.Lost() == 0; i++ { // incompressible rows, until the disk and the queue are full
		for j := range noise {
			state = state*6364136223846793005 + 1442695040888963407
			noise[j] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[state>>58]
		}
		if err := w.Append("traces", start, fmt.Appendf(nil, `{"message":"%s"}`, noise)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Sync(t.Context()); err == nil {
		t.Error("Sync on a full disk acknowledged the rows")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if err := w.Sync(t.Context()); err != nil {
		t.Fatalf("Sync with room again: %v", err)
	}
	appendRows(t, w, "traces", 0, 10)
	if err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	all := strings.Join(told, "\n")
	if !strings.Contains(all, "can't be written") || !strings.Contains(all, "written again") {
		t.Errorf("told %q, want that writing stopped and went on", told)
	}
	d, err := store.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := d.Scan("traces", 0, start+1<<40)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, r := range runs {
		if err := r.Each(t.Context(), func(block []byte, _ bool) error {
			rows += bytes.Count(block, []byte("\n"))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if rows < 100 || len(d.Damage()) != 0 {
		t.Errorf("%d rows, damage %v; want what was written before and after, and no damage", rows, d.Damage())
	}
}
