package archive_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/archive"
	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

var death = time.Date(2026, 11, 21, 2, 33, 44, 123e6, time.UTC)

func report(worker string, after time.Duration) postmortem.Report {
	return postmortem.Report{
		At: death.Add(after), Worker: worker, PID: 7, Command: []string{"app"}, Started: death,
		Verdict: postmortem.Judge(postmortem.Evidence{Code: 3}),
	}
}

func open(t *testing.T, dir string, keep int) *archive.Archive {
	t.Helper()
	a, err := archive.New(dir, keep)
	if err != nil {
		t.Fatalf("New(%q, %d): %v", dir, keep, err)
	}
	return a
}

func write(t *testing.T, a *archive.Archive, r postmortem.Report) string {
	t.Helper()
	path, err := a.Write(r)
	if err != nil {
		t.Fatalf("Write(%s): %v", r.Worker, err)
	}
	return path
}

func ids(t *testing.T, a *archive.Archive) (ids []string, skipped int) {
	t.Helper()
	entries, skipped, err := a.List()
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids, skipped
}

func TestAReportIsReadBackByItsIDAnUniquePrefixAndAsTheLatest(t *testing.T) {
	a := open(t, filepath.Join(t.TempDir(), "made", "here"), 10)
	path := write(t, a, report("w3", 0))
	write(t, a, report("../w 4", time.Hour))
	if want := "20261121T023344.123Z-w3.json"; filepath.Base(path) != want {
		t.Errorf("Write = %q, want a file %q", path, want)
	}
	for id, worker := range map[string]string{
		"20261121T023344.123Z-w3": "w3", "20261121T02": "w3", "20261121T03": "../w 4", "": "../w 4", "latest": "../w 4",
	} {
		got, err := a.Load(id)
		if err != nil || got.Worker != worker || got.Verdict.Cause != postmortem.Exited || got.Version != postmortem.Version {
			t.Errorf("Load(%q) = %s, %s, version %d, %v; want worker %s", id, got.Worker, got.Verdict.Cause, got.Version, err, worker)
		}
	}
	for id, want := range map[string]string{"20261121": "begin with", "2020": "hint:", "../../etc/passwd": "no post-mortem"} {
		if _, err := a.Load(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load(%q): %v, want an error with %q", id, err, want)
		}
	}
}

func TestAnEmptyArchiveSaysSo(t *testing.T) {
	a := open(t, t.TempDir(), 1)
	if _, err := a.Load("latest"); err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("Load(latest) of an empty archive: %v, want an error with a hint", err)
	}
	if got, skipped := ids(t, a); len(got) != 0 || skipped != 0 {
		t.Errorf("List() of an empty archive = %v, %d", got, skipped)
	}
}

func TestForeignAndBrokenFilesAreCountedAndStay(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, 1)
	good := write(t, a, report("w1", 0))
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"notes.txt":                     "mine",
		"20261122T000000.000Z-cut.json": string(whole[:len(whole)/2]),
		"20261122T000001.000Z-nil.json": "",
		"20261122T000002.000Z-not.json": `{"at":"2026-11-22T00:00:00Z"}`,
		"20261122T000003.000Z-new.json": strings.Replace(string(whole), `"version": 1`, `"version": 99`, 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "20261122T000004.000Z-dir.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	got, skipped := ids(t, a)
	if diff := cmp.Diff([]string{"20261121T023344.123Z-w1"}, got); diff != "" || skipped != 6 {
		t.Errorf("List(): %d skipped, want 6; -want +got\n%s", skipped, diff)
	}
	if r, err := a.Load("latest"); err != nil || r.Worker != "w1" {
		t.Errorf("Load(latest) = %s, %v; want the newest that can be read", r.Worker, err)
	}
	for id, want := range map[string]string{"20261122T000000.000Z-cut": "unexpected end", "20261122T000003.000Z-new": "version 99"} {
		if _, err := a.Load(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load(%q): %v, want an error with %q", id, err, want)
		}
	}
	write(t, a, report("w9", 48*time.Hour))
	if text, err := os.ReadFile(filepath.Join(dir, "notes.txt")); err != nil || string(text) != "mine" {
		t.Errorf("after Write, notes.txt = %q, %v; want it untouched", text, err)
	}
}

func TestTheNewestStay(t *testing.T) {
	a := open(t, t.TempDir(), 3)
	for i := range 6 {
		write(t, a, report(fmt.Sprint("w", i), time.Duration(i)*time.Minute))
	}
	got, _ := ids(t, a)
	want := []string{"20261121T023844.123Z-w5", "20261121T023744.123Z-w4", "20261121T023644.123Z-w3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List() after 6 of at most 3: -want +got\n%s", diff)
	}
	a.SetKeep(0)
	write(t, a, report("w9", time.Hour))
	if got, _ := ids(t, a); len(got) != 1 || got[0] != "20261121T033344.123Z-w9" {
		t.Errorf("List() after SetKeep(0) and a Write = %v, want the newest alone", got)
	}
}

