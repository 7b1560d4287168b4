package store_test

import (
	"bytes"
	"fmt"
	"runtime"
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
	held := func() int64 {
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		return int64(memory.HeapAlloc)
	}
	before := held()
	noise := make([]byte, 3000)
	state := uint64(1)
	written := 0
	for ; written < 20_000; written++ { // 60 MB of incompressible rows: the disk is full, and the queue
		for j := range noise {
			state = state*6364136223846793005 + 1442695040888963407
			noise[j] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[state>>58]
		}
		if err := w.Append("traces", start, fmt.Appendf(nil, `{"message":"%s"}`, noise)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Sync(t.Context()); err == nil || w.Lost() == 0 {
		t.Errorf("Sync on a full disk: %v, %d rows lost; want an error, and some", err, w.Lost())
	}
	if more := held() - before; more > 12<<20 {
		t.Errorf("with a full disk %d MiB are held, want a bound of 12 whatever was appended", more>>20)
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
	if want := written + 10 - int(w.Lost()); rows < 100 || rows != want || len(d.Damage()) != 0 {
		t.Errorf("%d rows, damage %v; want %d, all that was appended but for what Lost counts", rows, d.Damage(), want)
	}
}
