package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

var (
	began  = time.Date(2026, 11, 21, 18, 0, 0, 123456789, time.UTC)
	source = []byte("version: 1\nname: orders\n")
	nan    = math.NaN()
)

func manifest() lab.Manifest {
	return lab.Manifest{
		Name: "orders <&>", Stanch: "0.1", Small: true, Speed: 20, Scale: 0.1, Seed: 1<<63 + 7, Started: began,
		Machine: lab.Machine{Kernel: "6.18", Arch: "amd64", CPUs: 2, Memory: 24 << 30, Cgroup: "v1", Clock: "tsc"},
	}
}

func record(number int) lab.Record {
	all := func(x float64) (values [10]float64) {
		for i := range values {
			values[i] = x * float64(i+1)
		}
		return values
	}
	return lab.Record{
		Number: number, Role: "experiment", Variant: "old", Round: 1, Order: number, Began: began, Finished: true,
		Spans: []lab.Span{{Name: "warm-up", From: 0, To: 1.5}, {Name: "load", From: 1.5, To: 9, Cuts: []float64{4, 9}}},
		Samples: []lab.Sample{
			{At: -0.5, Values: all(nan), Limit: nan, Stolen: nan},
			{At: 0.5, Generation: 1, Values: all(1 << 20), Limit: 512 << 20, Stolen: 0.01},
			{At: 1, Generation: 1, Values: all(1<<20 + 0.5), Limit: 512 << 20},
		},
		Sent: []lab.Sent{
			{Due: 0.1, At: 0.1001, Done: 0.35, Stream: "orders", Number: 0, Key: 3, Status: 200, Request: true},
			{Due: 0.2, At: 0.2, Done: nan, Stream: "orders", Number: 1, Lost: "connection refused, \"again\"\n", Request: true},
			{Due: 0.3, At: nan, Done: nan, Stream: "images", Number: 0, Lost: "not begun"},
		},
		Events: []lab.Event{
			{At: 0, Kind: lab.EventPhase, Text: "warm-up"},
			{At: 1.5, Kind: lab.EventPhase, Text: "load"},
			{At: 3, Kind: lab.EventExited, Text: "out of memory", Generation: 1, Code: 137},
			{At: 3.5, Kind: lab.EventStarted, Text: "", Generation: 2},
		},
	}
}

func create(t *testing.T, dir string) *bundle.Writer {
	t.Helper()
	w, err := bundle.Create(dir, source, manifest())
	if err != nil {
		t.Fatalf("Create(%s): %v", dir, err)
	}
	return w
}

// put tells a run's rows, as they come: what is over first is told first.
func put(r *bundle.RunWriter, record lab.Record) {
	for _, s := range record.Samples {
		r.Sample(s)
	}
	for _, s := range slices.Backward(record.Sent) {
		r.Sent(s)
	}
	for _, e := range record.Events {
		r.Event(e)
	}
}