func TestTogetherTheyTakeAtMost64MiB(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, 100)
	// Sparse files: what counts is the size, and writing it would take long.
	old := []string{"20261121T000000.000Z-a.json", "20261121T000001.000Z-b.json", "20261121T000002.000Z-c.json"}
	for i, name := range old {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, []int64{1, 40 << 20, 30 << 20}[i]); err != nil {
			t.Fatal(err)
		}
	}
	write(t, a, report("w1", 0))
	for i, want := range []bool{false, false, true} {
		if _, err := os.Stat(filepath.Join(dir, old[i])); (err == nil) != want {
			t.Errorf("after a Write beside 70 MiB, %s is there: %v, want %v: the newest 64 MiB stay", old[i], err == nil, want)
		}
	}
}

func TestTwoDeathsOfOneNameAtOnceAreTwoFiles(t *testing.T) {
	a := open(t, t.TempDir(), 100)
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			if _, err := a.Write(report("w1", 0)); err != nil {
				t.Errorf("Write: %v", err)
			}
		})
	}
	writers.Wait()
	if got, skipped := ids(t, a); len(got) != 20 || skipped != 0 {
		t.Errorf("List() after 20 writes at once: %d, %d skipped; want 20, 0", len(got), skipped)
	}
}

func TestWhatAKilledWriterLeftIsRemovedLater(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{".stanch-1.tmp": time.Hour, ".stanch-2.tmp": 0} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if _, skipped := ids(t, open(t, dir, 1)); skipped != 0 {
		t.Errorf("List() counts %d files as foreign, want 0", skipped)
	}
	for name, want := range map[string]bool{".stanch-1.tmp": false, ".stanch-2.tmp": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("after New, %s is there: %v, want %v: another stanch may be writing it", name, err == nil, want)
		}
	}
}

// On a real full disk: a tmpfs of one page.
func TestAFullDiskLosesNoVerdict(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mounting a small tmpfs needs privileges that are not here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	a := open(t, dir, 10)
	write(t, a, report("w1", 0))
	big := report("w2", time.Minute)
	big.Output = []postmortem.Line{{Text: strings.Repeat("x", 1<<20)}}
	path, err := a.Write(big)
	if !errors.Is(err, syscall.ENOSPC) || path != "" {
		t.Fatalf("Write to a full disk = %q, %v; want ENOSPC", path, err)
	}
	for _, want := range []string{"the disk is full", "hint:", dir} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Write to a full disk: %q, want it to say %q", err, want)
		}
	}
	if got := a.Unwritten(); len(got) != 1 || !strings.Contains(got[0], big.Verdict.Text) {
		t.Errorf("Unwritten() = %q, want the summary", got)
	}
	if got, skipped := ids(t, a); len(got) != 1 || skipped != 0 {
		t.Errorf("List() after it = %v, %d skipped; want w1 alone, whole", got, skipped)
	}
	write(t, a, report("w3", time.Hour)) // the half-written file is gone
}

func TestADirectoryThatCannotBeMadeIsAnErrorWithAHint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.New(filepath.Join(file, "dir"), 1); err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("New below a file: %v, want an error with a hint", err)
	}
}

func TestTheTerminationLogIsWrittenWhereItIs(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "termination-log")
	if err := archive.TerminationLog(log, "why"); err != nil {
		t.Errorf("TerminationLog without a file: %v, want nothing done", err)
	}
	if _, err := os.Stat(log); err == nil {
		t.Error("TerminationLog made a file")
	}
	if err := archive.TerminationLog(dir, "why"); err != nil {
		t.Errorf("TerminationLog on a directory: %v, want nothing done", err)
	}
	if err := os.WriteFile(log, []byte("what was there before, and longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := archive.TerminationLog(log, "why"); err != nil {
		t.Fatalf("TerminationLog: %v", err)
	}
	if got, _ := os.ReadFile(log); string(got) != "why" {
		t.Errorf("TerminationLog(why) wrote %q", got)
	}
	if err := archive.TerminationLog(log, strings.Repeat("ü", 4000)); err != nil {
		t.Fatalf("TerminationLog: %v", err)
	}
	if got, _ := os.ReadFile(log); len(got) > 4096 || len(got) < 4000 {
		t.Errorf("TerminationLog of 8000 bytes wrote %d, want at most 4096", len(got))
	}
}
