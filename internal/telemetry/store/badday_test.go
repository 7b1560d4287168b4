package store_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

func sync1(t *testing.T, w *store.Writer) {
	t.Helper()
	if err := w.Sync(t.Context()); err != nil {
		t.Fatalf("Sync: %v", err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestManyBeginInANewDirectoryAtOnce(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "new")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				w, err := store.Open(dir, store.Options{Writer: "w"})
				if err != nil {
					t.Errorf("Open beside others: %v", err)
					return
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}

func TestAnIndexIsOnlyBelievedAboutItsOwnSegment(t *testing.T) {
	dir, segment := closed(t)
	index := read(t, segment+".idx")
	w := open(t, dir, store.Options{})
	for i := range 4 { // frames of other lengths, in a longer segment
		appendRows(t, w, "traces", 300+i*150, 300+i*150+150)
		sync1(t, w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	other := segments(t, dir)[0]
	if other == segment {
		other = segments(t, dir)[1]
	}
	whole := read(t, other)
	t.Run("another segment's", func(t *testing.T) {
		write(t, other+".idx", index)
		if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 900 || len(d.Damage()) != 0 {
			t.Errorf("%d rows, damage %v; want 900 and none", len(got), d.Damage())
		}
	})
	t.Run("one of an earlier, shorter state", func(t *testing.T) {
		write(t, segment+".idx", index)
		write(t, segment, append(read(t, segment), whole...))
		defer write(t, segment, read(t, segment)[:len(read(t, segment))-len(whole)])
		if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 300+600+600 || len(d.Damage()) != 0 {
			t.Errorf("%d rows, damage %v; want those behind the index as well", len(got), d.Damage())
		}
	})
	t.Run("any bit flipped, cut anywhere", func(t *testing.T) {
		if err := errors.Join(os.Remove(other), os.Remove(other+".idx")); err != nil {
			t.Fatal(err)
		}
		for i := range index {
			for _, broken := range [][]byte{append(append(append([]byte{}, index[:i]...), index[i]^4), index[i+1:]...), index[:i]} {
				write(t, segment+".idx", broken)
				if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 300 || len(d.Damage()) != 0 {
					t.Fatalf("an index of %d bytes broken at %d: %d rows, damage %v; want 300 and none", len(broken), i, len(got), d.Damage())
				}
			}
		}
	})
}

func TestASegmentByItsNameAloneIsNotTouched(t *testing.T) {
	dir, _ := closed(t)
	foreign := filepath.Join(dir, "traces-20260405T013000Z-writer.0.ndjson.zst")
	for _, content := range []string{strings.Repeat("somebody's notes\n", 10), strings.Repeat("\x00", 5000), "short"} {
		write(t, foreign, []byte(content))
		w := open(t, dir, store.Options{Writer: "writer"})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := string(read(t, foreign)); got != content {
			t.Errorf("a writer that opened left %d bytes of %d of somebody's file", len(got), len(content))
		}
		if _, d := lines(t, dir, "traces", 0, 1000); len(d.Damage()) != 1 {
			t.Errorf("damage %v, want one: a file that is none of ours is told", d.Damage())
		}
	}
}

func TestALivingWritersSegmentIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, store.Options{Writer: "w"})
	appendRows(t, first, "traces", 0, 10)
	sync1(t, first)
	second := open(t, dir, store.Options{Writer: "w", RetainBytes: 1, Tell: func(m string) { t.Errorf("told %q", m) }})
	appendRows(t, first, "traces", 10, 20)
	appendRows(t, second, "traces", 20, 30)
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Fatal(err)
	}
	if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 30 || len(d.Damage()) != 0 {
		t.Errorf("%d rows, damage %v; want 30 and none", len(got), d.Damage())
	}
}

func TestTheClockMayJump(t *testing.T) {
	dir := t.TempDir()
	var now atomic.Int64
	base := time.Now().Unix()
	w := open(t, dir, store.Options{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	for i, jump := range []int64{0, -3600, -3600, 86400 * 400, 1} {
		now.Store(base + jump)
		appendRows(t, w, "traces", i*10, i*10+10)
		sync1(t, w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 50 || len(d.Damage()) != 0 || w.Lost() != 0 {
		t.Errorf("%d rows, damage %v, %d lost; want 50, whatever the clock said", len(got), d.Damage(), w.Lost())
	}
}

func TestRowsOfAnyTimeAreFoundInTheirWindow(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, store.Options{})
	year := 365 * 86400
	for _, at := range []int{0, year, -year, 5, 1 << 33, -1 << 33} { // out of order, in the future, long ago, of no calendar
		if err := w.Append("customEvents", start+int64(at)*value.Second, fmt.Appendf(nil, `{"name":"%d"}`, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, year, -year, 5, 1 << 33, -1 << 33} {
		got, _ := lines(t, dir, "customEvents", at, at)
		if !strings.Contains(strings.Join(got, ""), fmt.Sprintf(`"%d"`, at)) {
			t.Errorf("the window of second %d has %v, want its row", at, got)
		}
	}
}

func TestASegmentThatVanishesBeforeItIsReadIsTold(t *testing.T) {
	dir, segment := closed(t)
	d, err := store.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := d.Scan("traces", 0, value.MaxDatetime)
	if err != nil || len(runs) != 1 {
		t.Fatalf("Scan: %d runs, %v", len(runs), err)
	}
	if err := os.Remove(segment); err != nil {
		t.Fatal(err)
	}
	visit := func([]byte, bool) error { t.Error("a frame of a file that is gone"); return nil }
	if err := runs[0].Each(t.Context(), visit); err != nil || len(d.Damage()) != 1 {
		t.Errorf("Each: %v, damage %v; want no error, and the loss told", err, d.Damage())
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Scan("traces", 0, 1); err == nil {
		t.Error("Scan of a directory that is gone gives no error")
	}
}

func TestAReadOnlyDirectoryIsReadAndRefusedToWriters(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no file system of its own without root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir, store.Options{}); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("Open: %v, want EROFS with a hint", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	var told atomic.Int64
	w := open(t, dir, store.Options{Tell: func(string) { told.Add(1) }})
	appendRows(t, w, "traces", 0, 10)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	w = open(t, dir, store.Options{Tell: func(string) { told.Add(1) }}) // it became so later: the guard goes on
	appendRows(t, w, "traces", 10, 20)
	if err := w.Sync(t.Context()); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Sync: %v, want EROFS", err)
	}
	if err := w.Close(); err == nil || w.Lost() != 10 || told.Load() == 0 {
		t.Errorf("Close: %v, %d lost, %d messages; want an error, 10 rows counted, and it told", err, w.Lost(), told.Load())
	}
	if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 10 || len(d.Damage()) != 0 {
		t.Errorf("%d rows, damage %v; want 10 and none", len(got), d.Damage())
	}
}

func TestReadersReadWhileItIsWritten(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, store.Options{})
	appendRows(t, w, "traces", 0, 1)
	sync1(t, w)
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		defer close(done)
		for i := 1; i < 200; i++ {
			appendRows(t, w, "traces", i*50, i*50+50)
			if err := w.Sync(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	for before, reads := 0, 0; ; reads++ {
		got, d := lines(t, dir, "traces", 0, 100_000)
		if len(got) < before || len(d.Damage()) != 0 {
			t.Fatalf("read %d: %d rows after %d, damage %v; want ever more and none", reads, len(got), before, d.Damage())
		}
		before = len(got)
		select {
		case <-done:
			all.Wait()
			if got, _ := lines(t, dir, "traces", 0, 100_000); len(got) != 1+199*50 {
				t.Errorf("%d rows at the end, want %d", len(got), 1+199*50)
			}
			return
		default:
		}
	}
}

func TestWhatAKilledWriterLeftHalfMadeGoesAway(t *testing.T) {
	dir, segment := closed(t)
	old := time.Now().Add(-time.Hour)
	gone := []string{segment + ".idx.new", filepath.Join(dir, "stanch-telemetry.12.new"), filepath.Join(dir, "traces-20260101T000000Z-w.1.ndjson.zst.idx")}
	stay := []string{segment, segment + ".idx", filepath.Join(dir, "mine.new"), filepath.Join(dir, "mine.idx")}
	for _, path := range append(gone, stay...) {
		if _, err := os.Stat(path); err != nil {
			write(t, path, nil)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir, store.Options{})
	for _, path := range gone {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", filepath.Base(path))
		}
	}
	for _, path := range stay {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s went: %v", filepath.Base(path), err)
		}
	}
}

func TestARowThatIsNotOneLineIsRefused(t *testing.T) {
	w := open(t, t.TempDir(), store.Options{})
	for _, row := range []string{"", "{}\n", "{\"a\":1}\n{\"b\":2}"} {
		if err := w.Append("traces", start, []byte(row)); err == nil {
			t.Errorf("Append(%q) took it", row)
		}
	}
	if w.Lost() != 3 {
		t.Errorf("Lost() = %d, want 3", w.Lost())
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	w := open(t, t.TempDir(), store.Options{})
	line := row(1)
	for range 3 { // batches have grown
		for range 10_000 {
			_ = w.Append("traces", start, line)
		}
		sync1(t, w)
	}
	if n := testing.AllocsPerRun(1000, func() { _ = w.Append("traces", start, line) }); n >= 1 {
		t.Errorf("Append makes %v allocations, want none", n)
	}
}

func TestSegmentsAreReadableWithZstdcat(t *testing.T) {
	dir, segment := closed(t)
	zstdcat, err := exec.LookPath("zstdcat")
	if err != nil {
		t.Skip("zstdcat is not installed")
	}
	out, err := exec.CommandContext(t.Context(), zstdcat, segment).Output()
	if err != nil {
		t.Fatal(err)
	}
	got, _ := lines(t, dir, "traces", 0, 1000)
	if string(out) != strings.Join(got, "\n")+"\n" {
		t.Errorf("zstdcat gives %d bytes, want the rows as stanch reads them", len(out))
	}
}