// requests writes a run's telemetry: a request each tenth of a second, the first in the
// tick that the run began in.
func requests(t *testing.T, dir string, n int) {
	t.Helper()
	w, err := store.Open(dir, store.Options{Writer: "web", Now: func() time.Time { return began }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := value.Ticks(began) + int64(i)*value.Second/10
		row := []byte(`{"timestamp":"`)
		row = value.AppendDatetime(row, at)
		row = append(row, `","resultCode":"200","duration":`...)
		row = value.Real(float64(i) / 4).AppendJSON(row)
		row = append(row, `,"name":"GET /orders"}`...)
		if err := w.Append("requests", at, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// sealed writes a small bundle of two runs, with telemetry, a log and a verdict.
func sealed(t *testing.T, dir string) {
	t.Helper()
	w := create(t, dir)
	for number := 1; number <= 2; number++ {
		r, err := w.Run(number)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Begin(record(number)); err != nil {
			t.Fatal(err)
		}
		put(r, record(number))
		requests(t, r.Telemetry(), 50)
		if err := os.WriteFile(r.Log(), []byte("listening\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(record(number)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Put("verdict.json", []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Seal(lab.Complete, "", began.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Open(dir)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return b
}

func TestWhatAnExperimentLeftIsReadBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	sealed(t, dir)
	b := open(t, dir)
	if lines, err := b.Check(); err != nil || len(lines) > 0 {
		t.Errorf("Check of a sealed bundle: %q, %v; want nothing", lines, err)
	}
	if !bytes.Equal(b.Source, source) {
		t.Errorf("Source = %q, want %q", b.Source, source)
	}
	want := manifest()
	want.Format, want.State, want.Ended = bundle.Format, lab.Complete, began.Add(time.Minute)
	if diff := cmp.Diff(want, b.Manifest, cmpopts.IgnoreFields(lab.Manifest{}, "Files", "Seal")); diff != "" {
		t.Errorf("the manifest, -written +read\n%s", diff)
	}
	var names []string
	for _, f := range b.Manifest.Files {
		names = append(names, f.Path)
	}
	text := strings.Join(names, "\n")
	for _, name := range []string{"experiment.yaml", "runs/01/events.csv", "runs/01/run.json", "runs/01/samples.csv", "runs/01/sent.csv", "runs/01/telemetry/stanch-telemetry", "runs/02/worker.log", "verdict.json"} {
		if !slices.Contains(names, name) {
			t.Errorf("the manifest has no sum of %s, but of\n%s", name, text)
		}
	}
	if !slices.IsSorted(names) || strings.Contains(text, "manifest") {
		t.Errorf("the manifest's files are %s\nwant all others, sorted", text)
	}
	got, notes, err := b.Records()
	if err != nil || len(notes) > 0 {
		t.Errorf("Records: notes %q, %v; want none", notes, err)
	}
	if diff := cmp.Diff([]lab.Record{record(1), record(2)}, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("Records, -written +read\n%s", diff)
	}
	if text, err := b.Derived("verdict.json"); err != nil || string(text) != "{}\n" {
		t.Errorf("Derived(verdict.json) = %q, %v", text, err)
	}
	if _, err := b.Derived("report.html"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Derived(report.html): %v, want that it is not there", err)
	}
}

func TestAFolderThatIsInUseIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := bundle.Create(dir, source, manifest()); err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("Create in a folder with a file: %v, want an error with a hint", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("Create left %v, %v in a folder that it did not take", entries, err)
	}
}

func TestARunThatWasNotEndedIsReadAsFarAsItWent(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir)
	first, err := w.Run(1)
	if err != nil {
		t.Fatal(err)
	}
	put(first, record(1))
	if err := first.Close(record(1)); err != nil {
		t.Fatal(err)
	}
	second, err := w.Run(2)
	if err != nil {
		t.Fatal(err)
	}
	begun := record(2)
	begun.Spans = nil
	if err := second.Begin(begun); err != nil {
		t.Fatal(err)
	}
	put(second, record(2))
	if err := second.Close(record(2)); err != nil { // and then it is as if it had not
		t.Fatal(err)
	}
	third, err := w.Run(3)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close(record(3))
	head := filepath.Join(dir, "runs", "02", "run.json")
	text, err := os.ReadFile(head)
	if err != nil {
		t.Fatal(err)
	}
	unfinished := slices.Concat(text[:bytes.Index(text, []byte(`"spans"`))], []byte(`"spans": [], "finished": false}`))
	if err := os.WriteFile(head, unfinished, 0o644); err != nil {
		t.Fatal(err)
	}
	sent := filepath.Join(dir, "runs", "02", "sent.csv")
	if text, err = os.ReadFile(sent); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sent, text[:len(text)-3], 0o644); err != nil { // torn
		t.Fatal(err)
	}
	got, notes, err := open(t, dir).Records()
	if err != nil || len(got) != 3 {
		t.Fatalf("Records: %d runs, %v; want 3", len(got), err)
	}
	want := record(2)
	want.Finished, want.Why = false, "nobody ended it"
	want.Sent = want.Sent[1:] // told first, so torn last
	want.Spans = []lab.Span{{Name: "warm-up", From: 0, To: 1.5}, {Name: "load", From: 1.5, To: 3.5}}
	if diff := cmp.Diff(want, got[1], cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("the run that nobody ended, -want +got\n%s", diff)
	}
	if diff := cmp.Diff(record(1), got[0], cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("the run before it, -want +got\n%s", diff)
	}
	if got[2].Number != 3 || got[2].Finished {
		t.Errorf("the run that was only begun is %+v, want number 3, unfinished", got[2])
	}
	told := strings.Join(notes, "\n")
	for _, want := range []string{"run 2: nobody ended it", "run 2: the last", "run 3: it has no run.json"} {
		if !strings.Contains(told, want) {
			t.Errorf("notes %q, want one with %q", told, want)
		}
	}
}

func sha(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:]
}
