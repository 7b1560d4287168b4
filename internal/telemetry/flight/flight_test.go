package flight_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
)

// open opens a recorder that must not warn.
func open(t *testing.T, path string) (*flight.Recorder, *flight.Remains) {
	t.Helper()
	r, remains, err := flight.Open(path, flight.Options{})
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	t.Cleanup(func() { r.Close() })
	return r, remains
}

func TestASnapshotHoldsWhatWasRecorded(t *testing.T) {
	for _, memory := range []bool{false, true} {
		t.Run(fmt.Sprintf("memory=%v", memory), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "flight.ring")
			r, _, err := flight.Open(path, flight.Options{Memory: memory})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			at := time.Date(2026, 11, 21, 2, 33, 44, 123456789, time.UTC)
			sample := flight.Sample{
				At: at, Used: 200 << 20, Limit: 1<<63 - 1, Container: 210 << 20, Self: 12 << 20, Band: 3,
				InFlight: 70_000, Queue: 80_000, SomeTotal: 5 * time.Second, FullTotal: 3 * time.Second, OOMKills: 2,
			}
			r.Sample(sample)
			note := telemetry.Event{At: at.Add(time.Second), Kind: telemetry.BandChanged, Worker: "w1", Text: "Memory is critical"}
			r.Note(note)
			r.Line("w1", "stderr", []byte("connect postgres://app:hunter2@db"))
			slot := r.Slot()
			slot.Begin([]byte("POST"), []byte("/orders?code=secret"), 1<<20)

			got := r.Snapshot()
			if got.PID != os.Getpid() || got.Clean || got.Torn != "" || got.Started.IsZero() {
				t.Errorf("Snapshot: pid %d, clean %v, torn %q, started %v; want %d, false, none, a time", got.PID, got.Clean, got.Torn, got.Started, os.Getpid())
			}
			if diff := cmp.Diff([]flight.Sample{sample}, got.Samples); diff != "" {
				t.Errorf("Snapshot().Samples: -want +got\n%s", diff)
			}
			if diff := cmp.Diff([]telemetry.Event{note}, got.Notes); diff != "" {
				t.Errorf("Snapshot().Notes: -want +got\n%s", diff)
			}
			if len(got.Lines) != 1 || got.Lines[0].Text != "connect postgres://app:***@db" || got.Lines[0].Worker != "w1" || got.Lines[0].Stream != "stderr" {
				t.Errorf("Snapshot().Lines = %+v, want one of w1's stderr with its password blanked", got.Lines)
			}
			if len(got.InFlight) != 1 || got.InFlight[0].Method != "POST" || got.InFlight[0].Path != "/orders?" || got.InFlight[0].Size != 1<<20 {
				t.Errorf("Snapshot().InFlight = %+v, want POST /orders? with 1 MiB, its query left out", got.InFlight)
			}
			slot.End()
			if got := r.Snapshot().InFlight; len(got) != 0 {
				t.Errorf("Snapshot().InFlight after End = %+v, want none", got)
			}
			if _, err := os.Stat(path); memory != os.IsNotExist(err) {
				t.Errorf("with Memory %v the file's Stat says %v", memory, err)
			}
		})
	}
}

