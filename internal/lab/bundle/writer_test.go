package bundle_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
)

func TestOnlyWhatFollowsFromEvidenceIsPut(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir)
	for _, name := range []string{"manifest.json", "manifest.sig", "experiment.yaml", "runs/01/run.json", "runs", "../out", "/out", "a//b", "./a", "", ".", `a\b`, "a\x00b", "a.new"} {
		if err := w.Put(name, nil); err == nil {
			t.Errorf("Put(%q) gives no error", name)
		}
	}
	for _, text := range []string{"one", "two"} {
		if err := w.Put("charts/memory.svg", []byte(text)); err != nil {
			t.Fatalf("Put: %v", err)
		}
		if got, err := open(t, dir).Derived("charts/memory.svg"); err != nil || string(got) != text {
			t.Errorf("Derived = %q, %v; want %q", got, err, text)
		}
	}
}

func TestAnEndedBundleTakesNothing(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir)
	r, err := w.Run(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Run(1); err == nil {
		t.Error("Run(1) twice gives no error")
	}
	if _, err := w.Run(0); err == nil {
		t.Error("Run(0) gives no error")
	}
	if err := w.Seal(lab.Complete, "", began); err == nil || !strings.Contains(err.Error(), "run 1") {
		t.Errorf("Seal with a run open: %v, want it named", err)
	}
	if err := r.Close(record(1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Seal(lab.Running, "", began); err == nil {
		t.Error("Seal as running gives no error")
	}
	if err := os.MkdirAll(r.Telemetry(), 0o755); err != nil { // and nothing was recorded
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", r.Log()); err != nil {
		t.Fatal(err)
	}
	if err := w.Seal(lab.Complete, "", began); err == nil || !strings.Contains(err.Error(), "worker.log is a symbolic link") {
		t.Errorf("Seal with a link: %v, want it named", err)
	}
	if err := os.Remove(r.Log()); err != nil {
		t.Fatal(err)
	}
	if err := w.Seal(lab.Aborted, "Ctrl-C", began); err != nil {
		t.Fatalf("Seal: %v", err)
	}
	b := open(t, dir)
	if b.Manifest.State != lab.Aborted || b.Manifest.Why != "Ctrl-C" {
		t.Errorf("state %s, why %q; want aborted, Ctrl-C", b.Manifest.State, b.Manifest.Why)
	}
	if lines, err := b.Check(); err != nil || len(lines) > 0 {
		t.Errorf("Check: %q, %v; want nothing", lines, err)
	}
	if err := w.Put("late.json", nil); err == nil {
		t.Error("Put in an ended bundle gives no error")
	}
	if _, err := w.Run(2); err == nil {
		t.Error("Run in an ended bundle gives no error")
	}
	if err := w.Seal(lab.Complete, "", began); err == nil {
		t.Error("Seal twice gives no error")
	}
}

func TestABundleOfSomebodyElseIsRefusedWithAReason(t *testing.T) {
	for _, tc := range []struct {
		reason string
		spoil  func(dir string) error
		want   string
	}{
		{"no manifest", func(dir string) error { return os.Remove(filepath.Join(dir, "manifest.json")) }, "hint:"},
		{"a later format", func(dir string) error {
			return edit(filepath.Join(dir, "manifest.json"), `"format": 1`, `"format": 2`)
		}, "format 2"},
		{"no such state", func(dir string) error { return edit(filepath.Join(dir, "manifest.json"), `"complete"`, `"done"`) }, "no state"},
		{"no JSON", func(dir string) error { return edit(filepath.Join(dir, "manifest.json"), `{`, ``) }, "manifest.json"},
		{"an experiment as large as none is", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "experiment.yaml"), make([]byte, 1<<20+1), 0o644)
		}, "larger than 1MiB"},
		{"an experiment elsewhere", func(dir string) error { return link(filepath.Join(dir, "experiment.yaml")) }, "symbolic link"},
	} {
		dir := t.TempDir()
		sealed(t, dir)
		if err := tc.spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.Open(dir); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Open: %v, want an error with %q", tc.reason, err, tc.want)
		}
	}
	for _, tc := range []struct {
		reason string
		spoil  func(run string) error
		want   string
	}{
		{"a number that is none", func(run string) error { return edit(filepath.Join(run, "samples.csv"), ",1048576,", ",NaN,") }, "runs/01/samples.csv, line 3: "},
		{"less than nothing", func(run string) error { return edit(filepath.Join(run, "samples.csv"), ",1048576,", ",-1,") }, "runs/01/samples.csv, line 3: "},
		{"junk in quotes", func(run string) error { return edit(filepath.Join(run, "events.csv"), "warm-up", `"warm"-up`) }, "runs/01/events.csv, line 2: "},
		{"samples that run backwards", func(run string) error {
			return change(filepath.Join(run, "samples.csv"), func(text []byte) []byte {
				lines := bytes.SplitAfter(text, []byte("\n"))
				lines[2], lines[3] = lines[3], lines[2]
				return bytes.Join(lines, nil)
			})
		}, "runs/01/samples.csv, line 4: "},
		{"another run's number", func(run string) error { return edit(filepath.Join(run, "run.json"), `"number": 1`, `"number": 2`) }, "runs/01/run.json"},
		{"a key that is none", func(run string) error { return edit(filepath.Join(run, "run.json"), `"role"`, `"rule"`) }, "runs/01/run.json"},
		{"phases that overlap", func(run string) error { return edit(filepath.Join(run, "run.json"), `"from": 1.5`, `"from": 1`) }, "has no place"},
		{"a phase without an end", func(run string) error { return edit(filepath.Join(run, "run.json"), `"to": 9`, `"to": 1e999`) }, "runs/01/run.json"},
		{"rows that are missing", func(run string) error { return os.Remove(filepath.Join(run, "sent.csv")) }, "runs/01/sent.csv"},
		{"rows elsewhere", func(run string) error { return link(filepath.Join(run, "sent.csv")) }, "symbolic link"},
		{"a run elsewhere", link, "symbolic link"},
	} {
		dir := t.TempDir()
		sealed(t, dir)
		if err := tc.spoil(filepath.Join(dir, "runs", "01")); err != nil {
			t.Fatal(err)
		}
		_, _, err := open(t, dir).Records()
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: Records: %v, want an error with %q, and not where the bundle lies", tc.reason, err, tc.want)
		}
	}
	dir := t.TempDir()
	sealed(t, dir)
	b := open(t, dir)
	for _, name := range []string{"../etc/passwd", "/etc/passwd", "", ".", "runs", "runs/../verdict.json"} {
		if text, err := b.Derived(name); err == nil {
			t.Errorf("Derived(%q) = %d bytes, want an error", name, len(text))
		}
	}
}

