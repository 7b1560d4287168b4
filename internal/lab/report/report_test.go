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

// stories are those that are told in the tests, by the name of their files.
func stories() map[string]story {
	return map[string]story{"supported": supported(), "not-supported": notSupported(), "inconclusive": blind(), "aborted": aborted()}
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
	return map[string][]byte{"html": page, "xml": suite, "json": criteria, "md": report.Markdown(f), "csv": report.Timeline(f)}
}

func TestReportsAreAsTheyWereWhenTheyWereLookedAt(t *testing.T) {
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			for kind, got := range written(t, s.findings(t, 7)) {
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
	for name, s := range stories() {
		one, other := written(t, s.findings(t, 7)), written(t, s.findings(t, 7))
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