func TestRingsKeepTheNewestAndThinSamplesReachFurtherBack(t *testing.T) {
	r, _ := open(t, filepath.Join(t.TempDir(), "flight.ring"))
	start := time.Now()
	const n, every = 30_000, 20 * time.Millisecond // ten minutes
	for i := range n {
		s := flight.Sample{At: start.Add(time.Duration(i) * every), Used: int64(i % 10)}
		if i == 1234 {
			s.Used = 999
		}
		r.Sample(s)
		r.Note(telemetry.Event{Kind: telemetry.Host, Text: fmt.Sprint(i)})
		r.Line("w1", "stdout", fmt.Appendf(nil, "line %d %s", i, strings.Repeat("x", i%200)))
	}
	got := r.Snapshot()
	if len(got.Notes) != 512 || got.Notes[511].Text != fmt.Sprint(n-1) || got.Notes[0].Text != fmt.Sprint(n-512) {
		t.Errorf("%d notes from %q to %q, want the last 512", len(got.Notes), got.Notes[0].Text, got.Notes[len(got.Notes)-1].Text)
	}
	bytes := 0
	for i, l := range got.Lines {
		bytes += len(l.Text)
		want := fmt.Sprintf("line %d ", n-len(got.Lines)+i)
		if !strings.HasPrefix(l.Text, want) {
			t.Fatalf("line %d of %d is %.20q, want %q…: the last ones without a gap", i, len(got.Lines), l.Text, want)
		}
	}
	if bytes < 80<<10 {
		t.Errorf("the lines kept have %d bytes, want at least 80 KiB", bytes)
	}
	if n := len(got.Samples); n < 4096+400 || n > 4096+600 {
		t.Errorf("%d samples, want the last 4096 and one for each second before", n)
	}
	if first := got.Samples[0].At.Sub(start); first > 3*time.Second {
		t.Errorf("the oldest sample is %v after the first one of ten minutes, want no more than 3s", first)
	}
	highest := int64(0)
	for i, s := range got.Samples {
		highest = max(highest, s.Used)
		if i > 0 && !s.At.After(got.Samples[i-1].At) {
			t.Fatalf("sample %d at %v follows one at %v, want order", i, s.At, got.Samples[i-1].At)
		}
	}
	if highest != 999 {
		t.Errorf("the highest of the samples is %d, want 999: a second is told by its highest", highest)
	}
}

func TestAnEarlierRunIsReadUnlessItWasClosedInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flight.ring")
	first, remains := open(t, path)
	if remains != nil {
		t.Errorf("Open of a new file: remains %+v, want none", remains)
	}
	first.Sample(flight.Sample{Used: 1})
	if err := first.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("a second Close: %v, want nil", err)
	}
	if _, remains := open(t, path); remains != nil {
		t.Errorf("Open after a Close: remains %+v, want none", remains)
	}
}

func TestWhoRecordsAfterCloseDoesNoHarm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flight.ring")
	old, _ := open(t, path)
	slot := old.Slot()
	slot.Begin([]byte("GET"), []byte("/old"), 0)
	old.Close()
	next, _ := open(t, path)
	old.Sample(flight.Sample{Used: 7})
	old.Note(telemetry.Event{Text: "late"})
	old.Line("w", "stdout", []byte("late"))
	slot.Begin([]byte("GET"), []byte("/late"), 0)
	slot.Free()
	slot.Free()
	slot.End()
	slot.Begin([]byte("GET"), []byte("/later"), 0)
	old.Snapshot()
	got := next.Snapshot()
	if len(got.Samples)+len(got.Notes)+len(got.Lines)+len(got.InFlight) != 0 {
		t.Errorf("the next recorder holds %+v of the one that was closed, want nothing", got)
	}
}

func TestASecondRecorderOfTheSameFileRecordsIntoMemoryAndSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flight.ring")
	first, _ := open(t, path)
	second, remains, err := flight.Open(path, flight.Options{})
	if err == nil || !strings.Contains(err.Error(), "another stanch") || remains != nil {
		t.Errorf("Open of a file in use: remains %v, warning %v; want none, and one about another stanch", remains, err)
	}
	second.Sample(flight.Sample{Used: 2})
	first.Sample(flight.Sample{Used: 1})
	if a, b := first.Snapshot().Samples, second.Snapshot().Samples; len(a) != 1 || len(b) != 1 || a[0].Used != 1 || b[0].Used != 2 {
		t.Errorf("two recorders of one path hold %+v and %+v, want each its own sample", a, b)
	}
	if err := second.Close(); err != nil {
		t.Errorf("Close in memory mode: %v", err)
	}
}

func TestWhereTheFileCantBeHadTheWarningSaysWhy(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "photo.jpg")
	if err := os.WriteFile(foreign, []byte("not a recording, and longer than a header is, by some way to go"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(foreign, link); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ why, path, want string }{
		{"no directory", filepath.Join(dir, "absent", "flight.ring"), "no such file"},
		{"a directory in its place", dir, "is a directory"},
		{"a device", "/dev/null", "no regular file"},
		{"a link, by which another's file would be overwritten", link, "symbolic link"},
		{"somebody's file", foreign, "something else"},
	} {
		r, remains, err := flight.Open(test.path, flight.Options{})
		if r == nil || remains != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open(%s), %s: recorder %p, remains %v, warning %v; want one, none, and %q", test.path, test.why, r, remains, err, test.want)
			continue
		}
		r.Note(telemetry.Event{Text: "still"})
		if got := r.Snapshot().Notes; len(got) != 1 {
			t.Errorf("%s: the recorder holds %v, want the note", test.why, got)
		}
	}
	if b, _ := os.ReadFile(foreign); !strings.HasPrefix(string(b), "not a recording") {
		t.Errorf("somebody's file holds %.30q after Open, want it untouched", b)
	}
}

