package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// start is the time of the first row of the tests.
var start = value.Ticks(time.Date(2026, 4, 5, 1, 30, 0, 0, time.UTC))

func row(i int) []byte {
	return fmt.Appendf(nil, `{"timestamp":"%s","itemId":"row %d"}`, value.AppendDatetime(nil, start+int64(i)*value.Second), i)
}

func open(t *testing.T, dir string, o store.Options) *store.Writer {
	t.Helper()
	w, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func appendRows(t *testing.T, w *store.Writer, table string, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := w.Append(table, start+int64(i)*value.Second, row(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// lines reads all lines of a table between two rows' times.
func lines(t *testing.T, dir, table string, from, to int) (all []string, d *store.Dir) {
	t.Helper()
	d, err := store.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := d.Scan(table, start+int64(from)*value.Second, start+int64(to)*value.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		err := r.Each(t.Context(), func(block []byte, ordered bool) error {
			if !ordered && table == "traces" {
				t.Errorf("a frame of %s is not in order", table)
			}
			for line := range bytes.Lines(block) {
				all = append(all, strings.TrimSuffix(string(line), "\n"))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all, d
}

func TestWhatWasSyncedIsRead(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, store.Options{Writer: "web/../1"})
	appendRows(t, w, "requests", 0, 5000)
	appendRows(t, w, "traces", 0, 3)
	if err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, d := lines(t, dir, "requests", 0, 5000)
	if len(got) != 5000 || got[4999] != string(row(4999)) {
		t.Errorf("%d rows, want 5000 in order, while the writer lives", len(got))
	}
	tables, err := d.Tables()
	if err != nil || strings.Join(tables, " ") != "requests traces" {
		t.Errorf("Tables() = %v, %v; want requests and traces", tables, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, d := lines(t, dir, "requests", 0, 5000); len(got) != 5000 || len(d.Damage()) != 0 {
		t.Errorf("%d rows, damage %v; want 5000 and none, by the index", len(got), d.Damage())
	}
	if err := w.Append("requests", start, row(0)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Append after Close: %v, want ErrClosed", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close twice: %v", err)
	}
}

func TestAWindowReadsItsFramesOnly(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, store.Options{})
	for i := 0; i < 10; i++ {
		appendRows(t, w, "traces", i*100, i*100+100)
		if err := w.Sync(t.Context()); err != nil { // a frame each
			t.Fatal(err)
		}
	}
	if got, _ := lines(t, dir, "traces", 250, 260); len(got) != 100 || got[0] != string(row(200)) {
		t.Errorf("%d rows from %.60q, want the one frame of 100 from row 200", len(got), got)
	}
	if got, _ := lines(t, dir, "traces", 5000, 6000); len(got) != 0 {
		t.Errorf("%d rows of a time when nothing was, want none", len(got))
	}
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.ndjson.zst"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// closed makes a store of one closed segment with three frames of 100 rows.
func closed(t *testing.T) (dir, segment string) {
	t.Helper()
	dir = t.TempDir()
	w := open(t, dir, store.Options{})
	for i := range 3 {
		appendRows(t, w, "traces", i*100, i*100+100)
		if err := w.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, segments(t, dir)[0]
}

func TestATornSegmentGivesItsWholeFramesWhereverItIsCut(t *testing.T) {
	dir, segment := closed(t)
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(segment + ".idx"); err != nil {
		t.Fatal(err)
	}
	before := 0
	for cut := 0; cut <= len(whole); cut++ {
		if err := os.WriteFile(segment, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		got, _ := lines(t, dir, "traces", 0, 1000)
		if len(got)%100 != 0 || len(got) < before {
			t.Fatalf("cut at %d of %d: %d rows, want whole frames", cut, len(whole), len(got))
		}
		before = len(got)
	}
	if before != 300 {
		t.Errorf("the whole segment gives %d rows, want 300", before)
	}
}

func TestATornSegmentIsRepairedWhenAWriterOpens(t *testing.T) {
	dir, segment := closed(t)
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(segment+".idx"), os.WriteFile(segment, whole[:len(whole)-7], 0o644)); err != nil {
		t.Fatal(err)
	}
	var told []string
	open(t, dir, store.Options{Tell: func(m string) { told = append(told, m) }})
	if len(told) != 1 || !strings.Contains(told[0], "torn") {
		t.Errorf("told %q, want that it was torn", told)
	}
	if _, err := os.Stat(segment + ".idx"); err != nil {
		t.Errorf("the repaired segment has no index: %v", err)
	}
	if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 200 || len(d.Damage()) != 0 {
		t.Errorf("%d rows, damage %v; want 200 and none", len(got), d.Damage())
	}
}

func TestAFlippedBitCostsItsFrameAlone(t *testing.T) {
	dir, segment := closed(t)
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	third := len(whole) / 3
	for _, at := range []int{third + third/2, third / 2, third + 20} { // in a frame, in the first, near a note
		broken := bytes.Clone(whole)
		broken[at] ^= 0x10
		if err := os.WriteFile(segment, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		got, d := lines(t, dir, "traces", 0, 1000)
		if len(got) < 200 || len(got) > 300 || len(got) < 300 && len(d.Damage()) == 0 {
			t.Errorf("a bit flipped at %d: %d rows, damage %v; want two frames at least, and the loss told", at, len(got), d.Damage())
		}
	}
}

func TestForeignFilesAreNoSegments(t *testing.T) {
	dir, _ := closed(t)
	for name, content := range map[string]string{
		"traces-20260405T013000Z-x.ndjson.zst":  "not zstd at all, but long enough to look like a frame of something or other",
		"traces-20260406T013000Z-y.ndjson.zst":  strings.Repeat("\x00", 5000),
		"traces-20260407T013000Z-z.ndjson.zst":  "",
		"../evil-20260405T013000Z-x.ndjson.zst": "",
		"notes.txt":                             "hello",
		"traces-yesterday-x.ndjson.zst":         "",
	} {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, d := lines(t, dir, "traces", 0, 1000)
	if len(got) != 300 || len(d.Damage()) != 2 {
		t.Errorf("%d rows, damage %v; want 300, and two files that are no segments told", len(got), d.Damage())
	}
}

func TestAnotherFormatIsRefused(t *testing.T) {
	dir, _ := closed(t)
	if err := os.WriteFile(filepath.Join(dir, "stanch-telemetry"), []byte("stanch telemetry, format 9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir, store.Options{}); !errors.Is(err, store.ErrForeign) {
		t.Errorf("Open: %v, want ErrForeign", err)
	}
	if _, err := store.OpenDir(dir); !errors.Is(err, store.ErrForeign) {
		t.Errorf("OpenDir: %v, want ErrForeign", err)
	}
	if _, err := store.OpenDir(t.TempDir()); !errors.Is(err, store.ErrForeign) {
		t.Errorf("OpenDir of an empty directory: %v, want ErrForeign", err)
	}
}

func TestWritersWorkSideBySide(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 4 {
		w := open(t, dir, store.Options{Writer: "same"})
		all.Go(func() {
			for i := range 2000 {
				if err := w.Append("traces", start, row(i)); err != nil {
					t.Error(err)
				}
			}
			if err := w.Sync(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, d := lines(t, dir, "traces", 0, 1000); len(got) != 8000 || len(d.Damage()) != 0 {
		t.Errorf("%d rows, damage %v; want 8000 of four writers", len(got), d.Damage())
	}
}

func TestRetentionTakesTheOldestAndLeavesWhatIsHeld(t *testing.T) {
	dir, segment := closed(t)
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(segment, old, old); err != nil {
		t.Fatal(err)
	}
	w := open(t, dir, store.Options{})
	appendRows(t, w, "requests", 0, 10)
	if err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, dir, store.Options{RetainAge: 24 * time.Hour, RetainBytes: 1})
	left := segments(t, dir)
	if len(left) != 1 || !strings.Contains(left[0], "requests-") {
		t.Errorf("left are %v, want the segment that its writer holds", left)
	}
	if _, err := os.Stat(segment + ".idx"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the index of a segment that went is still there: %v", err)
	}
}

func TestAVanishedSegmentIsFollowedByAnother(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "telemetry")
	w := open(t, dir, store.Options{})
	appendRows(t, w, "traces", 0, 10)
	if err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	appendRows(t, w, "traces", 10, 30)
	if err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := lines(t, dir, "traces", 0, 100); len(got) != 20 || got[0] != string(row(10)) || w.Lost() != 0 {
		t.Errorf("%d lost, %v; want the rows from 10 on in a directory that was made anew", w.Lost(), got)
	}
}

func TestARowThatCantBeKeptIsCounted(t *testing.T) {
	w := open(t, t.TempDir(), store.Options{})
	if err := w.Append("no/such", start, row(1)); err == nil {
		t.Error("a table's name with a slash was taken")
	}
	if err := w.Append("traces", start, make([]byte, store.MaxRow+1)); err == nil {
		t.Error("a row beyond the limit was taken")
	}
	if w.Lost() != 2 {
		t.Errorf("Lost() = %d, want 2", w.Lost())
	}
	long := append(append([]byte(`{"message":"`), bytes.Repeat([]byte("x"), store.MaxFrame)...), `"}`...)
	if err := errors.Join(w.Append("traces", start, long), w.Append("traces", start, row(1)), w.Sync(t.Context())); err != nil {
		t.Errorf("a row longer than a frame: %v, want a frame to itself", err)
	}
}

func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	w, err := store.Open(dir, store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 50 {
		if err := w.Append("traces", start, row(i)); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.zst*"))
	if err != nil || len(names) != 2 {
		f.Fatal(names, err)
	}
	segment, err1 := os.ReadFile(names[0])
	index, err2 := os.ReadFile(names[1])
	if err1 != nil || err2 != nil {
		f.Fatal(err1, err2)
	}
	f.Add(segment, index)
	f.Add(append(bytes.Clone(segment), segment...), []byte("SIX1"))
	f.Add([]byte{}, index)
	f.Fuzz(func(t *testing.T, segment, index []byte) {
		dir := t.TempDir()
		base := filepath.Join(dir, "traces-20260405T013000Z-x.ndjson.zst")
		if err := errors.Join(os.WriteFile(base, segment, 0o644), os.WriteFile(base+".idx", index, 0o644),
			os.WriteFile(filepath.Join(dir, "stanch-telemetry"), []byte("stanch telemetry, format 1\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
		d, err := store.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		runs, err := d.Scan("traces", 0, value.MaxDatetime)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			if err := r.Each(t.Context(), func(block []byte, _ bool) error {
				if len(block) > store.MaxRow+store.MaxFrame {
					t.Fatalf("a frame of %d bytes", len(block))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
