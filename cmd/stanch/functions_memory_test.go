package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/blob"
)

// LARGE_BLOB_MIB=1024 sends the blob of the promise; `make bench-memory` does it
// by every way there is.
func TestALargeBlobDoesNotPassThroughStanchsMemory(t *testing.T) {
	const most = 8 << 20 // bytes that stanch may grow by
	size := int64(128 << 20)
	if text := os.Getenv("LARGE_BLOB_MIB"); text != "" {
		mib, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			t.Fatalf("LARGE_BLOB_MIB: %v", err)
		}
		size = mib << 20
	}
	for _, mode := range []string{"buffered", "streamed"} {
		t.Run(mode, func(t *testing.T) {
			app, data := t.TempDir(), t.TempDir()
			if err := os.CopyFS(app, os.DirFS("../../bench/memory/apps/python")); err != nil {
				t.Fatal(err)
			}
			binding := filepath.Join(app, "read/function.json")
			text, err := os.ReadFile(binding)
			if err != nil {
				t.Fatal(err)
			}
			text = []byte(strings.Replace(string(text), `"buffered"`, strconv.Quote(mode), 1))
			if err := os.WriteFile(binding, text, 0o644); err != nil {
				t.Fatal(err)
			}
			f := openFeed(t, data)
			s := beginWith(t, data, nil, "--app", app, "--memory-limit", "16GiB")
			s.await("worker_ready", "")
			send := func(size int64) (grown int64) {
				sum := sha256.New()
				body := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{3}), size), sum)
				name := blob.Name{Container: "payloads", Path: fmt.Sprint(size)}
				if _, err := f.Blobs().Put(t.Context(), name, blob.Head{}, body, blob.Want{}); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.pid), []byte("5"), 0); err != nil {
					t.Fatal(err)
				}
				before := statusLine(t, s.pid, "VmRSS")
				f.put("read", fmt.Sprint(size))
				want := fmt.Sprintf(`{"bytes": %d, "sha256": "%s"}`, size, hex.EncodeToString(sum.Sum(nil)))
				if got := f.await("done", 1); got[0] != want {
					t.Errorf("the function read %s, want %s", got[0], want)
				}
				if err := f.Clear(t.Context(), "done"); err != nil {
					t.Fatal(err)
				}
				return statusLine(t, s.pid, "VmHWM") - before
			}
			send(1 << 20) // what every first payload costs is not this one's
			if grown := send(size); grown > most {
				t.Errorf("stanch grew by %d KiB with a %s blob of %d MiB, want at most %d", grown>>10, mode, size>>20, most>>10)
			}
		})
	}
}

// statusLine is a line of /proc/PID/status, in bytes.
func statusLine(t *testing.T, pid int, line string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(l, line+":"); found {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("/proc/%d/status has no %s", pid, line)
	return 0
}