func FuzzAnyFilesAreReadOrRefused(f *testing.F) {
	dir := f.TempDir()
	w, err := bundle.Create(dir, source, manifest())
	if err != nil {
		f.Fatal(err)
	}
	r, err := w.Run(1)
	if err != nil {
		f.Fatal(err)
	}
	put(r, record(1))
	if err := r.Close(record(1)); err != nil {
		f.Fatal(err)
	}
	if err := w.Seal(lab.Complete, "", began); err != nil {
		f.Fatal(err)
	}
	names := []string{"manifest.json", "runs/01/run.json", "runs/01/samples.csv", "runs/01/sent.csv", "runs/01/events.csv"}
	var texts [][]byte
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		texts = append(texts, text)
	}
	for i, text := range texts {
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		at := int(which) % len(names)
		file := filepath.Join(dir, names[at])
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := os.WriteFile(file, texts[at], 0o644); err != nil {
				t.Fatal(err)
			}
		}()
		b, err := bundle.Open(dir)
		if err != nil {
			return
		}
		lines, err := b.Check()
		if err == nil && (len(lines) == 0) != bytes.Equal(text, texts[at]) {
			t.Errorf("%s became %q, and Check tells %q", names[at], text, lines)
		}
		records, _, err := b.Records()
		if err == nil && len(records) != 1 {
			t.Errorf("%s became %q, and there are %d runs, want 1 or an error", names[at], text, len(records))
		}
	})
}
