package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab/report"
)

var update = flag.Bool("update", false, "write the golden files anew, and the pages into the folder of $REPORTS, to be looked at")

// told are the findings of all stories, by the name of their files.
func told(t *testing.T) map[string]*report.Findings {
	t.Helper()
	return map[string]*report.Findings{
		"supported": supported().findings(t, 7), "not-supported": notSupported().findings(t, 7), "inconclusive": blind().findings(t, 7),
		"aborted": aborted().findings(t, 7), "compared": swapped(t, 7),
	}
}

// written are all files of a report.
func written(t *testing.T, f *report.Findings) map[string][]byte {
	t.Helper()
	page, err := report.HTML(f)
	if err != nil {
		t.Fatalf("HTML: %v", err)
	}
	suite, err := report.JUnit(f)
	if err != nil {
		t.Fatalf("JUnit: %v", err)
	}
	criteria, err := report.CriteriaJSON(f)
	if err != nil {
		t.Fatalf("CriteriaJSON: %v", err)
	}
	return map[string][]byte{"html": page, "xml": suite, "json": criteria, "md": report.Markdown(f), "csv": report.Timeline(f), "txt": report.Text(f)}
}

func TestReportsAreAsTheyWereWhenTheyWereLookedAt(t *testing.T) {
	for name, f := range told(t) {
		t.Run(name, func(t *testing.T) {
			for kind, got := range written(t, f) {
				if dir := os.Getenv("REPORTS"); dir != "" && *update {
					if err := os.WriteFile(filepath.Join(dir, name+"."+kind), got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if kind == "html" || kind == "json" || kind == "csv" && name != "aborted" {
					continue // long; other tests read them
				}
				golden := filepath.Join("testdata", name+"."+kind)
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s of %s: -want +got\n%s", kind, name, diff)
				}
			}
		})
	}
}

func TestTheSameFindingsGiveTheSameBytes(t *testing.T) {
	again := told(t)
	for name, f := range told(t) {
		one, other := written(t, f), written(t, again[name])
		for kind := range one {
			if !bytes.Equal(one[kind], other[kind]) {
				t.Errorf("%s of %s: two different texts of the same findings", kind, name)
			}
		}
	}
}

// What was answered is read from a file when a bundle is verified: numbers are floats
// then, where they were whole ones before.
func TestFindingsThatWereWrittenAndReadGiveTheSameBytes(t *testing.T) {
	f := supported().findings(t, 7)
	want := written(t, f)
	text, err := json.Marshal(f.Answers)
	if err != nil {
		t.Fatal(err)
	}
	f.Answers = nil
	if err := json.Unmarshal(text, &f.Answers); err != nil {
		t.Fatal(err)
	}
	for kind, got := range written(t, f) {
		if diff := cmp.Diff(string(want[kind]), string(got)); diff != "" {
			t.Errorf("%s from answers that were read: -written +read\n%s", kind, diff)
		}
	}
}