func TestAFullTableHandsOutSlotsThatRecordNothing(t *testing.T) {
	r, _, _ := flight.Open("", flight.Options{Memory: true})
	var all []*flight.Slot
	for range 4096 {
		all = append(all, r.Slot())
	}
	extra := r.Slot()
	extra.Begin([]byte("GET"), []byte("/"), 0)
	if got := r.Snapshot().InFlight; len(got) != 0 {
		t.Errorf("the table is full of idle slots and one more has begun: %v in flight, want none", got)
	}
	extra.End()
	extra.Free()
	all[17].Free()
	again := r.Slot()
	again.Begin([]byte("GET"), []byte("/again"), 0)
	if got := r.Snapshot().InFlight; len(got) != 1 || got[0].Path != "/again" {
		t.Errorf("a slot was freed and taken again: %v in flight, want /again", got)
	}
}

func TestEverythingIsSafeForConcurrentUse(t *testing.T) {
	r, _ := open(t, filepath.Join(t.TempDir(), "flight.ring"))
	stop := make(chan struct{})
	var writers sync.WaitGroup
	write := func(f func(i int)) {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					f(i)
				}
			}
		})
	}
	write(func(i int) { r.Sample(flight.Sample{Used: int64(i), Limit: int64(i)}) })
	write(func(i int) { r.Note(telemetry.Event{Kind: telemetry.Host, Text: strings.Repeat("n", i%400)}) })
	write(func(i int) { r.Line("w", "stdout", []byte(strings.Repeat("l", i%400))) })
	for range 4 {
		slot := r.Slot()
		paths := [][]byte{[]byte("/" + strings.Repeat("a", 60)), []byte("/" + strings.Repeat("b", 30))}
		write(func(i int) {
			slot.Begin([]byte("GET"), paths[i%2], int64(len(paths[i%2])))
			slot.End()
		})
	}
	for range 10 {
		s := r.Snapshot()
		for _, q := range s.InFlight {
			if int64(len(q.Path)) != q.Size || strings.Trim(q.Path[1:], q.Path[1:2]) != "" {
				t.Errorf("Snapshot while requests begin and end: %+v, of two requests", q)
			}
		}
		for _, x := range s.Samples {
			if x.Used != x.Limit {
				t.Errorf("Snapshot while samples are written: %+v, of two samples", x)
			}
		}
	}
	close(stop)
	writers.Wait()
}

func BenchmarkSlotBeginEnd(b *testing.B) {
	r, _, err := flight.Open(filepath.Join(b.TempDir(), "flight.ring"), flight.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	slot := r.Slot()
	method, path := []byte("GET"), []byte("/api/orders/1234/items")
	b.ReportAllocs()
	for b.Loop() {
		slot.Begin(method, path, 0)
		slot.End()
	}
}

func BenchmarkSample(b *testing.B) {
	r, _, err := flight.Open(filepath.Join(b.TempDir(), "flight.ring"), flight.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.ReportAllocs()
	s := flight.Sample{At: time.Now(), Used: 1}
	for b.Loop() {
		r.Sample(s)
	}
}

func BenchmarkLine(b *testing.B) {
	r, _, _ := flight.Open("", flight.Options{Memory: true})
	line := []byte(`2026-11-21T02:33:44.123Z INFO worker=w3 GET /api/orders/1234 status=200 took=12ms size: 4096 id=abcdef`)
	b.ReportAllocs()
	for b.Loop() {
		r.Line("w1", "stdout", line)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	r, _, _ := flight.Open("", flight.Options{Memory: true})
	for i := range 5000 {
		r.Sample(flight.Sample{Used: int64(i)})
		r.Note(telemetry.Event{Kind: telemetry.Host, Text: "something"})
		r.Line("w1", "stdout", []byte("something was said, of a usual length"))
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Snapshot()
	}
}
