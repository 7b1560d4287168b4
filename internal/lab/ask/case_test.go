package ask_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// All that a file can ask for has a place in a case.
func TestEveryTestOfTheFileCanBeJudged(t *testing.T) {
	const name = "../experiment/testdata/everything.yaml"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	source, err := folder.Parse(name, bytes.Replace(text, []byte("  start: a\n"), nil, 1)) // which a comparison excludes
	if err != nil {
		t.Fatal(err)
	}
	e, mistakes := experiment.Read(source, experiment.Options{})
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	for i := range e.Disproof {
		e.Disproof[i].Arm = "a" // which a disproof of a comparison needs
	}
	c, err := ask.Case(e)
	if err != nil {
		t.Fatalf("Case of %s: %v", name, err)
	}
	ids := map[string]bool{}
	for _, one := range c.Proof {
		ids[one.ID] = true
	}
	for _, one := range c.Disproof {
		ids[one.ID] = true
	}
	for _, written := range append(append([]lab.Criterion{}, e.Proof...), e.Disproof...) {
		found := false
		for id := range ids {
			found = found || id == written.ID || strings.HasPrefix(id, written.ID+"/")
		}
		if !found {
			t.Errorf("criterion %s of the test %s is not in the case", written.ID, written.Test)
		}
	}
	if len(c.Gates) < len(e.Gates) || len(c.Comparisons) != len(e.Compare.Metrics) || len(c.Controls) != 2 {
		t.Errorf("the case has %d gates, %d comparisons and %d controls, want at least %d, %d and 2", len(c.Gates), len(c.Comparisons), len(c.Controls), len(e.Gates), len(e.Compare.Metrics))
	}
}

func TestWhatCannotBeJudgedIsToldBeforeTheRun(t *testing.T) {
	low, high := &lab.Value{Number: 1}, &lab.Value{Number: 2}
	for _, row := range []struct {
		name   string
		change func(*lab.Experiment)
		want   string
	}{
		{"either bound would be enough", func(e *lab.Experiment) {
			e.Disproof[0] = lab.Criterion{ID: "flat", Test: lab.Level, Window: []string{"load"}, Series: lab.Used, Quantile: 0.5, Bound: lab.Bound{Above: low, Below: high}}
		}, "has two bounds"},
		{"whose runs would it look at", func(e *lab.Experiment) {
			e.Compare = &lab.Comparison{A: "a", B: "b"}
		}, "names no arm"},
		{"a margin has to be said", func(e *lab.Experiment) {
			e.Controls.Same = &lab.Same{Variant: "a", Window: []string{"load"}}
		}, "has no margin"},
	} {
		e := plain()
		row.change(e)
		if _, err := ask.Case(e); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: Case says %v, want that it %q", row.name, err, row.want)
		}
	}
}

// In pairs, nothing is left of what the file asks beside its metrics.
func TestAPairIsComparedUnderTheSameLoad(t *testing.T) {
	e := plain()
	e.Subject.Variants = append(e.Subject.Variants, lab.Variant{Name: "b", Contract: lab.HTTP})
	e.Phases[1].Rates = []lab.Rate{{Stream: "web", PerSecond: 10}}
	e.Phases[1].For = 10
	e.Phases[1].Do = []lab.Action{{Use: "b"}, {Limit: &lab.Limit{Memory: 1}}}
	if err := ask.Pair(e, lab.Pairing{A: "a", B: "c", Least: 3, Most: 3}); err == nil || !strings.Contains(err.Error(), "no variant") {
		t.Errorf("Pair of a and c: %v, want that there is no variant c", err)
	}
	if err := ask.Pair(e, lab.Pairing{A: "a", B: "b", Least: 3, Most: 6}); err != nil {
		t.Fatal(err)
	}
	if len(e.Phases[1].Do) != 1 || e.Phases[1].Do[0].Limit == nil {
		t.Errorf("the phase does %+v, want the limit alone", e.Phases[1].Do)
	}
	c, err := ask.Case(e)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Proof)+len(c.Disproof)+len(c.Controls) != 0 || len(c.Comparisons) != 3 || c.Repeats != (verdict.Repeats{Least: 3, Most: 6}) {
		t.Errorf("the case is %+v, want three comparisons and nothing else", c)
	}
	if w := c.Comparisons[0].Window; w != "load" {
		t.Errorf("they are looked at in %q, want the phase with load", w)
	}
}
